package sandbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

func TestMagicAmounts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	try := func(amount int64) (channel.Operation, channel.Result, error) {
		op := payOp(paymux.Card, card("4242424242424242"), amount)
		r, err := d.channel.Do(t.Context(), op)
		return op, r, err
	}
	for amount, want := range map[int64]paymux.DeclineCode{1201: paymux.DeclineGeneric, 1202: paymux.DeclineInsufficientFunds} {
		if _, r, err := try(amount); err != nil || r.DeclineCode != want {
			t.Errorf("%d: %+v, %v; want %s", amount, r, err, want)
		}
		wallet := payOp(paymux.WeChatPay, nil, amount)
		d.do(t, wallet)
		d.approve(t, wallet)
		if r := d.query(t, wallet); r.DeclineCode != want || d.effects(wallet) != 0 {
			t.Errorf("%d in a wallet: %+v; want %s once approved", amount, r, want)
		}
	}
	if _, r, err := try(1203); err != nil || r.NextAction == nil || r.NextAction.Type != paymux.ActionRedirect {
		t.Errorf("3-D Secure: %+v, %v", r, err)
	}
	op, _, err := try(1205)
	if err == nil || errors.Is(err, channel.ErrNotSent) || d.effects(op) != 1 || d.query(t, op).State != paymux.OpSucceeded {
		t.Errorf("timeout after success: %v, %d effects", err, d.effects(op))
	}
	if r := d.do(t, op); r.State != paymux.OpSucceeded || d.effects(op) != 1 {
		t.Errorf("the same again: %s, %d effects", r.State, d.effects(op))
	}
	op, _, err = try(1209)
	if _, known := d.bank.Charge(op.ID); !errors.Is(err, channel.ErrNotSent) || known {
		t.Errorf("503: %v, in the book: %t", err, known)
	}
	op, r, err := try(1210)
	if err != nil || r.State != paymux.OpUnknown || d.query(t, op).State != paymux.OpSucceeded {
		t.Errorf("unknown code: %+v, %v", r, err)
	}
}

func TestMagicCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	for _, options := range []map[string]string{{"magic": "off"}, {"magic_503": "off"}} {
		d := newDesk(t, sandbox.Config{}, options)
		if r := d.do(t, payOp(paymux.Card, card("4242424242424242"), 1209)); r.State != paymux.OpSucceeded {
			t.Errorf("%v: %s", options, r.State)
		}
	}
	d := newDesk(t, sandbox.Config{}, map[string]string{"magic_503": "off"})
	if r := d.do(t, payOp(paymux.Card, card("4242424242424242"), 1201)); r.State != paymux.OpDeclined {
		t.Errorf("magic_503=off takes all magic away: %s", r.State)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	for _, options := range []map[string]string{{"methods": "card,cash"}, {"magic": "perhaps"}, {"nonsense": "1"}} {
		if _, err := d.bank.Driver().Open(channel.Config{Account: "x", Options: options}); err == nil {
			t.Errorf("opened with %v", options)
		}
	}
	cards := openAccount(t, d.bank, "cards", map[string]string{"methods": "card"})
	r, err := cards.Do(t.Context(), payOp(paymux.WeChatPay, nil, 1250))
	if err != nil || r.DeclineCode != paymux.DeclineNotSupported || !r.Retryable {
		t.Errorf("a method the account does not take: %+v, %v", r, err)
	}
}

