package channel

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
)

// KeyKind says what a key option is used for: see the kinds of package keyring.
type KeyKind = keyring.Kind

const (
	KeyRSA    = keyring.RSA
	KeyHMAC   = keyring.HMAC
	KeyAESGCM = keyring.AESGCM
	KeyOpaque = keyring.Opaque
)

// Keys does for an account what needs a key, so that a channel never holds one (B3).
// A key is named by the option that has a Kind; behind it are the versions of a key
// in the key service, or the one key that the configuration spells out. Safe for
// concurrent use. An error other than ErrForged means that nothing was signed
// or judged: a channel that could not sign has sent nothing (ErrNotSent).
type Keys interface {
	// KeyID is how the institution calls the active version, such as the serial
	// number of its certificate; empty where that was not said.
	KeyID(ctx context.Context, option string) (string, error)
	// Sign signs with the version of that KeyID, or, where it is empty, with the active one.
	Sign(ctx context.Context, option, keyID string, message []byte) ([]byte, error)
	// Verify returns ErrForged for what no live version has signed.
	Verify(ctx context.Context, option string, message, signature []byte) error
	// Decrypt opens what was encrypted to a live version, ErrForged where none can.
	Decrypt(ctx context.Context, option string, s Sealed) ([]byte, error)
	// Reveal tells a key of kind opaque, which has to be sent as it is. Nothing keeps
	// it: it is asked for each time, so that a rotated one is used at once.
	Reveal(ctx context.Context, option string) (paymux.Secret, error)
}

// Sealed is a ciphertext. Nonce and Associated are those of aes-gcm.
type Sealed struct{ Ciphertext, Nonce, Associated []byte }

// ErrNoKey: the option has no key.
var ErrNoKey = errors.New("channel: the option has no key")

// fixedKeys are keys that the options spell out.
type fixedKeys map[string]keyring.Key

// FixedKeys reads the keys that options spell out. Key options without a text have no key.
func FixedKeys(d *Driver, options map[string]string) (Keys, error) {
	keys := fixedKeys{}
	for _, o := range d.Options {
		text := options[o.Name]
		if o.Kind == "" || text == "" {
			continue
		}
		key, err := keyring.Parse(o.Kind, text)
		if err != nil {
			return nil, fmt.Errorf("channel %s: option %q: %w", d.Name, o.Name, err)
		}
		keys[o.Name] = key
	}
	return keys, nil
}

func (k fixedKeys) of(option string) (keyring.Key, error) {
	key, ok := k[option]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoKey, option)
	}
	return key, nil
}

func (k fixedKeys) KeyID(_ context.Context, option string) (string, error) {
	_, err := k.of(option)
	return "", err
}

func (k fixedKeys) Sign(_ context.Context, option, _ string, message []byte) ([]byte, error) {
	key, err := k.of(option)
	if err != nil {
		return nil, err
	}
	return key.Sign(message)
}

func (k fixedKeys) Verify(_ context.Context, option string, message, signature []byte) error {
	key, err := k.of(option)
	if err != nil {
		return err
	}
	return forged(key.Verify(message, signature))
}

func (k fixedKeys) Decrypt(_ context.Context, option string, s Sealed) ([]byte, error) {
	key, err := k.of(option)
	if err != nil {
		return nil, err
	}
	plain, err := key.Decrypt(s.Ciphertext, s.Nonce, s.Associated)
	return plain, forged(err)
}

func (k fixedKeys) Reveal(_ context.Context, option string) (paymux.Secret, error) {
	key, err := k.of(option)
	if err != nil {
		return "", err
	}
	secret, ok := key.(keyring.Secret)
	if !ok {
		return "", keyring.ErrUnable
	}
	return paymux.Secret(secret.Reveal()), nil
}

func forged(err error) error {
	if errors.Is(err, keyring.ErrWrong) {
		return ErrForged
	}
	return err
}
