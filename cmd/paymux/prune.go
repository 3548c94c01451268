package main

import (
	"context"
	"time"
)

const (
	// keepAnswers is how long a request's answer is kept for its repeats.
	keepAnswers = 7 * 24 * time.Hour
	pruneEvery  = 10 * time.Minute
	pruneAtOnce = 1000 // rows a commit, so that no payment waits long behind one
)

// startPruning deletes answers nobody can ask for any more, a little at a time, until stop.
func (s *system) startPruning() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pruneEvery)
		defer tick.Stop()
		for {
			s.prune(ctx)
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
	for ctx.Err() == nil {
		n, err := s.store.PruneIdempotency(ctx, s.now().Add(-keepAnswers), pruneAtOnce)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "prune kept answers", "error", err)
		}
		if err != nil || n < pruneAtOnce {
			return
		}
	}
}
