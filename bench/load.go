package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// shot makes one request and reports whether it did what was asked.
type shot func(ctx context.Context, caller int) error

// result is what a load measured.
type result struct {
	Done      int
	Failed    int
	FirstFail string
	Length    time.Duration
	took      []time.Duration // sorted
}

// load runs a scenario in a closed loop, each of callers asking again as soon as it
// is answered or has paused after that, or, with a rate, in an open loop: requests start when they are due
// whatever the answers, and their time counts from when they were due.
func load(ctx context.Context, p plan, fire shot) result {
	ctx, cancel := context.WithTimeout(ctx, p.length)
	defer cancel()
	gather := &gatherer{took: make([][]time.Duration, p.callers)}
	start := time.Now()
	var due func() (time.Time, bool)
	switch {
	case p.rate > 0:
		due = schedule(start, p.rate, p.length)
	case p.pause > 0:
		due = func() (time.Time, bool) { return rest(ctx, p.pause) }
	default:
		due = func() (time.Time, bool) { return time.Now(), ctx.Err() == nil }
	}
	var wg sync.WaitGroup
	for caller := range p.callers {
		wg.Go(func() { gather.loop(ctx, caller, due, fire) })
	}
	wg.Wait()
	return gather.result(time.Since(start))
}

// schedule hands out start times at a rate.
func schedule(start time.Time, rate int, length time.Duration) func() (time.Time, bool) {
	var next atomic.Int64
	gap := time.Second / time.Duration(rate)
	return func() (time.Time, bool) {
		at := time.Duration(next.Add(1)-1) * gap
		if at >= length {
			return time.Time{}, false
		}
		time.Sleep(time.Until(start.Add(at)))
		return start.Add(at), true
	}
}

// rest waits for a random time around pause, so that callers do not come together. It reports whether there is time left.
func rest(ctx context.Context, pause time.Duration) (time.Time, bool) {
	select {
	case <-time.After(time.Duration(rand.ExpFloat64() * float64(pause))):
		return time.Now(), true
	case <-ctx.Done():
		return time.Time{}, false
	}
}

type gatherer struct {
	took   [][]time.Duration
	mu     sync.Mutex
	failed int
	first  string
}

func (g *gatherer) loop(ctx context.Context, caller int, due func() (time.Time, bool), fire shot) {
	for {
		start, ok := due()
		if !ok {
			return
		}
		// A request under way when time is up is finished: cutting it would count as a failure of the server.
		if err := fire(context.WithoutCancel(ctx), caller); err != nil {
			g.fail(err)
			continue
		}
		g.took[caller] = append(g.took[caller], time.Since(start))
	}
}

func (g *gatherer) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed++; g.first == "" {
		g.first = err.Error()
	}
}

func (g *gatherer) result(length time.Duration) result {
	r := result{Failed: g.failed, FirstFail: g.first, Length: length, took: slices.Concat(g.took...)}
	r.Done = len(r.took)
	slices.Sort(r.took)
	return r
}

// quantile is the time within which a share of the requests were answered.
func (r *result) quantile(share float64) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(len(r.took)-1, int(share*float64(len(r.took))))]
}

func (r *result) perSecond() float64 { return float64(r.Done) / r.Length.Seconds() }
