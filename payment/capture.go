package payment

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Capture takes reserved money, all or part of it. A final capture releases the rest.
//
// Errors: NotFound, StateConflict, AmountTooLarge, Unsupported, KeyReused, KeyInFlight. A
// Reply with PaymentDeclined or NotSent leaves the payment authorized.
func (s *Service) Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error) {
	return s.operate(ctx, r.Caller, s.owned(r.Merchant, r.Payment), func(ctx context.Context, d *draft) (*paymux.Operation, error) {
		return d.capture(&r)
	})
}

// operate is the common course of capture, cancel and refund: decide and commit
// the operation, call the channel, commit the outcome with the answer.
func (s *Service) operate(ctx context.Context, c paymux.Caller, read func(context.Context) (Record, error),
	decide func(context.Context, *draft) (*paymux.Operation, error),
) (paymux.Reply, error) {
	ctx = context.WithoutCancel(ctx)
	if reply, ok, err := s.repeated(ctx, c); ok {
		return reply, err
	}
	var id paymux.OperationID
	d, err := s.change(ctx, read, func(d *draft) error {
		op, err := decide(ctx, d)
		if err != nil {
			return err
		}
		id = ""
		if op != nil {
			id = op.ID
		}
		if d.Begin = beginAnswer(c, string(d.Payment.ID), d); id == "" {
			d.atOnce = &c
		}
		return nil
	})
	if errors.Is(err, paymux.ErrKeyTaken) {
		return s.replay(ctx, c)
	}
	if err != nil {
		return paymux.Reply{}, err
	}
	if id == "" {
		return *d.answered, nil
	}
	if d, err = s.send(ctx, d, id); err != nil {
		return paymux.Reply{}, err
	}
	return s.answerTo(ctx, c, d, id)
}

// owed reports whether an operation gives back money that Paymux itself must not keep.
func owed(op *paymux.Operation) bool {
	return op.Reason == paymux.ReasonLate || op.Reason == paymux.ReasonSurplus
}

// send calls the channel for a committed operation and commits the outcome.
func (s *Service) send(ctx context.Context, d *draft, id paymux.OperationID) (*draft, error) {
	op := *d.find(id)
	out := s.call(ctx, s.carrier(&op), s.operation(d, &op))
	if out.State == paymux.OpNotSent && owed(&op) && out.Code != codeUnsupported {
		out.State = paymux.OpUnknown // nobody waits for it, and it has to be done: resolve sends it again
	}
	payment := d.Payment.ID
	d, err := s.change(ctx, func(ctx context.Context) (Record, error) { return s.Store.Record(ctx, payment) }, func(d *draft) error {
		return d.concludeLoaded(ctx, id, out)
	})
	if err != nil {
		return d, unrecorded(err)
	}
	return d, nil
}

// concludeLoaded is conclude with what it needs read first.
func (d *draft) concludeLoaded(ctx context.Context, id paymux.OperationID, out outcome) error {
	op := d.find(id)
	if err := d.load(ctx, op); err != nil {
		return err
	}
	if !d.conclude(op, out) {
		return errUnchanged
	}
	return nil
}

func (d *draft) capture(r *paymux.CapturePayment) (*paymux.Operation, error) {
	p, pay := &d.Payment, d.payOperation()
	if p.Status != paymux.Authorized && p.Status != paymux.PartiallyCaptured {
		return nil, paymux.Errorf(paymux.StateConflict, "The payment is %s; only an authorized payment can be captured.", p.Status)
	}
	if d.open(paymux.Capture, paymux.Cancel) {
		return nil, paymux.Errorf(paymux.StateConflict, "Another capture or cancellation of this payment has no outcome yet. Wait for it.")
	}
	account, err := d.s.account(pay.Account)
	if err != nil {
		return nil, err
	}
	amount, final, err := d.captureAmount(r, &account.Driver.Features)
	if err != nil {
		return nil, err
	}
	op := d.begin(paymux.Capture, account, amount)
	op.PayID, op.Final = pay.ID, final
	d.asked(op, &r.Caller, "capture")
	return op, nil
}

// captureAmount decides how much is captured, and whether the rest is released.
func (d *draft) captureAmount(r *paymux.CapturePayment, can *channel.Features) (amount int64, final bool, err error) {
	left := d.Payment.AmountCapturable
	amount = r.Amount
	if amount == 0 {
		amount = left
	}
	partial := amount < left
	final = r.Final || !partial
	switch {
	case amount < 0 || amount > left:
		return 0, false, paymux.Errorf(paymux.AmountTooLarge, "%s can be captured; %s was asked for.", d.money(left), d.money(amount)).At("amount")
	case partial && !can.PartialCapture:
		return 0, false, paymux.Errorf(paymux.Unsupported, "This channel captures only the whole amount.").At("amount")
	case !final && !can.MultiCapture:
		return 0, false, paymux.Errorf(paymux.Unsupported, "This channel captures a reservation once: send final=true to release the rest.").At("final")
	}
	return amount, final, nil
}

func (d *draft) money(amount int64) paymux.Money {
	return paymux.Money{Amount: amount, Currency: d.Payment.Currency}
}

// moveCapture changes the payment after a capture's outcome. What is received is
// the sum of the captures that succeeded.
func (d *draft) moveCapture(op *paymux.Operation) {
	p := &d.Payment
	if op.State != paymux.OpSucceeded {
		if op.State.Ended() || op.State == paymux.OpUnknown {
			p.LastError = failure(op)
		}
		return
	}
	var received int64
	for i := range d.ops {
		if d.ops[i].Kind == paymux.Capture && d.ops[i].State == paymux.OpSucceeded {
			received += d.ops[i].Amount
		}
	}
	p.AmountReceived = min(received, p.Amount)
	p.AmountCapturable = p.Amount - p.AmountReceived
	p.LastError = nil
	if op.Final || p.AmountCapturable == 0 {
		p.AmountCapturable = 0
		d.status(paymux.Succeeded)
		return
	}
	if p.Status == paymux.PartiallyCaptured { // each capture is told, not only the first
		d.types = append(d.types, paymux.PaymentCaptured)
	}
	d.status(paymux.PartiallyCaptured)
}
