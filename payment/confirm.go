package payment

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
)

// Confirm sends a created payment to a channel, with the method the payer chose.
//
// Errors: NotFound, StateConflict, InvalidRequest, NoChannel, KeyReused, KeyInFlight, Unavailable; replies as Create.
func (s *Service) Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error) {
	ctx = context.WithoutCancel(ctx)
	if reply, ok, err := s.repeated(ctx, r.Caller); ok {
		return reply, err
	}
	d, err := s.change(ctx, s.owned(r.Merchant, r.Payment), func(d *draft) (err error) { return d.confirm(&r) })
	if errors.Is(err, paymux.ErrKeyTaken) {
		return s.replay(ctx, r.Caller)
	}
	if err != nil {
		return paymux.Reply{}, err
	}
	id := d.newestPay().ID
	if d, err = s.pay(ctx, d, &wish{r.Card, r.Designated, &r.Policy}); err != nil {
		return paymux.Reply{}, err
	}
	return s.answerTo(ctx, r.Caller, d, latestPay(d, id))
}

// confirm decides the first operation of a created payment.
func (d *draft) confirm(r *paymux.ConfirmPayment) error {
	p := &d.Payment
	switch {
	case p.Status != paymux.Created:
		return paymux.Errorf(paymux.StateConflict, "The payment is %s; only a created payment can be confirmed.", p.Status)
	case !d.now.Before(p.ExpiresAt):
		return paymux.Errorf(paymux.StateConflict, "The payment expired at %s. Make a new one.", p.ExpiresAt.Format("2006-01-02T15:04:05Z07:00"))
	}
	if r.Method.Type != "" {
		p.Method = r.Method
	}
	if p.Method.Type == "" {
		return paymux.Errorf(paymux.InvalidRequest, "payment_method.type is needed: nobody has chosen a method yet.").At("payment_method.type")
	}
	if !allows(p.AllowedMethods, p.Method.Type) {
		return paymux.Errorf(paymux.InvalidRequest, "%s is not among the payment's allowed_methods.", p.Method.Type).At("payment_method.type")
	}
	if err := d.s.checkDesignated(r.Designated); err != nil {
		return err
	}
	p.ReturnURL = or(r.ReturnURL, p.ReturnURL)
	account, why, rules := d.route(&wish{r.Card, r.Designated, &r.Policy})
	if account == nil {
		return d.noChannel(why)
	}
	p.Routing = why
	op := d.begin(paymux.Pay, account, p.Amount)
	d.reserve(op, rules)
	d.asked(op, &r.Caller, "confirm")
	op.Hops = append(op.Hops, routeHop(d.now, p.Routing, op.Account))
	p.Channel, p.Account = op.Channel, op.Account
	d.status(paymux.Processing)
	d.Begin = beginAnswer(r.Caller, string(p.ID), d)
	return nil
}

func allows(methods []paymux.MethodType, m paymux.MethodType) bool {
	for _, allowed := range methods {
		if allowed == m {
			return true
		}
	}
	return len(methods) == 0
}

// asked notes which request an operation answers.
func (d *draft) asked(op *paymux.Operation, c *paymux.Caller, verb string) {
	op.IdempotencyKey = c.Idempotency
	op.Hops = append([]paymux.Hop(nil), c.Hops...)
	if len(op.Hops) == 0 {
		op.Hops = []paymux.Hop{{At: d.now, Kind: paymux.HopAPI, Text: verb, Ref: string(c.RequestID)}}
	}
}
