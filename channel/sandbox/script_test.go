package sandbox_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// A script is taken in its order, one step an operation, by those that fit.
func TestScript(t *testing.T) {
	t.Parallel()
	onBothLines(t, sandbox.Config{}, func(t *testing.T, d desk) {
		setScript(t, d.bank,
			sandbox.Step{Match: sandbox.Match{Kind: "refund"}, Do: sandbox.Decline},
			sandbox.Step{Do: sandbox.Decline, Code: "insufficient_funds"},
			sandbox.Step{Match: sandbox.Match{Method: paymux.WeChatPay}, Do: sandbox.Decline, Code: "lost_card"},
			sandbox.Step{Match: sandbox.Match{Kind: "query"}, Do: sandbox.UnknownCode},
			sandbox.Step{Do: sandbox.Decline, Code: "stolen_card", Times: 2},
			sandbox.Step{Do: sandbox.Normal},
		)
		want := []paymux.DeclineCode{paymux.DeclineInsufficientFunds, paymux.DeclineStolenCard, paymux.DeclineStolenCard, "", ""}
		var paid channel.Operation
		for at, code := range want {
			op := payOp(paymux.Card, card("4242424242424242"), 1250)
			for range 2 {
				if r := d.do(t, op); r.DeclineCode != code {
					t.Errorf("payment %d: %s, want %q, and again the same", at, r.DeclineCode, code)
				}
			}
			paid = op
		}
		if r := d.query(t, paid); r.State != paymux.OpUnknown {
			t.Errorf("the scripted query says %s", r.State)
		}
		if r := d.query(t, paid); r.State != paymux.OpSucceeded {
			t.Errorf("the next query says %s", r.State)
		}
		refused, refunded := after(paid, paymux.Refunds, 100), after(paid, paymux.Refunds, 1250)
		if r := d.do(t, refused); r.DeclineCode != paymux.DeclineRefundRefused || d.effects(refused) != 0 {
			t.Errorf("the scripted refund: %+v", r)
		}
		if r := d.do(t, refunded); r.State != paymux.OpSucceeded {
			t.Errorf("the refund after it: %+v; the refused one has reserved nothing", r)
		}
		steps, err := d.bank.Script("test")
		if err != nil || len(steps) != 6 || len(steps[2].Taken) != 0 || len(steps[4].Taken) != 2 || !slices.Equal(steps[0].Taken, []paymux.OperationID{refused.ID}) {
			t.Errorf("steps %+v, %v", steps, err)
		}
		setScript(t, d.bank)
		if steps, _ := d.bank.Script("test"); len(steps) != 0 {
			t.Errorf("after a reset: %+v", steps)
		}
		if r := d.do(t, payOp(paymux.WeChatPay, nil, 1250)); r.State != paymux.OpPending {
			t.Errorf("after a reset: %s", r.State)
		}
	})
}

func TestScriptsGoBeforeSwitchesAndAmounts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	d.faults(t, sandbox.Faults{Do: sandbox.Unavailable, Callbacks: sandbox.CallbacksDuplicate})
	setScript(t, d.bank, sandbox.Step{Do: "callbacks_wrong_amount"})
	op := payOp(paymux.Card, card("4242424242424242"), 1202)
	if r := d.do(t, op); r.State != paymux.OpSucceeded {
		t.Fatalf("scripted: %s %s", r.State, r.DeclineCode)
	}
	if _, news := d.read(t, d.inbox.of(t, op.ID, 1)); news[0].Result.Money.Amount != 1203 {
		t.Errorf("notified of %s", news[0].Result.Money)
	}
	if _, err := d.channel.Do(t.Context(), payOp(paymux.Card, card("4242424242424242"), 1202)); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("the script is at its end, and the switch says: %v", err)
	}
}

