package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/paymux/paymux"
)

// LinkRequest asks for a page a payer can be sent to.
type LinkRequest struct {
	Amount          int64               `json:"amount"`
	Currency        paymux.Currency     `json:"currency"`
	MerchantOrderID string              `json:"merchant_order_id"`
	Description     string              `json:"description,omitempty"`
	AllowedMethods  []paymux.MethodType `json:"allowed_methods,omitempty"`
	ReturnURL       string              `json:"return_url,omitempty"`
	Metadata        map[string]string   `json:"metadata,omitempty"`
	ExpiresIn       int                 `json:"expires_in,omitempty"` // seconds
}

// CreateLink makes a payment link.
func (c *Client) CreateLink(ctx context.Context, r LinkRequest, opts ...Option) (*paymux.Link, error) {
	return one[paymux.Link](ctx, c, http.MethodPost, "/v1/payment_links", r, opts)
}

// Link reads one link.
func (c *Client) Link(ctx context.Context, id paymux.LinkID, opts ...Option) (*paymux.Link, error) {
	return one[paymux.Link](ctx, c, http.MethodGet, at("v1", "payment_links", string(id)), nil, opts)
}

// CancelLink makes a link unusable. A payment already made with it goes on.
func (c *Client) CancelLink(ctx context.Context, id paymux.LinkID, opts ...Option) (*paymux.Link, error) {
	return one[paymux.Link](ctx, c, http.MethodPost, at("v1", "payment_links", string(id), "cancel"), nil, opts)
}

// Links lists payment links, newest first.
func (c *Client) Links(ctx context.Context, opts ...Option) iter.Seq2[paymux.Link, error] {
	return pages[paymux.Link](ctx, c, "/v1/payment_links", nil, opts)
}
