package adyen

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// linkLife is how long a payment link may live, seventy days, less a margin.
const linkLife = 69 * 24 * time.Hour

// payOnPage makes a payment link, on whose page the payer chooses a card or opens the
// wallet, and where Adyen does what 3-D Secure needs.
func (a *account) payOnPage(ctx context.Context, op channel.Operation, sum amount) (channel.Result, error) {
	methods := pageMethods(op.Method)
	if methods == nil {
		return channel.Result{}, fmt.Errorf("method %s: %w", op.Method.Type, channel.ErrUnsupported)
	}
	var made link
	if err := a.call(ctx, http.MethodPost, "/paymentLinks", string(op.ID), a.link(op, sum, methods), &made); err != nil {
		return failure(op, err)
	}
	if made.ID == "" || made.URL == "" {
		return channel.Result{}, told(op, errAnswer)
	}
	return linkOutcome(&made), nil
}

func (a *account) link(op channel.Operation, sum amount, methods []string) linkRequest {
	r := linkRequest{
		MerchantAccount: a.merchant, Reference: referenceOf(op, true).String(), Amount: sum,
		AllowedMethods: methods, ReturnURL: cmp.Or(op.PageURL, op.ReturnURL),
		Description: cut(op.Description, 280), ExpiresAt: linkExpiry(op),
		CountryCode: country(op), Metadata: metadata(op),
	}
	if op.Manual {
		yes := true
		r.ManualCapture = &yes
	} else {
		r.CaptureDelayHours = new(int)
	}
	return r
}

// linkExpiry keeps the payment's expiry within what Adyen takes, counted from the
// operation's birth so that a resend is the same request to the letter.
func linkExpiry(op channel.Operation) string {
	if op.ExpiresAt.IsZero() {
		return ""
	}
	at := op.ExpiresAt
	if born, ok := paymux.TimeOf(string(op.ID)); ok && at.After(born.Add(linkLife)) {
		at = born.Add(linkLife)
	}
	return at.UTC().Format(time.RFC3339)
}

// pageMethods are Adyen's names of a method; nil where it has none.
func pageMethods(m paymux.Method) []string {
	switch m.Type {
	case paymux.Card:
		return []string{"scheme"}
	case paymux.Alipay:
		return []string{"alipay"}
	case paymux.WeChatPay:
		if m.Flow == paymux.FlowQR {
			return []string{"wechatpayQR"}
		}
		return []string{"wechatpayQR", "wechatpayWeb"}
	case paymux.PayPal:
		return []string{"paypal"}
	}
	return nil
}

// linkOutcome is what a payment link says about its pay operation. That it is completed does not
// end it: only the webhook names the transaction, without which nothing could be refunded.
func linkOutcome(l *link) channel.Result {
	r := channel.Result{ChannelID: l.ID, Code: l.Status, Money: stated(l.Amount)}
	switch l.Status {
	case "active":
		r.State, r.NextAction = paymux.OpPending, redirect(l.URL, http.MethodGet, nil)
	case "paymentPending", "completed", "paid":
		r.State = paymux.OpPending
	case "expired":
		r.State = paymux.OpCanceled
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// Query asks what became of a payment link, or of its closing. Adyen offers no question about
// anything else: after a lost answer the webhook tells, and until then the outcome is unknown.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if !isLink(op.ChannelID) || op.Kind != paymux.Pay && op.Kind != paymux.Cancel {
		return channel.Result{}, fmt.Errorf("query adyen %s %s: %w", op.Kind, op.ID, channel.ErrUnsupported)
	}
	var l link
	if err := a.call(ctx, http.MethodGet, "/paymentLinks/"+url.PathEscape(op.ChannelID), "", nil, &l); err != nil {
		return channel.Result{}, fmt.Errorf("query adyen %s %s: %w", op.Kind, op.ID, err)
	}
	ref, ok := parseReference(l.Reference)
	if of := cmp.Or(op.PayID, op.ID); !ok || ref.kind != refPage || ref.operation != of {
		return channel.Result{}, fmt.Errorf("query adyen %s %s: %w: the link is of another payment", op.Kind, op.ID, errAnswer)
	}
	if op.Kind == paymux.Cancel {
		return closingOutcome(op, &l)
	}
	return linkOutcome(&l), nil
}

// closingOutcome is what a payment link says about the cancel that is to close it. One
// that is still open was not closed: the cancel may be sent again.
func closingOutcome(op channel.Operation, l *link) (channel.Result, error) {
	r := channel.Result{ChannelID: l.ID, Code: l.Status}
	switch l.Status {
	case "expired":
		r.State = paymux.OpSucceeded
	case "completed", "paid":
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineProcessing, paymux.DoNotRetry
	case "paymentPending":
		r.State = paymux.OpPending
	case "active":
		return channel.Result{}, fmt.Errorf("query adyen %s %s: the page is open: %w", op.Kind, op.ID, channel.ErrAbsent)
	default:
		r.State = paymux.OpUnknown
	}
	return r, nil
}
