package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
)

const (
	// changedSubject carries the IDs of payments that changed and of their merchants, two lines each.
	changedSubject = "paymux.changed"
	// gatherFor is how long news is gathered before it is sent to other processes, so
	// that it costs a message every so often and not one a commit.
	gatherFor = 10 * time.Millisecond
	gatherMax = 16 << 10 // bytes
)

// changes spreads the news that a payment has changed to whoever waits for it: in
// this process at once, in others soon. It carries no content and may be lost: who
// is woken, or has waited long enough, reads the store.
type changes struct {
	publish func(subject string, data []byte) error

	watchers atomic.Int64 // with none, and that is nearly always, no lock is taken
	mu       sync.Mutex
	waiting  map[string]map[chan struct{}]bool // by payment or merchant

	gather sync.Mutex // guards news; held for an append, and never together with mu
	news   []byte
}

func newChanges() *changes {
	return &changes{waiting: map[string]map[chan struct{}]bool{}}
}

// announce tells of a committed change.
func (c *changes) announce(p paymux.Payment) {
	c.wake(string(p.ID))
	c.wake(string(p.Merchant))
	c.gather.Lock()
	defer c.gather.Unlock()
	if len(c.news) == 0 {
		time.AfterFunc(gatherFor, c.send)
	}
	if len(c.news) < gatherMax { // beyond it, news is lost, which costs waiting pages their quickness
		c.news = append(append(c.news, p.ID...), '\n')
		c.news = append(append(c.news, p.Merchant...), '\n')
	}
}

// send publishes what was gathered.
func (c *changes) send() {
	c.gather.Lock()
	news := c.news
	c.news = make([]byte, 0, cap(news))
	c.gather.Unlock()
	_ = c.publish(changedSubject, news) // lost news costs a waiting page its quickness, and nothing else
}

// subscribe hears of other processes' changes. The subscription ends with the connection.
func (c *changes) subscribe(conn *nats.Conn) error {
	_, err := conn.Subscribe(changedSubject, func(m *nats.Msg) {
		for id := range strings.Lines(string(m.Data)) {
			c.wake(strings.TrimSuffix(id, "\n"))
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe to changes: %w", err)
	}
	return nil
}

func (c *changes) wake(id string) {
	if c.watchers.Load() == 0 {
		return
	}
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
	return c.await(ctx, string(id))
}

// watchMerchant returns the same for all of a merchant's payments.
func (c *changes) watchMerchant(ctx context.Context, id paymux.MerchantID) <-chan struct{} {
	return c.await(ctx, string(id))
}

func (c *changes) await(ctx context.Context, id string) <-chan struct{} {
	ch := make(chan struct{}, 1)
	c.watchers.Add(1)
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
		c.watchers.Add(-1)
	})
	return ch
}
