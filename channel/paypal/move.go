package paypal

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

type newCapture struct {
	Amount  money  `json:"amount"`
	Invoice string `json:"invoice_id"`
	Final   bool   `json:"final_capture"`
}

// capture takes reserved money. What the order shows as done is not sent again. PayPal would
// take up to 15 % more than was reserved; nobody has asked the payer for that, so we do not.
func (a *account) capture(ctx context.Context, op channel.Operation) (channel.Result, error) {
	amount, ok := toPayPal(op.Money)
	if !ok {
		return unpayable(op.Money), nil
	}
	o, err := a.orderOf(ctx, op)
	if err != nil {
		return channel.Result{}, prepare(op, err)
	}
	u := o.unit()
	if done := u.captureOf(op.ID); done != nil {
		return captureOutcome(done), nil
	}
	if len(u.Payments.Authorizations) == 0 {
		return refusedHere(op, "no_authorization", "PayPal has reserved nothing for this order."), nil
	}
	held := u.Payments.Authorizations[len(u.Payments.Authorizations)-1]
	if left := held.Amount.stated().Amount - takenOf(u.Payments.Captures); op.Money.Amount > left {
		return refusedHere(op, "more_than_reserved", "More than what is left of the reservation."), nil
	}
	var done transaction
	path := authorizationPath(held.ID) + "/capture"
	body := newCapture{Amount: amount, Invoice: paymux.OrderNumber(string(op.ID)), Final: op.Final}
	if err := a.call(ctx, request{http.MethodPost, path, string(op.ID), body}, &done); err != nil {
		return a.failure(ctx, op, err)
	}
	return captureOutcome(&done), nil
}

type newRefund struct {
	Amount  money  `json:"amount"`
	Custom  string `json:"custom_id"`
	Invoice string `json:"invoice_id"`
}

// refund gives money back, all or part. What the order shows as done is not sent again.
func (a *account) refund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	amount, ok := toPayPal(op.Money)
	if !ok {
		return unpayable(op.Money), nil
	}
	o, err := a.orderOf(ctx, op)
	if err != nil {
		return channel.Result{}, prepare(op, err)
	}
	if done := o.unit().refundOf(op.ID); done != nil {
		return refundOutcome(done), nil
	}
	from := refundable(o.unit(), op.Money)
	if from == nil {
		return refusedHere(op, "no_capture", "No single capture of this order can give so much back: refund it in parts."), nil
	}
	var done transaction
	path := "/v2/payments/captures/" + url.PathEscape(from.ID) + "/refund"
	body := newRefund{Amount: amount, Custom: refundMark + string(op.ID), Invoice: paymux.OrderNumber(string(op.ID))}
	if err := a.call(ctx, request{http.MethodPost, path, string(op.ID), body}, &done); err != nil {
		return a.failure(ctx, op, err)
	}
	return refundOutcome(&done), nil
}

// refundable chooses the capture to give an amount back from. Where there is one, it is that one, and
// PayPal judges; where there are several, the first with enough left, nil where none has.
func refundable(u *unit, m paymux.Money) *transaction {
	took := 0
	for i := range u.Payments.Captures {
		if u.Payments.Captures[i].took() {
			took++
		}
	}
	return find(u.Payments.Captures, func(t *transaction) bool {
		return t.took() && (took == 1 || t.Amount.stated().Amount-refundedOf(u, t) >= m.Amount)
	})
}

func refundedOf(u *unit, capture *transaction) (sum int64) {
	for i := range u.Payments.Refunds {
		if r := &u.Payments.Refunds[i]; r.of(capture.ID) && r.Status != "FAILED" && r.Status != "CANCELLED" {
			sum += max(0, r.Amount.stated().Amount)
		}
	}
	return sum
}

// cancel ends a payment that brought no money: it closes the order, or releases what is
// reserved. An order that PayPal no longer has cannot be paid.
func (a *account) cancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	o, err := a.orderOf(ctx, op)
	switch {
	case gone(err):
		return a.lapsed(op, string(op.PayID), paymux.OpSucceeded)
	case err != nil:
		return channel.Result{}, prepare(op, err)
	}
	if r, done := cancelOutcome(o); done {
		return r, nil
	}
	payments := &o.unit().Payments
	switch {
	case len(payments.Authorizations) > 0:
		return a.void(ctx, op, &payments.Authorizations[len(payments.Authorizations)-1])
	case o.Status == orderCompleted, payOutcome(o).State == paymux.OpSucceeded, find(payments.Captures, pendingCapture) != nil:
		return refusedHere(op, "PREVIOUSLY_CAPTURED", "It has been paid."), nil
	}
	return a.closeUnpaid(ctx, op, o)
}

func pendingCapture(t *transaction) bool { return t.Status == "PENDING" }

// closeUnpaid: where PayPal does not let the order be closed now, it may once the payer has
// approved; and an order nobody approves lapses. So the cancel waits.
func (a *account) closeUnpaid(ctx context.Context, op channel.Operation, o *order) (channel.Result, error) {
	again, err := a.closeOrder(ctx, o, string(op.ID))
	var e *apiError
	switch {
	case errors.As(err, &e) && e.issue == issueCompleted:
		return refusedHere(op, "PREVIOUSLY_CAPTURED", "It was paid while it was being canceled."), nil
	case errors.As(err, &e) && e.status == http.StatusUnprocessableEntity:
		return channel.Result{State: paymux.OpPending, ChannelID: o.ID, Code: e.code(), Message: e.text}, nil
	case err != nil:
		return a.failure(ctx, op, err)
	}
	if r, done := cancelOutcome(again); done {
		return r, nil
	}
	if r := payOutcome(again); r.State == paymux.OpSucceeded || r.State == paymux.OpAuthorized {
		return refusedHere(op, "PREVIOUSLY_CAPTURED", "It was paid while it was being canceled."), nil
	}
	return channel.Result{State: paymux.OpUnknown, ChannelID: o.ID, Code: again.Status}, nil
}

// void releases a reservation, or what is left of it.
func (a *account) void(ctx context.Context, op channel.Operation, held *transaction) (channel.Result, error) {
	done := transaction{Status: "VOIDED"} // what 204, an answer without content, says
	err := a.call(ctx, request{method: http.MethodPost, path: authorizationPath(held.ID) + "/void", key: string(op.ID)}, &done)
	var e *apiError
	switch {
	case errors.As(err, &e) && e.issue == issueVoided:
		done.Status = "VOIDED"
	case err != nil:
		return a.failure(ctx, op, err)
	}
	r := channel.Result{State: paymux.OpUnknown, ChannelID: op.ChannelID, Code: done.Status}
	if done.Status == "VOIDED" {
		r.State = paymux.OpSucceeded
	}
	return r, nil
}

// orderOf is the order of the pay operation that op refers to.
func (a *account) orderOf(ctx context.Context, op channel.Operation) (*order, error) {
	o, err := a.order(ctx, op.ChannelID)
	if err == nil && o.unit().Custom != string(op.PayID) {
		return nil, errForeign
	}
	return o, err
}

func authorizationPath(id string) string { return "/v2/payments/authorizations/" + url.PathEscape(id) }
