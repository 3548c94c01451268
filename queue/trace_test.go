package queue_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/queue"
)

// Each attempt at a task continues the trace of what caused it.
func TestATaskContinuesItsTrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
		seen := map[string][]string{}
		b := start(t, queue.Handler{Window: 1, Do: func(ctx context.Context, k queue.Task) queue.Verdict {
			seen[k.Ref] = append(seen[k.Ref], trace.Header(ctx))
			return queue.Verdict{Done: len(seen[k.Ref]) == 2, Reason: "once more"}
		}})
		tasks := b.tasks("lane", 3)
		tasks[0].Trace, tasks[2].Trace = parent, "nonsense"
		b.commit(tasks)
		pass(10 * time.Second)
		b.empty()
		for i, want := range []string{parent, "", ""} {
			if got := seen[tasks[i].Ref]; len(got) != 2 || got[0] != want || got[1] != want {
				t.Errorf("attempts at a task of %q ran under %q", tasks[i].Trace, got)
			}
		}
	})
}
