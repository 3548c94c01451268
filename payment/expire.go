package payment

import (
	"context"

	"github.com/paymux/paymux"
)

// expires reports whether time alone can end the payment: nobody has paid, and
// the outcome of what was asked is known to be open. Unknown never expires (money rule 1).
func (s *Service) expires(p *paymux.Payment) bool {
	return p.Status == paymux.Created || p.Status == paymux.RequiresAction
}

func (s *Service) due(p *paymux.Payment) bool {
	return s.expires(p) && !s.Now().Before(p.ExpiresAt)
}

// expire ends a payment nobody has paid in time. One that the institution knows
// is closed there first, and expires only when the institution confirms that
// (money rule 6); the caller has asked just before.
func (s *Service) expire(ctx context.Context, id paymux.PaymentID) error {
	var closing paymux.OperationID
	d, err := s.change(ctx, s.record(id), func(d *draft) error {
		closing = ""
		switch p, pay := &d.Payment, d.newestPay(); {
		case !s.due(p):
			return errUnchanged
		case pay == nil:
			d.hop(paymux.HopState, string(p.ID), "expired: nobody chose a method in time", nil)
			d.status(paymux.Expired)
			return nil
		case pay.State != paymux.OpPending || d.open(paymux.Cancel) || !s.closes(pay):
			return errUnchanged
		default:
			op := d.begin(paymux.Cancel, s.carrier(pay), p.Amount)
			op.PayID, op.Reason = d.newestPay().ID, paymux.ReasonExpired
			op.Hops = []paymux.Hop{{At: d.now, Kind: paymux.HopTask, Text: "not paid in time: closing it at the institution"}}
			closing = op.ID
			return nil
		}
	})
	if err != nil || closing == "" {
		return err
	}
	_, err = s.send(ctx, d, closing)
	return err
}

// closes reports whether an account can close an unpaid order. Where none can,
// the institution's own expiry, learnt by query or callback, ends the payment.
func (s *Service) closes(pay *paymux.Operation) bool { return s.carrier(pay).Driver.Features.Cancel }
