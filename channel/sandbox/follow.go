package sandbox

import (
	"context"
	"time"

	"github.com/paymux/paymux"
)

// due reports whether the time of a slow refund, or of a change of mind, has come.
func (c *Charge) due(now time.Time) bool {
	return c.State == paymux.OpPending && !c.SettlesAt.IsZero() && !now.Before(c.SettlesAt)
}

// payOf is the pay operation a request refers to, as it is now; ok is false where there is none here.
func (i *Institution) payOf(d *draft, a *customer, r *request) (pay Charge, ok bool) {
	pay, ok = d.charge(r.Pay)
	if !ok || pay.Account != a.name || pay.Kind != paymux.Pay {
		return Charge{}, false
	}
	return i.current(d, pay), true
}

// inherit gives c what it has from its payment.
func (c *Charge) inherit(pay *Charge) {
	c.Method, c.Card, c.Brand = pay.Method, pay.Card, pay.Brand
	if c.CallbackURL == "" {
		c.CallbackURL = pay.CallbackURL
	}
}

// finish ends a capture, cancel or refund; code empty means that it was done.
func (i *Institution) finish(d *draft, c *Charge, code string) {
	if code == "" {
		c.end(paymux.OpSucceeded, "", i.now().UTC())
		c.Effects++
	} else {
		c.end(paymux.OpDeclined, code, i.now().UTC())
	}
	i.tell(d, c)
}

// capture takes reserved money; Final gives back what is left.
func (i *Institution) capture(d *draft, a *customer, r *request, c *Charge) {
	pay, ok := i.payOf(d, a, r)
	c.inherit(&pay)
	switch {
	case !ok:
		i.finish(d, c, codeNoCharge)
		return
	case pay.State != paymux.OpAuthorized || r.Amount <= 0 || r.Amount > pay.Amount-pay.Captured || r.Currency != pay.Currency:
		i.finish(d, c, codeCapture)
		return
	}
	pay.Captured += r.Amount
	if r.Final || pay.Captured == pay.Amount {
		pay.end(paymux.OpSucceeded, "", pay.EndedAt)
	}
	i.finish(d, c, "")
	d.put(pay)
}

// cancel closes an order that is not paid, or gives back what is reserved. An order
// never seen is closed, too, so that one still on its way cannot be paid.
func (i *Institution) cancel(d *draft, a *customer, r *request, c *Charge) {
	pay, ok := i.payOf(d, a, r)
	c.inherit(&pay)
	switch {
	case !ok:
		i.bar(d, a, r, c)
	case pay.State == paymux.OpSucceeded:
		i.finish(d, c, codePaid)
		return
	case pay.State == paymux.OpAuthorized && pay.Captured > 0:
		pay.end(paymux.OpSucceeded, "", pay.EndedAt)
		d.put(pay)
	case pay.State == paymux.OpPending || pay.State == paymux.OpAuthorized:
		i.shut(d, &pay, codeClosed, c.CreatedAt)
		d.put(pay)
	}
	i.finish(d, c, "")
}

// bar closes an order that has not arrived, unless its ID is in use for something else.
func (i *Institution) bar(d *draft, a *customer, r *request, c *Charge) {
	if _, taken := d.charge(r.Pay); taken || r.Pay == "" {
		return
	}
	closed := i.newCharge(a, &request{ID: r.Pay, Kind: paymux.Pay, Amount: r.PayAmount, Currency: r.Currency, Payment: r.Payment})
	closed.end(paymux.OpCanceled, codeClosed, c.CreatedAt)
	d.put(closed)
}

// refund gives money back, never more than was captured.
func (i *Institution) refund(d *draft, a *customer, r *request, c *Charge) {
	pay, ok := i.payOf(d, a, r)
	c.inherit(&pay)
	card, _ := cardByLast4(pay.Card)
	switch {
	case !ok:
		i.finish(d, c, codeNoCharge)
	case r.Amount <= 0 || r.Amount > pay.paid()-pay.Refunded || r.Currency != pay.Currency || card.refund == refundRefused:
		i.finish(d, c, codeRefund)
	default:
		pay.Refunded += r.Amount
		d.put(pay)
		if card.refund == refundSlow {
			c.State, c.SettlesAt = paymux.OpPending, c.CreatedAt.Add(i.delay)
			i.settleAt(d, c, c.SettlesAt)
			return
		}
		i.finish(d, c, "")
	}
}

// settleAt comes back to c at a time.
func (i *Institution) settleAt(d *draft, c *Charge, due time.Time) {
	d.note(note{ID: "sbxi_" + unguessable(10), Operation: c.Operation, Account: c.Account, Due: due, Settle: true})
}

// settle ends what time alone ends: a slow refund, an order whose payer does not hesitate, or
// one that comes back after its end.
func (i *Institution) settle(ctx context.Context, n note) error {
	return i.change(ctx, func(d *draft) error {
		switch c, ok := d.charge(n.Operation); {
		case !ok:
		case c.State == paymux.OpPending:
			i.settleDue(d, &c)
		case c.comesBack():
			c.Fate, c.Late = "", true
			i.conclude(d, &c, "", i.now().UTC())
			d.put(c)
		}
		d.entry.Done = append(d.entry.Done, outcome{Note: n.ID})
		return nil
	})
}

// settleDue ends what is pending, as its verdict says.
func (i *Institution) settleDue(d *draft, c *Charge) {
	c.SettlesAt = time.Time{}
	if c.Kind == paymux.Pay {
		i.conclude(d, c, c.Verdict, i.now().UTC())
	} else {
		i.finish(d, c, c.Verdict)
	}
	d.put(*c)
}
