package notify

import (
	"context"
	"errors"
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

// of returns a merchant's endpoints, not to be changed by the caller. With ErrSecrets, too, but
// then some cannot sign, and nothing is cached.
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
	if err != nil && !errors.Is(err, ErrSecrets) {
		return nil, fmt.Errorf("load endpoints of %s: %w", merchant, err)
	}
	receivers := make([]*receiver, len(endpoints))
	for i, e := range endpoints {
		receivers[i] = newReceiver(e)
	}
	if err != nil {
		return receivers, fmt.Errorf("load endpoints of %s: %w", merchant, err)
	}
	s.receivers = receivers
	s.loaded.Store(true)
	return receivers, nil
}

// subscribed is of for who only has to know what is to be sent where.
func (d *directory) subscribed(ctx context.Context, merchant paymux.MerchantID) ([]*receiver, error) {
	receivers, err := d.of(ctx, merchant)
	if errors.Is(err, ErrSecrets) {
		err = nil // whoever delivers it will say so
	}
	return receivers, err
}

// one finds an endpoint that can sign among a merchant's, or in the store. One whose secrets cannot be had does
// not keep the merchant's others waiting.
func (d *directory) one(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (*receiver, error) {
	known, err := d.of(ctx, merchant)
	if errors.Is(err, ErrSecrets) {
		known = slices.DeleteFunc(known, func(r *receiver) bool { return len(r.Secrets) == 0 })
		err = nil
	}
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
