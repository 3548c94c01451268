package stripe

import (
	"context"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Stripe forgets an Idempotency-Key after 24 hours, and would then take a resend for something new.
const keyLife = 23 * time.Hour

// What we leave in Stripe's metadata, to recognise our own objects.
const (
	metaOperation = "paymux_operation" // of the object's creation: a pay or a refund
	metaCapture   = "paymux_capture"   // the capture operation, on its PaymentIntent
	metaPayment   = "paymux_payment"
	metaOrder     = "merchant_order_id"
	metaPage      = "paymux_page" // "checkout" on PaymentIntents made by a Checkout Session
)

// Do carries out op. A pay without a token is a Checkout Session, whatever the method.
func (a *account) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := a.mayDo(ctx, op); err != nil {
		return channel.Result{}, err
	}
	ctx = withMode(ctx, op.Livemode)
	switch op.Kind {
	case paymux.Pay:
		amount, ok := toStripe(op.Money)
		if !ok {
			return unpayable(op.Money), nil
		}
		if op.Method.Type == paymux.Card && !op.Card.Empty() {
			return a.payByToken(ctx, op, amount)
		}
		return a.payOnPage(ctx, op, amount)
	case paymux.Capture:
		return a.capture(ctx, op)
	case paymux.Cancel:
		return a.cancel(ctx, op)
	case paymux.Refunds:
		return a.refund(ctx, op)
	}
	return channel.Result{}, fmt.Errorf("%s: %w", op.Kind, channel.ErrUnsupported)
}

// mayDo refuses what must not leave at all.
func (a *account) mayDo(ctx context.Context, op channel.Operation) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	if !op.SentAt.IsZero() && a.now().Sub(op.SentAt) > keyLife {
		return fmt.Errorf("stripe %s %s: sent too long ago to be sent again under its key; only a query can tell", op.Kind, op.ID)
	}
	if op.Kind == paymux.Pay && !op.Card.Empty() && op.Card.Token == "" {
		return fmt.Errorf("card number instead of a token: %w", channel.ErrUnsupported)
	}
	return nil
}

// unpayable: known before anything was sent, so another channel may well take it.
func unpayable(m paymux.Money) channel.Result {
	return channel.Result{
		State:       paymux.OpDeclined,
		Code:        "amount_not_representable",
		Message:     fmt.Sprintf("Stripe takes no fraction as small as in %s.", m),
		DeclineCode: paymux.DeclineNotSupported,
		Advice:      paymux.TryOtherMethod,
		Retryable:   true,
	}
}

func key(op channel.Operation) stripego.Params {
	return stripego.Params{IdempotencyKey: stripego.String(op.ID)}
}

func metadata(op channel.Operation) map[string]string {
	m := map[string]string{metaOperation: string(op.ID), metaPayment: string(op.Payment)}
	if op.MerchantOrderID != "" {
		m[metaOrder] = cut(op.MerchantOrderID, 500)
	}
	return m
}

// cut shortens text to Stripe's limit, in characters.
func cut(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit])
	}
	return text
}

// optional leaves a parameter out where there is nothing to say.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Statement is not offered: Stripe's balance transactions are not read yet.
func (a *account) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, fmt.Errorf("statement: %w", channel.ErrUnsupported)
}
