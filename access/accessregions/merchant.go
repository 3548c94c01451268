package accessregions

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// CreateMerchant implements access.Merchants. The new merchant's ID says where its home is.
func (r *Regions) CreateMerchant(ctx context.Context, m paymux.Merchant) error {
	_, err := atHome(ctx, r, m.ID, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Merchants.CreateMerchant(ctx, m)
	})
	return err
}

// UpdateMerchant implements access.Merchants.
func (r *Regions) UpdateMerchant(ctx context.Context, m paymux.Merchant) error {
	_, err := atHome(ctx, r, m.ID, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Merchants.UpdateMerchant(ctx, m)
	})
	return err
}

// Merchant implements access.Merchants.
func (r *Regions) Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return ofMerchant(ctx, r, id, func(ctx context.Context, n *accessrpc.Node) (paymux.Merchant, error) {
		return n.Merchants.Merchant(ctx, id)
	})
}

// Merchants implements access.Merchants: each merchant as its home has it, and where that is away, as the newest copy.
func (r *Regions) Merchants(ctx context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	ask := func(ctx context.Context, n *accessrpc.Node) ([]paymux.Merchant, error) {
		return n.Merchants.Merchants(ctx, p)
	}
	parts := relay.Each(ctx, r.reads, ask)
	if len(parts) == 1 {
		return parts[0].Value, parts[0].Err
	}
	if _, err := relay.Some(parts); err != nil {
		return nil, err
	}
	type kept struct {
		paymux.Merchant
		home bool
	}
	best := map[paymux.MerchantID]kept{}
	for _, part := range parts {
		if part.Err != nil {
			continue
		}
		for _, m := range part.Value {
			region, _ := paymux.RegionOf(string(m.ID))
			home, had := region == part.Number, best[m.ID]
			if home || !had.home && !m.UpdatedAt.Before(had.UpdatedAt) {
				best[m.ID] = kept{m, home}
			}
		}
	}
	list := make([]paymux.Merchant, 0, len(best))
	for _, m := range best {
		list = append(list, m.Merchant)
	}
	slices.SortFunc(list, func(a, b paymux.Merchant) int { return cmp.Compare(b.ID, a.ID) })
	return list[:min(len(list), cmp.Or(p.Limit, len(list)))], nil
}

// CreateKey implements access.Merchants.
func (r *Regions) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	_, err := atHome(ctx, r, k.Merchant, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Merchants.CreateKey(ctx, k, i)
	})
	return err
}

// RevokeKey implements access.Merchants.
func (r *Regions) RevokeKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	_, err := atHome(ctx, r, merchant, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Merchants.RevokeKey(ctx, merchant, id, at, i)
	})
	return err
}

// Keys implements access.Merchants.
func (r *Regions) Keys(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Key, error) {
	return ofMerchant(ctx, r, merchant, func(ctx context.Context, n *accessrpc.Node) ([]paymux.Key, error) {
		return n.Merchants.Keys(ctx, merchant)
	})
}
