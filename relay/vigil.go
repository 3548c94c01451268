package relay

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// read reads the marks. Where there are none, they are begun: the journal is new, or was lost.
func (l *ledger) read(ctx context.Context) error {
	body, rev, err := l.get(ctx, marksName)
	if errors.Is(err, ErrNotWritten) {
		m := marks{Began: l.now().UTC(), Written: l.now().UTC()}
		if rev, err = l.put(ctx, marksName, encode(m), 0); errors.Is(err, ErrRewritten) {
			body, rev, err = l.get(ctx, marksName)
		} else {
			body = encode(m)
		}
	}
	if err != nil {
		return err
	}
	var m marks
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	l.learn(m, rev)
	return nil
}

// confirm reports whether the journal is still the one of an epoch, and sound.
func (l *ledger) confirm(ctx context.Context, epoch int) error {
	if err := l.read(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch != epoch {
		return errUnsettled
	}
	return l.unsound()
}

// probe looks at the journal once, and tells it what it does not know.
func (l *ledger) probe(ctx context.Context) {
	if err := l.read(ctx); err != nil {
		return
	}
	l.mu.Lock()
	ageing := l.mute || l.owed || l.now().Sub(l.marks.Written) > l.Horizon/8
	l.mu.Unlock()
	if ageing && l.write(ctx, func(*marks) {}) != nil {
		return
	}
	l.mu.Lock()
	lost := l.lost
	l.lost = false
	l.mu.Unlock()
	l.restore(ctx, lost)
}

// restore writes keys that were sent without the journal, or that a lost one had.
func (l *ledger) restore(ctx context.Context, all bool) {
	waiting := l.claims.laid(all)
	if len(waiting) == 0 {
		return
	}
	next := make(chan *claim)
	var writers sync.WaitGroup
	for range min(32, len(waiting)) {
		writers.Go(func() {
			for c := range next {
				l.restoreOne(ctx, c)
			}
		})
	}
	for _, c := range waiting {
		next <- c
	}
	close(next)
	writers.Wait()
}

func (l *ledger) restoreOne(ctx context.Context, c *claim) {
	l.mu.Lock()
	stop, epoch := !l.away.IsZero(), l.epoch
	l.mu.Unlock()
	if !c.held.try() { // who holds it may be waiting for the journal, and the journal's return is noticed here
		l.claims.owe(c)
		return
	}
	defer c.held.release()
	if !c.known {
		l.claims.lift(c)
		return
	}
	if stop || l.rewrite(ctx, c) != nil {
		l.claims.owe(c)
		return
	}
	c.fresh, c.epoch = false, epoch
	l.claims.lift(c)
}

// rewrite makes the journal say what this process did. An entry with the same region has to say that it is used: its maker
// might move the key otherwise.
func (l *ledger) rewrite(ctx context.Context, c *claim) error {
	is := encode(entry{Region: c.region, Used: true})
	_, err := l.put(ctx, c.name, is, 0)
	for errors.Is(err, ErrRewritten) && ctx.Err() == nil {
		var body []byte
		var rev uint64
		if body, rev, err = l.get(ctx, c.name); err != nil {
			return err
		}
		there, unread := readEntry(body)
		if unread == nil && !there.Void && there.Region != c.region {
			l.log.Error("an idempotency key may have gone to two regions: compare them", "journal_entry", c.name, "region", c.region, "other", there.Region)
		}
		if unread == nil && there.Used {
			return nil
		}
		_, err = l.put(ctx, c.name, is, rev)
	}
	return err
}

// watch probes, and asks the other frontends where it has to, until ctx ends. The one follows the other: a journal that is back has been heard before
// anybody is asked to wait.
func (l *ledger) watch(ctx context.Context) {
	tick := time.NewTicker(l.Probe)
	defer tick.Stop()
	for {
		l.probe(ctx)
		l.convene(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
