package sandbox_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// read is what the channel makes of messages: states, or "forged", "foreign", "stale" and "malformed".
func (d desk) read(t *testing.T, messages []channel.CallbackRequest) (states []string, news []channel.Callback) {
	t.Helper()
	for _, m := range messages {
		c, err := d.channel.Callback(t.Context(), m)
		switch {
		case errors.Is(err, channel.ErrForeign):
			states = append(states, "foreign")
		case errors.Is(err, channel.ErrForged):
			states = append(states, "forged")
		case errors.Is(err, channel.ErrStale):
			states = append(states, "stale")
		case errors.Is(err, channel.ErrMalformed):
			states = append(states, "malformed")
		case err != nil:
			t.Fatal(err)
		default:
			states, news = append(states, string(c.Result.State)), append(news, c)
		}
	}
	return states, news
}

func TestNotificationsMisbehave(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{Delay: 50 * time.Millisecond}, nil)
	for _, c := range []struct {
		name   string
		amount int64 // its last digits are magic
		fault  sandbox.CallbackFault
		want   []string
		wrong  int64 // what is added to the amount stated
	}{
		{"normal", 1250, "", []string{"succeeded"}, 0},
		{"duplicate", 1207, sandbox.CallbacksDuplicate, []string{"succeeded", "succeeded"}, 0},
		{"wrong_amount", 1208, sandbox.CallbacksWrongAmount, []string{"succeeded"}, 1},
		{"reordered", 1212, sandbox.CallbacksReordered, []string{"succeeded", "pending"}, 0},
		{"forged", 1213, sandbox.CallbacksForged, []string{"forged", "forged", "succeeded"}, 0},
	} {
		check := func(t *testing.T, amount int64, fault sandbox.CallbackFault) {
			d.faults(t, sandbox.Faults{Callbacks: fault})
			op := payOp(paymux.WeChatPay, nil, amount)
			d.do(t, op)
			if c.name == "forged" {
				d.inbox.of(t, op.ID, 1)
			}
			d.approve(t, op)
			states, news := d.read(t, d.inbox.of(t, op.ID, len(c.want)))
			if !slices.Equal(states, c.want) {
				t.Fatalf("messages say %v, want %v", states, c.want)
			}
			for _, n := range news {
				if n.Operation != op.ID || n.Result.Money.Amount != amount+c.wrong {
					t.Errorf("message of %s states %s, want %s and %d", n.Operation, n.Result.Money, op.ID, amount+c.wrong)
				}
			}
			if c.name == "duplicate" && news[0].ID != news[1].ID {
				t.Error("a duplicate has another ID")
			}
			if r := d.query(t, op); r.State != paymux.OpSucceeded || r.Money != op.Money || d.effects(op) != 1 {
				t.Errorf("query says %s %s, %d effects", r.State, r.Money, d.effects(op))
			}
		}
		t.Run(c.name+" by amount", func(t *testing.T) { check(t, c.amount, "") })
		t.Run(c.name+" by switch", func(t *testing.T) { check(t, 1250, c.fault) })
	}
}

func TestNotificationLate(t *testing.T) {
	t.Parallel()
	const delay = 80 * time.Millisecond
	d := newDesk(t, sandbox.Config{Delay: delay}, nil)
	late, prompt := payOp(paymux.WeChatPay, nil, 1211), payOp(paymux.WeChatPay, nil, 1250)
	start := time.Now()
	for _, op := range []channel.Operation{late, prompt} {
		d.do(t, op)
		d.approve(t, op)
	}
	d.inbox.of(t, prompt.ID, 1)
	d.inbox.of(t, late.ID, 1)
	if waited := time.Since(start); waited < delay {
		t.Errorf("a late notification came after %v", waited)
	}
}

func TestNotificationLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDesk(t, sandbox.Config{Dir: dir}, nil)
	lost, told := payOp(paymux.Alipay, nil, 1206), payOp(paymux.Alipay, nil, 1250)
	for _, op := range []channel.Operation{lost, told} {
		d.do(t, op)
		d.approve(t, op)
		if r := d.query(t, op); r.State != paymux.OpSucceeded {
			t.Errorf("query says %s", r.State)
		}
	}
	d.inbox.of(t, told.ID, 1)
	d.bank.Stop() // nothing is under way any more
	if got := d.inbox.of(t, lost.ID, 0); len(got) != 0 {
		t.Errorf("%d notifications of an operation whose notification is lost", len(got))
	}
}

