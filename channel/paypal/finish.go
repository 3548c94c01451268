package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// errForeign: the order is not the operation's.
var errForeign = errors.New("the order is of another operation")

// finish reads the order of a pay operation and advances it. want is the operation's amount, zero
// where the caller does not know it.
func (a *account) finish(ctx context.Context, id string, op paymux.OperationID, want paymux.Money) (channel.Result, error) {
	o, err := a.order(ctx, id)
	if err != nil {
		return channel.Result{}, err
	}
	if o.unit().Custom != string(op) {
		return channel.Result{}, errForeign
	}
	return a.advance(ctx, o, want)
}

// advance takes, or reserves, the money of an order that the payer has approved and nobody
// has closed. For any other order it says how it stands.
func (a *account) advance(ctx context.Context, o *order, want paymux.Money) (channel.Result, error) {
	if !o.awaitsUs() {
		return a.conclude(ctx, o)
	}
	if asks := o.unit().Amount.stated(); want != (paymux.Money{}) && asks != want {
		return channel.Result{State: paymux.OpUnknown, ChannelID: o.ID, Code: "amount_differs", Money: asks}, nil
	}
	var done order
	err := a.call(ctx, request{http.MethodPost, orderPath(o.ID) + "/" + strings.ToLower(o.unit().Reference), completionKey(o), struct{}{}}, &done)
	var e *apiError
	switch {
	case err == nil && done.ID == o.ID:
		return a.conclude(ctx, &done)
	case err == nil:
		return channel.Result{}, errForm
	case !errors.As(err, &e) || e.status != http.StatusUnprocessableEntity:
		return channel.Result{}, fmt.Errorf("complete order %s: %w", o.ID, err)
	}
	return a.notCompleted(ctx, o, e)
}

// completionKey is the same for all who complete an order as it stands, and another one after the payer has
// acted again: PayPal would repeat its refusal under the old one.
func completionKey(o *order) string {
	key := o.unit().Custom + "." + strings.ToLower(o.unit().Reference)
	if o.UpdateTime != "" {
		key += "." + strings.NewReplacer("-", "", ":", "").Replace(o.UpdateTime)
	}
	return key
}

// notCompleted says what PayPal's refusal to complete an order means.
func (a *account) notCompleted(ctx context.Context, o *order, e *apiError) (channel.Result, error) {
	if e.issue == issuePayerAction || e.issue == issueNotApproved {
		return waiting(o, e), nil
	}
	if why, known := reasonOf(e.issue); known {
		return a.decline(ctx, o, e, why)
	}
	// It may have been completed, or closed, by another at the same time.
	again, err := a.order(ctx, o.ID)
	if err != nil {
		return channel.Result{}, err
	}
	r := payOutcome(again)
	if again.awaitsUs() {
		a.log.WarnContext(ctx, "paypal does not complete an order for a reason that proves nothing", "order", o.ID, "issue", e.code(), "debug_id", e.debugID)
		r.State, r.Code, r.Message = paymux.OpUnknown, e.code(), e.text
	}
	return r, nil
}

// waiting: the payer has to act, again or still.
func waiting(o *order, e *apiError) channel.Result {
	to := payerLink(e.links)
	if to == "" {
		to = payerLink(o.Links)
	}
	return channel.Result{State: paymux.OpPending, ChannelID: o.ID, Code: e.code(), Message: e.text, NextAction: redirect(to)}
}

// conclude is the outcome of an order. Where nothing but failed attempts is left of it and PayPal
// would let the payer try again, it is closed first.
func (a *account) conclude(ctx context.Context, o *order) (channel.Result, error) {
	captures := o.unit().Payments.Captures
	hopeless := len(captures) > 0 && find(captures, func(t *transaction) bool { return !t.failed() }) == nil
	if !hopeless || o.Status != orderApproved || o.closed() {
		return payOutcome(o), nil
	}
	last := captures[len(captures)-1]
	e := &apiError{issue: last.Status, text: last.Processor.Code}
	return a.decline(ctx, o, e, reason{paymux.DeclineGeneric, paymux.TryOtherMethod, false})
}

// decline reports a refusal of the payer's money, once the order is closed: the payer still has its
// link, and could approve it again after he has paid in another way. An order that PayPal does not let us close is
// still open to the payer, and that is what is reported.
func (a *account) decline(ctx context.Context, o *order, e *apiError, why reason) (channel.Result, error) {
	closed, err := a.closeOrder(ctx, o, completionKey(o)+".close")
	var refused *apiError
	switch {
	case errors.As(err, &refused) && refused.status == http.StatusUnprocessableEntity:
		return waiting(o, e), nil
	case err != nil:
		return channel.Result{}, err
	case payOutcome(closed).State != paymux.OpCanceled:
		return payOutcome(closed), nil // another was quicker
	}
	return channel.Result{
		State: paymux.OpDeclined, ChannelID: o.ID, Code: e.code(), Message: e.text, DeclineCode: why.code, Advice: why.advice,
	}, nil
}

// patch is one change of an order (JSON Patch, RFC 6902).
type patch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

// closeOrder makes it impossible to complete an order (see the package comment) and reads what it
// is then. That PayPal accepted the change is not enough: a call may have been quicker.
func (a *account) closeOrder(ctx context.Context, o *order, key string) (*order, error) {
	other := intentAuthorize
	if o.unit().Reference == intentAuthorize {
		other = intentCapture
	}
	change := []patch{{Op: "replace", Path: "/intent", Value: other}}
	if err := a.call(ctx, request{http.MethodPatch, orderPath(o.ID), key, change}, nil); err != nil {
		return nil, fmt.Errorf("close order %s: %w", o.ID, err)
	}
	again, err := a.order(ctx, o.ID)
	if err != nil {
		return nil, fmt.Errorf("read order %s after closing it: %w", o.ID, unsure(err))
	}
	return again, nil
}

// unsure is err without a claim that nothing was sent: something was, just before.
func unsure(err error) error {
	if errors.Is(err, channel.ErrNotSent) {
		return errors.New(err.Error())
	}
	return err
}

func (a *account) order(ctx context.Context, id string) (*order, error) {
	o := new(order)
	if err := a.call(ctx, request{method: http.MethodGet, path: orderPath(id)}, o); err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	if o.ID == "" || o.Status == "" {
		return nil, fmt.Errorf("read order: %w", errForm)
	}
	return o, nil
}

func orderPath(id string) string { return "/v2/checkout/orders/" + url.PathEscape(id) }
