package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
)

// priced is a sum of money that somebody wants to pay a merchant.
type priced struct {
	Merchant paymux.MerchantID
	Money    paymux.Money
}

func servePayments(s *server, n *Node) {
	read(s, "payment", func(ctx context.Context, q *owned[paymux.PaymentID]) (paymux.Payment, error) {
		return n.Queries.Payment(ctx, q.Merchant, q.ID)
	})
	list(s, "payments", func(ctx context.Context, q *paymux.PaymentFilter) ([]paymux.Payment, error) {
		return n.Queries.Payments(ctx, *q)
	})
	list(s, "operations", func(ctx context.Context, q *owned[paymux.PaymentID]) ([]paymux.Operation, error) {
		return n.Queries.Operations(ctx, q.Merchant, q.ID)
	})
	read(s, "refund", func(ctx context.Context, q *owned[paymux.RefundID]) (paymux.Refund, error) {
		return n.Queries.RefundByID(ctx, q.Merchant, q.ID)
	})
	list(s, "refunds", func(ctx context.Context, q *paymux.RefundFilter) ([]paymux.Refund, error) {
		return n.Queries.Refunds(ctx, *q)
	})
	list(s, "timeline", func(ctx context.Context, q *owned[paymux.PaymentID]) ([]paymux.Hop, error) {
		return n.Queries.Timeline(ctx, q.Merchant, q.ID)
	})
	read(s, "find_payment", func(ctx context.Context, id *paymux.PaymentID) (paymux.Payment, error) {
		return n.Payers.Find(ctx, *id)
	})
	read(s, "methods", func(ctx context.Context, q *priced) ([]paymux.MethodType, error) {
		return n.Payers.Methods(ctx, q.Merchant, q.Money)
	})
}

// Payment returns a merchant's payment.
func (c *Client) Payment(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error) {
	return ask[paymux.Payment](ctx, c, "payment", owned[paymux.PaymentID]{merchant, id})
}

// Payments lists payments.
func (c *Client) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return whole(ctx, c, "payments", f, func(f *paymux.PaymentFilter, last *paymux.Payment, n int) { behind(&f.Page, last.ID, n) })
}

// Operations lists a payment's operations.
func (c *Client) Operations(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Operation, error) {
	return whole[paymux.Operation](ctx, c, "operations", owned[paymux.PaymentID]{merchant, id}, nil)
}

// RefundByID returns a merchant's refund.
func (c *Client) RefundByID(ctx context.Context, merchant paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error) {
	return ask[paymux.Refund](ctx, c, "refund", owned[paymux.RefundID]{merchant, id})
}

// Refunds lists refunds.
func (c *Client) Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	return whole(ctx, c, "refunds", f, func(f *paymux.RefundFilter, last *paymux.Refund, n int) { behind(&f.Page, last.ID, n) })
}

// Timeline is everything that happened to a payment.
func (c *Client) Timeline(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Hop, error) {
	return whole[paymux.Hop](ctx, c, "timeline", owned[paymux.PaymentID]{merchant, id}, nil)
}

// Find returns a payment of any merchant, for the payer's pages.
func (c *Client) Find(ctx context.Context, id paymux.PaymentID) (paymux.Payment, error) {
	return ask[paymux.Payment](ctx, c, "find_payment", id)
}

// Methods are what a payer may choose from.
func (c *Client) Methods(ctx context.Context, merchant paymux.MerchantID, m paymux.Money) ([]paymux.MethodType, error) {
	return ask[[]paymux.MethodType](ctx, c, "methods", priced{merchant, m})
}
