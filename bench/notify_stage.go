package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paymux/paymux/bench/tally"
)

// Phases of a stage's loads. Every record says to which it belongs.
const (
	warming = iota + 1
	baseline
	measured
	flooding
)

// window is one load, as it went.
type window struct {
	emitted
	spent
}

func (w *window) length() time.Duration { return time.Duration(w.Ended - w.Began) }

// everybody is a load of all merchants.
func (s *stage) everybody(phase uint32, rate int, length time.Duration) emission {
	return emission{Phase: phase, To: len(s.cast.Merchants), Emitters: s.emitters, Rate: rate, ForMS: length.Milliseconds()}
}

// load has every node emit its share and returns when all have.
func (s *stage) load(ctx context.Context, e emission) (window, error) {
	return s.loadFrom(ctx, e, s.nodes...)
}

func (s *stage) loadFrom(ctx context.Context, e emission, nodes ...*server) (window, error) {
	e.Shaky = uint32(s.endpoints - s.shaky)
	if e.Rate > 0 { // enough for commits of a quarter of a second, few enough not to sleep long
		e.Emitters = min(max(e.Rate/len(nodes)/4, 4), 256)
	}
	before := s.usage()
	parts, errs := make([]emitted, len(nodes)), make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		share := e
		share.Rate = portion(e.Rate, i, len(nodes))
		share.Events = int64(portion(int(e.Events), i, len(nodes)))
		wg.Go(func() { errs[i] = n.tell(ctx, "/emit", share, &parts[i]) })
	}
	wg.Wait()
	w := window{emitted: parts[0]}
	for _, p := range parts[1:] {
		w.Events, w.Steady, w.Shaky, w.Failed = w.Events+p.Events, w.Steady+p.Steady, w.Shaky+p.Shaky, w.Failed+p.Failed
		w.Began, w.Ended = min(w.Began, p.Began), max(w.Ended, p.Ended)
		if w.FirstFail == "" {
			w.FirstFail = p.FirstFail
		}
	}
	w.spent = s.usage().minus(before)
	s.expect(w.emitted)
	if w.Failed > 0 {
		errs = append(errs, fmt.Errorf("%d events could not be committed: %s", w.Failed, w.FirstFail))
	}
	return w, errors.Join(append(errs, s.alive())...)
}

// portion is part i of n parts that make up whole; none is 0 unless the whole is.
func portion(whole, i, n int) int {
	if whole == 0 {
		return 0
	}
	return max(1, whole*(i+1)/n-whole*i/n)
}

var expecting sync.Mutex // two loads may end at the same time

func (s *stage) expect(e emitted) {
	expecting.Lock()
	defer expecting.Unlock()
	s.expected.Steady += e.Steady
	s.expected.Shaky += e.Shaky
}

// stopEmitting ends a phase's load early.
func (s *stage) stopEmitting(ctx context.Context, phase uint32) error {
	var errs []error
	for _, n := range s.nodes {
		errs = append(errs, n.tell(ctx, "/stop", phase, nil))
	}
	return errors.Join(errs...)
}

// patience is how long nothing may arrive before what is still expected counts as lost: more
// than a retry's wait.
const patience = 75 * time.Second

// await returns when as much has arrived as want says.
func (s *stage) await(ctx context.Context, want sinkCount) error {
	var last sinkCount
	moved := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var now sinkCount
		if err := errors.Join(s.alive(), s.sink.tell(ctx, "/count", nil, &now)); err != nil {
			return err
		}
		switch {
		case now.Bad > 0:
			return fmt.Errorf("the sink refused %d deliveries, the first because of: %s", now.Bad, now.FirstBad)
		case now.Steady >= want.Steady && now.Shaky >= want.Shaky:
			return nil
		case now != last:
			last, moved = now, time.Now()
		case time.Since(moved) > patience:
			return fmt.Errorf("nothing has arrived for %v, and %d of %d deliveries are missing", patience,
				want.Steady+want.Shaky-now.Steady-now.Shaky, want.Steady+want.Shaky)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// awaitAll returns when everything emitted so far has arrived.
func (s *stage) awaitAll(ctx context.Context) error { return s.await(ctx, s.expected) }

// awaitSteady is the same for endpoints that have no trouble.
func (s *stage) awaitSteady(ctx context.Context) error {
	return s.await(ctx, sinkCount{Steady: s.expected.Steady})
}

// finish waits until everything emitted has arrived and returns what both sides noted. Arrivals that
// were duplicates may hide that something is missing, so it looks again until nothing
// is, or patience ends: the caller reports what is missing then.
func (s *stage) finish(ctx context.Context) (tally.Matched, error) {
	if err := s.awaitAll(ctx); err != nil {
		return tally.Matched{}, err
	}
	var sent []tally.Record
	for _, n := range s.nodes {
		records, err := n.journal(ctx)
		if err != nil {
			return tally.Matched{}, err
		}
		sent = append(sent, records...)
	}
	for deadline := time.Now().Add(patience); ; {
		arrived, err := s.sink.journal(ctx)
		if err != nil {
			return tally.Matched{}, err
		}
		m := tally.Match(sent, arrived)
		if len(m.Missing) == 0 || time.Now().After(deadline) {
			return m, s.alive()
		}
		if err := sleep(ctx, time.Second); err != nil {
			return m, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// behave makes the shaky endpoints have trouble, or none.
func (s *stage) behave(ctx context.Context, b behaviour) error {
	return s.sink.tell(ctx, "/behave", b, nil)
}
