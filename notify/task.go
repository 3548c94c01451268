package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/queue"
)

// Tasks returns what delivers e: one task for each of its merchant's endpoints that
// subscribes to its type, due now; a per-payment endpoint has one where e's payment has a notify_url. It reads
// the store only when the merchant's endpoints are not cached, and, for a refund or dispute of a merchant with a
// per-payment endpoint, the payment's URL. An error means that they could not be learned, and e must not be committed without.
func (n *Notifier) Tasks(ctx context.Context, e paymux.Event) ([]queue.Task, error) {
	receivers, err := n.endpoints.subscribed(ctx, e.Merchant)
	if err != nil {
		return nil, err
	}
	var tasks []queue.Task
	for _, r := range receivers {
		if !r.Wants(e.Type) {
			continue
		}
		t, ok, err := n.taskFor(ctx, r, &e)
		if err != nil {
			return nil, err
		}
		if ok {
			tasks = append(tasks, t)
		}
	}
	if tasks != nil {
		n.recent.keep(e)
	}
	traced(ctx, tasks)
	return tasks, nil
}

// taskFor is the task that delivers e to r; there is none where a per-payment endpoint has no URL to deliver to.
func (n *Notifier) taskFor(ctx context.Context, r *receiver, e *paymux.Event) (t queue.Task, ok bool, err error) {
	if !r.PerPayment {
		return n.task(e.ID, string(r.ID)), true, nil
	}
	url, err := n.notifyURL(ctx, e)
	if err != nil || url == "" {
		return t, false, err
	}
	to := newAddress(url)
	if to.err != nil {
		n.Log.WarnContext(ctx, "notify: a payment's notify_url cannot be used", "payment", e.Payment, "event", e.ID)
		return t, false, nil
	}
	return n.task(e.ID, string(r.ID)+"/"+to.host), true, nil
}

// traced has deliveries carry on with the trace of what caused them.
func traced(ctx context.Context, tasks []queue.Task) {
	header := trace.Header(ctx)
	for i := range tasks {
		tasks[i].Trace = header
	}
}

func (n *Notifier) task(event paymux.EventID, lane string) queue.Task {
	now := n.Now().UTC()
	return queue.Task{
		ID: paymux.TaskID(n.IDs.New(paymux.PrefixTask)), Kind: KindNotify,
		Lane: lane, Ref: string(event), Due: now, CreatedAt: now,
	}
}

// endpointOf is the endpoint a lane of deliveries belongs to.
func endpointOf(lane string) paymux.EndpointID {
	id, _, _ := strings.Cut(lane, "/")
	return paymux.EndpointID(id)
}

// notifyURL is the URL that an event's payment names for itself, empty for none. An event of a payment carries it.
func (n *Notifier) notifyURL(ctx context.Context, e *paymux.Event) (string, error) {
	if e.Payment == "" {
		return "", nil
	}
	if e.ObjectID != string(e.Payment) {
		url, err := n.Store.NotifyURL(ctx, e.Payment)
		if err != nil {
			return "", fmt.Errorf("load notify_url of %s: %w", e.Payment, err)
		}
		return url, nil
	}
	var event struct {
		Data struct {
			Object struct {
				NotifyURL string `json:"notify_url"`
			} `json:"object"`
		} `json:"data"`
	}
	source, into := []byte(e.Body), any(&event)
	if e.Data.Object != nil {
		source, into = e.Data.Object, &event.Data.Object
	}
	if err := json.Unmarshal(source, into); err != nil {
		return "", fmt.Errorf("read notify_url of event %s: %w", e.ID, err)
	}
	return event.Data.Object.NotifyURL, nil
}
