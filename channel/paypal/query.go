package paypal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

const (
	// inFlight is how long after sending something may still come into being, or an answer be
	// on its way to a payer, both clocks' errors included.
	inFlight = 10 * time.Minute
	// forgotten is the age up to which an order that PayPal does not have any more is one that nobody
	// paid: those lapse within three days, and PayPal keeps the paid ones for longer than this.
	forgotten = 7 * 24 * time.Hour
)

// errNotKnown: PayPal does not show the operation, which proves nothing yet.
var errNotKnown = errors.New("not found at PayPal yet; that is no proof that it is not there")

// Query asks what became of op. For an order that its payer has approved it makes the call that takes the money:
// see the package comment.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := a.ask(ctx, op)
	if err != nil {
		return channel.Result{}, fmt.Errorf("query paypal %s %s: %w", op.Kind, op.ID, err)
	}
	return r, nil
}

func (a *account) ask(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, err
	}
	switch {
	case op.Kind == paymux.Pay && op.ChannelID == "":
		return channel.Result{}, a.missing(op) // nobody has its link: see the package comment
	case op.ChannelID == "":
		return channel.Result{}, errors.New("it cannot be asked about without the order's ID")
	}
	switch op.Kind {
	case paymux.Pay:
		return a.askPay(ctx, op)
	case paymux.Cancel:
		return a.askCancel(ctx, op)
	case paymux.Capture:
		return a.askMoved(ctx, op, "captures", (*unit).captureOf, captureOutcome)
	case paymux.Refunds:
		return a.askMoved(ctx, op, "refunds", (*unit).refundOf, refundOutcome)
	}
	return channel.Result{}, channel.ErrUnsupported
}

func (a *account) askPay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := a.finish(ctx, op.ChannelID, op.ID, op.Money)
	if gone(err) {
		return a.lapsed(op, string(op.ID), paymux.OpCanceled)
	}
	return r, err
}

func (a *account) askCancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	o, err := a.orderOf(ctx, op)
	switch {
	case gone(err):
		return a.lapsed(op, string(op.PayID), paymux.OpSucceeded)
	case err != nil:
		return channel.Result{}, err
	}
	if r, done := cancelOutcome(o); done {
		return r, nil
	}
	return channel.Result{}, a.missing(op)
}

// askMoved asks about a capture or a refund: by its own ID, or, where that is the order's, by
// our number among what the order lists.
func (a *account) askMoved(ctx context.Context, op channel.Operation, kind string,
	among func(*unit, paymux.OperationID) *transaction, outcome func(*transaction) channel.Result,
) (channel.Result, error) {
	switch t, err := a.lookUp(ctx, kind, op.ChannelID); {
	case err == nil:
		return outcome(t), nil
	case !gone(err):
		return channel.Result{}, err
	}
	o, err := a.orderOf(ctx, op)
	if err != nil {
		return channel.Result{}, err
	}
	if found := among(o.unit(), op.ID); found != nil {
		return outcome(found), nil
	}
	return channel.Result{}, a.missing(op)
}

// missing is what it means that an operation is not to be found.
func (a *account) missing(op channel.Operation) error {
	if !op.SentAt.IsZero() && a.now().Sub(op.SentAt) > inFlight {
		return channel.ErrAbsent
	}
	return errNotKnown
}

// lapsed is what it means that PayPal has no order of that ID (any more). Just made, it may
// not be seen everywhere yet; very old, it might have been paid and forgotten.
func (a *account) lapsed(op channel.Operation, pay string, state paymux.OperationState) (channel.Result, error) {
	born, ok := paymux.TimeOf(pay)
	if age := a.now().Sub(born); !ok || age < inFlight || age > forgotten {
		return channel.Result{}, fmt.Errorf("paypal %s %s: PayPal has no order %s: %w", op.Kind, op.ID, op.ChannelID, errNotKnown)
	}
	return channel.Result{State: state, ChannelID: op.ChannelID, Code: "RESOURCE_NOT_FOUND", Message: "The order lapsed unpaid."}, nil
}
