package accessregions

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// Payment implements access.Queries.
func (r *Regions) Payment(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) (paymux.Payment, error) {
		return n.Queries.Payment(ctx, merchant, id)
	})
}

// Payments implements access.Queries: all regions', newest first.
func (r *Regions) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return relay.Merge(ctx, r.reads, f.Page, func(p *paymux.Payment) string { return string(p.ID) },
		func(ctx context.Context, n *accessrpc.Node, page paymux.Page) ([]paymux.Payment, error) {
			f := f
			f.Page = page
			return n.Queries.Payments(ctx, f)
		})
}

// Operations implements access.Queries.
func (r *Regions) Operations(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Operation, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) ([]paymux.Operation, error) {
		return n.Queries.Operations(ctx, merchant, id)
	})
}

// RefundByID implements access.Queries. The payment room gives refunds their IDs, in the region of the payment.
func (r *Regions) RefundByID(ctx context.Context, merchant paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) (paymux.Refund, error) {
		return n.Queries.RefundByID(ctx, merchant, id)
	})
}

// Refunds implements access.Queries: all regions', newest first, or those of a payment from its region alone.
func (r *Regions) Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	if home := r.reads.Home(string(f.Payment)); home != "" {
		return relay.In(ctx, r.reads, home, func(ctx context.Context, n *accessrpc.Node) ([]paymux.Refund, error) {
			return n.Queries.Refunds(ctx, f)
		})
	}
	return relay.Merge(ctx, r.reads, f.Page, func(re *paymux.Refund) string { return string(re.ID) },
		func(ctx context.Context, n *accessrpc.Node, page paymux.Page) ([]paymux.Refund, error) {
			f := f
			f.Page = page
			return n.Queries.Refunds(ctx, f)
		})
}

// Timeline implements access.Queries.
func (r *Regions) Timeline(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Hop, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) ([]paymux.Hop, error) {
		return n.Queries.Timeline(ctx, merchant, id)
	})
}

// Find implements accessrpc.Payers.
func (r *Regions) Find(ctx context.Context, id paymux.PaymentID) (paymux.Payment, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) (paymux.Payment, error) {
		return n.Payers.Find(ctx, id)
	})
}

// Methods implements accessrpc.Payers, as the own region sees it or, where that is away, another one.
func (r *Regions) Methods(ctx context.Context, merchant paymux.MerchantID, m paymux.Money) ([]paymux.MethodType, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) ([]paymux.MethodType, error) {
		return n.Payers.Methods(ctx, merchant, m)
	})
}
