package sandbox

import (
	"time"

	"github.com/paymux/paymux"
)

// planned writes down what was decided before the institution has looked at the request.
func (c *Charge) planned(p *plan) {
	c.News, c.Scripted = p.do.news(), p.scripted
	if c.Kind != paymux.Pay {
		return
	}
	switch p.do {
	case Decline:
		c.Verdict = orElse(p.code, codeDeclined)
	case Insufficient:
		c.Verdict = codeInsufficient
	case ThreeDSecure:
		c.Secure = true
	case DeclineAfterPending:
		c.Fate, c.Verdict = p.do, orElse(p.code, codeDeclined)
	case SuccessAfterDecline:
		c.Fate, c.Verdict = p.do, orElse(p.code, codeDeclined)
	case SuccessAfterCancel:
		c.Fate = p.do
	}
}

// overrule decides what is not left to the rules; false: it is.
func (i *Institution) overrule(d *draft, c *Charge, p *plan) bool {
	if c.Kind == paymux.Pay {
		if p.do == DeclineAfterPending {
			c.SettlesAt = c.CreatedAt.Add(i.delay)
			i.settleAt(d, c, c.SettlesAt)
		}
		return false
	}
	switch p.do {
	case Decline, Insufficient:
		if pay, ok := d.charge(c.Pay); ok {
			c.inherit(&pay)
		}
		i.finish(d, c, orElse(p.code, refusalOf[c.Kind]))
		return true
	case DeclineAfterPending:
		if pay, ok := d.charge(c.Pay); ok {
			c.inherit(&pay)
		}
		c.State, c.Verdict, c.SettlesAt = paymux.OpPending, orElse(p.code, refusalOf[c.Kind]), c.CreatedAt.Add(i.delay)
		i.settleAt(d, c, c.SettlesAt)
		return true
	}
	return false
}

// refusalOf is the code with which what follows a payment is usually refused.
var refusalOf = map[paymux.OperationKind]string{paymux.Capture: codeCapture, paymux.Cancel: codePaid, paymux.Refunds: codeRefund}

// lingers: a card that would be decided at once is pending all the same.
func (c *Charge) lingers() bool { return c.Fate == DeclineAfterPending || c.Fate == SuccessAfterCancel }

// comesBack: it has ended without money, and is to be paid later all the same.
func (c *Charge) comesBack() bool {
	return c.Fate == SuccessAfterDecline && c.State == paymux.OpDeclined || c.Fate == SuccessAfterCancel && c.State == paymux.OpCanceled
}

// shut closes an order that was not paid, for good unless its fate is to come back.
func (i *Institution) shut(d *draft, c *Charge, code string, now time.Time) {
	if c.Fate == SuccessAfterCancel && c.State == paymux.OpPending {
		i.settleAt(d, c, now.Add(i.delay))
	}
	c.end(paymux.OpCanceled, code, now)
}

func orElse(code, fallback string) string {
	if code == "" {
		return fallback
	}
	return code
}
