package sandbox_test

import (
	"net/http"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// TestMoneyIsConserved captures, refunds, cancels and resends at random, and recounts.
func TestMoneyIsConserved(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, map[string]string{"magic": "off", "notify_answered": "off"})
	rapid.Check(t, func(t *rapid.T) {
		const amount = 100
		pay := payOp(paymux.Card, card("4242424242424242"), amount)
		pay.Manual = rapid.Bool().Draw(t, "manual")
		sent := []channel.Operation{pay}
		do(t, d, pay)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			op := after(pay, rapid.SampledFrom([]paymux.OperationKind{paymux.Capture, paymux.Refunds, paymux.Cancel}).Draw(t, "kind"), rapid.Int64Range(1, amount+1).Draw(t, "amount"))
			op.Final = rapid.Bool().Draw(t, "final")
			sent = append(sent, op)
			do(t, d, op)
			do(t, d, rapid.SampledFrom(sent).Draw(t, "resent"))
		}
		recount(t, d, pay, amount)
	})
}

func do(t *rapid.T, d desk, op channel.Operation) {
	if _, err := d.channel.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
}

func recount(t *rapid.T, d desk, pay channel.Operation, amount int64) {
	moved := map[paymux.OperationKind]int64{}
	for _, c := range d.bank.ChargesOf(pay.Payment) {
		if c.Effects > 1 || (c.Effects == 1) != (c.State == paymux.OpSucceeded || c.State == paymux.OpAuthorized || c.Operation == pay.ID) {
			t.Fatalf("%s %s: %d effects in state %s", c.Kind, c.Operation, c.Effects, c.State)
		}
		if c.State == paymux.OpSucceeded {
			moved[c.Kind] += c.Amount
		}
	}
	captured := moved[paymux.Capture]
	if !pay.Manual {
		captured = amount
	}
	if captured > amount || moved[paymux.Refunds] > captured {
		t.Fatalf("of %d, captured %d, refunded %d", amount, captured, moved[paymux.Refunds])
	}
	c, _ := d.bank.Charge(pay.ID)
	if c.Refunded != moved[paymux.Refunds] || pay.Manual && c.Captured != captured {
		t.Fatalf("the payment says captured %d, refunded %d; its operations say %d, %d", c.Captured, c.Refunded, captured, moved[paymux.Refunds])
	}
}

// BenchmarkCharge is durable charges with 64 callers at once; 50 µs an op is 20,000 a second.
func BenchmarkCharge(b *testing.B) {
	bank, err := sandbox.NewInstitution(sandbox.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(bank.Stop)
	ch := openAccount(b, bank, "test", map[string]string{"notify_answered": "off"})
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := ch.Do(b.Context(), payOp(paymux.WeChatPay, nil, 1250)); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkNotification is a durable charge and its notification, acknowledged.
func BenchmarkNotification(b *testing.B) {
	var left sync.WaitGroup
	acknowledge := acknowledger(func() { left.Done() })
	bank, err := sandbox.NewInstitution(sandbox.Config{Dir: b.TempDir(), Client: &http.Client{Transport: acknowledge}})
	if err != nil {
		b.Fatal(err)
	}
	bank.Start()
	b.Cleanup(bank.Stop)
	ch := openAccount(b, bank, "test", nil)
	left.Add(b.N)
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := ch.Do(b.Context(), payOp(paymux.Card, card("4242424242424242"), 1250)); err != nil {
				b.Error(err)
			}
		}
	})
	left.Wait()
}

type acknowledger func()

func (a acknowledger) RoundTrip(r *http.Request) (*http.Response, error) {
	a()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}
