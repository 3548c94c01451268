package channeltest

import (
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// reserved makes a reservation; ok is false where the subject has no payer that can.
func (b *bench) reserved(t T) (op channel.Operation, r channel.Result, ok bool) {
	t.Helper()
	for _, p := range b.s.Payers {
		if !p.Manual {
			continue
		}
		op = b.payment(t, p.Request, true)
		r = b.do(t, op)
		if p.Complete != nil {
			p.Complete(t, op)
			r = b.settled(t, op, r)
		}
		b.want(t, "reserve", r, paymux.OpAuthorized)
		return op, r, true
	}
	return op, r, false
}

func (b *bench) capture(t T) {
	f := b.s.Driver.Features
	if !f.ManualCapture {
		b.unsupported(t, paymux.Capture)
		return
	}
	if _, _, ok := b.reserved(t); !ok {
		notChecked(t, "capture: no payer of the subject is Manual")
		return
	}
	t.Run("full", func(t T) {
		pay, r, _ := b.reserved(t)
		b.agrees(t, pay, r)
		b.follows(t, b.follow(paymux.Capture, pay, r.ChannelID, pay.Money.Amount))
		b.payIs(t, pay, r, paymux.OpSucceeded)
	})
	t.Run("too_much", func(t T) {
		pay, r, _ := b.reserved(t)
		b.refused(t, b.follow(paymux.Capture, pay, r.ChannelID, pay.Money.Amount+1))
	})
	t.Run("partial_and_final", func(t T) { b.partialCapture(t, f.PartialCapture) })
	t.Run("several", func(t T) { b.multiCapture(t, f.MultiCapture) })
	t.Run("release", func(t T) { b.release(t, f.Cancel) })
}

func (b *bench) partialCapture(t T, can bool) {
	if !can {
		notChecked(t, "partial capture: the institution has none")
		return
	}
	pay, r, _ := b.reserved(t)
	part := b.follow(paymux.Capture, pay, r.ChannelID, pay.Money.Amount/2)
	part.Final = true
	b.follows(t, part)
	if b.s.Driver.Features.MultiCapture {
		b.refused(t, b.follow(paymux.Capture, pay, r.ChannelID, 1))
	}
}

func (b *bench) multiCapture(t T, can bool) {
	if !can {
		notChecked(t, "several captures: the institution has none")
		return
	}
	pay, r, _ := b.reserved(t)
	half := pay.Money.Amount / 2
	b.follows(t, b.follow(paymux.Capture, pay, r.ChannelID, half))
	b.payIs(t, pay, r, paymux.OpAuthorized)
	b.follows(t, b.follow(paymux.Capture, pay, r.ChannelID, pay.Money.Amount-half))
	b.payIs(t, pay, r, paymux.OpSucceeded)
}

func (b *bench) release(t T, can bool) {
	if !can {
		b.unsupported(t, paymux.Cancel)
		return
	}
	pay, r, _ := b.reserved(t)
	b.follows(t, b.follow(paymux.Cancel, pay, r.ChannelID, pay.Money.Amount))
	b.payIs(t, pay, r, paymux.OpCanceled)
	b.refused(t, b.follow(paymux.Capture, pay, r.ChannelID, pay.Money.Amount))
}

// cancelUnpaid closes an order before the payer has paid.
func (b *bench) cancelUnpaid(t T) {
	if !b.s.Driver.Features.Cancel {
		b.unsupported(t, paymux.Cancel)
		return
	}
	for _, p := range b.s.Payers {
		if p.State != paymux.OpPending {
			continue
		}
		t.Run(orDefault(p.Name, string(p.Method.Type)), func(t T) {
			pay := b.payment(t, p.Request, false)
			r := b.do(t, pay)
			b.follows(t, b.follow(paymux.Cancel, pay, r.ChannelID, pay.Money.Amount))
			b.payIs(t, pay, r, paymux.OpCanceled)
		})
	}
}

// follows carries out op, wants it to succeed, and repeats it.
func (b *bench) follows(t T, op channel.Operation) channel.Result {
	t.Helper()
	first := b.do(t, op)
	b.repeat(t, op, first)
	done := b.settled(t, op, first)
	b.want(t, string(op.Kind), done, paymux.OpSucceeded)
	b.agrees(t, op, done)
	b.once(t, op)
	return done
}

// refused carries out op, and wants a refusal, never an effect.
func (b *bench) refused(t T, op channel.Operation) {
	t.Helper()
	if b.s.Stateless {
		notChecked(t, "refusals: the institution has canned answers")
		return
	}
	b.want(t, string(op.Kind)+" of more than there is", b.settled(t, op, b.do(t, op)), paymux.OpDeclined)
}

func (b *bench) payIs(t T, pay channel.Operation, r channel.Result, want paymux.OperationState) {
	t.Helper()
	if !b.s.Driver.Features.Query {
		notChecked(t, "the payment afterwards: the institution cannot be asked")
		return
	}
	b.want(t, "the payment afterwards", b.query(t, pay, r.ChannelID), want)
}

// unsupported wants what Features deny to answer ErrUnsupported.
func (b *bench) unsupported(t T, kind paymux.OperationKind) {
	t.Helper()
	if len(b.s.Payers) == 0 {
		notChecked(t, "that "+string(kind)+" is unsupported: no payers")
		return
	}
	pay := b.payment(t, b.s.Payers[0].Request, false)
	_, err := b.channel.Do(b.context(t), b.follow(kind, pay, "none", pay.Money.Amount))
	if !errors.Is(err, channel.ErrUnsupported) {
		t.Errorf("%s: %v, want ErrUnsupported as the features say", kind, err)
	}
}
