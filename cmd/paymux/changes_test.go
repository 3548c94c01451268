package main

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
)

func TestNewsOfAChangeWakesThisProcessAndOthers(t *testing.T) {
	t.Parallel()
	m, err := natsserver.Open(natsserver.Config{Dir: t.TempDir(), Config: natsclient.Config{Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	here, there := newChanges(), newChanges()
	for _, c := range []*changes{here, there} {
		c.join(m.Conn, 1)
	}
	ctx, stop := context.WithCancel(t.Context())
	local, remote := here.watch(ctx, "pay_1"), there.watch(ctx, "pay_1")
	merchant := there.watchMerchant(ctx, "mer_1")
	other := there.watch(ctx, "pay_2")
	here.announce(paymux.Payment{ID: "pay_1", Merchant: "mer_1"})
	for name, woken := range map[string]<-chan struct{}{"this process": local, "another process": remote, "who watches the merchant": merchant} {
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Errorf("%s was not woken", name)
		}
	}
	select {
	case <-other:
		t.Error("woken by another payment's change")
	default:
	}
	stop()
	limit := time.After(10 * time.Second)
	for here.watchers.Load() != 0 { // it leaves when its context has told it to
		select {
		case <-limit:
			t.Fatal("a watcher that left is still counted")
		case <-time.After(time.Millisecond):
		}
	}
}

// News of a region goes to those alone who wait for something there, and for as long as they do.
func TestNewsIsHeardWhileItIsWaitedFor(t *testing.T) {
	t.Parallel()
	id := func(region paymux.Region) paymux.PaymentID {
		return paymux.PaymentID(paymux.NewIDs([]byte("only for tests, no secret"), region, time.Now).New(paymux.PrefixPayment))
	}
	heard := map[string]int{} // how many subscriptions there are
	c := newChanges()
	c.hear = func(subject string, _ nats.MsgHandler) func() {
		heard[subject]++
		return func() { heard[subject]-- }
	}
	first, stopFirst := context.WithCancel(t.Context())
	second, stopSecond := context.WithCancel(t.Context())
	c.watch(first, id(7))
	c.watch(second, id(7))
	c.watch(second, id(9))
	c.watchMerchant(second, "mer_1")
	is := func(want map[string]int) func() bool {
		return func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return maps.Equal(heard, want)
		}
	}
	if !is(map[string]int{"paymux.changed.7": 1, "paymux.changed.9": 1, "paymux.changed.*": 1})() {
		t.Errorf("it hears %v", heard)
	}
	stopSecond()
	cameTrue(t, is(map[string]int{"paymux.changed.7": 1, "paymux.changed.9": 0, "paymux.changed.*": 0}))
	stopFirst()
	cameTrue(t, is(map[string]int{"paymux.changed.7": 0, "paymux.changed.9": 0, "paymux.changed.*": 0}))
	if c.watchers.Load() != 0 || len(c.hearing) != 0 {
		t.Errorf("%d watchers and %d subscriptions are left", c.watchers.Load(), len(c.hearing))
	}
}

func cameTrue(t *testing.T, so func() bool) {
	t.Helper()
	for limit := time.After(10 * time.Second); !so(); {
		select {
		case <-limit:
			t.Fatal("it has not come to that")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestNewsIsGatheredIntoFewMessages(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1000)
	c := newChanges()
	c.publish = func(data []byte) error { sent <- len(data); return nil }
	const n = 500
	for range n {
		c.announce(paymux.Payment{ID: "pay_1"})
	}
	bytes, messages := 0, 0
	for bytes < n*len("pay_1\n\n") {
		select {
		case size := <-sent:
			bytes += size
			messages++
		case <-time.After(10 * time.Second):
			t.Fatalf("%d bytes came in %d messages", bytes, messages)
		}
	}
	if messages > n/5 {
		t.Errorf("%d changes made %d messages", n, messages)
	}
}
