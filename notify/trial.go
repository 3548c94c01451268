package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Test sends an endpoint.test event to one endpoint through the ordinary queue,
// whatever it subscribes to. A disabled endpoint is an error of Code StateConflict.
func (n *Notifier) Test(ctx context.Context, endpoint paymux.Endpoint) (paymux.Event, error) {
	if endpoint.Status != paymux.EndpointEnabled {
		return paymux.Event{}, paymux.Errorf(paymux.StateConflict, "The endpoint is disabled: enable it first.")
	}
	e, err := n.testEvent(endpoint)
	if err != nil {
		return paymux.Event{}, err
	}
	tasks := []queue.Task{n.task(e.ID, endpoint.ID)}
	if err := n.Store.Emit(ctx, e, tasks); err != nil {
		return paymux.Event{}, fmt.Errorf("emit test event for %s: %w", endpoint.ID, err)
	}
	n.Offer(tasks)
	return e, nil
}

func (n *Notifier) testEvent(endpoint paymux.Endpoint) (paymux.Event, error) {
	object, err := json.Marshal(endpoint)
	if err != nil {
		return paymux.Event{}, fmt.Errorf("encode endpoint %s: %w", endpoint.ID, err)
	}
	e := paymux.Event{
		ID: paymux.EventID(n.IDs.New(paymux.PrefixEvent)), Type: paymux.EndpointTest,
		Timestamp: n.Now().UTC(), APIVersion: paymux.APIVersion, Livemode: endpoint.Livemode,
		Data:     paymux.EventData{Object: object, Sequence: 1},
		Merchant: endpoint.Merchant, ObjectID: string(endpoint.ID),
	}
	if e.Body, err = json.Marshal(e); err != nil {
		return paymux.Event{}, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return e, nil
}
