package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// linksOf is a page of a merchant's links.
type linksOf struct {
	Merchant paymux.MerchantID
	Page     paymux.Page
}

func serveLinks(s *server, l access.Links) {
	write(s, "create_link", func(ctx context.Context, q *kept[paymux.Link]) error { return l.CreateLink(ctx, q.Value, q.Answer) })
	write(s, "update_link", func(ctx context.Context, q *kept[paymux.Link]) error { return l.UpdateLink(ctx, q.Value, q.Answer) })
	read(s, "link", func(ctx context.Context, id *paymux.LinkID) (paymux.Link, error) { return l.Link(ctx, *id) })
	list(s, "links", func(ctx context.Context, q *linksOf) ([]paymux.Link, error) { return l.Links(ctx, q.Merchant, q.Page) })
}

// CreateLink keeps a new link.
func (c *Client) CreateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return put(ctx, c, "create_link", kept[paymux.Link]{l, i})
}

// UpdateLink keeps a link as it is now.
func (c *Client) UpdateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return put(ctx, c, "update_link", kept[paymux.Link]{l, i})
}

// Link returns a link of any merchant.
func (c *Client) Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error) {
	return ask[paymux.Link](ctx, c, "link", id)
}

// Links lists a merchant's links.
func (c *Client) Links(ctx context.Context, merchant paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	return whole(ctx, c, "links", linksOf{merchant, p}, func(q *linksOf, last *paymux.Link, n int) { behind(&q.Page, last.ID, n) })
}
