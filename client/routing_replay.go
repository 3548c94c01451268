package client

import (
	"context"
	"net/http"
	"time"

	"github.com/paymux/paymux"
)

// RoutingReplayRequest asks what a document, a draft, a version or, with none of them, what is in force would have done with past payments.
type RoutingReplayRequest struct {
	Document string            `json:"document,omitempty"`
	Draft    string            `json:"draft,omitempty"`
	Version  int64             `json:"version,omitempty"`
	Region   string            `json:"region,omitempty"` // its number; empty: that of the node that is asked
	Merchant paymux.MerchantID `json:"merchant,omitempty"`
	Mode     string            `json:"mode,omitempty"` // live or test; empty: both
	From     time.Time         `json:"from,omitzero"`
	To       time.Time         `json:"to,omitzero"`
	After    paymux.PaymentID  `json:"after,omitempty"`    // goes on where another replay ended
	Payments int               `json:"payments,omitempty"` // at most
	Moves    int               `json:"moves,omitempty"`    // to list at most
}

// ReplayRouting tells what would have moved, and what would have come of it. Nothing is touched.
func (o *Operator) ReplayRouting(ctx context.Context, r RoutingReplayRequest, opts ...Option) (*paymux.RoutingReplay, error) {
	return one[paymux.RoutingReplay](ctx, o.c, http.MethodPost, routingPath+"/replay", r, opts)
}
