package paypal

import (
	"cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// payOutcome is what an order says about the pay operation that made it. Money that moved
// counts before anything else the order says.
func payOutcome(o *order) channel.Result {
	r := channel.Result{ChannelID: o.ID, Code: o.Status, State: paymux.OpUnknown}
	payments := &o.unit().Payments
	switch {
	case len(payments.Authorizations) > 0:
		return reserveOutcome(o, r)
	case len(payments.Captures) > 0:
		return takenOutcome(o, r)
	case o.Status == orderVoided, o.Status != orderCompleted && o.closed():
		r.State = paymux.OpCanceled
	case o.Status == orderCreated, o.Status == orderPayerActs:
		r.State, r.NextAction = paymux.OpPending, redirect(payerLink(o.Links))
	case o.Status == orderApproved, o.Status == orderSaved:
		r.State = paymux.OpPending
	}
	return r
}

// takenOutcome is of an order whose money was to be taken at once. It has one capture, and
// before it, perhaps, attempts that failed.
func takenOutcome(o *order, r channel.Result) channel.Result {
	captures := o.unit().Payments.Captures
	best := &captures[len(captures)-1]
	if done := find(captures, (*transaction).took); done != nil {
		best = done
	} else if open := find(captures, func(t *transaction) bool { return !t.failed() }); open != nil {
		best = open
	}
	out := captureOutcome(best)
	out.ChannelID = r.ChannelID
	if out.State == paymux.OpDeclined && o.Status != orderCompleted && !o.closed() {
		out.State, out.DeclineCode, out.Advice = paymux.OpPending, "", "" // the payer may choose another way to pay
	}
	return out
}

// reserveOutcome is of an order whose money was to be reserved. A reservation of which only a part
// was captured stays "authorized": the money is the captures'.
func reserveOutcome(o *order, r channel.Result) channel.Result {
	payments := &o.unit().Payments
	t := &payments.Authorizations[len(payments.Authorizations)-1]
	asked := t.Amount.stated()
	taken := takenOf(payments.Captures)
	r.Code = cmp.Or(t.StatusDetails.Reason, t.Status)
	switch {
	case taken > 0 && taken >= asked.Amount:
		r.State, r.Money = paymux.OpSucceeded, asked
	case taken > 0, t.Status == "CREATED", t.Status == "PARTIALLY_CAPTURED", t.Status == "CAPTURED":
		r.State, r.Money = paymux.OpAuthorized, asked
	case t.Status == "PENDING":
		r.State = paymux.OpPending
	case t.Status == "DENIED":
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineGeneric, paymux.TryOtherMethod
	case t.Status == "VOIDED", t.Status == "EXPIRED":
		r.State = paymux.OpCanceled
	}
	return r
}

// takenOf is what captures have brought, in minor units. All are of one currency.
func takenOf(captures []transaction) (sum int64) {
	for i := range captures {
		if captures[i].took() {
			sum += max(0, captures[i].Amount.stated().Amount)
		}
	}
	return sum
}

// captureOutcome is what a capture says about its operation.
func captureOutcome(t *transaction) channel.Result {
	r := channel.Result{ChannelID: t.ID, Code: cmp.Or(t.StatusDetails.Reason, t.Status), State: paymux.OpUnknown}
	switch {
	case t.took():
		r.State, r.Money = paymux.OpSucceeded, t.Amount.stated()
	case t.Status == "PENDING":
		r.State = paymux.OpPending
	case t.failed():
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineGeneric, paymux.TryOtherMethod
		r.Code = cmp.Or(t.Processor.Code, r.Code)
	}
	return r
}

// refundOutcome is what a refund says about its operation.
func refundOutcome(t *transaction) channel.Result {
	r := channel.Result{ChannelID: t.ID, Code: cmp.Or(t.StatusDetails.Reason, t.Status), State: paymux.OpUnknown}
	switch t.Status {
	case "COMPLETED":
		r.State, r.Money = paymux.OpSucceeded, t.Amount.stated()
	case "PENDING":
		r.State = paymux.OpPending
	case "FAILED":
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineRefundRefused, paymux.DoNotRetry
	case "CANCELLED":
		r.State = paymux.OpCanceled
	}
	return r
}

// cancelOutcome is what an order says about its cancellation; done is false where it was not canceled.
func cancelOutcome(o *order) (r channel.Result, done bool) {
	r = channel.Result{ChannelID: o.ID, Code: o.Status, State: paymux.OpSucceeded}
	payments := &o.unit().Payments
	if n := len(payments.Authorizations); n > 0 {
		r.Code = payments.Authorizations[n-1].Status
		return r, r.Code == "VOIDED" || r.Code == "EXPIRED"
	}
	return r, payOutcome(o).State == paymux.OpCanceled
}

func redirect(to string) *paymux.NextAction {
	if to == "" {
		return nil
	}
	return &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: to, Method: "GET"}}
}
