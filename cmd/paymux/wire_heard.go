package main

import (
	"context"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/notify"
)

// Rooms cache what rarely changes and look for changes about once a second. What
// this process changes itself they hear of at once, so that a merchant who revokes a
// key or adds an endpoint sees it work with the next request.

// merchantBook is access.Merchants under another name: embedded, that one would hide its own method.
type merchantBook = access.Merchants

// merchantsHeard tells the gate of changed merchants and keys.
type merchantsHeard struct {
	merchantBook
	gate *access.Authenticator
}

func (m merchantsHeard) UpdateMerchant(ctx context.Context, merchant paymux.Merchant) error {
	defer m.gate.Invalidate()
	return m.merchantBook.UpdateMerchant(ctx, merchant)
}

func (m merchantsHeard) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	defer m.gate.Invalidate()
	return m.merchantBook.CreateKey(ctx, k, i)
}

func (m merchantsHeard) RevokeKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	defer m.gate.Invalidate()
	return m.merchantBook.RevokeKey(ctx, merchant, id, at, i)
}

// endpointsHeard tells the notifier of changed endpoints.
type endpointsHeard struct {
	store
	notifier *notify.Notifier
}

func (e endpointsHeard) CreateEndpoint(ctx context.Context, endpoint paymux.Endpoint, i *paymux.Idempotency) error {
	defer e.notifier.Invalidate()
	return e.store.CreateEndpoint(ctx, endpoint, i)
}

func (e endpointsHeard) UpdateEndpoint(ctx context.Context, endpoint paymux.Endpoint, i *paymux.Idempotency) error {
	defer e.notifier.Invalidate()
	return e.store.UpdateEndpoint(ctx, endpoint, i)
}

func (e endpointsHeard) DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	defer e.notifier.Invalidate()
	return e.store.DeleteEndpoint(ctx, merchant, id, i)
}
