package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

func openFileMaster(path string, create bool) (Master, error) {
	text, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := makeFileMaster(path); err != nil {
			return nil, fmt.Errorf("make the master key: %w", err)
		}
		text, err = readPrivate(path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer clear(text)
	key, err := parseMaster(bytes.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("master key %s: %w", path, err)
	}
	sum := sha256.Sum256(append([]byte("paymux master key "), text...))
	return MasterFrom("file:"+hex.EncodeToString(sum[:6]), key), nil
}

// readPrivate reads a file that only its owner may read or write, or that root has given to this process by a group.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	self, err := thisUser()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && !self.given(info) {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 it, and consider it known to them", path, mode)
	}
	return os.ReadFile(path)
}

// makeFileMaster never replaces a file: another process may have made it just now.
func makeFileMaster(path string) error {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func parseMaster(text []byte) (tink.AEAD, error) {
	if bytes.HasPrefix(text, []byte("{")) {
		handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
		if err != nil {
			return nil, errors.New("is no Tink keyset")
		}
		return aead.New(handle)
	}
	key, err := hex.DecodeString(string(text))
	if err != nil || len(key) != 32 {
		return nil, errors.New("is neither 32 bytes in hexadecimal nor a Tink keyset in JSON")
	}
	return subtle.NewAESGCM(key)
}
