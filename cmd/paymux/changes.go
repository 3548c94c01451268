package main

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
)

const (
	// changedPrefix begins the subjects that carry, each for a region by its number, the IDs of payments that changed
	// there and of their merchants, two lines each.
	changedPrefix = "paymux.changed."
	// gatherFor is how long news is gathered before it is sent to other processes, so
	// that it costs a message every so often and not one a commit.
	gatherFor = 10 * time.Millisecond
	gatherMax = 16 << 10 // bytes
)

// changes spreads the news that a payment has changed to whoever waits for it: in
// this process at once, in others soon. It carries no content and may be lost: who
// is woken, or has waited long enough, reads the store. News of a region is heard only while somebody here waits for it:
// sent to all, it would be what a large system saturates with first (docs/scale.md).
type changes struct {
	publish func(data []byte) error                               // to others; nil: there are none
	hear    func(subject string, on nats.MsgHandler) (end func()) // of others; nil: there are none

	watchers atomic.Int64 // with none, and that is nearly always, no lock is taken
	mu       sync.Mutex
	waiting  map[string]map[chan struct{}]bool // by payment or merchant
	hearing  map[string]*hearing               // by subject

	gather sync.Mutex // guards news; held for an append, and never together with mu
	news   []byte
}

// hearing is a subscription that somebody here waits by.
type hearing struct {
	waiting int
	end     func()
}

func newChanges() *changes {
	return &changes{waiting: map[string]map[chan struct{}]bool{}, hearing: map[string]*hearing{}}
}

// join spreads news of a region over a connection, and hears others'.
func (c *changes) join(conn *nats.Conn, region paymux.Region) {
	subject := changedSubject(region)
	c.publish = func(data []byte) error { return conn.Publish(subject, data) }
	c.hear = func(subject string, on nats.MsgHandler) func() {
		sub, err := conn.Subscribe(subject, on)
		if err != nil { // the connection has ended
			return func() {}
		}
		return func() { _ = sub.Unsubscribe() } // likewise
	}
}

func changedSubject(region paymux.Region) string { return changedPrefix + strconv.Itoa(int(region)) }

// announce tells of a committed change.
func (c *changes) announce(p paymux.Payment) {
	c.wake(string(p.ID))
	c.wake(string(p.Merchant))
	if c.publish == nil {
		return
	}
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
	_ = c.publish(news) // lost news costs a waiting page its quickness, and nothing else
}

// heard wakes who waits for what another process tells of.
func (c *changes) heard(m *nats.Msg) {
	for id := range strings.Lines(string(m.Data)) {
		c.wake(strings.TrimSuffix(id, "\n"))
	}
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
	subject := changedPrefix + "*"
	if region, ok := paymux.RegionOf(string(id)); ok {
		subject = changedSubject(region)
	}
	return c.await(ctx, string(id), subject)
}

// watchMerchant returns the same for all of a merchant's payments, which may be in any region.
func (c *changes) watchMerchant(ctx context.Context, id paymux.MerchantID) <-chan struct{} {
	return c.await(ctx, string(id), changedPrefix+"*")
}

func (c *changes) await(ctx context.Context, id, subject string) <-chan struct{} {
	ch := make(chan struct{}, 1)
	c.watchers.Add(1)
	c.mu.Lock()
	if c.waiting[id] == nil {
		c.waiting[id] = map[chan struct{}]bool{}
	}
	c.waiting[id][ch] = true
	c.begin(subject)
	c.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if delete(c.waiting[id], ch); len(c.waiting[id]) == 0 {
			delete(c.waiting, id)
		}
		c.end(subject)
		c.watchers.Add(-1)
	})
	return ch
}

// begin hears a subject from the first who waits by it. What is asked over the same connection afterwards is answered
// after the server knows, so that no change falls in between. mu is held.
func (c *changes) begin(subject string) {
	if c.hear == nil {
		return
	}
	h := c.hearing[subject]
	if h == nil {
		h = &hearing{end: c.hear(subject, c.heard)}
		c.hearing[subject] = h
	}
	h.waiting++
}

// end hears it no more after the last. mu is held.
func (c *changes) end(subject string) {
	h := c.hearing[subject]
	if h == nil {
		return
	}
	if h.waiting--; h.waiting == 0 {
		h.end()
		delete(c.hearing, subject)
	}
}
