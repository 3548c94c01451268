package paypal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// event is PayPal's envelope.
type event struct {
	ID       string          `json:"id"`
	Type     string          `json:"event_type"`
	Resource json.RawMessage `json:"resource"`
}

// Callback reads a webhook. Types that say nothing about an operation, and resources that are not
// ours (other programs may use the same app), are acknowledged and of no interest. An event
// is a hint: what became of the money is PayPal's answer to the question that it causes. An
// approval is answered by taking the money. Where PayPal does not answer, it is an error, and the event is delivered again.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	var e event
	unread := json.Unmarshal(req.Body, &e)
	if err := a.authentic(ctx, req); err != nil {
		return channel.Callback{Operation: about(e)}, err
	}
	if unread != nil || e.ID == "" || e.Type == "" || len(e.Resource) == 0 {
		return channel.Callback{Operation: about(e)}, fmt.Errorf("%w: not an event", channel.ErrMalformed)
	}
	news, err := a.read(ctx, e)
	if err != nil {
		return channel.Callback{Operation: about(e)}, fmt.Errorf("paypal event %s %s: %w", e.ID, e.Type, err)
	}
	news.ID = e.ID
	return news, nil
}

// about is the operation an event names, for the timeline of what is refused.
func about(e event) paymux.OperationID {
	var named struct {
		Custom  string `json:"custom_id"`
		Invoice string `json:"invoice_id"`
		Units   []unit `json:"purchase_units"`
	}
	if json.Unmarshal(e.Resource, &named) != nil {
		return ""
	}
	custom := strings.TrimPrefix(named.Custom, refundMark)
	if len(named.Units) > 0 {
		custom = cmp.Or(custom, named.Units[0].Custom)
	}
	if op := paymux.PrefixOperation + named.Invoice; ours(op) {
		return paymux.OperationID(op)
	}
	if ours(custom) {
		return paymux.OperationID(custom)
	}
	return ""
}

func (a *account) read(ctx context.Context, e event) (channel.Callback, error) {
	switch e.Type {
	case "CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "CHECKOUT.ORDER.VOIDED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
		return a.orderNews(ctx, e)
	case "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED":
		return a.transactionNews(ctx, e, "captures", captureNews)
	case "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED", "PAYMENT.REFUND.COMPLETED":
		return a.transactionNews(ctx, e, "refunds", refundNews)
	case "PAYMENT.AUTHORIZATION.CREATED":
		return a.transactionNews(ctx, e, "authorizations", authorizationNews)
	case "PAYMENT.AUTHORIZATION.VOIDED":
		return a.voidNews(ctx, e)
	case "CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED":
		return a.disputeNews(ctx, e)
	}
	return channel.Callback{}, nil
}

// orderNews reads the order anew: the event may be old, and the order closed since.
func (a *account) orderNews(ctx context.Context, e event) (channel.Callback, error) {
	var o struct {
		order
		Units []struct {
			unit
			Payee payee `json:"payee"`
		} `json:"purchase_units"`
	}
	if json.Unmarshal(e.Resource, &o) != nil || o.ID == "" || len(o.Units) == 0 {
		return channel.Callback{}, fmt.Errorf("%w: the resource is not an order", channel.ErrMalformed)
	}
	if !ours(o.Units[0].Custom) {
		return channel.Callback{}, nil
	}
	if err := a.paidTo(o.Units[0].Payee); err != nil {
		return channel.Callback{}, err
	}
	return a.orderStands(ctx, o.ID, paymux.OperationID(o.Units[0].Custom))
}

func (a *account) orderStands(ctx context.Context, id string, op paymux.OperationID) (channel.Callback, error) {
	r, err := a.finish(ctx, id, op, paymux.Money{})
	switch {
	case errors.Is(err, errForeign):
		return channel.Callback{}, fmt.Errorf("%w: the order it names is of another operation", channel.ErrForged)
	case gone(err):
		return channel.Callback{}, fmt.Errorf("%w: PayPal has no order of the ID it names", channel.ErrForged)
	case err != nil:
		return channel.Callback{}, err
	}
	return channel.Callback{Operation: op, Result: r}, nil
}

