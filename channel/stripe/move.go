package stripe

import (
	"context"
	"fmt"
	"slices"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux/channel"
)

// capture takes reserved money. Stripe captures once: what is not taken is released, Final or not.
func (a *account) capture(ctx context.Context, op channel.Operation) (channel.Result, error) {
	amount, ok := toStripe(op.Money)
	if !ok {
		return unpayable(op.Money), nil
	}
	id, err := a.intentID(ctx, op)
	if err != nil {
		return channel.Result{}, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	intent, err := a.api.V1PaymentIntents.Capture(ctx, id, &stripego.PaymentIntentCaptureParams{
		Params:          key(op),
		AmountToCapture: &amount,
		Metadata:        map[string]string{metaCapture: string(op.ID)},
	})
	if err != nil {
		return failure(op, err)
	}
	return captureOutcome(intent), nil
}

// cancel ends a payment that brought no money: it closes the page if the payer is
// still there, and releases what is reserved.
func (a *account) cancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if isSession(op.ChannelID) {
		session, err := a.session(ctx, op.ChannelID)
		if err != nil {
			return channel.Result{}, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
		}
		if session.Status != stripego.CheckoutSessionStatusComplete {
			return a.closePage(ctx, op, session)
		}
	}
	id, err := a.intentID(ctx, op)
	if err != nil {
		return channel.Result{}, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	intent, err := a.api.V1PaymentIntents.Cancel(ctx, id, &stripego.PaymentIntentCancelParams{Params: key(op)})
	if err != nil {
		return failure(op, err)
	}
	return cancelOutcome(intent), nil
}

func (a *account) closePage(ctx context.Context, op channel.Operation, s *stripego.CheckoutSession) (channel.Result, error) {
	if s.Status != stripego.CheckoutSessionStatusExpired {
		var err error
		if s, err = a.api.V1CheckoutSessions.Expire(ctx, s.ID, &stripego.CheckoutSessionExpireParams{Params: key(op)}); err != nil {
			return failure(op, err)
		}
	}
	return closeOutcome(s), nil
}

// refund gives money back, all or part. The merchant's reason is passed on where Stripe has it in its list.
func (a *account) refund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	amount, ok := toStripe(op.Money)
	if !ok {
		return unpayable(op.Money), nil
	}
	id, err := a.intentID(ctx, op)
	if err != nil {
		return channel.Result{}, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	params := &stripego.RefundCreateParams{
		Params:        key(op),
		PaymentIntent: &id,
		Amount:        &amount,
		Metadata:      metadata(op),
	}
	if slices.Contains([]string{"duplicate", "fraudulent", "requested_by_customer"}, op.Reason) {
		params.Reason = &op.Reason
	}
	refund, err := a.api.V1Refunds.Create(ctx, params)
	if err != nil {
		return failure(op, err)
	}
	return refundOutcome(refund), nil
}

// intentID is the PaymentIntent a capture, cancel or refund refers to.
func (a *account) intentID(ctx context.Context, op channel.Operation) (string, error) {
	switch {
	case isIntent(op.ChannelID):
		return op.ChannelID, nil
	case isSession(op.ChannelID):
		s, err := a.session(ctx, op.ChannelID)
		if err != nil {
			return "", err
		}
		if s.PaymentIntent == nil {
			return "", fmt.Errorf("stripe session %s has no payment yet", op.ChannelID)
		}
		return s.PaymentIntent.ID, nil
	}
	intent, err := a.search(ctx, op.PayID)
	if err != nil {
		return "", err
	}
	return intent.ID, nil
}

func (a *account) session(ctx context.Context, id string) (*stripego.CheckoutSession, error) {
	s, err := a.api.V1CheckoutSessions.Retrieve(ctx, id, &stripego.CheckoutSessionRetrieveParams{
		Expand: stripego.StringSlice([]string{"payment_intent", "payment_intent.latest_charge"}),
	})
	if err != nil {
		return nil, fmt.Errorf("retrieve session: %w", told(err))
	}
	return s, nil
}
