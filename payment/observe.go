package payment

import (
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Outcome is what became of an operation, as soon as that is durable.
type Outcome struct {
	Merchant  paymux.MerchantID
	Account   string
	Kind      routing.Kind          // of a payment; without a method: of a capture, cancellation or refund
	State     paymux.OperationState // that it got to
	Was       paymux.OperationState // what was known before; sent: nothing, so this is the call's own answer
	Decline   paymux.DeclineCode
	Retryable bool          // the institution lets another account try
	Retried   bool          // another account had its turn before
	Latency   time.Duration // of the call; zero: it is not an answer to one
	At        time.Time
}

// Observer learns from outcomes. It answers at once.
type Observer interface{ Observe(Outcome) }

// heard notes an outcome to be told once it is durable. What becomes of a reservation later is no news of the account: it has
// done its work.
func (d *draft) heard(op *paymux.Operation, was paymux.OperationState, out outcome) {
	if d.s.Observer == nil || op.State == was || was == paymux.OpAuthorized {
		return
	}
	p := &d.Payment
	o := Outcome{
		Merchant: p.Merchant, Account: op.Account, State: op.State, Was: was, Decline: op.DeclineCode,
		Retryable: out.Retryable, Latency: out.took, At: d.now,
	}
	if op.Kind == paymux.Pay {
		o.Kind = routing.Kind{Method: p.Method.Type, Currency: p.Currency, Client: p.Client.Country}
		o.Retried = d.firstPay() != op.ID
	}
	d.outcomes = append(d.outcomes, o)
}

// firstPay is the payment's first attempt.
func (d *draft) firstPay() paymux.OperationID {
	for i := range d.ops {
		if d.ops[i].Kind == paymux.Pay {
			return d.ops[i].ID
		}
	}
	return ""
}

// tell tells what was committed.
func (d *draft) tell() {
	for _, o := range d.outcomes {
		d.s.Observer.Observe(o)
	}
}
