package main

import (
	"context"
	"time"

	"github.com/paymux/paymux/payment"
)

const (
	// keepAnswers is how long a request's answer is kept for its repeats.
	keepAnswers = 7 * 24 * time.Hour
	// keepQuotas is how long it is kept what was taken of a quota: longer than an outcome is asked for, so that all that is given back finds its day.
	keepQuotas  = payment.GiveUp + 10*24*time.Hour
	pruneEvery  = 10 * time.Minute
	pruneAtOnce = 1000 // rows a commit, so that no payment waits long behind one
)

// startPruning deletes answers nobody can ask for any more, and events that have been kept long enough, a little at a time, until stop.
func (s *system) startPruning() { s.every(pruneEvery, s.prune) }

// every does something now and at each interval, until stop.
func (s *system) every(interval time.Duration, do func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			do(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
}

// prune deletes all that is due. What fails is tried again at the next tick.
func (s *system) prune(ctx context.Context) {
	s.pruneAll(ctx, "kept answers", s.store.PruneIdempotency, s.now().Add(-keepAnswers))
	s.pruneAll(ctx, "events", s.store.PruneEvents, s.now().Add(-s.conf.Notify.Keep))
	s.pruneAll(ctx, "quotas", s.store.PruneQuotas, s.now().Add(-keepQuotas))
}

func (s *system) pruneAll(ctx context.Context, what string, prune func(context.Context, time.Time, int) (int, error), before time.Time) {
	for ctx.Err() == nil {
		n, err := prune(ctx, before, pruneAtOnce)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "prune "+what, "error", err)
		}
		if err != nil || n < pruneAtOnce {
			return
		}
	}
}
