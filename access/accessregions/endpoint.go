package accessregions

import (
	"cmp"
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// CreateEndpoint implements access.Endpoints.
func (r *Regions) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	_, err := atHome(ctx, r, e.Merchant, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Endpoints.CreateEndpoint(ctx, e, i)
	})
	return err
}

// UpdateEndpoint implements access.Endpoints.
func (r *Regions) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	_, err := atHome(ctx, r, e.Merchant, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Endpoints.UpdateEndpoint(ctx, e, i)
	})
	return err
}

// DeleteEndpoint implements access.Endpoints.
func (r *Regions) DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	_, err := atHome(ctx, r, merchant, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Endpoints.DeleteEndpoint(ctx, merchant, id, i)
	})
	return err
}

// Endpoint implements access.Endpoints.
func (r *Regions) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return ofMerchant(ctx, r, merchant, func(ctx context.Context, n *accessrpc.Node) (paymux.Endpoint, error) {
		return n.Endpoints.Endpoint(ctx, merchant, id)
	})
}

// Endpoints implements access.Endpoints.
func (r *Regions) Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error) {
	return ofMerchant(ctx, r, merchant, func(ctx context.Context, n *accessrpc.Node) ([]paymux.Endpoint, error) {
		return n.Endpoints.Endpoints(ctx, merchant)
	})
}

// FailingEndpoints implements access.Endpoints. Each region delivers its own payments' events: an endpoint that fails in several is
// listed once, since when it first did.
func (r *Regions) FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error) {
	pages, err := relay.Whole(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) ([]paymux.Endpoint, error) {
		return n.Endpoints.FailingEndpoints(ctx, limit)
	}))
	if err != nil || len(pages) == 1 {
		return first(pages), err
	}
	var list []paymux.Endpoint
	listed := map[paymux.EndpointID]bool{}
	for _, e := range relay.Weave(pages, 0, func(a, b *paymux.Endpoint) bool {
		return cmp.Or(a.FailingSince.Compare(b.FailingSince), cmp.Compare(a.ID, b.ID)) < 0
	}) {
		if !listed[e.ID] && len(list) < limit {
			list, listed[e.ID] = append(list, e), true
		}
	}
	return list, nil
}

func first[T any](all []T) (one T) {
	if len(all) > 0 {
		one = all[0]
	}
	return one
}
