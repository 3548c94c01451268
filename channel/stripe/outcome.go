package stripe

import (
	"strings"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

func isIntent(id string) bool  { return strings.HasPrefix(id, "pi_") }
func isSession(id string) bool { return strings.HasPrefix(id, "cs_") }
func isRefund(id string) bool  { return strings.HasPrefix(id, "re_") || strings.HasPrefix(id, "pyr_") }

// payOutcome is what a PaymentIntent says about the pay operation that made it.
// A reservation of which only a part was captured stays "authorized": the money is the capture's.
func payOutcome(p *stripego.PaymentIntent) channel.Result {
	r := channel.Result{ChannelID: p.ID, Card: cardOf(p), Code: string(p.Status)}
	asked := fromStripe(p.Amount, p.Currency)
	switch p.Status {
	case stripego.PaymentIntentStatusSucceeded:
		r.State, r.Money = paymux.OpSucceeded, fromStripe(p.AmountReceived, p.Currency)
		if p.Metadata[metaCapture] != "" && p.AmountReceived < p.Amount {
			r.State, r.Money = paymux.OpAuthorized, asked
		}
	case stripego.PaymentIntentStatusRequiresCapture:
		r.State, r.Money = paymux.OpAuthorized, asked
	case stripego.PaymentIntentStatusProcessing, stripego.PaymentIntentStatusRequiresConfirmation:
		r.State = paymux.OpPending
	case stripego.PaymentIntentStatusRequiresAction:
		r.State, r.NextAction = paymux.OpPending, nextAction(p.NextAction)
	case stripego.PaymentIntentStatusRequiresPaymentMethod:
		return unpaidOutcome(p, r)
	case stripego.PaymentIntentStatusCanceled:
		r.State = paymux.OpCanceled
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// unpaidOutcome: an attempt failed. We confirm a PaymentIntent of ours once, so that is
// the end; on Stripe's page the payer may try again until the session expires.
func unpaidOutcome(p *stripego.PaymentIntent, r channel.Result) channel.Result {
	switch {
	case p.Metadata[metaPage] != "":
		r.State = paymux.OpPending
	case p.LastPaymentError != nil:
		declined(&r, p.LastPaymentError)
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// captureOutcome is what a PaymentIntent says about its capture.
func captureOutcome(p *stripego.PaymentIntent) channel.Result {
	r := channel.Result{ChannelID: p.ID, Code: string(p.Status), State: paymux.OpUnknown}
	switch p.Status {
	case stripego.PaymentIntentStatusSucceeded:
		r.State, r.Money = paymux.OpSucceeded, fromStripe(p.AmountReceived, p.Currency)
	case stripego.PaymentIntentStatusProcessing:
		r.State = paymux.OpPending
	}
	return r
}

func cancelOutcome(p *stripego.PaymentIntent) channel.Result {
	r := channel.Result{ChannelID: p.ID, Code: string(p.Status), State: paymux.OpUnknown}
	if p.Status == stripego.PaymentIntentStatusCanceled {
		r.State = paymux.OpSucceeded
	}
	return r
}

func closeOutcome(s *stripego.CheckoutSession) channel.Result {
	r := channel.Result{ChannelID: s.ID, Code: string(s.Status), State: paymux.OpUnknown}
	if s.Status == stripego.CheckoutSessionStatusExpired {
		r.State = paymux.OpSucceeded
	}
	return r
}

// sessionOutcome is what a Checkout Session says about its pay operation. Once the payer
// has finished, the PaymentIntent knows more than the session.
func sessionOutcome(s *stripego.CheckoutSession) channel.Result {
	r := channel.Result{ChannelID: s.ID, Code: string(s.Status)}
	switch s.Status {
	case stripego.CheckoutSessionStatusOpen:
		r.State = paymux.OpPending
		r.NextAction = redirect(s.URL)
	case stripego.CheckoutSessionStatusComplete:
		return completeOutcome(s, r)
	case stripego.CheckoutSessionStatusExpired:
		r.State = paymux.OpCanceled
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

func completeOutcome(s *stripego.CheckoutSession, r channel.Result) channel.Result {
	if s.PaymentIntent != nil && s.PaymentIntent.Status != "" {
		return payOutcome(s.PaymentIntent)
	}
	if s.PaymentIntent != nil {
		r.ChannelID = s.PaymentIntent.ID
	}
	r.Code = string(s.PaymentStatus)
	switch s.PaymentStatus {
	case stripego.CheckoutSessionPaymentStatusPaid:
		r.State, r.Money = paymux.OpSucceeded, fromStripe(s.AmountTotal, s.Currency)
	case stripego.CheckoutSessionPaymentStatusUnpaid:
		r.State = paymux.OpPending
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// refundOutcome is what a Refund says about its operation.
func refundOutcome(f *stripego.Refund) channel.Result {
	r := channel.Result{ChannelID: f.ID, Code: string(f.Status), Money: fromStripe(f.Amount, f.Currency)}
	switch f.Status {
	case stripego.RefundStatusSucceeded:
		r.State = paymux.OpSucceeded
	case stripego.RefundStatusPending, stripego.RefundStatusRequiresAction:
		r.State = paymux.OpPending
	case stripego.RefundStatusFailed:
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineRefundRefused, paymux.DoNotRetry
		r.Code = string(f.FailureReason)
	case stripego.RefundStatusCanceled:
		r.State = paymux.OpCanceled
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// nextAction: only a redirect is asked of a card's payer, since we always give a return URL.
func nextAction(n *stripego.PaymentIntentNextAction) *paymux.NextAction {
	if n == nil || n.RedirectToURL == nil {
		return nil
	}
	return redirect(n.RedirectToURL.URL)
}

func redirect(to string) *paymux.NextAction {
	if to == "" {
		return nil
	}
	return &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: to, Method: "GET"}}
}

// cardOf is what may be shown of the card, where the charge came along.
func cardOf(p *stripego.PaymentIntent) *paymux.CardSummary {
	if p.LatestCharge == nil || p.LatestCharge.PaymentMethodDetails == nil || p.LatestCharge.PaymentMethodDetails.Card == nil {
		return nil
	}
	c := p.LatestCharge.PaymentMethodDetails.Card
	return &paymux.CardSummary{Brand: string(c.Brand), Last4: c.Last4, ExpMonth: int(c.ExpMonth), ExpYear: int(c.ExpYear)}
}