func TestFaultSwitches(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	for name, c := range map[string]struct {
		faults  sandbox.Faults
		notSent bool
		effects int
	}{
		"down":         {sandbox.Faults{Down: true}, true, 0},
		"error_rate":   {sandbox.Faults{ErrorRate: 1}, true, 0},
		"timeout_rate": {sandbox.Faults{TimeoutRate: 1}, false, 1},
	} {
		d.faults(t, c.faults)
		op := payOp(paymux.Card, card("4242424242424242"), 1250)
		_, err := d.channel.Do(t.Context(), op)
		if err == nil || errors.Is(err, channel.ErrNotSent) != c.notSent || d.effects(op) != c.effects {
			t.Errorf("%s: %v, %d effects", name, err, d.effects(op))
		}
		if _, err := d.channel.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
			t.Errorf("%s: query says %v", name, err)
		}
	}
	d.faults(t, sandbox.Faults{UnknownCode: true})
	if r := d.do(t, payOp(paymux.Card, card("4000000000000002"), 1250)); r.State != paymux.OpUnknown {
		t.Errorf("unknown code: %s", r.State)
	}
	for _, bad := range []sandbox.Faults{{LatencyMS: -1}, {ErrorRate: 1.5}, {TimeoutRate: -1}, {Callbacks: "never"}} {
		if err := d.bank.SetFaults("test", bad); !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := d.bank.SetFaults("nobody", sandbox.Faults{}); !errors.Is(err, paymux.NotFound) {
		t.Errorf("an account that is not open: %v", err)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, sandbox.Config{}, nil)
		d.faults(t, sandbox.Faults{LatencyMS: 2000})
		start := time.Now()
		d.do(t, payOp(paymux.Card, card("4242424242424242"), 1250))
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("answered after %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		op := payOp(paymux.Card, card("4242424242424242"), 1250)
		if _, err := d.channel.Do(ctx, op); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, channel.ErrNotSent) || d.effects(op) != 1 {
			t.Errorf("gave up waiting: %v, %d effects; the deed is done all the same", err, d.effects(op))
		}
		d.bank.Stop()
	})
}

func TestClosedOrders(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	closed, expired := payOp(paymux.WeChatPay, nil, 1250), payOp(paymux.WeChatPay, nil, 1250)
	expired.ExpiresAt = time.Now().Add(-time.Second)
	d.do(t, closed)
	d.do(t, after(closed, paymux.Cancel, 1250))
	d.do(t, expired)
	for name, op := range map[string]channel.Operation{"closed": closed, "expired": expired} {
		if r := d.query(t, op); r.State != paymux.OpCanceled {
			t.Errorf("%s: %s", name, r.State)
		}
		if err := d.bank.Approve(t.Context(), op.ID); !errors.Is(err, paymux.StateConflict) || d.effects(op) != 0 {
			t.Errorf("%s, approved late: %v, %d effects", name, err, d.effects(op))
		}
	}
	d.faults(t, sandbox.Faults{LateSuccess: true})
	for name, op := range map[string]channel.Operation{"closed": closed, "expired": expired} {
		d.approve(t, op)
		if c, _ := d.bank.Charge(op.ID); c.State != paymux.OpSucceeded || !c.Late || c.Effects != 1 {
			t.Errorf("%s, with late success: %+v", name, c)
		}
		if states, _ := d.read(t, d.inbox.of(t, op.ID, 1)); states[0] != "succeeded" {
			t.Errorf("%s: told %v", name, states)
		}
	}
	barred := payOp(paymux.Card, card("4242424242424242"), 1250)
	d.do(t, after(barred, paymux.Cancel, 1250))
	if r := d.do(t, barred); r.State != paymux.OpCanceled || d.effects(barred) != 0 {
		t.Errorf("an order that arrives after its cancellation: %s, %d effects", r.State, d.effects(barred))
	}
}

func TestRefundCards(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{Delay: 20 * time.Millisecond}, nil)
	fails, slow := payOp(paymux.Card, card("4000000000005126"), 1250), payOp(paymux.Card, card("4000000000007726"), 1250)
	d.do(t, fails)
	d.do(t, slow)
	if r := d.do(t, after(fails, paymux.Refunds, 1250)); r.DeclineCode != paymux.DeclineRefundRefused {
		t.Errorf("refund of the card whose refunds fail: %+v", r)
	}
	refund := after(slow, paymux.Refunds, 1250)
	if r := d.do(t, refund); r.State != paymux.OpPending {
		t.Errorf("slow refund: %s", r.State)
	}
	if r := d.do(t, after(slow, paymux.Refunds, 1)); r.State != paymux.OpDeclined {
		t.Errorf("refund of what a slow refund has reserved: %s", r.State)
	}
	if states, _ := d.read(t, d.inbox.of(t, refund.ID, 1)); states[0] != "succeeded" {
		t.Errorf("slow refund: told %v", states)
	}
	if d.query(t, refund).State != paymux.OpSucceeded || d.effects(refund) != 1 {
		t.Errorf("slow refund: %d effects", d.effects(refund))
	}
}
