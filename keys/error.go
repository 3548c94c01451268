package keys

import (
	"errors"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys/keyuse"
)

// Errors; package keyuse says what they mean.
var (
	ErrNoKey     = keyuse.ErrNoKey
	ErrForbidden = keyuse.ErrForbidden
	ErrState     = keyuse.ErrState
	ErrInvalid   = keyuse.ErrInvalid
	ErrMaster    = keyuse.ErrMaster
	ErrTampered  = keyuse.ErrTampered
	ErrClosed    = keyuse.ErrClosed
)

// errStale: a use was decided by keys or permissions that have changed meanwhile; it is decided again.
var errStale = errors.New("keys: changed meanwhile")

// outcomeOf is an error's word in the audit.
func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range []struct {
		is   error
		word string
	}{
		{keyring.ErrWrong, "wrong"}, {keyring.ErrUnable, "unable"}, {ErrForbidden, "forbidden"},
		{ErrNoKey, "no_key"}, {ErrState, "state"}, {ErrInvalid, "invalid"}, {ErrMaster, "master"}, {ErrTampered, "tampered"},
	} {
		if errors.Is(err, o.is) {
			return o.word
		}
	}
	return "failed"
}
