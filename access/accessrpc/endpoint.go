package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func serveEndpoints(s *server, e access.Endpoints) {
	write(s, "create_endpoint", func(ctx context.Context, q *kept[paymux.Endpoint]) error {
		return e.CreateEndpoint(ctx, q.Value, q.Answer)
	})
	write(s, "update_endpoint", func(ctx context.Context, q *kept[paymux.Endpoint]) error {
		return e.UpdateEndpoint(ctx, q.Value, q.Answer)
	})
	write(s, "delete_endpoint", func(ctx context.Context, q *kept[owned[paymux.EndpointID]]) error {
		return e.DeleteEndpoint(ctx, q.Value.Merchant, q.Value.ID, q.Answer)
	})
	read(s, "endpoint", func(ctx context.Context, q *owned[paymux.EndpointID]) (paymux.Endpoint, error) {
		return e.Endpoint(ctx, q.Merchant, q.ID)
	})
	list(s, "endpoints", func(ctx context.Context, id *paymux.MerchantID) ([]paymux.Endpoint, error) {
		return e.Endpoints(ctx, *id)
	})
	list(s, "failing_endpoints", func(ctx context.Context, limit *int) ([]paymux.Endpoint, error) {
		return e.FailingEndpoints(ctx, *limit)
	})
}

// CreateEndpoint keeps a new endpoint.
func (c *Client) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return put(ctx, c, "create_endpoint", kept[paymux.Endpoint]{e, i})
}

// UpdateEndpoint keeps an endpoint as it is now.
func (c *Client) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return put(ctx, c, "update_endpoint", kept[paymux.Endpoint]{e, i})
}

// DeleteEndpoint takes an endpoint away.
func (c *Client) DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return put(ctx, c, "delete_endpoint", kept[owned[paymux.EndpointID]]{owned[paymux.EndpointID]{merchant, id}, i})
}

// Endpoint returns a merchant's endpoint.
func (c *Client) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return ask[paymux.Endpoint](ctx, c, "endpoint", owned[paymux.EndpointID]{merchant, id})
}

// Endpoints lists a merchant's endpoints.
func (c *Client) Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error) {
	return whole[paymux.Endpoint](ctx, c, "endpoints", merchant, nil)
}

// FailingEndpoints lists endpoints that have failed for a while.
func (c *Client) FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error) {
	return whole[paymux.Endpoint](ctx, c, "failing_endpoints", limit, nil)
}
