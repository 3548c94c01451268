package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// KindStatistics is the task that counts. There is one of it in a store, and so one replica that counts at a time.
const KindStatistics = "statistics"

// How long statistics are kept. Those of days are kept for good.
const (
	KeepMinutes = 3 * 24 * time.Hour
	KeepHours   = 90 * 24 * time.Hour
)

const (
	countEvery     = 2 * time.Second  // between two rounds that found nothing left to count
	roundLimit     = 10 * time.Second // a round that takes longer goes on in another: the task's lease may have gone to somebody else
	batchesAtATime = 64
	rowsAtATime    = 900 // added in one commit, about, so that no payment waits long behind one
	pruneEvery     = 10 * time.Minute
	prunedAtATime  = 1000
)

// Config wires a Counter. All fields are required.
type Config struct {
	Store Store
	IDs   *paymux.IDs
	Now   func() time.Time
	Log   *slog.Logger
}

// Counter adds what payments have committed to the statistics. Safe for concurrent use: whoever comes
// second finds that its work was done.
type Counter struct {
	Config
	pruned atomic.Int64 // Unix nanoseconds of the newest pruning that went well
}

// NewCounter returns a Counter.
func NewCounter(c Config) *Counter { return &Counter{Config: c} }

// Task is what has a store counted, from now on for good. Enqueueing it again renews it.
func (c *Counter) Task() queue.Task {
	now := c.Now().UTC().Truncate(time.Microsecond)
	return queue.Task{
		ID: paymux.TaskID(c.IDs.New(paymux.PrefixTask)), Kind: KindStatistics, Lane: KindStatistics, Ref: KindStatistics, Due: now, CreatedAt: now,
	}
}

// Handler is that of KindStatistics. The task is never done; a round that fails is tried again.
func (c *Counter) Handler() queue.Handler { return queue.Handler{Do: c.round, Window: 1} }

func (c *Counter) round(ctx context.Context, _ queue.Task) queue.Verdict {
	more, err := c.Count(ctx)
	if err == nil {
		err = c.pruneSometimes(ctx)
	}
	v := queue.Verdict{Uncounted: true, Reason: "counts again", Due: c.Now().Add(countEvery)}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.Log.WarnContext(ctx, "count statistics", "error", err)
		v.Reason = "the store did not take the statistics"
	case more:
		v.Due = c.Now()
	}
	return v
}

// Count counts what is there, for a while. It reports whether there is more. A batch that it does
// not understand is logged and left, for a newer program to count.
func (c *Counter) Count(ctx context.Context) (more bool, err error) {
	end := c.Now().Add(roundLimit)
	for after := int64(0); ; {
		batches, err := c.Store.Facts(ctx, after, batchesAtATime)
		if err != nil {
			return false, fmt.Errorf("read facts: %w", err)
		}
		for rest := batches; len(rest) > 0; {
			n, err := c.countSome(ctx, rest)
			if errors.Is(err, paymux.ErrStale) {
				return false, nil // another replica is at it
			}
			if err != nil {
				return false, err
			}
			after, rest = rest[n-1].N, rest[n:]
		}
		if len(batches) < batchesAtATime {
			return false, nil
		}
		if !c.Now().Before(end) {
			return true, nil
		}
	}
}

// countSome counts as many batches as are good for one commit, at least one, and returns how many.
func (c *Counter) countSome(ctx context.Context, batches []Batch) (n int, err error) {
	sums := newSums()
	var counted []int64
	for n < len(batches) && 3*len(sums.places) < rowsAtATime {
		b := &batches[n]
		n++
		if err := sums.add(b.Body); err != nil {
			c.Log.ErrorContext(ctx, "count statistics: facts that are not understood are left", "batch", b.N, "error", err)
			continue
		}
		counted = append(counted, b.N)
	}
	if len(counted) == 0 {
		return n, nil
	}
	if err := c.Store.CountFacts(ctx, counted, sums.rows()); err != nil {
		return n, fmt.Errorf("count %d batches of facts: %w", len(counted), err)
	}
	return n, nil
}

// pruneSometimes deletes statistics that were kept long enough.
func (c *Counter) pruneSometimes(ctx context.Context) error {
	now := c.Now()
	if now.Sub(time.Unix(0, c.pruned.Load())) < pruneEvery {
		return nil
	}
	for every, keep := range map[paymux.Interval]time.Duration{paymux.EveryMinute: KeepMinutes, paymux.EveryHour: KeepHours} {
		for n := prunedAtATime; n == prunedAtATime; {
			var err error
			if n, err = c.Store.PruneStatistics(ctx, every, now.Add(-keep), prunedAtATime); err != nil {
				return err
			}
		}
	}
	c.pruned.Store(now.UnixNano())
	return nil
}
