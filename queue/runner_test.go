package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/queue/queuetest"
)

// bench is one runner on a store in memory, inside a synctest bubble, where time
// passes only while every goroutine waits.
type bench struct {
	*testing.T
	store  *queuetest.Store
	runner *queue.Runner
	serial int
}

func start(t *testing.T, h queue.Handler, adjust ...func(*queue.Config)) *bench {
	t.Helper()
	b := &bench{T: t, store: queuetest.NewStore()}
	c := queue.Config{
		Store:    b.store,
		Leases:   b.store,
		Replica:  "one",
		Handlers: map[string]queue.Handler{"work": h},
		Now:      time.Now,
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		Backoff:  func(int) time.Duration { return time.Second },
	}
	for _, f := range adjust {
		f(&c)
	}
	b.runner = queue.NewRunner(c)
	b.runner.Start()
	t.Cleanup(func() { b.stop(time.Minute) })
	pass(10 * time.Millisecond) // until it has its partitions
	return b
}

func (b *bench) stop(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return b.runner.Stop(ctx)
}

// tasks makes n tasks of a lane, due now.
func (b *bench) tasks(lane string, n int) []queue.Task {
	made := make([]queue.Task, n)
	for i := range made {
		b.serial++
		id := fmt.Sprintf("task_%06d", b.serial)
		made[i] = queue.Task{ID: paymux.TaskID(id), Kind: "work", Lane: lane, Ref: id, Due: time.Now(), CreatedAt: time.Now()}
	}
	return made
}

// commit puts tasks into the store and offers them, as a payment does.
func (b *bench) commit(tasks []queue.Task) {
	b.store.Add(tasks...)
	b.runner.Offer(tasks)
}

// pass lets time pass, and everything happen that happens until then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (b *bench) empty() {
	b.Helper()
	if left := b.store.Look().Tasks; len(left) != 0 {
		b.Fatalf("%d tasks are left, the first %+v", len(left), left[0])
	}
}

// count is a handler that succeeds and counts by task.
type count struct {
	mu sync.Mutex
	by map[paymux.TaskID]int
}

func (c *count) do(_ context.Context, t queue.Task) queue.Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[paymux.TaskID]int{}
	}
	c.by[t.ID]++
	return queue.Verdict{Done: true}
}

func (c *count) once(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.by) != n {
		t.Fatalf("%d tasks were done, want %d", len(c.by), n)
	}
	for id, times := range c.by {
		if times != 1 {
			t.Errorf("%s was done %d times", id, times)
		}
	}
}

func TestOfferedTasksAreDoneWithoutARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		synctest.Wait()
		before := b.store.Look().Reads
		began := time.Now()
		b.commit(b.tasks("a", 3))
		if _, err := b.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 10*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if reads := b.store.Look().Reads - before; reads != 0 {
			t.Errorf("%d reads", reads)
		}
		c.once(t, 3)
	})
}

func TestCommittedTasksAreFoundByThePollAndByWake(t *testing.T) {
	for _, wake := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var c count
			b := start(t, queue.Handler{Do: c.do})
			pass(100 * time.Millisecond)
			began := time.Now()
			b.store.Add(b.tasks("a", 1200)...) // more than two reads' worth
			if wake {
				b.runner.Wake(queue.Everything)
				b.runner.Wake(queue.Everything)
			}
			b.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 })
			took := time.Since(began)
			if wake && took > 100*time.Millisecond || took > 2*time.Second {
				t.Errorf("wake %v: took %v", wake, took)
			}
			c.once(t, 1200)
		})
	}
}

func TestOfferThatComesLateRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		tasks := b.tasks("a", 2)
		b.store.Add(tasks...)
		b.runner.Wake(queue.Everything)
		pass(100 * time.Millisecond)
		b.empty()
		b.runner.Offer(tasks) // the read was quicker than the committer
		pass(100 * time.Millisecond)
		c.once(t, 2)
	})
}

func TestIdleRunnerSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, queue.Handler{Do: (&count{}).do})
		pass(time.Minute)
		if reads := b.store.Look().Reads; reads > 250 {
			t.Errorf("%d reads in an idle minute", reads)
		}
	})
}

func TestTasksStartWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late atomic.Int64
		b := start(t, queue.Handler{Do: func(_ context.Context, task queue.Task) queue.Verdict {
			late.Store(int64(time.Since(task.Due)))
			return queue.Verdict{Done: true}
		}})
		pass(50 * time.Millisecond)
		for _, wait := range []time.Duration{70 * time.Millisecond, 1370 * time.Millisecond} {
			tasks := b.tasks("a", 1)
			tasks[0].Due = time.Now().Add(wait)
			late.Store(-1)
			b.commit(tasks)
			pass(wait + 20*time.Millisecond)
			if l := time.Duration(late.Load()); l < 0 || l > 6*time.Millisecond {
				t.Errorf("due in %v: started %v after", wait, l)
			}
		}
	})
}

func TestFailuresAreCountedAndBuriedWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		hop := &paymux.Hop{Kind: paymux.HopTask, Text: "tried"}
		b := start(t, queue.Handler{Attempts: 3, Do: func(_ context.Context, task queue.Task) queue.Verdict {
			if task.Attempt != attempts {
				t.Errorf("attempt %d is counted as %d", attempts, task.Attempt)
			}
			attempts++
			return queue.Verdict{Reason: fmt.Sprint("refused ", attempts), Payment: "pay_1", Hop: hop}
		}})
		b.commit(b.tasks("a", 1))
		pass(time.Second)
		if l := b.store.Look(); len(l.Tasks) != 1 || l.Tasks[0].Attempt != 1 || l.Tasks[0].LastError != "refused 1" {
			t.Fatalf("after the first attempt: %+v", l.Tasks)
		}
		pass(5 * time.Second)
		b.empty()
		l := b.store.Look()
		if attempts != 3 || len(l.Buried) != 1 || l.Buried[0].LastError != "refused 3" || l.Buried[0].Attempt != 3 {
			t.Fatalf("%d attempts, buried %+v", attempts, l.Buried)
		}
		if len(l.Hops["pay_1"]) != 3 {
			t.Errorf("hops %+v", l.Hops)
		}
	})
}

func TestVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdicts := []queue.Verdict{
			{Uncounted: true, Reason: "store down"},
			{Due: time.Now().Add(time.Hour), Reason: "later"},
			{Bury: true, Reason: "hopeless"},
		}
		var at []time.Duration
		began := time.Now()
		b := start(t, queue.Handler{Attempts: 9, Do: func(context.Context, queue.Task) queue.Verdict {
			at = append(at, time.Since(began).Round(100*time.Millisecond))
			return verdicts[len(at)-1]
		}})
		b.commit(b.tasks("a", 1))
		pass(2 * time.Hour)
		b.empty()
		if want := []time.Duration{0, time.Second, time.Hour}; !slices.Equal(at, want) {
			t.Errorf("attempts at %v, want %v", at, want)
		}
		if buried := b.store.Look().Buried; len(buried) != 1 || buried[0].Attempt != 2 || buried[0].LastError != "hopeless" {
			t.Errorf("buried %+v", buried)
		}
	})
}

func TestPanicIsAFailedAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, queue.Handler{Attempts: 2, Do: func(context.Context, queue.Task) queue.Verdict { panic("boom") }})
		b.commit(b.tasks("a", 1))
		pass(3 * time.Second)
		if buried := b.store.Look().Buried; len(buried) != 1 || buried[0].LastError != "panic: boom" {
			t.Errorf("buried %+v", buried)
		}
	})
}

func TestUnknownKindStaysUncounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, queue.Handler{Do: (&count{}).do})
		tasks := b.tasks("a", 1)
		tasks[0].Kind = "strange"
		b.commit(tasks)
		pass(10 * time.Minute)
		l := b.store.Look()
		if len(l.Tasks) != 1 || l.Tasks[0].Attempt != 0 || l.Tasks[0].LastError == "" {
			t.Errorf("tasks %+v buried %+v", l.Tasks, l.Buried)
		}
		if l.Settles > 11 {
			t.Errorf("%d settlements in ten minutes", l.Settles)
		}
	})
}

// While the store takes nothing, what is done stays done: it is stored as soon as that is possible, and not done again.
func TestFailedSettlementRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		b.store.Break(queuetest.Faults{Settle: func([]queue.Outcome) error { return errors.New("disk full") }})
		b.commit(b.tasks("a", 40))
		pass(time.Minute)
		if left := b.store.Look().Tasks; len(left) != 40 {
			t.Fatalf("%d tasks are left", len(left))
		}
		b.store.Break(queuetest.Faults{})
		pass(6 * time.Second)
		b.empty()
		c.once(t, 40)
	})
}

// What no try stores is done again after a while, and by others after a stop.
func TestOutcomeThatIsNeverStoredLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		b.store.Break(queuetest.Faults{Settle: func([]queue.Outcome) error { return errors.New("disk full") }})
		b.commit(b.tasks("a", 1))
		pass(11 * time.Minute)
		if n := c.by["task_000001"]; n != 2 {
			t.Errorf("done %d times in eleven minutes", n)
		}
		if err := b.stop(time.Minute); err != nil {
			t.Error(err)
		}
		if left := b.store.Look().Tasks; len(left) != 1 {
			t.Errorf("%d tasks are left", len(left))
		}
	})
}

func TestOneBadOutcomeDoesNotKeepTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		b.store.Break(queuetest.Faults{Settle: func(outcomes []queue.Outcome) error {
			for _, o := range outcomes {
				if o.Task.ID == "task_000007" {
					return errors.New("bad row")
				}
			}
			return nil
		}})
		b.commit(b.tasks("a", 20))
		pass(900 * time.Millisecond)
		if left := b.store.Look().Tasks; len(left) != 1 || left[0].ID != "task_000007" {
			t.Fatalf("left: %v", left)
		}
		for id, n := range c.by {
			if n != 1 {
				t.Errorf("%s was done %d times", id, n)
			}
		}
	})
}

func TestBrokenReadsAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		b.store.Break(queuetest.Faults{Due: func() error { return errors.New("gone") }})
		b.store.Add(b.tasks("a", 5)...)
		b.runner.Wake(queue.Everything)
		pass(30 * time.Second)
		if reads := b.store.Look().Reads; reads > 40 {
			t.Errorf("%d reads in 30 s of a broken store", reads)
		}
		b.store.Break(queuetest.Faults{})
		pass(2 * time.Second)
		c.once(t, 5)
	})
}
