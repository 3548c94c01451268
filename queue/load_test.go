package queue_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paymux/paymux/internal/histogram"
	"github.com/paymux/paymux/queue"
)

// What waits behind a far side that fails is told apart from what this process has to catch up with.
func TestLoadTellsWaitingFromHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		b := start(t, queue.Handler{Window: 1, Breaker: true, Do: func(_ context.Context, task queue.Task) queue.Verdict {
			if task.Lane == "dead" {
				return queue.Verdict{Reason: "refused"}
			}
			<-block
			return queue.Verdict{Done: true}
		}})
		b.commit(b.tasks("slow", 5))
		b.commit(b.tasks("dead", 10))
		pass(300 * time.Millisecond)
		want := queue.Load{
			Partitions: queue.Partitions, Lanes: 2, Waiting: 4, Held: 2, HeldLanes: 1, Running: 1, Oldest: 300 * time.Millisecond,
		}
		if diff := cmp.Diff(want, b.runner.Load()); diff != "" {
			t.Error(diff)
		}
		close(block)
		pass(10 * time.Millisecond)
		if got := b.runner.Load(); got.Waiting != 0 || got.Oldest != 0 || got.Running != 0 {
			t.Errorf("%+v when all is done", got)
		}
	})
}

func TestCountsOfEachVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdicts := map[string]queue.Verdict{
			"a": {Done: true}, "b": {Bury: true, Reason: "no"},
			"c": {Reason: "failed", Due: time.Now().Add(time.Hour)}, "d": {Uncounted: true, Reason: "waits", Due: time.Now().Add(time.Hour)},
		}
		b := start(t, queue.Handler{Do: func(_ context.Context, task queue.Task) queue.Verdict {
			time.Sleep(5 * time.Millisecond)
			return verdicts[task.Lane]
		}})
		for lane, n := range map[string]int{"a": 4, "b": 3, "c": 2, "d": 1} {
			b.commit(b.tasks(lane, n))
		}
		pass(200 * time.Millisecond)
		want := []queue.KindCounts{{Kind: "work", Done: 4, Buried: 3, Failed: 2, Postponed: 1, Took: histogram.Counts{Number: 10, Sum: 50 * time.Millisecond}}}
		if diff := cmp.Diff(want, b.runner.Counts(), cmpopts.IgnoreFields(histogram.Counts{}, "Buckets")); diff != "" {
			t.Error(diff)
		}
	})
}
