package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// unable is a key that can do nothing; kinds put what they can over it.
type unable struct{ kind Kind }

func (u unable) Kind() Kind                             { return u.kind }
func (u unable) Sign([]byte) ([]byte, error)            { return nil, ErrUnable }
func (u unable) Verify([]byte, []byte) error            { return ErrUnable }
func (u unable) Encrypt(_, _, _ []byte) ([]byte, error) { return nil, ErrUnable }
func (u unable) Decrypt(_, _, _ []byte) ([]byte, error) { return nil, ErrUnable }
func (u unable) Unwrap(Wrapped) ([]byte, error)         { return nil, ErrUnable }
func (u unable) Public() string                         { return "" }

func parseSymmetric(kind Kind, text string) (Key, error) {
	raw, err := symmetricBytes(text)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("keyring: the text of a key of kind %s is empty", kind)
	}
	switch kind {
	case HMAC:
		return mac{unable{kind}, raw}, nil
	case AESGCM:
		return newSealer(raw)
	}
	return Secret{unable{kind}, string(raw)}, nil
}

func symmetricBytes(text string) (raw []byte, err error) {
	switch {
	case strings.HasPrefix(text, "hex:"):
		raw, err = hex.DecodeString(text[len("hex:"):])
	case strings.HasPrefix(text, "base64:"):
		raw, err = base64.StdEncoding.DecodeString(text[len("base64:"):])
	default:
		return []byte(text), nil
	}
	if err != nil {
		return nil, errors.New("keyring: the text after hex: or base64: is not of that encoding")
	}
	return raw, nil
}

type mac struct {
	unable
	key []byte
}

func (m mac) Sign(message []byte) ([]byte, error) {
	h := hmac.New(sha256.New, m.key)
	h.Write(message)
	return h.Sum(nil), nil
}

func (m mac) Verify(message, signature []byte) error {
	if want, _ := m.Sign(message); !hmac.Equal(want, signature) {
		return ErrWrong
	}
	return nil
}

type sealer struct {
	unable
	aead cipher.AEAD
}

func newSealer(raw []byte) (Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, errors.New("keyring: an aes-gcm key has 16 or 32 bytes")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return sealer{unable{AESGCM}, aead}, nil
}

func (s sealer) Encrypt(plain, nonce, associated []byte) ([]byte, error) {
	if len(nonce) != s.aead.NonceSize() {
		return nil, fmt.Errorf("keyring: a nonce of aes-gcm has %d bytes, not %d", s.aead.NonceSize(), len(nonce))
	}
	return s.aead.Seal(nil, nonce, plain, associated), nil
}

func (s sealer) Decrypt(sealed, nonce, associated []byte) ([]byte, error) {
	if len(nonce) != s.aead.NonceSize() {
		return nil, ErrWrong
	}
	plain, err := s.aead.Open(nil, nonce, sealed, associated)
	if err != nil {
		return nil, ErrWrong
	}
	return plain, nil
}

// Secret is a key of kind opaque: all it can do is be told.
type Secret struct {
	unable
	text string
}

// Reveal returns the text.
func (s Secret) Reveal() string { return s.text }
