package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	primitives "github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys/keyuse"
)

// KeyService is the key service as a gateway uses it, in this process or elsewhere,
// under the name of a caller that the service knows by other means. Keys are meant by name.
type KeyService interface {
	KeyID(ctx context.Context, key keyuse.Name) (string, error)
	Sign(ctx context.Context, key keyuse.Name, keyID string, message []byte) ([]byte, error)
	Verify(ctx context.Context, key keyuse.Name, message, signature []byte) error
	Decrypt(ctx context.Context, key keyuse.Name, sealed, nonce, associated []byte) ([]byte, error)
	Reveal(ctx context.Context, key keyuse.Name) (paymux.Secret, error)
}

// keyLimit is how long a key service may take, which mostly takes milliseconds. It is well below the time limit of
// every channel, so that a call whose key service died under it ends as not sent, and does not run out of time,
// after which nobody could say that it was not sent.
const keyLimit = 5 * time.Second

func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, keyLimit)
}

// keyring is an account's keys: those its options name are in the key service, and the others spelt out.
type keyring struct {
	channel.Keys
	service KeyService
	named   map[string]keyuse.Name // by option
}

func (k keyring) KeyID(ctx context.Context, option string) (string, error) {
	if name, ok := k.named[option]; ok {
		ctx, cancel := limited(ctx)
		defer cancel()
		id, err := k.service.KeyID(ctx, name)
		return id, known(err)
	}
	return k.Keys.KeyID(ctx, option)
}

func (k keyring) Sign(ctx context.Context, option, keyID string, message []byte) ([]byte, error) {
	if name, ok := k.named[option]; ok {
		ctx, cancel := limited(ctx)
		defer cancel()
		signature, err := k.service.Sign(ctx, name, keyID, message)
		return signature, known(err)
	}
	return k.Keys.Sign(ctx, option, keyID, message)
}

func (k keyring) Verify(ctx context.Context, option string, message, signature []byte) error {
	if name, ok := k.named[option]; ok {
		ctx, cancel := limited(ctx)
		defer cancel()
		return known(k.service.Verify(ctx, name, message, signature))
	}
	return k.Keys.Verify(ctx, option, message, signature)
}

func (k keyring) Decrypt(ctx context.Context, option string, s channel.Sealed) ([]byte, error) {
	if name, ok := k.named[option]; ok {
		ctx, cancel := limited(ctx)
		defer cancel()
		plain, err := k.service.Decrypt(ctx, name, s.Ciphertext, s.Nonce, s.Associated)
		return plain, known(err)
	}
	return k.Keys.Decrypt(ctx, option, s)
}

func (k keyring) Reveal(ctx context.Context, option string) (paymux.Secret, error) {
	if name, ok := k.named[option]; ok {
		ctx, cancel := limited(ctx)
		defer cancel()
		secret, err := k.service.Reveal(ctx, name)
		return secret, known(err)
	}
	return k.Keys.Reveal(ctx, option)
}

// known gives errors of the key service the names that channels know.
func known(err error) error {
	switch {
	case errors.Is(err, primitives.ErrWrong):
		return channel.ErrForged
	case errors.Is(err, keyuse.ErrNoKey):
		return fmt.Errorf("%w: %w", channel.ErrNoKey, err)
	}
	return err
}
