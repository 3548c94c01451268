package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/paymux/paymux"
)

// RefundRequest gives money of a payment back; a zero Amount gives all that is left.
type RefundRequest struct {
	Payment          paymux.PaymentID  `json:"payment"`
	Amount           int64             `json:"amount,omitempty"`
	Reason           string            `json:"reason,omitempty"`
	MerchantRefundID string            `json:"merchant_refund_id,omitempty"`
	Metadata         map[string]string `json:"metadata,omitempty"`
}

// RefundQuery selects refunds.
type RefundQuery struct {
	Payment  paymux.PaymentID
	PageSize int // 1 to 100
}

// CreateRefund gives money back. The answer may be processing: the notification tells the end.
func (c *Client) CreateRefund(ctx context.Context, r RefundRequest, opts ...Option) (*paymux.Refund, error) {
	return one[paymux.Refund](ctx, c, http.MethodPost, "/v1/refunds", r, opts)
}

// Refund reads one refund.
func (c *Client) Refund(ctx context.Context, id paymux.RefundID, opts ...Option) (*paymux.Refund, error) {
	return one[paymux.Refund](ctx, c, http.MethodGet, at("v1", "refunds", string(id)), nil, opts)
}

// Refunds lists refunds, newest first.
func (c *Client) Refunds(ctx context.Context, q RefundQuery, opts ...Option) iter.Seq2[paymux.Refund, error] {
	return pages[paymux.Refund](ctx, c, "/v1/refunds", url.Values{
		"payment": {string(q.Payment)}, "limit": {number(q.PageSize)},
	}, opts)
}
