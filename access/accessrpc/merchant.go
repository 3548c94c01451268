package accessrpc

import (
	"context"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// revoked is a key that ends.
type revoked struct {
	Merchant paymux.MerchantID
	ID       paymux.KeyID
	At       time.Time
	Answer   *paymux.Idempotency
}

func serveMerchants(s *server, m access.Merchants) {
	write(s, "create_merchant", func(ctx context.Context, q *paymux.Merchant) error { return m.CreateMerchant(ctx, *q) })
	write(s, "update_merchant", func(ctx context.Context, q *paymux.Merchant) error { return m.UpdateMerchant(ctx, *q) })
	read(s, "merchant", func(ctx context.Context, id *paymux.MerchantID) (paymux.Merchant, error) { return m.Merchant(ctx, *id) })
	list(s, "merchants", func(ctx context.Context, p *paymux.Page) ([]paymux.Merchant, error) { return m.Merchants(ctx, *p) })
	write(s, "create_key", func(ctx context.Context, q *kept[paymux.Key]) error { return m.CreateKey(ctx, q.Value, q.Answer) })
	write(s, "revoke_key", func(ctx context.Context, q *revoked) error { return m.RevokeKey(ctx, q.Merchant, q.ID, q.At, q.Answer) })
	list(s, "keys", func(ctx context.Context, id *paymux.MerchantID) ([]paymux.Key, error) { return m.Keys(ctx, *id) })
}

// CreateMerchant keeps a new merchant.
func (c *Client) CreateMerchant(ctx context.Context, m paymux.Merchant) error {
	return put(ctx, c, "create_merchant", m)
}

// UpdateMerchant keeps a merchant as it is now. This frontend's gate has to be told, as that of the all-in-one process.
func (c *Client) UpdateMerchant(ctx context.Context, m paymux.Merchant) error {
	return put(ctx, c, "update_merchant", m)
}

// Merchant returns a merchant.
func (c *Client) Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return ask[paymux.Merchant](ctx, c, "merchant", id)
}

// Merchants lists merchants.
func (c *Client) Merchants(ctx context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	return whole(ctx, c, "merchants", p, func(p *paymux.Page, last *paymux.Merchant, n int) { behind(p, last.ID, n) })
}

// CreateKey keeps a new key.
func (c *Client) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	return put(ctx, c, "create_key", kept[paymux.Key]{k, i})
}

// RevokeKey ends a key. This frontend's gate has to be told.
func (c *Client) RevokeKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	return put(ctx, c, "revoke_key", revoked{merchant, id, at, i})
}

// Keys lists a merchant's keys.
func (c *Client) Keys(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Key, error) {
	return whole[paymux.Key](ctx, c, "keys", merchant, nil)
}
