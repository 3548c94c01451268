package payment

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// movePay changes the payment after its pay operation changed.
func (d *draft) movePay(op *paymux.Operation, was paymux.OperationState, out outcome) {
	p := &d.Payment
	if carries(op) && d.paidBesides(op) {
		d.giveBack(op)
		return
	}
	if !op.State.Ended() && (p.Status.Ended() || d.newestPay() != op) {
		return // what another attempt has replaced, or an end outlived, gives the payer nothing to do
	}
	if out.Card != nil {
		p.Method.Card = out.Card
	}
	switch op.State {
	case paymux.OpPending:
		d.pending(out.NextAction)
	case paymux.OpUnknown:
		d.status(paymux.Processing)
		p.LastError = failure(op)
	case paymux.OpAuthorized:
		if d.status(paymux.Authorized) {
			d.paid(op)
			p.AmountCapturable = op.Amount
		}
	case paymux.OpSucceeded:
		if was == paymux.OpAuthorized && d.has(paymux.Capture) {
			return // the capture's own outcome moves the money
		}
		if d.status(paymux.Succeeded) {
			d.paid(op)
			p.AmountReceived, p.AmountCapturable = op.Amount, 0
		}
	case paymux.OpDeclined, paymux.OpNotSent, paymux.OpCanceled:
		d.payEnded(op, was)
	}
}

// pending follows an institution that waits for the payer, or for itself.
func (d *draft) pending(action *paymux.NextAction) {
	next := paymux.Processing
	if action != nil && action.Type != paymux.ActionWait {
		next = paymux.RequiresAction
	}
	if d.Payment.Status == paymux.RequiresAction && action == nil {
		return // a query that repeats no action takes none away
	}
	if d.status(next) && action != nil {
		d.Payment.NextAction = action
	}
	d.Payment.LastError = nil
}

// paid notes which operation brought the money, or the reservation.
func (d *draft) paid(op *paymux.Operation) {
	p := &d.Payment
	p.Channel, p.Account, p.ChannelTransactionID = op.Channel, op.Account, op.ChannelID
	p.LastError = nil
}

// payEnded ends the payment whose newest pay operation brought nothing. An end
// of a reservation, or of an operation that another has replaced, is handled apart.
func (d *draft) payEnded(op *paymux.Operation, was paymux.OperationState) {
	p := &d.Payment
	if newest := d.newestPay(); newest != op {
		return
	}
	switch {
	case was == paymux.OpAuthorized: // the reservation lapsed or was released at the institution
		if p.Status == paymux.Authorized && d.status(paymux.Canceled) {
			p.AmountCapturable = 0
		}
		return
	case p.Status.Ended():
		return
	case op.State == paymux.OpCanceled && !d.now.Before(p.ExpiresAt):
		d.status(paymux.Expired)
	case op.State == paymux.OpCanceled:
		d.status(paymux.Canceled)
	default:
		d.status(paymux.Failed)
	}
	p.LastError = failure(op)
}

// has reports whether the payment has an operation of a kind that may have, or has, had effect.
func (d *draft) has(kind paymux.OperationKind) bool {
	for i := range d.ops {
		if s := d.ops[i].State; d.ops[i].Kind == kind && (!s.Ended() || s == paymux.OpSucceeded) {
			return true
		}
	}
	return false
}

func (d *draft) newestPay() *paymux.Operation {
	for i := len(d.ops) - 1; i >= 0; i-- {
		if d.ops[i].Kind == paymux.Pay {
			return &d.ops[i]
		}
	}
	return nil
}

// paidBesides reports whether another pay operation has brought money or a reservation.
func (d *draft) paidBesides(op *paymux.Operation) bool {
	for i := range d.ops {
		if o := &d.ops[i]; o != op && o.Kind == paymux.Pay && carries(o) {
			return true
		}
	}
	return false
}

// pay sends a payment to the account of its first operation, which is committed, and on to others
// where it is proven that nothing happened (money rule 2). Each time routing is asked anew: what
// is down, full or in trouble by now is not what it was. It returns the draft as last committed.
func (s *Service) pay(ctx context.Context, d *draft, w *wish) (*draft, error) {
	id := d.newestPay().ID
	deadline := d.now.Add(failoverBudget)
	for {
		op := *d.find(id)
		request := s.operation(d, &op)
		request.Card = w.card
		out := s.call(ctx, s.carrier(&op), request)
		onward := w
		if !s.Now().Before(deadline) || out.State != paymux.OpNotSent && (out.State != paymux.OpDeclined || !out.Retryable) {
			onward = nil
		}
		var err error
		if d, err = s.settle(ctx, d, id, out, onward); err != nil {
			return d, unrecorded(err)
		}
		if onward == nil || d.newestPay().ID == id {
			return d, nil
		}
		id = d.newestPay().ID
	}
}

