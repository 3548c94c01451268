package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Resend sends one event again: to one endpoint, whatever it subscribes to, or, where none is named, to all
// that want it. It returns the endpoints. One that is not enabled, or a per-payment one for an event
// whose payment has no notify_url, is an error of Code StateConflict. A notification still pending starts anew.
func (n *Notifier) Resend(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.EndpointID, error) {
	e, err := n.Store.EventByID(ctx, event)
	if err == nil && e.Merchant != merchant {
		err = paymux.NotFound
	}
	if err != nil {
		if errors.Is(err, paymux.NotFound) {
			err = paymux.Errorf(paymux.NotFound, "There is no event %s.", event).Because(err)
		}
		return nil, err
	}
	var tasks []queue.Task
	if endpoint == "" {
		tasks, err = n.Tasks(ctx, e)
	} else {
		tasks, err = n.tasksTo(ctx, &e, endpoint)
	}
	if err != nil || len(tasks) == 0 {
		return nil, err
	}
	to := make([]paymux.EndpointID, len(tasks))
	for i, t := range tasks {
		to[i] = endpointOf(t.Lane)
	}
	if err := n.Store.Enqueue(ctx, tasks); err != nil {
		return nil, fmt.Errorf("enqueue %s again: %w", event, err)
	}
	n.Offer(tasks)
	return to, nil
}

func (n *Notifier) tasksTo(ctx context.Context, e *paymux.Event, endpoint paymux.EndpointID) ([]queue.Task, error) {
	found, err := n.Store.Endpoint(ctx, e.Merchant, endpoint)
	if err != nil {
		return nil, err
	}
	if err := ready(found); err != nil {
		return nil, err
	}
	t, ok, err := n.taskFor(ctx, newReceiver(found), e)
	if err == nil && !ok {
		err = paymux.Errorf(paymux.StateConflict, "The payment of %s has no notify_url.", e.ID)
	}
	return []queue.Task{t}, err
}
