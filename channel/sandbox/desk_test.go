package sandbox_test

import (
	"maps"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

var ids = paymux.NewIDs([]byte("a key for tests alone"), 1, time.Now)

// desk is an institution with one open account, and a place for its notifications.
type desk struct {
	bank    *sandbox.Institution
	channel channel.Channel
	inbox   *inbox
}

func newDesk(t *testing.T, c sandbox.Config, options map[string]string) desk {
	t.Helper()
	box := newInbox()
	if c.Client == nil {
		c.Client = box.client()
	}
	if c.Backoff == nil {
		c.Backoff = []time.Duration{time.Millisecond}
	}
	bank := institution(t, c)
	return desk{bank: bank, channel: openAccount(t, bank, "test", options), inbox: box}
}

// wireDesk is the same with the institution in another process, as far as the channel can tell.
func wireDesk(t *testing.T, c sandbox.Config, options map[string]string) desk {
	t.Helper()
	box := newInbox()
	if c.Client == nil {
		c.Client = box.client()
	}
	if c.Backoff == nil {
		c.Backoff = []time.Duration{time.Millisecond}
	}
	bank := institution(t, c)
	if err := bank.OpenAccount("test", options); err != nil {
		t.Fatal(err)
	}
	return desk{bank: bank, channel: openWire(t, wireConfig(t, bank)), inbox: box}
}

// wireConfig opens an account over a line of its own.
func wireConfig(t *testing.T, bank *sandbox.Institution) channel.Config {
	t.Helper()
	server := httptest.NewServer(bank.Wire())
	t.Cleanup(server.Close)
	t.Cleanup(bank.HangUp)
	return channel.Config{Account: "test", Client: server.Client(), Now: time.Now, Options: map[string]string{
		"base_url": server.URL, "api_key": wireKey.Reveal(), "callback_secret": secret.Reveal(),
	}}
}

func openWire(t *testing.T, c channel.Config) channel.Channel {
	t.Helper()
	if c.Keys == nil {
		c.Keys = fixed(t, sandbox.RemoteDriver(), c.Options)
	}
	c.Options = maps.Clone(c.Options)
	c.Options["api_key"], c.Options["callback_secret"] = "held", "held"
	ch, err := sandbox.RemoteDriver().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// onBothLines runs a test with the institution in this process, and over HTTP.
func onBothLines(t *testing.T, c sandbox.Config, run func(t *testing.T, d desk)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) { t.Parallel(); run(t, newDesk(t, c, nil)) })
	t.Run("over HTTP", func(t *testing.T) { t.Parallel(); run(t, wireDesk(t, c, nil)) })
}

func openAccount(t testing.TB, bank *sandbox.Institution, name string, options map[string]string) channel.Channel {
	t.Helper()
	ch, err := bank.Driver().Open(channel.Config{Account: name, Options: options, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func newOp(kind paymux.OperationKind, amount int64) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(ids.New(paymux.PrefixOperation)), Kind: kind,
		Money:   paymux.Money{Amount: amount, Currency: "CNY"},
		Payment: paymux.PaymentID(ids.New(paymux.PrefixPayment)),
	}
}

func payOp(method paymux.MethodType, details *paymux.CardDetails, amount int64) channel.Operation {
	op := newOp(paymux.Pay, amount)
	op.Method, op.Card = paymux.Method{Type: method}, details
	op.MerchantOrderID, op.Description = "A-1001", "Two cups of tea"
	op.ReturnURL, op.PageURL = "https://shop.example/return?order=A-1001", "https://pay.example/pay/x"
	op.CallbackURL = "https://pay.example/callbacks/sandbox/test"
	op.ExpiresAt = time.Now().Add(time.Hour)
	return op
}

// after is an operation that refers to pay.
func after(pay channel.Operation, kind paymux.OperationKind, amount int64) channel.Operation {
	op := newOp(kind, amount)
	op.Payment, op.PayID, op.PayMoney = pay.Payment, pay.ID, pay.Money
	return op
}

func (d desk) do(t *testing.T, op channel.Operation) channel.Result {
	t.Helper()
	r, err := d.channel.Do(t.Context(), op)
	if err != nil {
		t.Fatalf("%s %s: %v", op.Kind, op.ID, err)
	}
	return r
}

func (d desk) query(t *testing.T, op channel.Operation) channel.Result {
	t.Helper()
	r, err := d.channel.Query(t.Context(), op)
	if err != nil {
		t.Fatalf("query %s: %v", op.ID, err)
	}
	return r
}

func (d desk) approve(t *testing.T, op channel.Operation) {
	t.Helper()
	if err := d.bank.Approve(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
}

func (d desk) faults(t *testing.T, f sandbox.Faults) {
	t.Helper()
	if err := d.bank.SetFaults("test", f); err != nil {
		t.Fatal(err)
	}
}

func (d desk) effects(op channel.Operation) int {
	c, _ := d.bank.Charge(op.ID)
	return c.Effects
}
