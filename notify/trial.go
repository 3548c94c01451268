package notify

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Test sends an endpoint.test event to one endpoint through the ordinary queue,
// whatever it subscribes to. An endpoint that is not enabled, or has no URL of its own, is an error of Code StateConflict.
func (n *Notifier) Test(ctx context.Context, endpoint paymux.Endpoint) (paymux.Event, error) {
	if err := ready(endpoint); err != nil {
		return paymux.Event{}, err
	}
	if endpoint.PerPayment {
		return paymux.Event{}, paymux.Errorf(paymux.StateConflict, "The endpoint delivers to payments' own URLs: create a payment with a notify_url to test it.")
	}
	e, err := n.endpointEvent(paymux.EndpointTest, endpoint, n.Now().UnixMicro())
	if err != nil {
		return paymux.Event{}, err
	}
	tasks := []queue.Task{n.task(e.ID, string(endpoint.ID))}
	traced(ctx, tasks)
	return e, n.emit(ctx, e, tasks)
}

// ready refuses an endpoint to which nothing is delivered.
func ready(e paymux.Endpoint) error {
	if e.Status != paymux.EndpointEnabled {
		return paymux.Errorf(paymux.StateConflict, "%s is %s: enable it first.", e.ID, e.Status)
	}
	return nil
}
