package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
)

const (
	// writeEvery is the least time between two writes that begin a run of failures, so that an
	// endpoint that fails every other time does not cost a write a delivery.
	writeEvery = 10 * time.Second

	standardAlert   = time.Hour
	standardDisable = 5 * 24 * time.Hour
)

// health is what this process knows of an endpoint's run of failures. The store has it
// too (FailingSince), so that it outlives the process; another replica's word may be missing here,
// which is why nothing is done on its account before the log has confirmed it.
type health struct {
	failing   atomic.Bool  // since is set; read without mu by attempts that succeed
	succeeded atomic.Int64 // when one last did, Unix microseconds

	mu      sync.Mutex // held while a change of the run is written
	since   time.Time
	stored  bool
	written time.Time // when writing it was last tried
	alerted bool      // the merchant has been told of this run
}

func (h *health) start(since time.Time) {
	h.since, h.stored = since, !since.IsZero()
	h.failing.Store(h.stored)
}

// succeeded ends a run of failures, if there is one.
func (n *Notifier) succeeded(ctx context.Context, r *receiver) {
	h := &r.health
	h.succeeded.Store(n.Now().UnixMicro())
	// Whoever holds mu is writing; waiting for that would make a slow store delay deliveries.
	if !h.failing.Load() || !h.mu.TryLock() {
		return
	}
	defer h.mu.Unlock()
	if h.stored {
		h.written = n.Now()
		if err := n.Store.SetFailing(ctx, r.ID, time.Time{}); err != nil {
			n.Log.WarnContext(ctx, "notify: note that an endpoint answers again", "endpoint", r.ID, "error", err)
			return
		}
	}
	h.since, h.stored, h.alerted = time.Time{}, false, false
	h.failing.Store(false)
}

// failed notes a failure and returns since when there was nothing else. A change of the endpoint begins anew.
func (n *Notifier) failed(ctx context.Context, a *attempt) time.Time {
	r, h := a.endpoint, &a.endpoint.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() {
		h.since = a.began.UTC().Truncate(time.Microsecond)
		h.failing.Store(true)
	}
	if now := n.Now(); !h.stored && now.Sub(h.written) >= writeEvery {
		h.written = now
		if err := n.storeRun(ctx, r); err != nil {
			n.Log.WarnContext(ctx, "notify: note that an endpoint fails", "endpoint", r.ID, "error", err)
		}
	}
	if h.since.Before(r.UpdatedAt) {
		return r.UpdatedAt
	}
	return h.since
}

// storeRun writes since when an endpoint fails, or takes over a run that another replica has begun. The caller holds mu.
func (n *Notifier) storeRun(ctx context.Context, r *receiver) error {
	h := &r.health
	e, err := n.Store.Endpoint(ctx, r.Merchant, r.ID)
	if errors.Is(err, paymux.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	begun := e.FailingSince
	if !begun.IsZero() && begun.Before(h.since) && begun.UnixMicro() > h.succeeded.Load() {
		h.since, h.stored = begun, true
		return nil
	}
	if err := n.Store.SetFailing(ctx, r.ID, h.since); err != nil {
		return err
	}
	h.stored = true
	return nil
}

// lasting reports whether a run of failures has lasted for so many seconds, or the standard time where they are 0.
// The log decides: a delivery that another replica made ends the run.
func (n *Notifier) lasting(ctx context.Context, r *receiver, since time.Time, seconds int, standard time.Duration) (bool, error) {
	limit := standard
	if seconds != 0 {
		limit = time.Duration(seconds) * time.Second
	}
	if limit < 0 || n.Now().Sub(since) < limit {
		return false, nil
	}
	delivered, err := n.lastDelivery(ctx, r)
	if err != nil || !delivered.After(since) {
		return err == nil, err
	}
	h := &r.health
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since, h.stored, h.alerted = delivered, true, false
	return false, n.Store.SetFailing(ctx, r.ID, delivered)
}

// lastDelivery is when the newest event that the endpoint has accepted was accepted; zero for none
// among the merchant's newest events, those that one call looks at: this is asked while a delivery fails, and does not go far back.
func (n *Notifier) lastDelivery(ctx context.Context, r *receiver) (at time.Time, err error) {
	newest, _, err := n.Deliveries.Notifications(ctx, paymux.NotificationFilter{
		Merchant: r.Merchant, Endpoint: r.ID, Status: paymux.NotificationDelivered, Page: paymux.Page{Limit: 1},
	})
	if err != nil || len(newest) == 0 {
		return at, err
	}
	attempts, err := n.Deliveries.Attempts(ctx, r.Merchant, newest[0].Event, r.ID)
	if err != nil {
		return at, fmt.Errorf("load attempts of %s: %w", newest[0].Event, err)
	}
	for _, a := range attempts {
		if a.Result == paymux.AttemptDelivered {
			at = a.At
		}
	}
	return at, nil
}
