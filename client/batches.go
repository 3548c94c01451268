package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/paymux/paymux"
)

// BatchItem is one request of a batch: a service type and the body of the
// request it stands for, such as a PaymentRequest.
type BatchItem struct {
	Service paymux.ServiceType `json:"service"`
	Payment paymux.PaymentID   `json:"payment,omitempty"` // capture, cancel and query: which
	Request any                `json:"request,omitempty"` // queries have none
}

// BatchAnswer is a batch's outcome, item by item in the order of the request.
type BatchAnswer struct {
	ID     paymux.BatchID     `json:"id"`
	Policy paymux.BatchPolicy `json:"policy"`
	Items  []BatchOutcome     `json:"items"`
}

// BatchOutcome is what became of one item.
type BatchOutcome struct {
	Service  paymux.ServiceType `json:"service"`
	Status   int                `json:"status"` // as HTTP would have it
	Replayed bool               `json:"idempotent_replayed,omitempty"`
	Object   json.RawMessage    `json:"object,omitempty"`
	Error    json.RawMessage    `json:"error,omitempty"` // a problem document
}

// CreateBatch carries out several requests under the merchant's policy (A5).
func (c *Client) CreateBatch(ctx context.Context, items []BatchItem, opts ...Option) (*BatchAnswer, error) {
	in := struct {
		Items []BatchItem `json:"items"`
	}{items}
	return one[BatchAnswer](ctx, c, http.MethodPost, "/v1/batches", in, opts)
}