// unrecorded is the error where the institution was called and the outcome could not be
// stored. That must never read as "nothing was done": the resolve task finds the outcome out.
func unrecorded(err error) error {
	e := paymux.Errorf(paymux.OutcomeUnknown,
		"The institution was called, and the outcome could not be stored. Do not charge again: repeat the request with the same Idempotency-Key, or read the payment, in a moment.").Because(err)
	e.RetryAfter = 1
	return e
}

// failoverBudget bounds how long a payer waits while accounts are tried one after the other.
const failoverBudget = 20 * time.Second

// settle commits the outcome of a pay operation together with the next attempt, where it may go onward and somebody
// takes it, or with the answer to the request that waits.
func (s *Service) settle(ctx context.Context, d *draft, id paymux.OperationID, out outcome, onward *wish) (*draft, error) {
	first := true
	read := func(ctx context.Context) (Record, error) {
		if first { // what was just committed is what there is, unless a callback was quicker
			first = false
			return Record{Payment: d.Payment, Operations: d.ops}, nil
		}
		return s.Store.Record(ctx, d.Payment.ID)
	}
	return s.change(ctx, read, func(d *draft) error {
		op := d.find(id)
		if onward != nil && op.State == paymux.OpSent && d.failOver(op, out, onward) {
			return nil
		}
		if !d.conclude(op, out) {
			return errUnchanged
		}
		return nil
	})
}

// failOver begins another attempt after an operation that is proven to have done nothing. It reports whether somebody takes it.
func (d *draft) failOver(failed *paymux.Operation, out outcome, w *wish) bool {
	a, decided, rules := d.route(w)
	if a == nil {
		d.nobodyElse(failed, out, decided)
		return false
	}
	d.record(failed, out)
	why := string(failed.State)
	if failed.ChannelCode != "" {
		why += " (" + failed.ChannelCode + ")"
	}
	reason := failed.Account + " " + why + "; failed over to " + a.Name
	d.hop(paymux.HopRoute, string(failed.ID), reason, nil)
	if d.Payment.Routing != nil {
		r := *d.Payment.Routing
		r.Reason += "; " + reason
		r.Failovers = append(slices.Clip(r.Failovers), decided.Onward(failed.Account, a.Name, why))
		d.Payment.Routing = &r
	}
	key, hops := failed.IdempotencyKey, failed.Hops // begin may move the operations
	op := d.begin(paymux.Pay, a, d.Payment.Amount)
	op.IdempotencyKey, op.Hops = key, hops
	d.reserve(op, rules)
	d.Payment.Channel, d.Payment.Account = op.Channel, op.Account
	return true
}

// nobodyElse says on the timeline what keeps the accounts that were not tried from taking a payment that failed.
func (d *draft) nobodyElse(failed *paymux.Operation, out outcome, decided *paymux.Routing) {
	var others []string
	for _, c := range decided.Candidates {
		if d.payAt(c.Account) == nil {
			others = append(others, c.Account+": "+c.Dropped)
		}
	}
	if len(others) > 0 {
		d.hop(paymux.HopRoute, string(failed.ID), failed.Account+" "+string(out.State)+"; nobody else takes it: "+strings.Join(others, ", "), nil)
	}
}

// payAt is the payment's pay operation at an account, nil where there is none.
func (d *draft) payAt(account string) *paymux.Operation {
	for i := range d.ops {
		if d.ops[i].Kind == paymux.Pay && d.ops[i].Account == account {
			return &d.ops[i]
		}
	}
	return nil
}

// operation is what the channel is told of an operation.
func (s *Service) operation(d *draft, op *paymux.Operation) channel.Operation {
	p := &d.Payment
	o := channel.Operation{
		ID: op.ID, Kind: op.Kind, Money: paymux.Money{Amount: op.Amount, Currency: op.Currency},
		Payment: p.ID, Livemode: p.Livemode, Method: p.Method, Manual: p.CaptureMethod == paymux.CaptureManual,
		MerchantOrderID: p.MerchantOrderID, Description: p.Description, ReturnURL: p.ReturnURL,
		CallbackURL: s.PublicURL + "/callbacks/" + op.Channel + "/" + op.Account,
		PageURL:     s.PublicURL + "/pay/" + string(p.ID), ExpiresAt: p.ExpiresAt, Client: p.Client,
		PayID: op.PayID, ChannelID: op.ChannelID, Final: op.Final, Reason: op.Reason, SentAt: op.SentAt,
	}
	if pay := d.find(op.PayID); pay != nil {
		o.PayMoney = paymux.Money{Amount: pay.Amount, Currency: pay.Currency}
		if o.ChannelID == "" {
			o.ChannelID = pay.ChannelID
		}
	}
	return o
}
