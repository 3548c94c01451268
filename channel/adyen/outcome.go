package adyen

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// payOutcome is what an answer of /payments or /payments/details says about a payment by token
// (docs.adyen.com/online-payments/payment-result-codes).
func (a *account) payOutcome(ref reference, p *paymentAnswer) channel.Result {
	r := channel.Result{
		ChannelID: cmp.Or(p.PSPReference, ref.String()), Code: p.ResultCode, Message: p.RefusalReason,
		Money: stated(p.Amount), Card: cardOf(p),
	}
	switch p.ResultCode {
	case "Authorised":
		r.State = paid(ref)
	case "Refused", "Error":
		declined(&r, p)
	case "Cancelled":
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineCanceledByPayer, paymux.TryOtherMethod
	case "Pending", "Received", "PresentToShopper":
		r.State = paymux.OpPending
	case "RedirectShopper", "ChallengeShopper", "IdentifyShopper":
		r.State, r.NextAction = paymux.OpPending, a.nextAction(p.Action)
	default:
		// PartiallyAuthorised, AuthenticationFinished and the like are answers to
		// what is never asked, and others are new.
		r.State = paymux.OpUnknown
	}
	return r
}

// paid is the state of a payment that was authorised. Where no capture is asked for,
// Adyen makes it itself.
func paid(ref reference) paymux.OperationState {
	if ref.manual {
		return paymux.OpAuthorized
	}
	return paymux.OpSucceeded
}

func declined(r *channel.Result, p *paymentAnswer) {
	why := reasonOf(p.RefusalReasonCode)
	if p.ResultCode == "Error" && why.code == paymux.DeclineGeneric {
		why = reason{paymux.DeclineProcessing, paymux.RetryLater, false}
	}
	r.State, r.Code = paymux.OpDeclined, cmp.Or(p.RefusalReasonCode, p.ResultCode)
	r.DeclineCode, r.Advice, r.Retryable = why.code, why.advice, why.retryable
}

// nextAction: a redirect is done by anybody's browser; everything else needs Adyen's
// Component, which takes the action as it came.
func (a *account) nextAction(text json.RawMessage) *paymux.NextAction {
	var do action
	if json.Unmarshal(text, &do) != nil || do.Type == "" {
		return nil
	}
	if do.Type == "redirect" && do.URL != "" {
		return redirect(do.URL, do.Method, do.Data)
	}
	environment := "test"
	if a.live {
		environment = "live"
	}
	return &paymux.NextAction{Type: paymux.ActionInvokeSDK, InvokeSDK: &paymux.InvokeSDK{
		SDK: "adyen_checkout", Params: map[string]string{"action": string(text), "environment": environment},
	}}
}

func redirect(to, method string, fields map[string]string) *paymux.NextAction {
	if to == "" {
		return nil
	}
	if method = strings.ToUpper(method); method != http.MethodPost {
		method, fields = http.MethodGet, nil
	}
	return &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: to, Method: method, FormFields: fields}}
}

// stated is the amount that Adyen repeats, if it does.
func stated(a *amount) paymux.Money {
	if a == nil {
		return paymux.Money{}
	}
	return fromAdyen(*a)
}

// cardOf is what may be shown of the card, where the account is set up to be told.
func cardOf(p *paymentAnswer) *paymux.CardSummary {
	c := paymux.CardSummary{Brand: p.PaymentMethod.Brand}
	if len(p.AdditionalData.CardSummary) == 4 {
		c.Last4 = p.AdditionalData.CardSummary
	}
	month, year, _ := strings.Cut(p.AdditionalData.ExpiryDate, "/")
	c.ExpMonth, _ = strconv.Atoi(month)
	c.ExpYear, _ = strconv.Atoi(year)
	if c == (paymux.CardSummary{}) {
		return nil
	}
	return &c
}
