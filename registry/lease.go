package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// errStopped: the registry was stopped.
var errStopped = errors.New("registry: stopped")

// Lease keeps one instance in the registry. Safe for concurrent use.
type Lease struct {
	r    *Registry
	b    *bucket
	poke chan struct{} // there is news to announce
	end  chan struct{} // closed by Release
	done chan struct{} // closed when nothing is announced any more
	once sync.Once

	first chan struct{} // closed after the first attempt

	mu      sync.Mutex // guards what follows
	now     Instance
	heard   time.Time // when the registry last answered
	failing bool
	err     error // of the end
}

// Register puts an instance into the registry and keeps it there until Release: it is renewed every third of
// the TTL, over restarts of NATS and the loss of the bucket. Zero Since becomes now, empty State [Starting].
//
// It waits for the registry's answer until ctx ends, at most a third of the TTL or a second. A registry that is away is no error: the
// lease goes on trying. Errors: ErrBadName, a Detail that is not JSON, and a stopped registry.
func (r *Registry) Register(ctx context.Context, i Instance) (*Lease, error) {
	if i.Since.IsZero() {
		i.Since = r.Now().UTC()
	}
	if i.State == "" {
		i.State = Starting
	}
	if err := i.check(); err != nil {
		return nil, err
	}
	l := &Lease{
		r: r, b: r.bucket(r.instances()), now: i, poke: make(chan struct{}, 1),
		end: make(chan struct{}), done: make(chan struct{}), first: make(chan struct{}),
	}
	if !r.adopt(l, l.Release) {
		return nil, errStopped
	}
	go l.run()
	select {
	case <-l.first:
	case <-ctx.Done():
	}
	return l, nil
}

// run announces until Release.
func (l *Lease) run() {
	defer close(l.done)
	tick := time.NewTicker(l.renewal())
	defer tick.Stop()
	l.announce()
	close(l.first)
	for {
		select {
		case <-l.end:
			l.withdraw()
			return
		case <-l.poke:
		case <-tick.C:
		}
		l.announce()
		tick.Reset(l.renewal()) // news renews, too
	}
}

func (l *Lease) renewal() time.Duration { return l.r.TTL / 3 }

// answerTime is how long the registry's answer is waited for.
func (l *Lease) answerTime() time.Duration { return max(l.renewal(), time.Second) }

// announce tells the registry of the instance as it is now.
func (l *Lease) announce() {
	ctx, cancel := context.WithTimeout(context.Background(), l.answerTime())
	defer cancel()
	i := l.Instance()
	body, err := json.Marshal(i)
	if err == nil {
		err = l.write(ctx, i.Key(), body, nil)
	}
	l.note(err)
}

func (l *Lease) write(ctx context.Context, key string, body []byte, header nats.Header) error {
	_, err := l.b.put(ctx, key, body, header, nil)
	if errors.Is(err, errNoBucket) {
		if err = l.b.make(ctx); err == nil {
			_, err = l.b.put(ctx, key, body, header, nil)
		}
	}
	return err
}

// note remembers how an announcement went, and logs where that changes.
func (l *Lease) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.now.Key()
	switch {
	case err == nil:
		if l.failing {
			l.r.Log.Info("registered again", "instance", key)
		}
		l.heard = l.r.Now()
	case !l.failing:
		l.r.Log.Warn("not registered; trying again", "instance", key, "error", err)
	}
	l.failing = err != nil
}

// withdraw takes the instance out of the registry.
func (l *Lease) withdraw() {
	ctx, cancel := context.WithTimeout(context.Background(), l.answerTime())
	defer cancel()
	_, err := l.b.put(ctx, l.Instance().Key(), nil, nats.Header{operationHeader: {deleted}}, nil)
	l.mu.Lock()
	l.err = err
	l.failing = false // it says nothing about the registry any more
	l.mu.Unlock()
}

// Instance is what is announced now.
func (l *Lease) Instance() Instance {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Update changes what is announced, and announces it at once. ID, role and name stay what they are.
// Updates that follow each other closely may be announced as one. change runs under the lease's lock and must not call the lease.
func (l *Lease) Update(change func(*Instance)) {
	l.mu.Lock()
	is := l.now
	change(&l.now)
	l.now.Role, l.now.Name, l.now.ID = is.Role, is.Name, is.ID
	l.mu.Unlock()
	select {
	case l.poke <- struct{}{}:
	default: // the next announcement will hold this, too
	}
}

// Held reports whether the registry has heard of the instance within the last TTL.
func (l *Lease) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.heard.IsZero() && l.r.Now().Sub(l.heard) < l.r.TTL
}

func (l *Lease) troubled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing
}

// Release takes the instance out of the registry, so that nobody sends it anything from now on. It waits for the registry's answer
// until ctx ends; one that did not hear of it forgets the instance after the TTL. It may be called twice.
func (l *Lease) Release(ctx context.Context) error {
	l.once.Do(func() { close(l.end) })
	select {
	case <-l.done:
	case <-ctx.Done():
		return fmt.Errorf("registry: release: %w", ctx.Err())
	}
	l.r.forget(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return fmt.Errorf("registry: release %s: %w", l.now.Key(), l.err)
	}
	return nil
}
