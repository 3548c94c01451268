package payment

import (
	"strconv"
	"time"

	"github.com/paymux/paymux"
)

// Facts are noted where they arise and committed with the change, so that what is
// counted later is what happened: no more, and nothing twice (A25).

// fact notes something about the payment as it is now: its account is the one that carries it.
func (d *draft) fact(m paymux.Measure, at time.Time, amount int64) *paymux.Fact {
	return d.factOf(m, at, amount, d.Payment.Channel, d.Payment.Account)
}

func (d *draft) factOf(m paymux.Measure, at time.Time, amount int64, channel, account string) *paymux.Fact {
	if d.Facts == nil {
		d.Facts = make([]paymux.Fact, 0, usualFacts)
	}
	d.Facts = append(d.Facts, paymux.Fact{At: at, Measure: m, Amount: amount, Key: d.key(channel, account)})
	return &d.Facts[len(d.Facts)-1]
}

// usualFacts are of a payment that is made and sent, or of one that is answered and paid.
const usualFacts = 3

func (d *draft) key(channel, account string) paymux.StatisticsKey {
	if len(d.Facts) > 0 {
		if last := &d.Facts[len(d.Facts)-1].Key; last.Channel == channel && last.Account == account && last.Method == d.Payment.Method.Type && last.Currency == d.Payment.Currency {
			return *last
		}
	}
	p := &d.Payment
	mode := "test"
	if p.Livemode {
		mode = "live"
	}
	region, _ := paymux.RegionOf(string(p.ID))
	return paymux.StatisticsKey{
		Merchant: p.Merchant, Mode: mode, Region: strconv.Itoa(int(region)), Channel: channel, Account: account,
		Method: p.Method.Type, Currency: p.Currency,
	}
}

// factCreated counts a payment under the method and account it is sent to at once, or under none: who chooses later may choose another.
func (d *draft) factCreated() {
	p := &d.Payment
	f := d.fact(paymux.CountCreated, p.CreatedAt, p.Amount)
	if len(d.ops) == 0 {
		f.Key.Method = ""
	}
}

// factAnswered counts the answer to a call, once for each operation.
func (d *draft) factAnswered(op *paymux.Operation) {
	at := op.SentAt.Add(time.Duration(op.AnswerMS) * time.Millisecond)
	f := d.factOf(paymux.CountAnswered, at, 0, op.Channel, op.Account)
	f.MS, f.Answer, f.Pay = op.AnswerMS, op.Answer, op.Kind == paymux.Pay
}

// measureOf is what payments' events count as.
var measureOf = map[paymux.EventType]paymux.Measure{
	paymux.PaymentAuthorized: paymux.CountAuthorized,
	paymux.PaymentSucceeded:  paymux.CountSucceeded,
	paymux.PaymentFailed:     paymux.CountFailed,
	paymux.PaymentCanceled:   paymux.CountCanceled,
	paymux.PaymentExpired:    paymux.CountExpired,
	paymux.RefundDone:        paymux.CountRefunded,
	paymux.RefundNotDone:     paymux.CountRefundFailed,
	paymux.DisputeWasWon:     paymux.CountDisputeWon,
	paymux.DisputeWasLost:    paymux.CountDisputeLost,
}

// facts notes what the sealed change has made of the payment, its refunds and disputes.
func (d *draft) facts() {
	p := &d.Payment
	if received := p.AmountReceived - d.before.AmountReceived; received > 0 {
		d.fact(paymux.CountCaptured, d.now, received)
	}
	for _, t := range d.types {
		if m, ok := measureOf[t]; ok {
			d.factMoved(m)
		}
	}
	for _, list := range [][]paymux.Refund{d.NewRefunds, d.Refunds} {
		for i := range list {
			d.factRefund(&list[i])
		}
	}
	for i := range d.Disputes {
		d.factDispute(&d.Disputes[i])
	}
}

// factMoved counts a payment's new status.
func (d *draft) factMoved(m paymux.Measure) {
	p := &d.Payment
	amount := p.Amount
	if m == paymux.CountSucceeded {
		amount = p.AmountReceived
	}
	f := d.fact(m, d.now, amount)
	if m == paymux.CountSucceeded {
		f.MS, f.Late = max(1, d.now.Sub(p.CreatedAt).Milliseconds()), p.Late
	}
}

func (d *draft) factRefund(r *paymux.Refund) {
	m, ok := measureOf[refundEvent[r.Status]]
	if !ok {
		return
	}
	if op := d.find(r.Operation); op != nil {
		d.factOf(m, d.now, r.Amount, op.Channel, op.Account)
	}
}

// factDispute counts a case when it is first heard of, and its end.
func (d *draft) factDispute(c *paymux.Dispute) {
	channel := d.Payment.Channel
	for i := range d.ops {
		if d.ops[i].Account == c.Account {
			channel = d.ops[i].Channel
		}
	}
	note := func(m paymux.Measure) { d.factOf(m, d.now, c.Amount, channel, c.Account).Key.Currency = c.Currency }
	if c.Version == 1 {
		note(paymux.CountDisputed)
	}
	if m, ok := measureOf[disputeEvent[c.Status]]; ok {
		note(m)
	}
}
