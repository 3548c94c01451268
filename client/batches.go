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
	Payment paymux.PaymentID   `json:"payment,omitempty"` // capture and cancel: which
	Request any                `json:"request"`
}

// BatchAnswer is a batch's outcome, item by item in the order of the request.
type BatchAnswer struct {
	ID    paymux.BatchID `json:"id"`
	Items []BatchOutcome `json:"items"`
}

// BatchOutcome is what became of one item.
type BatchOutcome struct {
	Status int             `json:"status"` // as HTTP would have it
	Object json.RawMessage `json:"object,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// CreateBatch carries out several requests under the merchant's policy (A5).
func (c *Client) CreateBatch(ctx context.Context, items []BatchItem, opts ...Option) (*BatchAnswer, error) {
	in := struct {
		Items []BatchItem `json:"items"`
	}{items}
	return one[BatchAnswer](ctx, c, http.MethodPost, "/v1/batches", in, opts)
}
