package monitor_test

import (
	"context"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/payment"
)

// paying is a node that does nothing but what is counted of a payment: two commits with three facts each, and a call between them.
type paying struct {
	answering
	store payment.Store
	bank  channel.Channel
	both  *payment.Change
}

func (p paying) Create(ctx context.Context, _ paymux.CreatePayment) (paymux.Reply, error) {
	_ = p.store.Commit(ctx, p.both)
	_, _ = p.bank.Do(ctx, channel.Operation{Kind: paymux.Pay})
	_ = p.store.Commit(ctx, p.both)
	return paymux.Reply{}, nil
}

// silent answers at once.
type silent struct{ channel.Channel }

func (silent) Do(context.Context, channel.Operation) (channel.Result, error) {
	return channel.Result{State: paymux.OpSucceeded}, nil
}

// BenchmarkCounting is what counting costs a payment at a node, compared with the same uncounted.
func BenchmarkCounting(b *testing.B) {
	both := &payment.Change{Facts: []paymux.Fact{
		fact("m", "stripe", paymux.CountCreated, false), fact("m", "stripe", paymux.CountTried, false), fact("m", "stripe", paymux.CountAnswered, false),
	}}
	plain := paying{store: accepting{}, bank: silent{}, both: both}
	m := monitor.NewMeter(monitor.MeterConfig{Now: time.Now})
	var calls channel.Meter
	counted := paying{
		store: monitor.Timed{Store: accepting{}, Meter: m, Counts: &monitor.Counts{}, Now: time.Now}, bank: calls.Of(silent{}), both: both,
	}
	for name, node := range map[string]monitor.Served{"plain": plain, "counted": monitor.NewNode(counted, m)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				_, _ = node.Create(ctx, paymux.CreatePayment{})
			}
		})
	}
}
