package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// failure says what an error of the call that carries op out means.
//
// Certain nothing: no token, no connection, 401, 403, 429 (they wrap ErrNotSent). Certain no: a
// request PayPal found wrong (400, 415), and a refusal (422) whose issue is in the table.
// An issue that is not there may as well say that it was done before; a conflict (409), a 404
// for what PayPal itself has just named, a 5xx or a broken line leave the outcome unknown.
func (a *account) failure(ctx context.Context, op channel.Operation, err error) (channel.Result, error) {
	var e *apiError
	if !errors.As(err, &e) {
		return channel.Result{}, fmt.Errorf("paypal %s %s: %w", op.Kind, op.ID, err)
	}
	switch e.status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		return declined(op, e, reason{paymux.DeclineProcessing, paymux.DoNotRetry, false}), nil
	case http.StatusUnprocessableEntity:
		if why, known := reasonOf(e.issue); known {
			return declined(op, e, why), nil
		}
		a.log.WarnContext(ctx, "paypal refuses for a reason that proves nothing", "operation", op.ID, "issue", e.code(), "debug_id", e.debugID)
		return channel.Result{State: paymux.OpUnknown, Code: e.code(), Message: e.text}, nil
	}
	return channel.Result{Code: e.code()}, fmt.Errorf("paypal %s %s: %w", op.Kind, op.ID, err)
}

// declined is a refusal that is certain.
func declined(op channel.Operation, e *apiError, why reason) channel.Result {
	r := channel.Result{
		State: paymux.OpDeclined, Code: e.code(), Message: e.text,
		DeclineCode: why.code, Advice: why.advice, Retryable: why.retryable && op.Kind == paymux.Pay,
	}
	if op.Kind == paymux.Refunds {
		r.DeclineCode = paymux.DeclineRefundRefused
	}
	return r
}

// refusedHere is a refusal of ours, before anything is sent, because PayPal's order shows that
// it cannot be done.
func refusedHere(op channel.Operation, code, message string) channel.Result {
	return declined(op, &apiError{issue: code, text: message}, reason{paymux.DeclineProcessing, paymux.DoNotRetry, false})
}

// prepare says what an error of a reading call before the one that would carry op out means:
// nothing was done.
func prepare(op channel.Operation, err error) error {
	return fmt.Errorf("%w: paypal %s %s: %w", channel.ErrNotSent, op.Kind, op.ID, err)
}
