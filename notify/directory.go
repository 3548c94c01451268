package notify

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
)

const (
	revisionAge  = time.Second // how stale another process's change may be
	mostMerchant = 16384       // cached; beyond it everything is forgotten and read again as needed
)

// directory caches merchants' endpoints until the store's revision rises.
type directory struct {
	store Store
	now   func() time.Time
	log   *slog.Logger

	asked    atomic.Int64 // when the revision was last read, Unix nanoseconds
	revision atomic.Int64

	mu        sync.RWMutex
	merchants map[paymux.MerchantID]*subscriptions
}

// subscriptions are one merchant's endpoints, read once.
type subscriptions struct {
	mu        sync.Mutex // held while they are read
	loaded    atomic.Bool
	receivers []*receiver // not to be changed
}

// of returns a merchant's endpoints, not to be changed by the caller.
func (d *directory) of(ctx context.Context, merchant paymux.MerchantID) ([]*receiver, error) {
	d.refresh(ctx)
	d.mu.RLock()
	s := d.merchants[merchant]
	d.mu.RUnlock()
	if s == nil {
		s = d.add(merchant)
	}
	if s.loaded.Load() {
		return s.receivers, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded.Load() {
		return s.receivers, nil
	}
	endpoints, err := d.store.Endpoints(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("load endpoints of %s: %w", merchant, err)
	}
	for _, e := range endpoints {
		s.receivers = append(s.receivers, newReceiver(e))
	}
	s.loaded.Store(true)
	return s.receivers, nil
}

// one finds an endpoint among a merchant's, or in the store.
func (d *directory) one(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (*receiver, error) {
	known, err := d.of(ctx, merchant)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(known, func(r *receiver) bool { return r.ID == id }); i >= 0 {
		return known[i], nil
	}
	e, err := d.store.Endpoint(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	return newReceiver(e), nil
}

func (d *directory) add(merchant paymux.MerchantID) *subscriptions {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.merchants[merchant]; s != nil {
		return s
	}
	if len(d.merchants) >= mostMerchant {
		clear(d.merchants)
	}
	s := &subscriptions{}
	d.merchants[merchant] = s
	return s
}

func (d *directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.merchants)
}

// refresh asks for the revision when that is due; one caller does, the others
// go on with what there is. A store that does not answer changes nothing.
func (d *directory) refresh(ctx context.Context) {
	now := d.now().UnixNano()
	asked := d.asked.Load()
	if now-asked < int64(revisionAge) || !d.asked.CompareAndSwap(asked, now) {
		return
	}
	revision, err := d.store.Revision(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.WarnContext(ctx, "notify: read the revision of endpoints", "error", err)
		}
		return
	}
	if d.revision.Swap(revision) != revision {
		d.forget()
	}
}
