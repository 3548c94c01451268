package payment

import (
	"context"
	"fmt"

	"github.com/paymux/paymux"
)

// giveBack undoes a pay operation whose money came beside another's: a second
// account took the payment after all. The payment's amounts stay as they are.
func (d *draft) giveBack(op *paymux.Operation) {
	account := d.s.carrier(op)
	kind := paymux.Refunds
	if op.State == paymux.OpAuthorized {
		kind = paymux.Cancel
	}
	id, amount := op.ID, op.Amount // begin may move the operations
	back := d.begin(kind, account, amount)
	back.PayID, back.Reason = id, paymux.ReasonSurplus
	d.later(back)
	d.hop(paymux.HopState, string(id), fmt.Sprintf("%s took the payment, too: %s is given back", account.Name, d.money(amount)), nil)
}

// later leaves an operation to the resolve task, due now.
func (d *draft) later(op *paymux.Operation) {
	op.State = paymux.OpCreated
	d.resolveAt(op.Account, d.now)
}

// latePayment applies the merchant's policy to money that came after the payment
// had ended without (X11). It is decided once, in the commit that records the money.
func (d *draft) latePayment(ctx context.Context) error {
	p := &d.Payment
	if !p.Late || d.before.Late {
		return nil
	}
	policy, err := d.s.Policy(ctx, p.Merchant)
	if err != nil {
		return fmt.Errorf("load policy of %s: %w", p.Merchant, err)
	}
	if policy.LatePayment != paymux.LateRefund {
		return nil
	}
	pay := d.payOperation()
	if p.Status == paymux.Authorized {
		op := d.begin(paymux.Cancel, d.s.carrier(pay), pay.Amount)
		op.PayID, op.Reason = pay.ID, paymux.ReasonLate
		d.later(op)
		return nil
	}
	d.later(d.beginRefund(pay.ID, p.AmountReceived, paymux.ReasonLate))
	return nil
}
