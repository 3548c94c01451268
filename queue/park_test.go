package queue_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux/queue"
)

// A backlog larger than memory is read a few times at most, drains, and delays nobody.
func TestBacklogIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"flood": time.Millisecond, "quick": time.Millisecond}}
		b := start(t, queue.Handler{Do: l.do, Window: 8}, func(c *queue.Config) { c.LaneBacklog = 64 })
		b.store.Add(b.tasks("flood", 3_000)...)
		b.runner.Wake(queue.Everything)
		pass(20 * time.Millisecond)
		if parked := b.store.Look().Parked; parked < 2_500 {
			t.Errorf("%d tasks are parked", parked)
		}
		for range 20 {
			b.commit(b.tasks("quick", 1))
			b.commit(b.tasks("flood", 1))
			pass(10 * time.Millisecond)
		}
		if w := l.longest("quick"); l.count("quick") != 20 || w > 5*time.Millisecond {
			t.Errorf("%d of 20 quick tasks were done, the slowest after %v", l.count("quick"), w)
		}
		pass(10 * time.Second)
		b.empty()
		if n := l.count("flood"); n != 3_020 {
			t.Errorf("%d of the flood were done", n)
		}
	})
}

// Tasks parked by somebody else are found by the sweep.
func TestForeignParkedTasksAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: c.do})
		tasks := b.tasks("a", 700)
		b.store.Add(tasks...)
		if err := b.store.Park(t.Context(), tasks); err != nil {
			t.Fatal(err)
		}
		pass(4 * time.Second)
		b.empty()
		c.once(t, 700)
	})
}

func TestBreakerSparesWhatWaitsBehindADeadEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var well atomic.Bool
		var attempts atomic.Int64
		b := start(t, queue.Handler{Breaker: true, Window: 4, Do: func(context.Context, queue.Task) queue.Verdict {
			attempts.Add(1)
			if well.Load() {
				return queue.Verdict{Done: true}
			}
			return queue.Verdict{Reason: "refused", Due: time.Now().Add(time.Hour)}
		}})
		b.commit(b.tasks("a", 200))
		pass(5 * time.Minute)
		if n := attempts.Load(); n > 30 {
			t.Errorf("%d attempts in five minutes of an outage", n)
		}
		well.Store(true)
		pass(40 * time.Second)
		if left := len(b.store.Look().Tasks); left > 30 {
			t.Errorf("%d are left 40 s after the endpoint came back", left)
		}
		pass(70 * time.Minute)
		b.empty()
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c count
		b := start(t, queue.Handler{Do: func(ctx context.Context, task queue.Task) queue.Verdict {
			v := c.do(ctx, task)
			v.Rate, v.Window = 20, 10
			return v
		}})
		b.commit(b.tasks("a", 200))
		pass(5 * time.Second)
		c.mu.Lock()
		done := len(c.by)
		c.mu.Unlock()
		if done < 95 || done > 105 {
			t.Errorf("%d in 5 s at 20 a second", done)
		}
		pass(6 * time.Second)
		b.empty()
	})
}

// In the first moments of an outage nobody is known to be slow: fast slots go to those who wait all the same.
func TestOutageOfManyDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{}}
		b := start(t, queue.Handler{Do: l.do, Window: 32})
		for i := range 500 {
			l.set(fmt.Sprint("hung", i), 10*time.Second)
			l.set(fmt.Sprint("well", i), time.Millisecond)
		}
		for round := range 40 {
			for i := range 500 {
				b.commit(b.tasks(fmt.Sprint("hung", i), 1))
				if i%5 == round%5 {
					b.commit(b.tasks(fmt.Sprint("well", i), 1))
				}
			}
			pass(50 * time.Millisecond)
		}
		var worst time.Duration
		for i := range 500 {
			worst = max(worst, l.longest(fmt.Sprint("well", i)))
		}
		if worst > 500*time.Millisecond {
			t.Errorf("a healthy endpoint's task waited %v", worst)
		}
		b.stop(time.Millisecond)
	})
}

// A lane whose calls vary keeps its whole window: only a machine that is busy itself makes lanes narrower.
func TestWindowOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{}}
		n := 0
		b := start(t, queue.Handler{Window: 16, Do: func(ctx context.Context, task queue.Task) queue.Verdict {
			l.mu.Lock()
			n++
			took := 20 * time.Millisecond
			if n%2 == 0 {
				took = 200 * time.Millisecond
			}
			l.by[task.Lane] = took
			l.mu.Unlock()
			return l.do(ctx, task)
		}})
		b.commit(b.tasks("a", 250))
		pass(20 * time.Second)
		b.empty()
		if l.most["a"] != 16 {
			t.Errorf("%d at once, want the whole window", l.most["a"])
		}
	})
}
