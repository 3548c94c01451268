package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// misbehaved is what a channel must make of a behaviour towards a card payment of 12.50.
type misbehaved struct {
	do      string // a state, "not sent" or "error"; over HTTP where it differs
	http    string
	effects int    // just after the answer
	query   string // a state or "absent"
	news    string // what the notifications say, one after another
	// money is what the answer states: amount and currency, where it is not what was asked.
	money string
	told  string // the same for the last notification
	// ever: a resend ends no better, or is the business of a test of its own.
	ever bool
}

var required = map[sandbox.Behaviour]misbehaved{
	sandbox.Decline:             {do: "declined", query: "declined", news: "declined", ever: true},
	sandbox.Insufficient:        {do: "declined", query: "declined", news: "declined", ever: true},
	sandbox.ThreeDSecure:        {do: "pending", query: "pending", ever: true},
	sandbox.DeclineAfterPending: {do: "pending", query: "pending", news: "declined", ever: true},
	sandbox.SuccessAfterDecline: {do: "declined", query: "declined", news: "declined succeeded", ever: true},
	sandbox.SuccessAfterCancel:  {do: "pending", query: "pending", ever: true}, // see TestMoneyAfterTheEnd

	sandbox.Refused:     {do: "not sent", http: "error", query: "absent", ever: true},
	sandbox.Unavailable: {do: "not sent", query: "absent", ever: true},
	sandbox.LostRequest: {do: "error", query: "absent", ever: true},
	sandbox.ServerError: {do: "error", query: "absent", ever: true},

	sandbox.TimeoutAfterSuccess: {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.DroppedAnswer:       {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.ErrorAfterSuccess:   {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.GarbageAnswer:       {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.TruncatedAnswer:     {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.WrongStatus:         {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.Slow:                {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded"},

	sandbox.UnknownCode:         {do: "unknown", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.WrongAmountAnswer:   {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded", money: "+1 CNY"},
	sandbox.WrongCurrencyAnswer: {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded", money: "+0 USD"},
	sandbox.WrongAccountAnswer:  {do: "error", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.DeclinedAnswer:      {do: "declined", effects: 1, query: "succeeded", news: "succeeded"},
	sandbox.PendingAnswer:       {do: "pending", effects: 1, query: "succeeded", news: "succeeded"},

	"callbacks_lost":           {do: "succeeded", effects: 1, query: "succeeded"},
	"callbacks_late":           {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded"},
	"callbacks_duplicate":      {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded succeeded"},
	"callbacks_replayed":       {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded succeeded"},
	"callbacks_forged":         {do: "succeeded", effects: 1, query: "succeeded", news: "forged succeeded"},
	"callbacks_stale":          {do: "succeeded", effects: 1, query: "succeeded", news: "stale succeeded"},
	"callbacks_wrong_amount":   {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded", told: "+1 CNY"},
	"callbacks_wrong_currency": {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded", told: "+0 USD"},
	"callbacks_wrong_account":  {do: "succeeded", effects: 1, query: "succeeded", news: "foreign succeeded"},
	"callbacks_unknown_code":   {do: "succeeded", effects: 1, query: "succeeded", news: "unknown"},
	"callbacks_declined":       {do: "succeeded", effects: 1, query: "succeeded", news: "declined"},
	"callbacks_reordered":      {do: "succeeded", effects: 1, query: "succeeded", news: "succeeded pending"},
}

// ways are how a behaviour is asked for. Each gives the amount of the payment.
var ways = map[string]func(t *testing.T, d desk, b sandbox.BehaviourInfo) int64{
	"by script": func(t *testing.T, d desk, b sandbox.BehaviourInfo) int64 {
		setScript(t, d.bank, sandbox.Step{Do: b.Behaviour})
		return 1250
	},
	"by switch": func(t *testing.T, d desk, b sandbox.BehaviourInfo) int64 {
		f := sandbox.Faults{Do: b.Behaviour}
		if news, ok := strings.CutPrefix(string(b.Behaviour), "callbacks_"); ok {
			f = sandbox.Faults{Callbacks: sandbox.CallbackFault(news)}
		}
		d.faults(t, f)
		return 1250
	},
	"by amount": func(t *testing.T, _ desk, b sandbox.BehaviourInfo) int64 {
		digits, err := strconv.ParseInt(b.LastDigits, 10, 64)
		if err != nil {
			t.Fatalf("%s has no amount: %v", b.Behaviour, err)
		}
		return 1200 + digits
	},
}

func setScript(t *testing.T, bank *sandbox.Institution, steps ...sandbox.Step) {
	t.Helper()
	if err := bank.SetScript("test", steps); err != nil {
		t.Fatal(err)
	}
}

// TestEveryMisbehaviour asks for every behaviour in every way on both lines, and wants the outcome the contract requires.
func TestEveryMisbehaviour(t *testing.T) {
	t.Parallel()
	if len(required) != len(sandbox.Behaviours()) {
		t.Errorf("%d behaviours, %d with a required outcome", len(sandbox.Behaviours()), len(required))
	}
	onBothLines(t, sandbox.Config{Delay: 40 * time.Millisecond}, func(t *testing.T, d desk) {
		for _, b := range sandbox.Behaviours() {
			for way, ask := range ways {
				t.Run(string(b.Behaviour)+" "+way, func(t *testing.T) {
					op := payOp(paymux.Card, card("4242424242424242"), ask(t, d, b))
					want := required[b.Behaviour]
					if strings.Contains(t.Name(), "over_HTTP") && want.http != "" {
						want.do = want.http
					}
					d.misbehaves(t, op, want)
					d.mends(t, op, want)
				})
			}
		}
	})
}

// misbehaves sends op and compares answer and effects.
func (d desk) misbehaves(t *testing.T, op channel.Operation, want misbehaved) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := d.channel.Do(ctx, op)
	if got := outcome(r, err); got != want.do {
		t.Errorf("answered %s (%v), want %s", got, err, want.do)
	}
	if err == nil && difference(r.Money, op) != want.money {
		t.Errorf("the answer states %s of %s, want a difference of %q", r.Money, op.Money, want.money)
	}
	if n := d.effects(op); n != want.effects {
		t.Errorf("%d effects, want %d", n, want.effects)
	}
}

// mends switches all off, asks, sends again and reads the notifications.
func (d desk) mends(t *testing.T, op channel.Operation, want misbehaved) {
	t.Helper()
	d.faults(t, sandbox.Faults{})
	r, err := d.channel.Query(t.Context(), op)
	if got := outcome(r, err); got != want.query && !(want.query == "pending" && want.news == got) {
		t.Errorf("query says %s (%v), want %s", got, err, want.query)
	}
	states, news := d.read(t, d.inbox.of(t, op.ID, len(strings.Fields(want.news))))
	if got := strings.Join(states, " "); got != want.news {
		t.Errorf("notifications say %q, want %q", got, want.news)
	}
	if last := len(news) - 1; last >= 0 && news[last].Result.State != paymux.OpUnknown && difference(news[last].Result.Money, op) != want.told {
		t.Errorf("notified of %s of %s, want a difference of %q", news[last].Result.Money, op.Money, want.told)
	}
	if want.ever {
		return
	}
	r, err = d.channel.Do(t.Context(), op)
	if got := outcome(r, err); got != "succeeded" || d.effects(op) != 1 {
		t.Errorf("sent again: %s (%v), %d effects", got, err, d.effects(op))
	}
}

// patience is the channel's limit for one call here.
const patience = 150 * time.Millisecond

func outcome(r channel.Result, err error) string {
	switch {
	case errors.Is(err, channel.ErrNotSent):
		return "not sent"
	case errors.Is(err, channel.ErrAbsent):
		return "absent"
	case err != nil:
		return "error"
	}
	return string(r.State)
}

func difference(m paymux.Money, op channel.Operation) string {
	if m == op.Money {
		return ""
	}
	return "+" + strconv.FormatInt(m.Amount-op.Money.Amount, 10) + " " + string(m.Currency)
}

// A lost request and its like: the operation is not in the book, and the same one sent again is done once.
func TestWhatWasNeverDoneIsDoneByAResend(t *testing.T) {
	t.Parallel()
	onBothLines(t, sandbox.Config{}, func(t *testing.T, d desk) {
		for _, b := range []sandbox.Behaviour{sandbox.Refused, sandbox.Unavailable, sandbox.LostRequest, sandbox.ServerError} {
			setScript(t, d.bank, sandbox.Step{Do: b})
			op := payOp(paymux.Card, card("4242424242424242"), 1250)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			if _, err := d.channel.Do(ctx, op); err == nil {
				t.Errorf("%s: answered", b)
			}
			cancel()
			if r := d.do(t, op); r.State != paymux.OpSucceeded || d.effects(op) != 1 {
				t.Errorf("%s, sent again: %s, %d effects", b, r.State, d.effects(op))
			}
		}
	})
}

func TestMoneyAfterTheEnd(t *testing.T) {
	t.Parallel()
	onBothLines(t, sandbox.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, d desk) {
		for name, c := range map[string]struct {
			amount int64
			end    func(t *testing.T, op channel.Operation)
			news   []string
		}{
			"closed": {1242, func(t *testing.T, op channel.Operation) {
				if r := d.do(t, after(op, paymux.Cancel, op.Money.Amount)); r.State != paymux.OpSucceeded {
					t.Errorf("cancel: %s", r.State)
				}
			}, []string{"succeeded"}},
			"declined by its payer": {1241, func(t *testing.T, op channel.Operation) {
				if err := d.bank.Decline(t.Context(), op.ID, ""); err != nil {
					t.Fatal(err)
				}
			}, []string{"declined", "succeeded"}},
		} {
			op := payOp(paymux.WeChatPay, nil, c.amount)
			if r := d.do(t, op); r.State != paymux.OpPending {
				t.Fatalf("%s: %s", name, r.State)
			}
			c.end(t, op)
			states, _ := d.read(t, d.inbox.of(t, op.ID, len(c.news)))
			if !slices.Equal(states, c.news) {
				t.Errorf("%s: told %v, want %v", name, states, c.news)
			}
			if charge, _ := d.bank.Charge(op.ID); charge.State != paymux.OpSucceeded || !charge.Late || charge.Effects != 1 {
				t.Errorf("%s: %+v", name, charge)
			}
		}
	})
}

// A replayed notification is the first one, byte for byte and with its signature; a duplicate is signed anew.
func TestReplayIsExact(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 1233)
	d.do(t, op)
	got := d.inbox.of(t, op.ID, 2)
	if !bytes.Equal(got[0].Body, got[1].Body) || got[0].Header["Sandbox-Signature"][0] != got[1].Header["Sandbox-Signature"][0] {
		t.Errorf("%s %v\n%s %v", got[0].Body, got[0].Header, got[1].Body, got[1].Header)
	}
}
