package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

const (
	// storeLook is how often a node asks its store for a sign of life, and storeAnswer how long that may take.
	storeLook   = 500 * time.Millisecond
	storeAnswer = 2 * time.Second
	// storeSilence is how long none may come until the node begins nothing new. A store that refuses says so itself; this is
	// for one that hangs, on which each request would wait for as long as the network lets it.
	storeSilence = 4 * time.Second
)

// storeWatch knows whether the store has answered lately.
type storeWatch struct {
	store interface {
		Revision(context.Context) (int64, error)
	}
	now      func() time.Time
	answered atomic.Pointer[time.Time]
}

func newStoreWatch(s interface {
	Revision(context.Context) (int64, error)
}, now func() time.Time) *storeWatch {
	w := &storeWatch{store: s, now: now}
	w.heard()
	return w
}

func (w *storeWatch) heard() {
	now := w.now()
	w.answered.Store(&now)
}

func (w *storeWatch) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, storeAnswer)
	defer cancel()
	if _, err := w.store.Revision(ctx); err == nil {
		w.heard()
	}
}

// silent is the answer in place of a store that has not answered for long; nil: it has.
func (w *storeWatch) silent() error {
	if w.now().Sub(*w.answered.Load()) < storeSilence {
		return nil
	}
	e := paymux.Errorf(paymux.Unavailable, "The store does not answer. Nothing was done. Repeat the request with the same Idempotency-Key.")
	e.RetryAfter = 1
	return e
}

// guarded is a payment room that begins nothing while its store is silent.
type guarded struct {
	room  relay.Node
	watch *storeWatch
}

func begin[Q, R any](ctx context.Context, w *storeWatch, q Q, do func(context.Context, Q) (R, error)) (R, error) {
	if err := w.silent(); err != nil {
		var none R
		return none, err
	}
	return do(ctx, q)
}

func (g guarded) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	return begin(ctx, g.watch, q, g.room.Create)
}

func (g guarded) Confirm(ctx context.Context, q paymux.ConfirmPayment) (paymux.Reply, error) {
	return begin(ctx, g.watch, q, g.room.Confirm)
}

func (g guarded) Capture(ctx context.Context, q paymux.CapturePayment) (paymux.Reply, error) {
	return begin(ctx, g.watch, q, g.room.Capture)
}

func (g guarded) Cancel(ctx context.Context, q paymux.CancelPayment) (paymux.Reply, error) {
	return begin(ctx, g.watch, q, g.room.Cancel)
}

func (g guarded) Refund(ctx context.Context, q paymux.CreateRefund) (paymux.Reply, error) {
	return begin(ctx, g.watch, q, g.room.Refund)
}

func (g guarded) Sync(ctx context.Context, q paymux.SyncPayment) (paymux.Reply, error) {
	return begin(ctx, g.watch, q, g.room.Sync)
}

func (g guarded) Callback(ctx context.Context, q paymux.CallbackRequest) (paymux.CallbackAck, error) {
	return begin(ctx, g.watch, q, g.room.Callback)
}
