package notify

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Store is what notify needs remembered. Endpoints are cached here and read
// again when Revision has risen.
type Store interface {
	Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error)
	Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error)
	UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error
	EventByID(ctx context.Context, id paymux.EventID) (paymux.Event, error)
	// Emit commits an event outside any payment, with the tasks that deliver it.
	Emit(ctx context.Context, e paymux.Event, tasks []queue.Task) error
	Revision(ctx context.Context) (int64, error)
}
