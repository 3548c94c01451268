// Package keyuse is what a caller of the key service knows of it: names, what can be asked, and errors. It
// links nothing of the service itself, so that a gateway's program does not carry its store. Package keys
// is the service, keysrpc the wire; both speak these words. Start reading at User.
package keyuse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
)

// Name is what a key is called by its callers: lower case letters, digits, '-', '_' and '.', at most 64 of them.
type Name string

// Wrapped is the content key of a JWE, as it came.
type Wrapped = keyring.Wrapped

// Public is what everybody may know of a live version.
type Public struct {
	KeyID string `json:"key_id,omitempty"` // empty where it has no name
	PEM   string `json:"pem"`              // of the public key
}

// User is the key service as one caller uses it, in this process or elsewhere. Safe for concurrent use.
// keys.User says what each method does and which errors it has.
type User interface {
	KeyID(ctx context.Context, key Name) (string, error)
	Chain(ctx context.Context, key Name, keyID string) ([][]byte, error)
	Public(ctx context.Context, key Name) ([]Public, error)
	Sign(ctx context.Context, key Name, keyID string, message []byte) ([]byte, error)
	Verify(ctx context.Context, key Name, message, signature []byte) error
	Encrypt(ctx context.Context, key Name, keyID string, plain, nonce, associated []byte) ([]byte, error)
	Decrypt(ctx context.Context, key Name, sealed, nonce, associated []byte) ([]byte, error)
	Unwrap(ctx context.Context, key Name, keyID string, w Wrapped) ([]byte, error)
	Reveal(ctx context.Context, key Name) (paymux.Secret, error)
}

var (
	// ErrNoKey: there is no key of that name, or no version of that number.
	ErrNoKey = errors.New("keys: there is no such key")
	// ErrForbidden: the key does not permit its caller that. The refusal is in the audit.
	ErrForbidden = errors.New("keys: not permitted")
	// ErrState: no version is in the state that is needed.
	ErrState = errors.New("keys: the state does not allow it")
	// ErrInvalid: what was given for a new key, version or permission cannot be.
	ErrInvalid = errors.New("keys: invalid")
	// ErrMaster: the file was sealed under another master key.
	ErrMaster = errors.New("keys: sealed under another master key")
	// ErrTampered: the file was changed by somebody else than this service.
	ErrTampered = errors.New("keys: the file was tampered with")
	// ErrClosed: the service is closed.
	ErrClosed = errors.New("keys: closed")
)

const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func plainName(s, letters string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, letters) == ""
}

// Check refuses what is no key's name.
func (n Name) Check() error {
	if !plainName(string(n), nameLetters+".") {
		return fmt.Errorf("%w: the name of a key has 1 to 64 lower case letters, digits, -, _ and .", ErrInvalid)
	}
	return nil
}

// CheckCaller refuses what is no caller's name: 1 to 64 lower case letters, digits, '-' and '_'. It is one token of a NATS subject.
func CheckCaller(caller string) error {
	if !plainName(caller, nameLetters) {
		return fmt.Errorf("%w: the name of a caller has 1 to 64 lower case letters, digits, - and _", ErrInvalid)
	}
	return nil
}

type requestKey struct{}

// WithRequest returns a context whose uses of keys are put into the audit with the ID of the request that they serve.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf is the ID that WithRequest has put into a context; empty where there is none.
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