func TestNotificationIsRepeatedUntilAcknowledged(t *testing.T) {
	t.Parallel()
	box := newInbox()
	box.answer = func(n int, _ []byte) int {
		if n < 3 {
			return http.StatusServiceUnavailable
		}
		return http.StatusNoContent
	}
	d := newDesk(t, sandbox.Config{Client: box.client()}, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	d.do(t, op)
	messages := box.of(t, op.ID, 4)
	for _, m := range messages[1:] {
		if string(m.Body) != string(messages[0].Body) {
			t.Errorf("a repeat says something else:\n%s\n%s", messages[0].Body, m.Body)
		}
	}
	d.bank.Stop()
	if n := len(box.of(t, op.ID, 4)); n != 4 {
		t.Errorf("%d messages, want no more after the acknowledgement", n)
	}
}

func TestNotificationSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deaf := newInbox()
	deaf.answer = func(int, []byte) int { return http.StatusInternalServerError }
	d := newDesk(t, sandbox.Config{Dir: dir, Client: deaf.client()}, nil)
	op := payOp(paymux.WeChatPay, nil, 1250)
	d.do(t, op)
	d.approve(t, op)
	deaf.of(t, op.ID, 2)
	d.bank.Stop()

	d = newDesk(t, sandbox.Config{Dir: dir}, nil)
	if states, _ := d.read(t, d.inbox.of(t, op.ID, 1)); states[0] != "succeeded" {
		t.Errorf("after the restart it says %v", states)
	}
}

func TestAnsweredOutcomesCanBeLeftOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, map[string]string{"notify_answered": "off"})
	answered, later := payOp(paymux.Card, card("4242424242424242"), 1250), payOp(paymux.WeChatPay, nil, 1250)
	d.do(t, answered)
	d.do(t, later)
	d.approve(t, later)
	d.inbox.of(t, later.ID, 1)
	d.bank.Stop()
	if n := len(d.inbox.of(t, answered.ID, 0)); n != 0 {
		t.Errorf("%d notifications of an outcome that was answered", n)
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{Delay: time.Millisecond}, nil)
	op := payOp(paymux.Card, card("4000000000000259"), 1250)
	d.do(t, op)
	if err := d.bank.OpenDispute(t.Context(), op.ID, "again"); !errors.Is(err, paymux.StateConflict) {
		t.Errorf("a second dispute: %v", err)
	}
	d.inbox.of(t, op.ID, 2) // paid, and disputed
	if err := d.bank.EndDispute(t.Context(), op.ID, false); err != nil {
		t.Fatal(err)
	}
	if err := d.bank.EndDispute(t.Context(), op.ID, true); !errors.Is(err, paymux.StateConflict) {
		t.Errorf("a dispute decided twice: %v", err)
	}
	var said []paymux.DisputeStatus
	_, news := d.read(t, d.inbox.of(t, op.ID, 3))
	for _, n := range news {
		if n.Dispute != nil {
			said = append(said, n.Dispute.Status)
			if n.Operation != "" || n.Dispute.Operation != op.ID || n.Dispute.Money != op.Money || n.Dispute.ChannelID == "" {
				t.Errorf("dispute %+v of operation %q", n.Dispute, n.Operation)
			}
		}
	}
	if !slices.Equal(said, []paymux.DisputeStatus{paymux.DisputeOpened, paymux.DisputeLost}) {
		t.Errorf("disputes said: %v", said)
	}
}

func TestCallbackOfAnotherAccount(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	d.do(t, op)
	other := openAccount(t, d.bank, "other", nil)
	genuine := d.inbox.of(t, op.ID, 1)[0]
	if news, err := other.Callback(t.Context(), genuine); !errors.Is(err, channel.ErrForeign) || news.Operation != op.ID {
		t.Errorf("on another account: %+v, %v", news, err)
	}
	// What is refused names its operation, for the timeline, and says nothing.
	genuine.Header = nil
	if news, err := d.channel.Callback(t.Context(), genuine); !errors.Is(err, channel.ErrForged) || news.Operation != op.ID || news.Result.State != "" {
		t.Errorf("unsigned: %+v, %v", news, err)
	}
}

func FuzzCallback(f *testing.F) {
	bank, err := sandbox.NewInstitution(sandbox.Config{CallbackSecret: secret})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(bank.Stop)
	ch := openAccount(f, bank, "test", nil)
	f.Add("t=1700000000,v1=00", []byte(`{}`))
	f.Add("", []byte(`{"id":"x"}`))
	f.Add("t=,v1=", []byte(nil))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		c, err := ch.Callback(t.Context(), channel.CallbackRequest{Header: http.Header{"Sandbox-Signature": {header}}, Body: body})
		if err == nil {
			t.Fatalf("believed %q %q: %+v", header, body, c)
		}
		if !errors.Is(err, channel.ErrForged) && !errors.Is(err, channel.ErrStale) && !errors.Is(err, channel.ErrMalformed) {
			t.Fatalf("refused with %v", err)
		}
	})
}

func FuzzBookLine(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("d71a3bcf {\"charges\":[{\"operation\":\"op_1\"}]}\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		again, err := sandbox.ParseLine(line)
		if err != nil {
			return
		}
		if _, err := sandbox.ParseLine(again); err != nil {
			t.Fatalf("%q is a line, %q made of it is none", line, again)
		}
	})
}

func TestEagerPayersPayByThemselves(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, map[string]string{"eager_payers": "on"})
	op := payOp(paymux.WeChatPay, nil, 1250)
	if r := d.do(t, op); r.State != paymux.OpPending || r.NextAction == nil {
		t.Fatalf("answered %+v, want a code to scan as ever", r)
	}
	states, _ := d.read(t, d.inbox.of(t, op.ID, 1))
	if len(states) != 1 || states[0] != "succeeded" || d.effects(op) != 1 {
		t.Errorf("told %v, %d effects", states, d.effects(op))
	}
}
