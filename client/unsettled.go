package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/paymux/paymux"
)

// Unsettled is the error of a change whose outcome was not learnt: the request may have had its
// effect. It is no refusal, whatever Err says of the last attempt. Repeat the call with
// IdempotencyKey(Key) until there is an answer, or wait for the notification; never make the payment anew.
type Unsettled struct {
	Key string // of the request, also where the caller gave none
	Err error  // of the last attempt
}

func (u *Unsettled) Error() string {
	return fmt.Sprintf("the outcome is not known, repeat with the idempotency key %q: %v", u.Key, u.Err)
}

// Unwrap gives the last attempt's error.
func (u *Unsettled) Unwrap() error { return u.Err }

// doubtful reports whether an attempt that ended so may have had an effect nobody heard of.
func doubtful(err error) bool {
	var before *local
	if err == nil || errors.As(err, &before) {
		return false
	}
	var answer *Error
	if errors.As(err, &answer) {
		switch answer.Problem.Code {
		case paymux.KeyInFlight, paymux.OutcomeUnknown, paymux.SignatureReplayed, paymux.Internal:
			return true
		}
		return answer.gone()
	}
	var dial *net.OpError
	return !errors.As(err, &dial) || dial.Op != "dial"
}

// tells reports whether an answer is about the request with this key, and so about every attempt: a
// decline or a conflict is. What was refused at the door says nothing of the attempts before.
func tells(err error) bool {
	var answer *Error
	if !errors.As(err, &answer) || answer.foreign || errors.Is(err, paymux.KeyInFlight) {
		return false
	}
	switch answer.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return answer.Status < http.StatusInternalServerError || errors.Is(err, paymux.NotSent)
}
