package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
)

// changedSubject is where the news of committed changes goes, one subject a payment.
const changedSubject = "paymux.changed."

// changes spreads the news that a payment has changed to whoever waits for it, in
// this process or another. It carries no content and may be lost: who is woken, or
// has waited long enough, reads the store.
type changes struct {
	publish func(subject string, data []byte) error

	mu      sync.Mutex
	waiting map[paymux.PaymentID]map[chan struct{}]bool
}

func newChanges() *changes {
	return &changes{waiting: map[paymux.PaymentID]map[chan struct{}]bool{}}
}

// announce tells of a committed change.
func (c *changes) announce(p paymux.Payment) {
	// Lost news costs a waiting page its quickness, and nothing else.
	_ = c.publish(changedSubject+string(p.ID), nil)
}

// subscribe hears of all changes. The subscription ends with the connection.
func (c *changes) subscribe(conn *nats.Conn) error {
	_, err := conn.Subscribe(changedSubject+"*", func(m *nats.Msg) {
		c.wake(paymux.PaymentID(strings.TrimPrefix(m.Subject, changedSubject)))
	})
	if err != nil {
		return fmt.Errorf("subscribe to changes: %w", err)
	}
	return nil
}

func (c *changes) wake(id paymux.PaymentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.waiting[id] {
		select {
		case ch <- struct{}{}:
		default: // it is awake already
		}
	}
}

// watch returns a channel that gets a value after changes of the payment, until ctx ends.
func (c *changes) watch(ctx context.Context, id paymux.PaymentID) <-chan struct{} {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	if c.waiting[id] == nil {
		c.waiting[id] = map[chan struct{}]bool{}
	}
	c.waiting[id][ch] = true
	c.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if delete(c.waiting[id], ch); len(c.waiting[id]) == 0 {
			delete(c.waiting, id)
		}
	})
	return ch
}