func TestPendingThenDeclined(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{Delay: 20 * time.Millisecond}, nil)
	paid := payOp(paymux.Card, card("4242424242424242"), 1250)
	d.do(t, paid)
	setScript(t, d.bank, sandbox.Step{Do: sandbox.DeclineAfterPending})
	refund := after(paid, paymux.Refunds, 1250)
	if r := d.do(t, refund); r.State != paymux.OpPending {
		t.Fatalf("refund: %s", r.State)
	}
	if states, _ := d.read(t, d.inbox.of(t, refund.ID, 1)); states[0] != "declined" || d.effects(refund) != 0 {
		t.Errorf("told %v, %d effects", states, d.effects(refund))
	}
	if r := d.do(t, after(paid, paymux.Refunds, 1250)); r.State != paymux.OpSucceeded {
		t.Errorf("the next refund: %s", r.State)
	}
}

func TestStepsAreShared(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	setScript(t, d.bank, sandbox.Step{Do: sandbox.Decline, Times: 10})
	declined := make([]bool, 40)
	var callers sync.WaitGroup
	for i := range declined {
		callers.Go(func() {
			r, err := d.channel.Do(t.Context(), payOp(paymux.Card, card("4242424242424242"), 1250))
			declined[i] = err == nil && r.State == paymux.OpDeclined
		})
	}
	callers.Wait()
	n := 0
	for _, yes := range declined {
		if yes {
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d declined, the script has 10", n)
	}
}

func TestStepsAreChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	for _, bad := range []sandbox.Step{
		{}, {Do: "explode"}, {Do: sandbox.Decline, Code: "none"}, {Do: sandbox.Slow, LatencyMS: -1}, {Do: sandbox.Slow, Times: -1},
		{Do: sandbox.Normal, Match: sandbox.Match{Kind: "payment"}},
	} {
		if err := d.bank.SetScript("test", []sandbox.Step{bad}); !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := d.bank.SetScript("nobody", nil); !errors.Is(err, paymux.NotFound) {
		t.Errorf("an account that is not open: %v", err)
	}
	if _, err := d.bank.Script("nobody"); !errors.Is(err, paymux.NotFound) {
		t.Errorf("an account that is not open: %v", err)
	}
}

// Switches may be for a time, and slowness is as slow as a step says.
func TestTimesOfFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, sandbox.Config{}, nil)
		d.faults(t, sandbox.Faults{Down: true, ForMS: 60_000})
		time.Sleep(59 * time.Second)
		if _, err := d.channel.Do(t.Context(), payOp(paymux.Alipay, nil, 1250)); !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("after 59 s: %v", err)
		}
		time.Sleep(time.Second)
		d.do(t, payOp(paymux.Alipay, nil, 1250))
		if f, err := d.bank.Faults("test"); err != nil || f != (sandbox.Faults{}) {
			t.Errorf("after 60 s the switches are %+v, %v", f, err)
		}
		setScript(t, d.bank, sandbox.Step{Do: sandbox.Slow, LatencyMS: 2000}, sandbox.Step{Do: sandbox.Slow})
		for _, want := range []time.Duration{2 * time.Second, 5 * time.Second, 0} {
			began := time.Now()
			if d.do(t, payOp(paymux.Alipay, nil, 1250)); time.Since(began) != want {
				t.Errorf("answered after %v, want %v", time.Since(began), want)
			}
		}
		d.bank.Stop()
	})
}

// An order that has expired comes back where its fate is to: what a query said of it was true when it was said.
func TestMoneyAfterExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, sandbox.Config{}, nil)
		op := payOp(paymux.WeChatPay, nil, 1242)
		op.ExpiresAt = time.Now().Add(time.Minute)
		d.do(t, op)
		time.Sleep(time.Minute)
		if r := d.query(t, op); r.State != paymux.OpCanceled {
			t.Errorf("once its time is over: %s", r.State)
		}
		time.Sleep(6 * time.Second)
		if r := d.query(t, op); r.State != paymux.OpSucceeded || d.effects(op) != 1 {
			t.Errorf("a little later: %s, %d effects", r.State, d.effects(op))
		}
		d.bank.Stop()
	})
}
