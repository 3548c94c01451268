package main

import (
	"context"
	"testing"
	"time"

	"github.com/paymux/paymux"
)

// TestChangesWakeWhoWaits: a watcher hears of its payment, of no other, and is forgotten with its context.
func TestChangesWakeWhoWaits(t *testing.T) {
	t.Parallel()
	c := newChanges()
	c.publish = func(subject string, _ []byte) error {
		c.wake(paymux.PaymentID(subject[len(changedSubject):]))
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	mine, other := c.watch(ctx, "pay_1"), c.watch(ctx, "pay_2")
	c.announce(paymux.Payment{ID: "pay_1"})
	c.announce(paymux.Payment{ID: "pay_1"}) // nobody has looked yet: it does not block
	select {
	case <-mine:
	case <-time.After(patience):
		t.Fatal("the watcher was not woken")
	}
	select {
	case <-other:
		t.Error("a watcher was woken for another payment")
	default:
	}
	cancel()
	for deadline := time.Now().Add(patience); ; {
		c.mu.Lock()
		left := len(c.waiting)
		c.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d payments are still watched", left)
		}
	}
}
