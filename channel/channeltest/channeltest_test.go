package channeltest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/sandbox"
)

// defectOf names the defect the child process is to have: see TestSuiteFindsDefects.
const defectOf = "CHANNELTEST_DEFECT"

// flawed is a channel with one defect.
type flawed struct {
	channel.Channel
	do       func(channel.Channel, context.Context, channel.Operation) (channel.Result, error)
	query    func(channel.Channel, context.Context, channel.Operation) (channel.Result, error)
	callback func(channel.Channel, context.Context, channel.CallbackRequest) (channel.Callback, error)
}

func (f flawed) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if f.do == nil {
		return f.Channel.Do(ctx, op)
	}
	return f.do(f.Channel, ctx, op)
}

func (f flawed) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if f.query == nil {
		return f.Channel.Query(ctx, op)
	}
	return f.query(f.Channel, ctx, op)
}

func (f flawed) Callback(ctx context.Context, r channel.CallbackRequest) (channel.Callback, error) {
	if f.callback == nil {
		return f.Channel.Callback(ctx, r)
	}
	return f.callback(f.Channel, ctx, r)
}

var ids = paymux.NewIDs([]byte("a key for tests alone"), 1, time.Now)

// defects are mistakes channels make, and the check that must find each.
var defects = map[string]struct {
	flaw  flawed
	found string // part of the name of the subtest that fails
}{
	"none": {},
	"charges twice": {found: "pay/card", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		if op.Kind == paymux.Pay {
			op.ID = paymux.OperationID(ids.New(paymux.PrefixOperation)) // every attempt is a new one for the institution
		}
		return c.Do(ctx, op)
	}}},
	"takes unknown for declined": {found: "unknown_code", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		r, err := c.Do(ctx, op)
		if r.State == paymux.OpUnknown {
			r.State, r.DeclineCode = paymux.OpDeclined, paymux.DeclineGeneric
		}
		return r, err
	}}},
	"takes silence for not sent": {found: "faults/no_answer", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		r, err := c.Do(ctx, op)
		if err != nil {
			err = errors.Join(channel.ErrNotSent, err)
		}
		return r, err
	}}},
	"takes refusal of a connection for unknown": {found: "faults/refused", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		r, err := c.Do(ctx, op)
		if errors.Is(err, channel.ErrNotSent) {
			err = errors.New("failed")
		}
		return r, err
	}}},
	"forgets the decline code": {found: "decline/", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		r, err := c.Do(ctx, op)
		r.DeclineCode = ""
		return r, err
	}}},
	"answers a query for anything": {found: "query_absent", flaw: flawed{query: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		r, err := c.Query(ctx, op)
		if errors.Is(err, channel.ErrAbsent) {
			return channel.Result{State: paymux.OpDeclined, DeclineCode: paymux.DeclineGeneric}, nil
		}
		return r, err
	}}},
	"believes every callback": {found: "callback/empty", flaw: flawed{callback: func(channel.Channel, context.Context, channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{ID: "1"}, nil
	}}},
	"refunds without end": {found: "refund/", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		r, err := c.Do(ctx, op)
		if op.Kind == paymux.Refunds && err == nil {
			r = channel.Result{State: paymux.OpSucceeded, ChannelID: r.ChannelID}
		}
		return r, err
	}}},
	"ignores its context": {found: "canceled_context", flaw: flawed{do: func(c channel.Channel, ctx context.Context, op channel.Operation) (channel.Result, error) {
		return c.Do(context.WithoutCancel(ctx), op)
	}}},
}

// TestChild is the suite on a channel with the defect named by the environment.
func TestChild(t *testing.T) {
	defect, ok := defects[os.Getenv(defectOf)]
	if !ok {
		defect = defects["none"]
	}
	bank, err := sandbox.NewInstitution(sandbox.Config{PublicURL: func() string { return "https://sandbox.example" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bank.Stop)
	d := *bank.Driver()
	open := d.Open
	d.Open = func(c channel.Config) (channel.Channel, error) {
		ch, err := open(c)
		defect.flaw.Channel = ch
		return defect.flaw, err
	}
	channeltest.Run(t, subject(t, bank, d))
}

func subject(t *testing.T, bank *sandbox.Institution, d channel.Driver) channeltest.Subject {
	card := func(token string, amount int64) channeltest.Request {
		return channeltest.Request{
			Method: paymux.Method{Type: paymux.Card}, Card: &paymux.CardDetails{Token: paymux.Secret(token)},
			Money: paymux.Money{Amount: amount, Currency: "EUR"},
		}
	}
	switched := func(f sandbox.Faults) func(channeltest.T) channel.Config {
		return func(t channeltest.T) channel.Config {
			if err := bank.SetFaults("test", f); err != nil {
				t.Fatal(err)
			}
			return channel.Config{Account: "test"}
		}
	}
	unknown := card("tok_visa", 1210)
	return channeltest.Subject{
		Driver:   d,
		Payers:   []channeltest.Payer{{Request: card("tok_visa", 1250), State: paymux.OpSucceeded, Manual: true}},
		Declines: []channeltest.Decline{{Request: card("tok_chargeDeclined", 1250), Code: paymux.DeclineGeneric}},
		Unknown:  &unknown,
		Effects: func(op paymux.OperationID) int {
			c, _ := bank.Charge(op)
			return c.Effects
		},
		Faults: &channeltest.Faults{
			Refused: switched(sandbox.Faults{Down: true}),
			Silent:  switched(sandbox.Faults{LatencyMS: 1_500}),
			Mend:    func(t channeltest.T) { switched(sandbox.Faults{})(t) },
		},
	}
}

func TestSuiteFindsDefects(t *testing.T) {
	t.Parallel()
	for name, defect := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
			child.Env = append(os.Environ(), defectOf+"="+name)
			out, err := child.CombinedOutput()
			if passed := err == nil; passed != (defect.found == "") {
				t.Fatalf("passed: %t\n%s", passed, out)
			}
			failed := strings.Join(regexp.MustCompile(`--- FAIL: \S+`).FindAllString(string(out), -1), "\n")
			if defect.found != "" && !strings.Contains(failed, "TestChild/"+defect.found) {
				t.Errorf("not found by %s, but by\n%s", defect.found, failed)
			}
		})
	}
}
