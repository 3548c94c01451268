package accessregions

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// CreateLink implements access.Links: in the region of the new ID.
func (r *Regions) CreateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	_, err := relay.ByID(ctx, r.reads, string(l.ID), func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Links.CreateLink(ctx, l, i)
	})
	return homeAway(err)
}

// UpdateLink implements access.Links.
func (r *Regions) UpdateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	_, err := relay.ByID(ctx, r.reads, string(l.ID), func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Links.UpdateLink(ctx, l, i)
	})
	return homeAway(err)
}

// Link implements access.Links.
func (r *Regions) Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) (paymux.Link, error) { return n.Links.Link(ctx, id) })
}

// Links implements access.Links: all regions', newest first.
func (r *Regions) Links(ctx context.Context, merchant paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	return relay.Merge(ctx, r.reads, p, func(l *paymux.Link) string { return string(l.ID) },
		func(ctx context.Context, n *accessrpc.Node, page paymux.Page) ([]paymux.Link, error) {
			return n.Links.Links(ctx, merchant, page)
		})
}
