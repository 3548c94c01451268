package paypal

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// How long PayPal remembers a PayPal-Request-Id, less a margin: six hours for orders, 45 days for
// payments. After that it would take a resend for something new.
const (
	orderKeyLife   = 5 * time.Hour
	paymentKeyLife = 44 * 24 * time.Hour
)

// Do carries out op.
func (a *account) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := a.mayDo(ctx, op); err != nil {
		return channel.Result{}, err
	}
	switch op.Kind {
	case paymux.Pay:
		return a.pay(ctx, op)
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
	life := paymentKeyLife
	if op.Kind == paymux.Pay {
		life = orderKeyLife
	}
	if op.Kind != paymux.Cancel && !op.SentAt.IsZero() && a.now().Sub(op.SentAt) > life {
		return fmt.Errorf("paypal %s %s: sent too long ago to be sent again under its key; only a query can tell", op.Kind, op.ID)
	}
	if op.Livemode != a.live {
		return fmt.Errorf("%w: the operation's livemode is %t and the account's base_url is for livemode %t", channel.ErrNotSent, op.Livemode, a.live)
	}
	if op.Kind != paymux.Pay && op.ChannelID == "" {
		return fmt.Errorf("%w: paypal %s %s: the order's ID is not known", channel.ErrNotSent, op.Kind, op.ID)
	}
	return nil
}

// unpayable: known before anything was sent, so another channel may well take it.
func unpayable(m paymux.Money) channel.Result {
	return channel.Result{
		State:       paymux.OpDeclined,
		Code:        "amount_not_representable",
		Message:     fmt.Sprintf("PayPal takes no fraction as small as in %s.", m),
		DeclineCode: paymux.DeclineNotSupported,
		Advice:      paymux.TryOtherMethod,
		Retryable:   true,
	}
}
