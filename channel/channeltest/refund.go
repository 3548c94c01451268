package channeltest

import (
	"errors"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// paid makes a payment that has succeeded; ok is false where no payer of the subject can finish one.
func (b *bench) paid(t T) (op channel.Operation, r channel.Result, ok bool) {
	t.Helper()
	for _, p := range b.s.Payers {
		if p.State == paymux.OpPending && p.Complete == nil {
			continue
		}
		op = b.payment(t, p.Request, false)
		r = b.do(t, op)
		if p.Complete != nil {
			p.Complete(t, op)
			r = b.settled(t, op, r)
		}
		b.want(t, "pay", r, paymux.OpSucceeded)
		return op, r, true
	}
	return op, r, false
}

func (b *bench) refund(t T) {
	f := b.s.Driver.Features
	if !f.Refund {
		b.unsupported(t, paymux.Refunds)
		return
	}
	if _, _, ok := b.paid(t); !ok {
		notChecked(t, "refunds: no payer of the subject can finish a payment")
		return
	}
	t.Run("full", func(t T) {
		pay, r, _ := b.paid(t)
		b.follows(t, b.follow(paymux.Refunds, pay, r.ChannelID, pay.Money.Amount))
		b.refused(t, b.follow(paymux.Refunds, pay, r.ChannelID, 1))
	})
	t.Run("too_much", func(t T) {
		pay, r, _ := b.paid(t)
		b.refused(t, b.follow(paymux.Refunds, pay, r.ChannelID, pay.Money.Amount+1))
	})
	t.Run("partial", func(t T) { b.partialRefund(t, f.PartialRefund) })
}

func (b *bench) partialRefund(t T, can bool) {
	if !can {
		notChecked(t, "partial refunds: the institution has none")
		return
	}
	pay, r, _ := b.paid(t)
	part := pay.Money.Amount / 3
	b.follows(t, b.follow(paymux.Refunds, pay, r.ChannelID, part))
	b.follows(t, b.follow(paymux.Refunds, pay, r.ChannelID, part))
	b.refused(t, b.follow(paymux.Refunds, pay, r.ChannelID, pay.Money.Amount-2*part+1))
	b.follows(t, b.follow(paymux.Refunds, pay, r.ChannelID, pay.Money.Amount-2*part))
}

// statement wants today's bookings to hold a payment made just now, where there are statements.
func (b *bench) statement(t T) {
	day := b.s.Config.Now().UTC()
	if !b.s.Driver.Features.Statement {
		if _, err := b.channel.Statement(b.context(t), day); !errors.Is(err, channel.ErrUnsupported) {
			t.Errorf("statement: %v, want ErrUnsupported as the features say", err)
		}
		return
	}
	pay, _, ok := b.paid(t)
	if !ok || b.s.Stateless {
		notChecked(t, "statements")
		return
	}
	lines, err := b.channel.Statement(b.context(t), day)
	if err != nil {
		t.Fatalf("statement: %v", err)
	}
	found := 0
	for _, l := range lines {
		if l.Operation == pay.ID && l.Money == pay.Money && l.Kind == paymux.Pay && l.At.UTC().Truncate(24*time.Hour).Equal(day.Truncate(24*time.Hour)) {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the payment %s is on the statement %d times", pay.ID, found)
	}
}
