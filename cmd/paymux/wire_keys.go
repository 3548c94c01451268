package main

import (
	"context"
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
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys/keyuse"
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

// opener is what merchants encrypt request bodies to: keys of this process, or one that stays in the key service.
func (s *system) opener() (access.Opener, error) {
	name := s.conf.Access.JWEKey.Key()
	if name == "" {
		return s.platformKeys()
	}
	user, err := s.keysOf(roleFrontend)
	if err == nil && user == nil {
		err = errors.New("there is no key service in this process, and nats.url names none elsewhere")
	}
	if err != nil {
		return nil, fmt.Errorf("access.jwe_key: %w", err)
	}
	return access.NewKeptOpener(serviceKey{user, keyuse.Name(name)}, s.now), nil
}

// serviceKey is one key of the key service, as the front door uses it.
type serviceKey struct {
	keys keyuse.User
	name keyuse.Name
}

func (k serviceKey) Public(ctx context.Context) ([]access.KeptKey, error) {
	versions, err := k.keys.Public(ctx, k.name)
	list := make([]access.KeptKey, len(versions))
	for i, v := range versions {
		list[i] = access.KeptKey{Name: v.KeyID, PEM: v.PEM}
	}
	return list, err
}

func (k serviceKey) Unwrap(ctx context.Context, name string, w keyring.Wrapped) ([]byte, error) {
	return k.keys.Unwrap(ctx, k.name, name, w)
}

// platformKeys are keys of this process.
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
