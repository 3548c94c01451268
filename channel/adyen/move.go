package adyen

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// capture takes reserved money. Adyen releases what a partial capture leaves, Final or not,
// unless the account was set up for several captures.
func (a *account) capture(ctx context.Context, op channel.Operation) (channel.Result, error) {
	sum, ok := toAdyen(op.Money)
	if !ok {
		return unpayable("amount_not_representable", fmt.Sprintf("Adyen takes no fraction as small as in %s.", op.Money)), nil
	}
	return a.modify(ctx, op, "captures", modification{Amount: &sum})
}

// refund gives money back, all or part. The merchant's reason is passed on where Adyen has it in its list.
func (a *account) refund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	sum, ok := toAdyen(op.Money)
	if !ok {
		return unpayable("amount_not_representable", fmt.Sprintf("Adyen takes no fraction as small as in %s.", op.Money)), nil
	}
	return a.modify(ctx, op, "refunds", modification{Amount: &sum, RefundReason: refundReason(op.Reason)})
}

func refundReason(text string) string {
	switch text {
	case "fraudulent":
		return "FRAUD"
	case "duplicate":
		return "DUPLICATE"
	case "requested_by_customer":
		return "CUSTOMER REQUEST"
	}
	return ""
}

// cancel ends a payment that brought no money: it closes the page if the payer is still
// there, and releases what is reserved. A payment whose pspReference Adyen has not told is named by ours.
func (a *account) cancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	switch {
	case isLink(op.ChannelID):
		return a.closePage(ctx, op)
	case isTransaction(op.ChannelID):
		return a.modify(ctx, op, "cancels", modification{})
	case isOurReference(op.ChannelID):
		return a.modification(ctx, op, "/cancels", modification{PaymentReference: op.ChannelID})
	}
	return channel.Result{}, told(op, errNameless)
}

// errNameless: Adyen is asked to move money by its own reference only.
var errNameless = fmt.Errorf("%w: the payment's pspReference is not known; its webhook brings it", channel.ErrNotSent)

// closePage expires a payment link. What a payer has begun there may still end in a
// payment, which its webhook tells.
func (a *account) closePage(ctx context.Context, op channel.Operation) (channel.Result, error) {
	var l link
	path := "/paymentLinks/" + url.PathEscape(op.ChannelID)
	if err := a.call(ctx, http.MethodPatch, path, "", linkUpdate{Status: "expired"}, &l); err != nil {
		return failure(op, err)
	}
	r := channel.Result{State: paymux.OpUnknown, ChannelID: l.ID, Code: l.Status}
	if l.Status == "expired" {
		r.State = paymux.OpSucceeded
	}
	return r, nil
}

func (a *account) modify(ctx context.Context, op channel.Operation, what string, m modification) (channel.Result, error) {
	if !isTransaction(op.ChannelID) {
		return channel.Result{}, told(op, errNameless)
	}
	return a.modification(ctx, op, "/payments/"+url.PathEscape(op.ChannelID)+"/"+what, m)
}

// modification sends a request that Adyen only receives: a webhook brings its outcome.
func (a *account) modification(ctx context.Context, op channel.Operation, path string, m modification) (channel.Result, error) {
	m.MerchantAccount, m.Reference = a.merchant, referenceOf(op, false).String()
	var answer received
	if err := a.call(ctx, http.MethodPost, path, string(op.ID), m, &answer); err != nil {
		return failure(op, err)
	}
	if answer.Reference != "" && answer.Reference != m.Reference {
		return channel.Result{}, told(op, fmt.Errorf("%w: it is of another request", errAnswer))
	}
	r := channel.Result{State: paymux.OpUnknown, ChannelID: answer.PSPReference, Code: answer.Status, Money: stated(answer.Amount)}
	if answer.Status == "received" && answer.PSPReference != "" {
		r.State = paymux.OpPending
	}
	return r, nil
}
