package alipay

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Do carries out op. For the ways of paying that begin with the payer it signs and calls nobody: the payer's
// browser or app brings the order to Alipay.
func (a *account) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := a.mayDo(ctx, op); err != nil {
		return channel.Result{}, err
	}
	switch op.Kind {
	case paymux.Pay:
		return a.pay(ctx, op)
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
	if op.Livemode && a.pretends() {
		return fmt.Errorf("%w: the operation is live and %s is Alipay's test gateway", channel.ErrNotSent, a.gateway.Host)
	}
	if !op.Livemode && a.gateway.String() == gateway {
		return fmt.Errorf("%w: the operation is a test and %s moves real money", channel.ErrNotSent, a.gateway.Host)
	}
	if op.Money.Currency != yuan {
		return fmt.Errorf("%s: %w", op.Money.Currency, channel.ErrUnsupported)
	}
	return nil
}

// pretends reports whether the gateway is Alipay's test environment.
func (a *account) pretends() bool {
	host := a.gateway.Hostname()
	return strings.HasSuffix(host, ".alipaydev.com")
}

// number is the order number of the pay operation that op is, or refers to.
func number(op channel.Operation) string {
	if op.Kind == paymux.Pay {
		return paymux.OrderNumber(string(op.ID))
	}
	return paymux.OrderNumber(string(op.PayID))
}

// operation is the ID whose order number Alipay repeats; ok is false for a number that is none of ours.
func operation(orderNumber string) (id paymux.OperationID, ok bool) {
	text := paymux.PrefixOperation + orderNumber
	_, ok = paymux.TimeOf(text)
	return paymux.OperationID(text), ok
}

// longest is how long an order may stay unpaid; Alipay closes it then, whatever it was told.
const longest = 15 * 24 * time.Hour

// expiry is the moment after which Alipay is told to take no payment.
func expiry(op channel.Operation, now time.Time) time.Time {
	if latest := now.Add(longest - time.Minute); op.ExpiresAt.IsZero() || op.ExpiresAt.After(latest) {
		return latest
	}
	return op.ExpiresAt
}
