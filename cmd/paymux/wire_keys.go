package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paymux/paymux/access"
)

// kept reads a secret file that this process made earlier, or makes it. Only its owner may read it.
func kept(path string, newText func() ([]byte, error)) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return text, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if text, err = newText(); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return text, writeSecret(path, text)
}

// keptKey is the key of the check code in IDs; losing it makes every ID issued with it look mistyped.
func keptKey(path string) ([]byte, error) {
	text, err := kept(path, func() ([]byte, error) {
		key := make([]byte, 32)
		rand.Read(key) // never fails
		return []byte(hex.EncodeToString(key)), nil
	})
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(text))
	if err != nil || len(key) < 16 {
		return nil, fmt.Errorf("%s does not hold a key: restore it from a backup", path)
	}
	return key, nil
}

// platformKeys are what merchants encrypt request bodies to.
func (s *system) platformKeys() (*access.PlatformKeys, error) {
	path := filepath.Join(s.conf.DataDir, "jwe.pem")
	text := []byte(s.secrets.jweKey.Reveal())
	if len(text) == 0 {
		var err error
		if text, err = kept(path, newJWEKey); err != nil {
			return nil, err
		}
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("access.jwe_key: is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("access.jwe_key: is not a PKCS #8 private key")
	}
	return access.NewPlatformKeys(crypto.PrivateKey(key))
}

func newJWEKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
