package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/paymux/paymux"
)

// EndpointRequest describes where notifications go.
type EndpointRequest struct {
	URL         string                `json:"url,omitempty"`
	Description string                `json:"description,omitempty"`
	Events      []paymux.EventType    `json:"events,omitempty"` // empty: every type
	Status      paymux.EndpointStatus `json:"status,omitempty"` // updates only
	Delivery    *paymux.Delivery      `json:"delivery,omitempty"`
}

// EndpointWithSecret is an endpoint with what signs its deliveries. It is
// answered when the secret is made, and never again.
type EndpointWithSecret struct {
	paymux.Endpoint
	Secret paymux.Secret
}

// UnmarshalJSON reads the secret beside the endpoint.
func (e *EndpointWithSecret) UnmarshalJSON(body []byte) error {
	var beside struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(body, &beside); err != nil {
		return err
	}
	e.Secret = paymux.Secret(beside.Secret)
	return json.Unmarshal(body, &e.Endpoint)
}

// CreateEndpoint registers an endpoint.
func (c *Client) CreateEndpoint(ctx context.Context, r EndpointRequest, opts ...Option) (*EndpointWithSecret, error) {
	return one[EndpointWithSecret](ctx, c, http.MethodPost, "/v1/webhook_endpoints", r, opts)
}

// Endpoint reads one endpoint.
func (c *Client) Endpoint(ctx context.Context, id paymux.EndpointID, opts ...Option) (*paymux.Endpoint, error) {
	return one[paymux.Endpoint](ctx, c, http.MethodGet, endpoint(id), nil, opts)
}

// Endpoints lists the merchant's endpoints.
func (c *Client) Endpoints(ctx context.Context, opts ...Option) ([]paymux.Endpoint, error) {
	return all[paymux.Endpoint](ctx, c, "/v1/webhook_endpoints", opts)
}

// UpdateEndpoint changes what r has set.
func (c *Client) UpdateEndpoint(ctx context.Context, id paymux.EndpointID, r EndpointRequest, opts ...Option) (*paymux.Endpoint, error) {
	return one[paymux.Endpoint](ctx, c, http.MethodPatch, endpoint(id), r, opts)
}

// DeleteEndpoint ends deliveries to an endpoint for good.
func (c *Client) DeleteEndpoint(ctx context.Context, id paymux.EndpointID, opts ...Option) error {
	return c.Call(ctx, http.MethodDelete, endpoint(id), nil, nil, opts...)
}

// RotateSecret makes a new secret. The old one signs beside it for a while.
func (c *Client) RotateSecret(ctx context.Context, id paymux.EndpointID, opts ...Option) (*EndpointWithSecret, error) {
	return one[EndpointWithSecret](ctx, c, http.MethodPost, endpoint(id, "rotate_secret"), nil, opts)
}

// TestEndpoint has an endpoint.test event delivered.
func (c *Client) TestEndpoint(ctx context.Context, id paymux.EndpointID, opts ...Option) (*paymux.Event, error) {
	return one[paymux.Event](ctx, c, http.MethodPost, endpoint(id, "test"), nil, opts)
}

func endpoint(id paymux.EndpointID, verb ...string) string {
	return at(append([]string{"v1", "webhook_endpoints", string(id)}, verb...)...)
}
