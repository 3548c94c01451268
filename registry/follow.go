package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// follower keeps what a bucket has under some keys in memory, while NATS is there
// and while it is not. T is what the entries are read into.
//
// News come from a subscription, what was there before from a walk through the bucket, which is repeated whenever news may
// have been missed. Nothing known is given up because the bucket cannot be asked, or has lost it.
type follower[T any] struct {
	r       *Registry
	b       *bucket
	filters []string // of keys, with wildcards
	read    func(entry) (T, error)
	life    time.Duration // entries not renewed for so long may be dead; zero: they live for good

	cancel context.CancelFunc
	done   chan struct{}
	ready  chan struct{}
	begun  sync.Once // guards the closing of ready
	shown  atomic.Pointer[shown[T]]

	mu      sync.Mutex // guards what follows; taken by NATS for each piece of news
	known   map[string]*item[T]
	keys    []string  // of the living in order; nil: to be sorted again
	dirty   bool      // what is known is not what is shown
	walking bool      // changes are shown when the walk is over
	waiting bool      // changes are about to be shown
	away    error     // why the bucket cannot be asked; nil: it can. Written by run alone
	since   time.Time // away
	back    time.Time // again after it had been away; zero: it never was
	news    time.Time // when anybody was last heard

	// The rest belongs to run alone.
	subs       []*nats.Subscription
	reconnects uint64
	dropped    int
	walked     time.Time // zero: walk again
}

// item is what is known of a key. A deleted one is kept for a while, so that older news do not bring it back.
type item[T any] struct {
	entry
	value T
	bad   []byte    // the last body that could not be read
	heard time.Time // by our clock
}

// walkEvery is how often everything is read again although nothing seems to be amiss.
const walkEvery = time.Minute

// follow starts f.
func (f *follower[T]) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel, f.done, f.ready = cancel, make(chan struct{}), make(chan struct{})
	f.known = map[string]*item[T]{}
	f.away = errStarting
	f.show()
	if !f.r.adopt(f, func(context.Context) error { f.stop(); return nil }) {
		close(f.done)
		return
	}
	go f.run(ctx)
}

func (f *follower[T]) stop() {
	f.cancel()
	<-f.done
	f.r.forget(f)
}

// run asks after the bucket every third of a TTL and whenever the connection changes.
func (f *follower[T]) run(ctx context.Context) {
	defer close(f.done)
	status := f.r.Conn.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer f.r.Conn.RemoveStatusListener(status)
	for _, filter := range f.filters {
		sub, err := f.r.Conn.Subscribe(newsPrefix+f.b.name+"."+filter, f.hear)
		if err != nil {
			f.r.Log.Error("cannot follow the registry", "bucket", f.b.name, "error", err)
			return
		}
		f.subs = append(f.subs, sub)
		defer func() { _ = sub.Unsubscribe() }() // fails where the connection has ended
	}
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-status:
		case <-tick.C:
		}
		f.attend(ctx)
		tick.Reset(f.pause())
	}
}

// pause is how long run may sleep: until the next renewal should have come, or until an entry is overdue.
func (f *follower[T]) pause() time.Duration {
	pause := f.r.TTL / 3
	if f.away != nil {
		return pause / 4
	}
	if f.life == 0 {
		return pause
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.r.Now()
	for _, it := range f.known {
		if !it.gone {
			pause = min(pause, it.heard.Add(f.life).Sub(now))
		}
	}
	return max(pause, f.life/30)
}

// attend learns whether the bucket answers, reads it where news may have been missed, and
// gives up entries that are dead.
func (f *follower[T]) attend(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, max(f.r.TTL/3, 2*time.Second))
	defer cancel()
	err := f.ask(limited)
	if ctx.Err() != nil {
		return
	}
	read := err == nil
	if read && f.life > 0 && f.r.troubled() {
		err = errSilent
	}
	f.mark(err, read)
	if err == nil && f.life > 0 {
		f.bury(limited)
	}
}

func (f *follower[T]) ask(ctx context.Context) error {
	if !f.r.Conn.IsConnected() {
		return errNoConnection
	}
	if f.missed() {
		return f.walk(ctx)
	}
	return f.b.probe(ctx)
}

// missed reports whether news may have got lost since the last walk.
func (f *follower[T]) missed() bool {
	dropped := 0
	for _, sub := range f.subs {
		n, _ := sub.Dropped() // fails where the connection has ended
		dropped += n
	}
	reconnects := f.r.Conn.Stats().Reconnects
	lost := f.walked.IsZero() || f.away != nil || dropped != f.dropped || reconnects != f.reconnects || f.r.Now().Sub(f.walked) > walkEvery
	f.dropped, f.reconnects = dropped, reconnects
	if lost {
		f.walked = time.Time{}
	}
	return lost
}

// walk reads everything, after making the bucket where it is missing and we may.
func (f *follower[T]) walk(ctx context.Context) error {
	f.hold(true)
	defer f.hold(false)
	begun, there := f.r.Now(), map[string]bool{}
	for _, filter := range f.filters {
		err := f.b.walk(ctx, filter, func(e entry) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.take(e)
			there[e.key] = true
		})
		if errors.Is(err, errNoBucket) {
			err = f.b.make(ctx)
		}
		if err != nil {
			return err
		}
	}
	f.walked = begun
	return f.lost(there)
}

// lost reports entries that the bucket should have for good and has not: even deleted ones leave a mark.
func (f *follower[T]) lost(there map[string]bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key := range f.known {
		if f.life == 0 && !there[key] {
			return fmt.Errorf("the bucket has lost %s", key)
		}
	}
	return nil
}

// hold keeps changes from being shown one by one.
func (f *follower[T]) hold(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.walking = on; !on && f.dirty {
		f.show()
	}
}

// hear takes news.
func (f *follower[T]) hear(m *nats.Msg) {
	e, stored := f.b.stored(m)
	if !stored || m.Subject != newsPrefix+f.b.name+"."+e.key {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.news = f.r.Now()
	if f.take(e); f.dirty {
		f.showSoon()
	}
}

// take puts an entry into what is known. A bucket that was lost and made again counts from
// one, and the clocks of two servers may differ a little: what is newer by either is newer.
func (f *follower[T]) take(e entry) {
	it := f.known[e.key]
	if it == nil {
		it = &item[T]{entry: entry{key: e.key, gone: true}}
		f.known[e.key] = it
	}
	if e.rev <= it.rev && !e.at.After(it.at) {
		return
	}
	it.rev, it.at, it.heard = e.rev, e.at, f.r.Now()
	switch {
	case e.gone:
		f.live(it, false)
	case it.gone || !bytes.Equal(it.body, e.body):
		f.learn(it, e)
	}
}

// learn reads an entry that is new or has changed. Of one that cannot be read, what was known stays.
func (f *follower[T]) learn(it *item[T], e entry) {
	value, err := f.read(e)
	if err != nil {
		if !bytes.Equal(it.bad, e.body) {
			f.r.Log.Error("an entry of the registry cannot be read", "bucket", f.b.name, "key", e.key, "error", err)
		}
		it.bad = e.body
		return
	}
	it.value, it.body, it.bad, f.dirty = value, e.body, nil, true
	f.live(it, true)
}

func (f *follower[T]) live(it *item[T], yes bool) {
	if it.gone == yes {
		it.gone, f.keys, f.dirty = !yes, nil, true
	}
}
