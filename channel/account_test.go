package channel_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// institution answers as told. What it is not told, it must not be asked.
type institution struct {
	channel.Channel
	do, query func(context.Context, channel.Operation) (channel.Result, error)
}

func (i institution) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	return i.do(ctx, op)
}

func (i institution) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	return i.query(ctx, op)
}

type answer = func(context.Context, channel.Operation) (channel.Result, error)

// calls are the ways an account calls its institution, each answered by a.
func calls(limit time.Duration, a answer) map[string]answer {
	driver := &channel.Driver{TimeLimit: limit}
	doing := &channel.Account{Driver: driver, Channel: institution{do: a}}
	asking := &channel.Account{Driver: driver, Channel: institution{query: a}}
	return map[string]answer{"Do": doing.Do, "Query": asking.Query}
}

// silent never answers by itself.
func silent(ctx context.Context, _ channel.Operation) (channel.Result, error) {
	<-ctx.Done()
	return channel.Result{}, ctx.Err()
}

func TestACallEndsWithItsTimeLimit(t *testing.T) {
	t.Parallel()
	for name, call := range calls(7*time.Second, silent) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := call(t.Context(), channel.Operation{})
				if took := time.Since(began); took != 7*time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("ended after %v with %v, want 7s and the deadline's error", took, err)
				}
			})
		})
	}
}

func TestACallersShorterLimitAndChangeOfMindCount(t *testing.T) {
	t.Parallel()
	for name, call := range calls(7*time.Second, silent) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := call(ctx, channel.Operation{})
				if took := time.Since(began); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("ended after %v with %v, want 1s and the deadline's error", took, err)
				}
				cut, stop := context.WithCancel(t.Context())
				time.AfterFunc(2*time.Second, stop)
				if _, err = call(cut, channel.Operation{}); !errors.Is(err, context.Canceled) {
					t.Errorf("canceled, it ended with %v", err)
				}
			})
		})
	}
}

func TestAnAnswerInTimeIsPassedOnAsItCame(t *testing.T) {
	t.Parallel()
	var kept context.Context
	for name, call := range calls(7*time.Second, func(ctx context.Context, op channel.Operation) (channel.Result, error) {
		kept = ctx
		return channel.Result{State: paymux.OpPending, ChannelID: string(op.ID) + " there"}, channel.ErrAbsent
	}) {
		result, err := call(t.Context(), channel.Operation{ID: "op_1"})
		if result.State != paymux.OpPending || result.ChannelID != "op_1 there" || !errors.Is(err, channel.ErrAbsent) {
			t.Errorf("%s gives %+v, %v", name, result, err)
		}
		if kept.Err() == nil {
			t.Errorf("%s leaves its timer running", name)
		}
	}
}
