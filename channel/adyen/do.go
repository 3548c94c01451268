package adyen

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// keyLife is how long Adyen is sure to know an Idempotency-Key, seven days, less a
// margin. Later it could take a resend for something new.
const keyLife = 6 * 24 * time.Hour

// Do carries out op. A pay without a token is a payment link, whatever the method.
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
	if !op.SentAt.IsZero() && a.now().Sub(op.SentAt) > keyLife {
		return fmt.Errorf("adyen %s %s: sent too long ago to be sent again under its key; only a webhook can tell", op.Kind, op.ID)
	}
	if op.Livemode != a.live {
		return fmt.Errorf("%w: the operation's livemode is %t and the account's is %t", channel.ErrNotSent, op.Livemode, a.live)
	}
	if op.Kind == paymux.Pay && !op.Card.Empty() && op.Card.Token == "" {
		return errNumber
	}
	return nil
}

func (a *account) pay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	sum, ok := toAdyen(op.Money)
	if !ok {
		return unpayable("amount_not_representable", fmt.Sprintf("Adyen takes no fraction as small as in %s.", op.Money)), nil
	}
	if op.Method.Type == paymux.Card && !op.Card.Empty() {
		return a.payByToken(ctx, op, sum)
	}
	if op.Manual && (op.Method.Type == paymux.Alipay || op.Method.Type == paymux.WeChatPay) {
		return unpayable("manual_capture_not_supported", "Adyen captures this method's payments at once."), nil
	}
	return a.payOnPage(ctx, op, sum)
}

// unpayable: known before anything was sent, so another channel may well take it.
func unpayable(code, message string) channel.Result {
	return channel.Result{
		State: paymux.OpDeclined, Code: code, Message: message,
		DeclineCode: paymux.DeclineNotSupported, Advice: paymux.TryOtherMethod, Retryable: true,
	}
}

func metadata(op channel.Operation) map[string]string {
	m := map[string]string{"paymux_payment": string(op.Payment)}
	if op.MerchantOrderID != "" {
		m["merchant_order_id"] = cut(op.MerchantOrderID, 80)
	}
	return m
}

// cut shortens text to Adyen's limit, in characters.
func cut(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit])
	}
	return text
}

// country leaves out what nobody knows.
func country(op channel.Operation) string {
	if op.Client.Country == "ZZ" {
		return ""
	}
	return op.Client.Country
}
