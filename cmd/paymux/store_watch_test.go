package main

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// mood is a store that answers, refuses or hangs.
type mood struct{ is atomic.Value }

func (m *mood) Revision(ctx context.Context) (int64, error) {
	switch m.is.Load() {
	case "refuses":
		return 0, errors.New("no")
	case "hangs":
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return 1, nil
}

// counted is a room that counts what it is asked.
type counted struct{ asked int }

func (c *counted) reply() (paymux.Reply, error) { c.asked++; return paymux.Reply{}, nil }

func (c *counted) Create(context.Context, paymux.CreatePayment) (paymux.Reply, error) {
	return c.reply()
}
func (c *counted) Confirm(context.Context, paymux.ConfirmPayment) (paymux.Reply, error) {
	return c.reply()
}
func (c *counted) Capture(context.Context, paymux.CapturePayment) (paymux.Reply, error) {
	return c.reply()
}
func (c *counted) Cancel(context.Context, paymux.CancelPayment) (paymux.Reply, error) {
	return c.reply()
}
func (c *counted) Refund(context.Context, paymux.CreateRefund) (paymux.Reply, error) {
	return c.reply()
}
func (c *counted) Sync(context.Context, paymux.SyncPayment) (paymux.Reply, error) { return c.reply() }
func (c *counted) Callback(context.Context, paymux.CallbackRequest) (paymux.CallbackAck, error) {
	c.asked++
	return paymux.CallbackAck{}, nil
}

// askAll calls every method of a room, and returns how many were refused with when to ask again.
func askAll(t *testing.T, room relay.Node) (refused int) {
	t.Helper()
	v := reflect.ValueOf(room)
	for i := range v.NumMethod() {
		m := v.Method(i)
		out := m.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.Zero(m.Type().In(1))})
		err, _ := out[1].Interface().(error)
		var e *paymux.Error
		switch {
		case err == nil:
		case errors.As(err, &e) && e.Code == paymux.Unavailable && e.RetryAfter > 0:
			refused++
		default:
			t.Errorf("%s: %v", v.Type().Method(i).Name, err)
		}
	}
	return refused
}

// While the store is silent nothing is begun; a short silence changes nothing, and one answer ends it.
func TestNothingIsBegunWithoutAStore(t *testing.T) {
	t.Parallel()
	for _, trouble := range []string{"hangs", "refuses"} {
		synctest.Test(t, func(t *testing.T) {
			store, room := &mood{}, &counted{}
			store.is.Store("answers")
			w := newStoreWatch(store, time.Now)
			g := guarded{room, w}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			defer func() { stop(); <-done }()
			go func() {
				defer close(done)
				for ctx.Err() == nil {
					w.look(ctx)
					time.Sleep(storeLook)
				}
			}()
			for _, step := range []struct {
				is      string
				after   time.Duration
				refused bool
			}{{"answers", time.Minute, false}, {trouble, 3 * time.Second, false}, {"answers", time.Minute, false}, {trouble, 5 * time.Second, true}, {"answers", 3 * time.Second, false}} {
				store.is.Store(step.is)
				time.Sleep(step.after)
				before := room.asked
				refused := askAll(t, g)
				if asked := room.asked - before; step.refused != (refused == 7) || step.refused == (asked == 7) || refused+asked != 7 {
					t.Errorf("a store that %s for %s: %d were refused, %d asked", step.is, step.after, refused, asked)
				}
			}
		})
	}
}
