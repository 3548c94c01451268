package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

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
		c.publish = m.Conn.Publish
		if err := c.subscribe(m.Conn); err != nil {
			t.Fatal(err)
		}
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

func TestNewsIsGatheredIntoFewMessages(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1000)
	c := newChanges()
	c.publish = func(_ string, data []byte) error { sent <- len(data); return nil }
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
