package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"pgregory.net/rapid"
)

// truth is a bank whose answers get lost, come late or fail, and whose book is
// nevertheless right: what each operation really did, once.
type truth struct {
	t    *rapid.T
	book map[paymux.OperationID]paymux.OperationState
	ops  map[paymux.OperationID]channel.Operation
	calm bool // answers everything from now on
}

func (b *truth) do(op channel.Operation) (channel.Result, error) {
	if _, seen := b.book[op.ID]; !seen {
		if !b.calm && rapid.IntRange(0, 4).Draw(b.t, "reached") == 0 {
			return channel.Result{}, down
		}
		b.book[op.ID], b.ops[op.ID] = b.decide(op), op
	}
	if !b.calm && rapid.IntRange(0, 2).Draw(b.t, "answered") == 0 {
		return channel.Result{}, lost
	}
	return b.result(op.ID), nil
}

// decide is the bank's verdict on a new operation, within what its own book allows.
func (b *truth) decide(op channel.Operation) paymux.OperationState {
	if op.Kind == paymux.Pay {
		done := paymux.OpSucceeded
		if op.Manual {
			done = paymux.OpAuthorized
		}
		return rapid.SampledFrom([]paymux.OperationState{done, done, paymux.OpPending, paymux.OpDeclined}).Draw(b.t, "verdict")
	}
	if op.Kind == paymux.Cancel {
		switch b.book[op.PayID] {
		case paymux.OpPending, paymux.OpAuthorized:
			b.book[op.PayID] = paymux.OpCanceled
			return paymux.OpSucceeded
		}
		return paymux.OpDeclined
	}
	if !b.calm && rapid.IntRange(0, 3).Draw(b.t, "refused") == 0 {
		return paymux.OpDeclined
	}
	return paymux.OpSucceeded
}

func (b *truth) result(id paymux.OperationID) channel.Result {
	op := b.ops[id]
	r := channel.Result{State: b.book[id], ChannelID: "tx-" + string(id)}
	if r.State == paymux.OpPending {
		r.NextAction = scan.NextAction
	}
	if r.State == paymux.OpSucceeded || r.State == paymux.OpAuthorized {
		r.Money = op.Money
	}
	return r
}

func (b *truth) query(op channel.Operation) (channel.Result, error) {
	if !b.calm && rapid.IntRange(0, 2).Draw(b.t, "query answered") == 0 {
		return channel.Result{}, errors.New("502")
	}
	if _, ok := b.book[op.ID]; !ok {
		return channel.Result{}, channel.ErrAbsent
	}
	return b.result(op.ID), nil
}

// pays lets the payer of a waiting order pay.
func (b *truth) pays(id paymux.OperationID) {
	if b.book[id] == paymux.OpPending {
		b.book[id] = paymux.OpSucceeded
		if b.ops[id].Manual {
			b.book[id] = paymux.OpAuthorized
		}
	}
}

// moved is the sum of what a kind of operation really moved for a payment.
func (b *truth) moved(p paymux.PaymentID, kind paymux.OperationKind) (sum int64) {
	for id, state := range b.book {
		if op := b.ops[id]; op.Payment == p && op.Kind == kind && state == paymux.OpSucceeded {
			sum += op.Money.Amount
		}
	}
	return sum
}

// Whatever is lost, late, refused or asked for at the wrong time: once the bank
// answers, our amounts are its book's, nothing was charged twice, every payment ends, and the statistics are
// a recount.
func TestOurAmountsAreTheBanksBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse(t)
		defer h.store.Close() // a check has thousands of houses
		bank := &truth{t: rt, book: map[paymux.OperationID]paymux.OperationState{}, ops: map[paymux.OperationID]channel.Operation{}}
		h.first.do, h.first.query = bank.do, bank.query
		r := h.order(1000)
		r.Designated = "first"
		r.CaptureMethod = rapid.SampledFrom([]paymux.CaptureMethod{paymux.CaptureAutomatic, paymux.CaptureManual}).Draw(rt, "capture")
		p, _ := h.create(r)
		for range rapid.IntRange(0, 12).Draw(rt, "steps") {
			h.step(rt, bank, p.ID)
		}
		bank.calm = true
		for range 12 {
			h.pass(2 * time.Hour)
			h.resolve(p.ID)
		}
		h.compare(rt, bank, p.ID)
		h.counted = true
		h.wantCounted(t)
	})
}

// step does one thing a merchant, a payer, the bank or time may do.
func (h *house) step(rt *rapid.T, bank *truth, id paymux.PaymentID) {
	ctx := h.t.Context()
	amount := rapid.Int64Range(0, 1000).Draw(rt, "amount")
	switch rapid.SampledFrom([]string{"capture", "cancel", "refund", "pay", "callback", "resolve", "pass", "sync"}).Draw(rt, "step") {
	case "capture":
		_, _ = h.Capture(ctx, paymux.CapturePayment{Caller: h.caller(), Payment: id, Amount: amount, Final: amount%2 == 0})
	case "cancel":
		_, _ = h.Cancel(ctx, paymux.CancelPayment{Caller: h.caller(), Payment: id})
	case "refund":
		_, _ = h.Refund(ctx, paymux.CreateRefund{Caller: h.caller(), Payment: id, Amount: amount})
	case "pay":
		for _, op := range h.ops(id) {
			bank.pays(op.ID)
		}
	case "callback":
		for op := range bank.book {
			_ = h.tell(op, bank.result(op))
		}
	case "resolve":
		h.resolve(id)
	case "pass":
		h.pass(time.Duration(amount) * 3 * time.Second)
	case "sync":
		_, _ = h.Sync(ctx, paymux.SyncPayment{Caller: h.caller(), Payment: id})
	}
}

func (h *house) compare(rt *rapid.T, bank *truth, id paymux.PaymentID) {
	p := h.payment(id)
	if !p.Status.Ended() && p.Status != paymux.Authorized && p.Status != paymux.PartiallyCaptured {
		rt.Fatalf("it never ended: %s, operations %+v", p.Status, h.ops(id))
	}
	received := bank.moved(id, paymux.Pay)
	if p.CaptureMethod == paymux.CaptureManual {
		received = bank.moved(id, paymux.Capture)
	}
	if p.AmountReceived != received || p.AmountRefunded != bank.moved(id, paymux.Refunds) || p.AmountRefunding != 0 {
		rt.Fatalf("received %d, refunded %d, reserved %d; the bank's book: %d, %d\n%+v",
			p.AmountReceived, p.AmountRefunded, p.AmountRefunding, received, bank.moved(id, paymux.Refunds), h.ops(id))
	}
	if (p.Status == paymux.Succeeded) != (received > 0) && p.Status != paymux.PartiallyCaptured {
		rt.Fatalf("%s with %d received", p.Status, received)
	}
}
