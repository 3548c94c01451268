package payment

import (
	"context"

	"github.com/paymux/paymux"
)

// Cancel ends a payment that has brought no money, closing it at the institution
// where it is known there, or releases what is still reserved.
//
// Errors: NotFound, StateConflict, Unsupported, KeyReused, KeyInFlight. A Reply with
// PaymentDeclined says that the institution did not let it be canceled: often because it has just been paid.
func (s *Service) Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error) {
	return s.operate(ctx, r.Caller, s.owned(r.Merchant, r.Payment), func(_ context.Context, d *draft) (*paymux.Operation, error) {
		return d.cancel(&r)
	})
}

// cancel decides a cancellation; a nil operation means that it is done here.
func (d *draft) cancel(r *paymux.CancelPayment) (*paymux.Operation, error) {
	p, pay := &d.Payment, d.payOperation()
	if p.Status == paymux.Created {
		hops := r.Hops
		if len(hops) == 0 {
			hops = []paymux.Hop{{At: d.now, Kind: paymux.HopAPI, Text: "cancel", Ref: string(r.RequestID)}}
		}
		d.Hops = append(d.Hops, hops...)
		d.status(paymux.Canceled)
		return nil, nil
	}
	switch {
	case p.Status.Ended():
		return nil, paymux.Errorf(paymux.StateConflict, "The payment is %s and can no longer be canceled.%s", p.Status, refundHint(p))
	case pay.State == paymux.OpSent || pay.State == paymux.OpUnknown:
		return nil, paymux.Errorf(paymux.StateConflict, "Nobody knows yet whether the payment went through. Paymux is finding out; cancel when it is known.")
	case d.open(paymux.Capture, paymux.Cancel):
		return nil, paymux.Errorf(paymux.StateConflict, "Another capture or cancellation of this payment has no outcome yet. Wait for it.")
	}
	account, err := d.s.account(pay.Account)
	if err != nil {
		return nil, err
	}
	if !account.Driver.Features.Cancel {
		return nil, paymux.Errorf(paymux.Unsupported, "Channel %s cannot cancel. Let the payment expire, or refund it once it is paid.", pay.Channel)
	}
	op := d.begin(paymux.Cancel, account, p.Amount-p.AmountReceived)
	op.PayID, op.Reason = pay.ID, r.Reason
	d.asked(op, &r.Caller, "cancel")
	return op, nil
}

func refundHint(p *paymux.Payment) string {
	if p.Status == paymux.Succeeded {
		return " Refund it instead."
	}
	return ""
}

// moveCancel changes the payment after a cancellation's outcome.
func (d *draft) moveCancel(op *paymux.Operation) {
	p := &d.Payment
	if op.State != paymux.OpSucceeded && op.State != paymux.OpCanceled {
		if op.State.Ended() && op.Reason != paymux.ReasonExpired && op.Reason != paymux.ReasonSurplus {
			p.LastError = failure(op)
		}
		return
	}
	if pay := d.find(op.PayID); pay != nil && pay.State.CanBecome(paymux.OpCanceled) && pay.State != paymux.OpCanceled {
		d.touch(pay)
		was := pay.State
		pay.State, pay.EndedAt = paymux.OpCanceled, d.now
		if op.Reason == paymux.ReasonExpired { // a merchant who changes his mind says nothing of the account
			d.heard(pay, was, outcome{})
		}
	}
	switch {
	case op.Reason == paymux.ReasonSurplus:
	case p.Status == paymux.PartiallyCaptured:
		p.AmountCapturable = 0
		d.status(paymux.Succeeded)
	case op.Reason == paymux.ReasonExpired:
		d.status(paymux.Expired)
	default:
		p.AmountCapturable = 0
		d.status(paymux.Canceled)
	}
}
