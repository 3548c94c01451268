package channelrpc

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/paymux/paymux"
)

func TestAnOperationIsUnderWayOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, end := newFlights(), make(chan struct{})
		var effects, answers atomic.Int32
		do := func(context.Context) (Result, error) {
			effects.Add(1)
			<-end
			return Result{ChannelID: "t1"}, nil
		}
		for range 10 {
			go func() {
				if r, err := f.join(t.Context(), "op_1", do); err == nil && r.ChannelID == "t1" {
					answers.Add(1)
				}
			}()
		}
		impatient, cancel := context.WithCancel(t.Context())
		go f.join(impatient, "op_1", do)
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(end)
		synctest.Wait()
		if effects.Load() != 1 || answers.Load() != 10 || len(f.under) != 0 {
			t.Errorf("%d effects, %d answers, %d left under way", effects.Load(), answers.Load(), len(f.under))
		}
	})
}

// Whoever waits for an operation that panicked must not take that for "nothing happened".
func TestAPanicLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, end := newFlights(), make(chan struct{})
		go func() {
			defer func() { _ = recover() }()
			_, _ = f.join(t.Context(), "op_1", func(context.Context) (Result, error) {
				<-end
				panic("ouch")
			})
		}()
		synctest.Wait()
		got := make(chan error, 1)
		go func() {
			_, err := f.join(t.Context(), "op_1", func(context.Context) (Result, error) { return Result{State: paymux.OpSucceeded}, nil })
			got <- err
		}()
		synctest.Wait()
		close(end)
		if err := <-got; !errors.Is(err, errPanicked) {
			t.Errorf("%v", err)
		}
	})
}
