package adyen

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// failure says what an error of a mutating call means for op.
//
// Certain nothing: no connection; a key without authority (401, 403); 429. Certain no: a
// request that Adyen found wrong (400, 404, 422) before it did anything. Unknown is the rest: a 5xx, an
// "internal" error, a broken or silent connection, and errors that Adyen calls transient or
// that say that the key is at work already (409, 704), for those prove that it did arrive before.
func failure(op channel.Operation, err error) (channel.Result, error) {
	var r *refusal
	switch {
	case errors.Is(err, channel.ErrNotSent):
		return channel.Result{}, told(op, err)
	case !errors.As(err, &r):
		if neverConnected(err) {
			err = fmt.Errorf("%w: %w", channel.ErrNotSent, err)
		}
		return channel.Result{}, told(op, err)
	case r.transient, r.ErrorCode == "704", r.ErrorType == "internal":
		return channel.Result{}, told(op, err)
	}
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return channel.Result{}, told(op, fmt.Errorf("%w: %w", channel.ErrNotSent, err))
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		return refusedAsInvalid(op, r), nil
	}
	return channel.Result{}, told(op, err)
}

func told(op channel.Operation, err error) error {
	return fmt.Errorf("adyen %s %s: %w", op.Kind, op.ID, err)
}

// refusedAsInvalid: Adyen will not do it, now or later.
func refusedAsInvalid(op channel.Operation, e *refusal) channel.Result {
	r := channel.Result{
		State: paymux.OpDeclined, ChannelID: e.PSPReference,
		Code: cmp.Or(e.ErrorCode, fmt.Sprintf("http_%d", e.status)), Message: e.Message,
	}
	why := reasonOfError(e.ErrorCode)
	r.DeclineCode, r.Advice, r.Retryable = why.code, why.advice, why.retryable
	if op.Kind != paymux.Pay {
		r.Retryable, r.Advice = false, paymux.DoNotRetry
	}
	if op.Kind == paymux.Refunds {
		r.DeclineCode = paymux.DeclineRefundRefused
	}
	return r
}

// neverConnected: only what failed before there was a connection is certain.
func neverConnected(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.As(err, &certificate) || errors.As(err, &record)
}
