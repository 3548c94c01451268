package queue_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux/queue"
)

// latency is a handler that takes a time given by lane, and remembers when each
// task was done and how many ran at once.
type latency struct {
	by map[string]time.Duration

	mu      sync.Mutex
	running map[string]int
	most    map[string]int
	waited  map[string][]time.Duration // from CreatedAt to the start
	done    map[string]int
}

func (l *latency) do(ctx context.Context, t queue.Task) queue.Verdict {
	l.mu.Lock()
	if l.done == nil {
		l.running, l.most, l.done = map[string]int{}, map[string]int{}, map[string]int{}
		l.waited = map[string][]time.Duration{}
	}
	l.running[t.Lane]++
	l.most[t.Lane] = max(l.most[t.Lane], l.running[t.Lane])
	l.waited[t.Lane] = append(l.waited[t.Lane], time.Since(t.CreatedAt))
	takes := l.by[t.Lane]
	l.mu.Unlock()

	verdict := queue.Verdict{Done: true}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		verdict = queue.Verdict{Reason: "interrupted"}
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[t.Lane]--
	l.done[t.Lane]++
	return verdict
}

func (l *latency) set(lane string, takes time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by[lane] = takes
}

// longest is how long any task of a lane waited for its start.
func (l *latency) longest(lane string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var most time.Duration
	for _, w := range l.waited[lane] {
		most = max(most, w)
	}
	return most
}

func (l *latency) count(lane string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done[lane]
}

func TestWindowOfALane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"a": 100 * time.Millisecond}}
		b := start(t, queue.Handler{Do: l.do, Window: 3})
		b.commit(b.tasks("a", 30))
		pass(2 * time.Second)
		b.empty()
		if l.most["a"] != 3 {
			t.Errorf("%d at once, want the window of 3", l.most["a"])
		}
	})
}

func TestHungLanesNeverDelayAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"quick": 10 * time.Millisecond}}
		b := start(t, queue.Handler{Do: l.do}, func(c *queue.Config) { c.Workers, c.SlowWorkers = 8, 64 })
		for i := range 16 { // four times as many hung calls as there are fast slots could hold
			lane := "hung" + string(rune('a'+i))
			l.set(lane, 30*time.Second)
			b.commit(b.tasks(lane, 100))
		}
		pass(5 * time.Second) // until every hung lane has been found out
		for range 200 {
			b.commit(b.tasks("quick", 1))
			pass(20 * time.Millisecond)
		}
		pass(100 * time.Millisecond)
		if n := l.count("quick"); n != 200 {
			t.Errorf("%d of 200 quick tasks were done", n)
		}
		if w := l.longest("quick"); w > 5*time.Millisecond {
			t.Errorf("a quick task waited %v", w)
		}
		if l.most["hunga"] > 4 {
			t.Errorf("a hung lane had %d calls at once", l.most["hunga"])
		}
		b.stop(time.Millisecond)
	})
}

func TestSlotsComeBackWithinTheFirstSecondOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"hung1": time.Minute, "hung2": time.Minute}}
		b := start(t, queue.Handler{Do: l.do}, func(c *queue.Config) { c.Workers = 8 })
		b.commit(b.tasks("hung1", 50))
		b.commit(b.tasks("hung2", 50)) // the two windows take all of the fast slots
		b.commit(b.tasks("quick", 1))
		pass(10 * time.Second)
		if w := l.longest("quick"); l.count("quick") != 1 || w > 510*time.Millisecond {
			t.Errorf("%d done, waited %v", l.count("quick"), w)
		}
		b.stop(time.Millisecond)
	})
}

func TestSlowLaneIsDemotedAndForgiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"a": 10 * time.Second}}
		b := start(t, queue.Handler{Do: l.do}, func(c *queue.Config) { c.LaneWindow = 6 })
		b.commit(b.tasks("a", 8))
		pass(15 * time.Second)
		if n := l.running["a"]; n != 2 {
			t.Errorf("%d at once in a slow lane, want 2", n)
		}
		l.set("a", time.Millisecond)
		pass(10 * time.Second)
		b.commit(b.tasks("a", 20))
		pass(time.Second)
		l.set("a", 100*time.Millisecond)
		l.mu.Lock()
		l.most["a"] = 0
		l.mu.Unlock()
		b.commit(b.tasks("a", 20))
		pass(time.Second)
		if l.most["a"] != 6 {
			t.Errorf("%d at once after the lane recovered, want 6", l.most["a"])
		}
		b.empty()
	})
}

func TestFloodedLaneHidesNobodysRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"flood": 200 * time.Millisecond, "quick": time.Millisecond}}
		b := start(t, queue.Handler{Do: l.do}, func(c *queue.Config) { c.Backlog = 300 })
		b.store.Add(b.tasks("flood", 1500)...) // all of them due before the quick one
		b.store.Add(b.tasks("other", 600)...)
		pass(2 * time.Second)
		b.store.Add(b.tasks("quick", 20)...)
		b.runner.Wake(queue.Everything)
		pass(100 * time.Millisecond)
		if n := l.count("quick"); n != 20 {
			t.Errorf("%d of 20 quick tasks were done beside the flood", n)
		}
		if l.count("other") != 600 {
			t.Errorf("%d of 600 of the other lane", l.count("other"))
		}
		pass(100 * time.Second)
		b.empty()
		if l.count("flood") != 1500 {
			t.Errorf("%d of 1500 of the flood", l.count("flood"))
		}
	})
}

func TestTurnsAreChargedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"long": 160 * time.Millisecond, "short": 20 * time.Millisecond}}
		b := start(t, queue.Handler{Do: l.do, Window: 1}, func(c *queue.Config) { c.Workers = 1 })
		b.commit(b.tasks("long", 200))
		b.commit(b.tasks("short", 200))
		pass(6 * time.Second)
		long, short := float64(l.count("long")*160), float64(l.count("short")*20)
		if share := long / (long + short); share < 0.4 || share > 0.6 {
			t.Errorf("the long lane had %.2f of the time: %d long, %d short", share, l.count("long"), l.count("short"))
		}
		b.stop(time.Second)
	})
}

func TestHoldPausesALaneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{}
		b := start(t, queue.Handler{Window: 1, Do: func(ctx context.Context, task queue.Task) queue.Verdict {
			v := l.do(ctx, task)
			if task.Lane == "held" {
				v.Hold = time.Now().Add(10 * time.Second)
			}
			return v
		}})
		b.commit(b.tasks("held", 3))
		b.commit(b.tasks("other", 3))
		pass(time.Second)
		if other, held := l.count("other"), l.count("held"); other != 3 || held != 1 {
			t.Errorf("%d of the other lane and %d of the held one were done", other, held)
		}
		pass(18 * time.Second)
		if held := l.count("held"); held != 2 {
			t.Errorf("%d of the held lane were done after 19 s", held)
		}
		pass(2 * time.Second)
		b.empty()
	})
}
