package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// failure says what an error of a mutating call means for op.
//
// Certain no: a card error, and a request Stripe found wrong (nothing was
// done). Certain nothing: no connection; a key without authority (401, 403); 429. A conflict
// of Idempotency-Keys proves that the key did arrive before, so what became of it
// is as unknown as after a timeout, a broken connection or a 5xx.
func failure(op channel.Operation, err error) (channel.Result, error) {
	var e *stripego.Error
	if !errors.As(err, &e) {
		return channel.Result{}, transportFailure(op, err)
	}
	switch {
	case e.Type == stripego.ErrorTypeIdempotency || e.Code == stripego.ErrorCodeIdempotencyKeyInUse:
		return channel.Result{}, fmt.Errorf("stripe %s %s: %w", op.Kind, op.ID, told(err))
	case e.HTTPStatusCode == http.StatusUnauthorized, e.HTTPStatusCode == http.StatusForbidden, e.HTTPStatusCode == http.StatusTooManyRequests:
		return channel.Result{}, fmt.Errorf("%w: stripe %s %s: %w", channel.ErrNotSent, op.Kind, op.ID, told(err))
	case e.Type == stripego.ErrorTypeCard:
		return refused(op, e), nil
	case e.Type == stripego.ErrorTypeInvalidRequest && e.HTTPStatusCode >= 400 && e.HTTPStatusCode < 500:
		return refusedAsInvalid(op, e), nil
	}
	return channel.Result{}, fmt.Errorf("stripe %s %s: %w", op.Kind, op.ID, told(err))
}

// refused is a decline, with the PaymentIntent it left behind.
func refused(op channel.Operation, e *stripego.Error) channel.Result {
	var r channel.Result
	if e.PaymentIntent != nil {
		r.ChannelID = e.PaymentIntent.ID
		r.Card = cardOf(e.PaymentIntent)
	}
	declined(&r, e)
	if op.Kind == paymux.Refunds {
		r.DeclineCode, r.Retryable = paymux.DeclineRefundRefused, false
	}
	return r
}

// refusedAsInvalid: Stripe will not do it, now or later. Where it says that the
// object is not in the right state, the object itself may show that op was
// done before and only its answer was lost.
func refusedAsInvalid(op channel.Operation, e *stripego.Error) channel.Result {
	if p := e.PaymentIntent; p != nil {
		switch {
		case op.Kind == paymux.Capture && p.Metadata[metaCapture] == string(op.ID):
			return captureOutcome(p)
		case op.Kind == paymux.Cancel && p.Status == stripego.PaymentIntentStatusCanceled:
			return cancelOutcome(p)
		}
	}
	r := refused(op, e)
	r.Retryable = false
	if op.Kind != paymux.Refunds && r.DeclineCode == paymux.DeclineGeneric {
		r.DeclineCode, r.Advice = paymux.DeclineProcessing, paymux.DoNotRetry
	}
	return r
}

// transportFailure: only what failed before there was a connection is certain, and what was refused for its key.
func transportFailure(op channel.Operation, err error) error {
	var dial *net.OpError
	var dns *net.DNSError
	if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, channel.ErrNotSent) {
		return fmt.Errorf("%w: stripe %s %s: %w", channel.ErrNotSent, op.Kind, op.ID, told(err))
	}
	return fmt.Errorf("stripe %s %s: %w", op.Kind, op.ID, told(err))
}

// told is err without what must not be repeated: stripe-go's errors print the
// whole answer, client secrets included, and a refused key's message quotes the key.
func told(err error) error {
	var e *stripego.Error
	if !errors.As(err, &e) {
		var network net.Error
		if errors.As(err, &network) || errors.Is(err, context.Canceled) {
			return err
		}
		// An answer that is not Stripe's JSON; its text is not ours to log.
		return errors.New("answer is not of the documented form")
	}
	text := e.Msg
	if e.HTTPStatusCode == http.StatusUnauthorized {
		text = "the key was refused"
	}
	return fmt.Errorf("HTTP %d %s (request %s): %s", e.HTTPStatusCode, cmp.Or(string(e.Code), string(e.Type)), e.RequestID, text)
}
