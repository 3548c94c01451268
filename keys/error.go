package keys

import (
	"errors"

	"github.com/paymux/paymux/internal/keyring"
)

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
