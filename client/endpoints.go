package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

// EndpointRequest describes where notifications go.
type EndpointRequest struct {
	URL         string                 `json:"url,omitempty"` // none with PerPayment
	Description string                 `json:"description,omitempty"`
	Events      []paymux.EventType     `json:"events,omitempty"`      // empty: every type
	PerPayment  bool                   `json:"per_payment,omitempty"` // new endpoints only
	Signature   paymux.SignatureScheme `json:"signature,omitempty"`   // new endpoints only
	Status      paymux.EndpointStatus  `json:"status,omitempty"`      // updates only
	Delivery    *paymux.Delivery       `json:"delivery,omitempty"`    // of an update: what is not zero changes
	// Reset names what an update puts back to its default: "events", "delivery", "delivery.order", "delivery.on_failure.exhausted".
	Reset []string `json:"-"`
}

// patch is the request as a JSON merge patch.
func (r EndpointRequest) patch() (map[string]any, error) {
	given, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	if err := json.Unmarshal(given, &all); err != nil {
		return nil, err
	}
	for _, name := range r.Reset {
		at, names := all, strings.Split(name, ".")
		for _, outer := range names[:len(names)-1] {
			inner, ok := at[outer].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[outer] = inner
			}
			at = inner
		}
		at[names[len(names)-1]] = nil
	}
	return all, nil
}

// EndpointWithSecret is an endpoint with what signs its deliveries. It is
// answered when the secret is made, and never again. With Ed25519 there is none: PublicKeys verify.
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

// UpdateEndpoint changes what r has set, and what r.Reset names.
func (c *Client) UpdateEndpoint(ctx context.Context, id paymux.EndpointID, r EndpointRequest, opts ...Option) (*paymux.Endpoint, error) {
	patch, err := r.patch()
	if err != nil {
		return nil, fmt.Errorf("encode a change of %s: %w", id, err)
	}
	return one[paymux.Endpoint](ctx, c, http.MethodPatch, endpoint(id), patch, opts)
}

// DeleteEndpoint ends deliveries to an endpoint for good.
func (c *Client) DeleteEndpoint(ctx context.Context, id paymux.EndpointID, opts ...Option) error {
	return c.Call(ctx, http.MethodDelete, endpoint(id), nil, nil, opts...)
}

// Rotation says how long old secrets go on signing beside the new one.
type Rotation struct {
	ExpireSeconds *int `json:"expire_seconds,omitempty"` // nil: a day; 0: they end at once
}

// RotateSecret makes a new secret.
func (c *Client) RotateSecret(ctx context.Context, id paymux.EndpointID, r Rotation, opts ...Option) (*EndpointWithSecret, error) {
	return one[EndpointWithSecret](ctx, c, http.MethodPost, endpoint(id, "rotate_secret"), r, opts)
}

// TestEndpoint has an endpoint.test event delivered.
func (c *Client) TestEndpoint(ctx context.Context, id paymux.EndpointID, opts ...Option) (*paymux.Event, error) {
	return one[paymux.Event](ctx, c, http.MethodPost, endpoint(id, "test"), nil, opts)
}

func endpoint(id paymux.EndpointID, verb ...string) string {
	return at(append([]string{"v1", "webhook_endpoints", string(id)}, verb...)...)
}