// transactionNews asks for the capture, refund or authorization that an event is about.
func (a *account) transactionNews(ctx context.Context, e event, kind string, news func(*transaction) channel.Callback) (channel.Callback, error) {
	t, err := a.transaction(e)
	if err != nil {
		return channel.Callback{}, err
	}
	said := news(t)
	if said.Operation == "" || said.Result.State == paymux.OpUnknown {
		return said, nil
	}
	if t, err = a.confirmed(ctx, kind, t); err != nil {
		return channel.Callback{}, err
	}
	return news(t), nil
}

// transaction reads the resource of an event. Where it states an amount, that must be one.
func (a *account) transaction(e event) (*transaction, error) {
	t := new(transaction)
	if json.Unmarshal(e.Resource, t) != nil || t.ID == "" || t.Status == "" {
		return nil, fmt.Errorf("%w: the resource is not of its type's form", channel.ErrMalformed)
	}
	if _, ok := t.Amount.read(); !ok && t.Amount != (money{}) {
		return nil, fmt.Errorf("%w: the resource's amount cannot be read", channel.ErrMalformed)
	}
	return t, a.paidTo(t.Payee)
}

// confirmed is what PayPal itself says of a transaction that an event names.
func (a *account) confirmed(ctx context.Context, kind string, said *transaction) (*transaction, error) {
	t, err := a.lookUp(ctx, kind, said.ID)
	switch {
	case gone(err):
		return nil, fmt.Errorf("%w: PayPal has nothing of the ID it names", channel.ErrForged)
	case err != nil:
		return nil, err
	case t.Custom != said.Custom || t.Invoice != said.Invoice:
		return nil, fmt.Errorf("%w: what it names is of another operation", channel.ErrForged)
	}
	return t, a.paidTo(t.Payee)
}

// lookUp reads a capture, a refund or an authorization.
func (a *account) lookUp(ctx context.Context, kind, id string) (*transaction, error) {
	t := new(transaction)
	if err := a.call(ctx, request{method: http.MethodGet, path: "/v2/payments/" + kind + "/" + url.PathEscape(id)}, t); err != nil {
		return nil, fmt.Errorf("look up %s: %w", kind, err)
	}
	if t.ID != id || t.Status == "" {
		return nil, fmt.Errorf("look up %s: %w", kind, errForm)
	}
	return t, nil
}

func (a *account) paidTo(p payee) error {
	if a.merchant != "" && p.Merchant != "" && p.Merchant != a.merchant {
		return fmt.Errorf("%w: it is of another merchant", channel.ErrForeign)
	}
	return nil
}

// captureNews: a capture repeats its order's custom_id, the pay operation. A capture operation
// gave it an invoice number of its own; without one it took the order's money at once.
func captureNews(t *transaction) channel.Callback {
	if !ours(t.Custom) {
		return channel.Callback{}
	}
	r := captureOutcome(t)
	if op := paymux.PrefixOperation + t.Invoice; op != t.Custom && ours(op) {
		return channel.Callback{Operation: paymux.OperationID(op), Result: r}
	}
	r.ChannelID = t.Supplementary.Related.Order
	return channel.Callback{Operation: paymux.OperationID(t.Custom), Result: r}
}

// refundNews: only refunds of ours carry the mark. Others, and what PayPal takes back, are met on the statement and
// as disputes.
func refundNews(t *transaction) channel.Callback {
	op, marked := strings.CutPrefix(t.Custom, refundMark)
	if !marked || !ours(op) {
		return channel.Callback{}
	}
	return channel.Callback{Operation: paymux.OperationID(op), Result: refundOutcome(t)}
}

func authorizationNews(t *transaction) channel.Callback {
	if !ours(t.Custom) {
		return channel.Callback{}
	}
	o := order{ID: t.Supplementary.Related.Order, Units: []unit{{}}}
	o.Units[0].Payments.Authorizations = []transaction{*t}
	return channel.Callback{Operation: paymux.OperationID(t.Custom), Result: payOutcome(&o)}
}

// voidNews: of a voided authorization a part may have been captured before; its order knows.
func (a *account) voidNews(ctx context.Context, e event) (channel.Callback, error) {
	t, err := a.transaction(e)
	if err != nil || !ours(t.Custom) {
		return channel.Callback{}, err
	}
	if id := t.Supplementary.Related.Order; id != "" {
		return a.orderStands(ctx, id, paymux.OperationID(t.Custom))
	}
	return channel.Callback{}, nil // without the order nothing is certain; a query tells
}
