package channeltest

import (
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// pay pays in every way: the first answer, its repeat, the query, and the payer's part.
func (b *bench) pay(t T) {
	if len(b.s.Payers) == 0 {
		notChecked(t, "paying: the subject has no payers")
	}
	for _, p := range b.s.Payers {
		t.Run(orDefault(p.Name, string(p.Method.Type)), func(t T) { b.payOnce(t, p) })
	}
}

func (b *bench) payOnce(t T, p Payer) {
	op := b.payment(t, p.Request, false)
	first := b.do(t, op)
	b.want(t, "pay", first, p.State)
	if p.Action != "" && !b.s.Stateless && (first.NextAction == nil || first.NextAction.Type != p.Action) {
		t.Fatalf("next action is %+v, want type %s", first.NextAction, p.Action)
	}
	if first.ChannelID == "" && !b.s.Stateless {
		t.Error("no transaction ID of the institution")
	}
	b.repeat(t, op, first)
	if p.Complete == nil && p.State == paymux.OpPending {
		notChecked(t, "what the payer does")
		return
	}
	if p.Complete != nil {
		p.Complete(t, op)
		first = b.settled(t, op, first)
		b.want(t, "after the payer has acted", first, paymux.OpSucceeded)
	}
	b.agrees(t, op, first)
	b.once(t, op)
}

// repeat sends op again and wants the first outcome: the ID is the idempotency key (money rule 4).
func (b *bench) repeat(t T, op channel.Operation, first channel.Result) {
	t.Helper()
	again := b.do(t, op)
	if b.s.Stateless {
		return
	}
	if again.State != first.State || again.ChannelID != first.ChannelID {
		t.Fatalf("the same operation again: %s %s, first %s %s", again.State, again.ChannelID, first.State, first.ChannelID)
	}
}

// agrees asks for op and wants what Do has said.
func (b *bench) agrees(t T, op channel.Operation, done channel.Result) {
	t.Helper()
	if !b.s.Driver.Features.Query {
		notChecked(t, "Query: the institution cannot be asked")
		return
	}
	got := b.query(t, op, done.ChannelID)
	b.want(t, "query", got, done.State)
	if !b.s.Stateless && got.ChannelID != done.ChannelID {
		t.Errorf("query names transaction %q, do named %q", got.ChannelID, done.ChannelID)
	}
}

func (b *bench) once(t T, op channel.Operation) {
	t.Helper()
	if b.s.Effects == nil {
		notChecked(t, "how often the institution really did it")
		return
	}
	if n := b.s.Effects(op.ID); n != 1 {
		t.Errorf("%s %s took effect %d times", op.Kind, op.ID, n)
	}
}

// declines pays in ways that are refused.
func (b *bench) declines(t T) {
	if len(b.s.Declines) == 0 {
		notChecked(t, "decline codes: the subject has no declines")
	}
	for _, d := range b.s.Declines {
		t.Run(orDefault(d.Name, string(d.Code)), func(t T) { b.declineOnce(t, d) })
	}
}

func (b *bench) declineOnce(t T, d Decline) {
	op := b.payment(t, d.Request, false)
	r := b.do(t, op)
	if d.Complete != nil {
		b.want(t, "before the payer has acted", r, paymux.OpPending)
		d.Complete(t, op)
		r = b.settled(t, op, r)
	}
	b.want(t, "pay", r, paymux.OpDeclined)
	if r.DeclineCode != d.Code || r.Retryable != d.Retryable {
		t.Errorf("declined %q, retryable %t (institution's code %q); want %q, %t", r.DeclineCode, r.Retryable, r.Code, d.Code, d.Retryable)
	}
	if d.Complete == nil {
		b.repeat(t, op, r)
	}
	if b.s.Effects != nil && b.s.Effects(op.ID) != 0 {
		t.Errorf("declined, and yet it took effect %d times", b.s.Effects(op.ID))
	}
}

// unknownCode wants a code nobody knows to be unknown, never a refusal (money rule 3).
func (b *bench) unknownCode(t T) {
	if b.s.Unknown == nil {
		notChecked(t, "codes nobody knows: the subject has no Unknown request")
		return
	}
	op := b.payment(t, *b.s.Unknown, false)
	r, err := b.channel.Do(b.context(t), op)
	if errors.Is(err, channel.ErrNotSent) {
		t.Fatalf("a code nobody knows is taken for not sent: %v", err)
	}
	if err == nil && r.State != paymux.OpUnknown {
		t.Fatalf("a code nobody knows (%q) is taken for %s", r.Code, r.State)
	}
}

func (b *bench) queryAbsent(t T) {
	if len(b.s.Payers) == 0 || b.s.Stateless {
		notChecked(t, "queries for what was never sent")
		return
	}
	op := b.payment(t, Request{Method: b.s.Payers[0].Method}, false)
	_, err := b.channel.Query(b.context(t), op)
	want := channel.ErrAbsent
	if !b.s.Driver.Features.Query {
		want = channel.ErrUnsupported
	}
	if !errors.Is(err, want) {
		t.Fatalf("query of an operation never sent: %v, want %v", err, want)
	}
}
