package channel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// told is a channel that takes its time and answers as it is told.
type told struct {
	took   time.Duration
	result channel.Result
	err    error
}

func (c *told) Do(context.Context, channel.Operation) (channel.Result, error) {
	time.Sleep(c.took)
	return c.result, c.err
}
func (c *told) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	return c.Do(ctx, op)
}
func (c *told) Callback(context.Context, channel.CallbackRequest) (channel.Callback, error) {
	time.Sleep(c.took)
	return channel.Callback{}, c.err
}
func (c *told) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, c.err
}

func TestEachCallIsCountedOnceByWhatCameOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m channel.Meter
		inner := &told{took: 30 * time.Millisecond}
		c := m.Of(inner)
		ctx, spent := channel.WithSpent(t.Context())
		want := map[string]map[string]int64{"pay": {}, "query": {}, "refund": {}, "callback": {}, "statement": {}}
		do := func(ask func(context.Context, channel.Operation) (channel.Result, error), kind paymux.OperationKind, operation, outcome string, state paymux.OperationState, err error) {
			inner.result, inner.err = channel.Result{State: state}, err
			_, got := ask(ctx, channel.Operation{Kind: kind})
			if !errors.Is(got, err) {
				t.Errorf("the error became %v", got)
			}
			want[operation][outcome]++
		}
		lost := errors.New("connection reset")
		do(c.Do, paymux.Pay, "pay", "succeeded", paymux.OpSucceeded, nil)
		do(c.Do, paymux.Pay, "pay", "succeeded", paymux.OpSucceeded, nil)
		do(c.Do, paymux.Pay, "pay", "declined", paymux.OpDeclined, nil)
		do(c.Do, paymux.Pay, "pay", "unknown", "", lost)
		do(c.Do, paymux.Pay, "pay", "unknown", "a state nobody knows", nil)
		do(c.Do, paymux.Pay, "pay", "not_sent", "", fmt.Errorf("%w: refused", channel.ErrNotSent))
		do(c.Do, paymux.Refunds, "refund", "unsupported", "", channel.ErrUnsupported)
		do(c.Query, paymux.Pay, "query", "absent", "", channel.ErrAbsent)
		do(c.Query, paymux.Pay, "query", "failed", "", lost)
		do(c.Query, paymux.Refunds, "query", "pending", paymux.OpPending, nil)
		inner.err = channel.ErrForged
		_, _ = c.Callback(ctx, channel.CallbackRequest{})
		want["callback"]["refused"]++
		inner.err = nil
		_, _ = c.Statement(ctx, time.Time{})
		want["statement"]["ok"]++
		for _, calls := range m.Calls() {
			var n int64
			for outcome, times := range calls.Outcomes {
				if n += times; times != want[calls.Operation][outcome] {
					t.Errorf("%s %s: %d, want %d", calls.Operation, outcome, times, want[calls.Operation][outcome])
				}
				delete(want[calls.Operation], outcome)
			}
			if uint64(n) != calls.Took.Number {
				t.Errorf("%s: %d outcomes, %d times", calls.Operation, n, calls.Took.Number)
			}
			if left := want[calls.Operation]; len(left) > 0 {
				t.Errorf("%s: not counted: %v", calls.Operation, left)
			}
			delete(want, calls.Operation)
		}
		if len(want) > 0 {
			t.Errorf("not counted: %v", want)
		}
		if got, all := spent.Time(), 11*30*time.Millisecond; got != all {
			t.Errorf("the request waited for %v, want %v", got, all)
		}
		if n := m.UnderWay(); n != 0 {
			t.Errorf("%d calls are under way", n)
		}
	})
}

func TestCallsUnderWayAreSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m channel.Meter
		c := m.Of(&told{took: time.Second})
		go func() { _, _ = c.Do(t.Context(), channel.Operation{Kind: paymux.Pay}) }()
		synctest.Wait()
		if n := m.UnderWay(); n != 1 || len(m.Calls()) != 0 {
			t.Errorf("%d are under way, %d have ended", n, len(m.Calls()))
		}
		time.Sleep(2 * time.Second)
		if n := m.UnderWay(); n != 0 || len(m.Calls()) != 1 {
			t.Errorf("%d are under way, %d have ended", n, len(m.Calls()))
		}
	})
}

// What wraps a channel hides nothing of it.
func TestAMeasuredChannelHasItsKit(t *testing.T) {
	t.Parallel()
	var m channel.Meter
	if _, ok := channel.KitOf(m.Of(m.Of(withKit{&told{}}))); !ok {
		t.Error("the kit is not found")
	}
	if _, ok := channel.KitOf(m.Of(&told{})); ok {
		t.Error("a kit is found that is not there")
	}
}

type withKit struct{ *told }

func (withKit) Drive(context.Context, channel.KitRequest) (channel.KitReply, error) {
	return channel.KitReply{}, nil
}
