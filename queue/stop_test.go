package queue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux/queue"
)

func TestStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"a": 3 * time.Second}}
		b := start(t, queue.Handler{Do: l.do})
		b.commit(b.tasks("a", 4)) // two run, two wait
		pass(time.Second)
		began := time.Now()
		if err := b.stop(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 2*time.Second || took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		if left := b.store.Look().Tasks; len(left) != 2 {
			t.Errorf("%d tasks are left, want the two that had not begun", len(left))
		}
		if err := b.stop(time.Second); err != nil {
			t.Errorf("second stop: %v", err)
		}
		b.runner.Start()
		b.commit(b.tasks("b", 1))
		pass(5 * time.Second)
		if left := b.store.Look().Tasks; len(left) != 3 {
			t.Errorf("%d tasks are left: it works after Stop", len(left))
		}
	})
}

func TestStopInterruptsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &latency{by: map[string]time.Duration{"a": time.Hour}}
		b := start(t, queue.Handler{Do: l.do, Attempts: 1})
		b.commit(b.tasks("a", 1))
		pass(time.Second)
		if err := b.stop(2 * time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err %v", err)
		}
		look := b.store.Look()
		if len(look.Tasks) != 1 || look.Tasks[0].Attempt != 0 || len(look.Buried) != 0 {
			t.Errorf("an interrupted attempt changed its task: %+v, buried %+v", look.Tasks, look.Buried)
		}
	})
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	r := queue.NewRunner(queue.Config{Now: time.Now})
	for range 2 {
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r.Start() // does nothing, or it would read from no store
}
