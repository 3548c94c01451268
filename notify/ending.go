package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// ending is what becomes of an endpoint that has failed too often.
type ending struct {
	status paymux.EndpointStatus
	reason string // for the merchant
	note   string // for the attempt that led to it
}

const wasDisabled = "; the endpoint was disabled"

// ending decides whether a failed attempt is the end of the endpoint. again tells whether the notification has another attempt.
func (n *Notifier) ending(ctx context.Context, a *attempt, since time.Time, again bool) (ending, bool) {
	strategy := &a.endpoint.Delivery.OnFailure
	now := n.Now().UTC().Format(time.RFC3339)
	if a.answer.status == http.StatusGone {
		return ending{paymux.EndpointDisabled, "It answered 410 Gone on " + now + ".", wasDisabled}, true
	}
	lasting, err := n.lasting(ctx, a.endpoint, since, strategy.DisableAfterSeconds, standardDisable)
	if err != nil {
		n.Log.WarnContext(ctx, "notify: find out how long an endpoint has failed", "endpoint", a.endpoint.ID, "error", err)
	}
	if lasting {
		return ending{paymux.EndpointDisabled, "Every attempt since " + since.UTC().Format(time.RFC3339) + " has failed.", wasDisabled}, true
	}
	reason := fmt.Sprintf("The last of %d attempts to deliver %s failed on %s.", a.number, a.event.ID, now)
	switch {
	case again:
	case strategy.Exhausted == paymux.DisableEndpoint:
		return ending{paymux.EndpointDisabled, reason, wasDisabled}, true
	case strategy.Exhausted == paymux.PullInstead:
		return ending{paymux.EndpointPull, reason, "; the endpoint is pulled from now on"}, true
	}
	return ending{}, false
}

// end carries an ending out. The endpoint is read again first: the merchant may have changed it meanwhile, and
// then it is judged anew.
func (n *Notifier) end(ctx context.Context, a *attempt, end ending) queue.Verdict {
	r := a.endpoint
	r.health.mu.Lock() // one of the attempts under way does it
	defer r.health.mu.Unlock()
	e, err := n.Store.Endpoint(ctx, r.Merchant, r.ID)
	switch {
	case errors.Is(err, paymux.NotFound):
		return a.bury("; the endpoint was deleted")
	case err == nil && e.Status != paymux.EndpointEnabled:
		return a.bury(end.note)
	case err == nil && (e.URL != r.URL || !e.UpdatedAt.Equal(r.UpdatedAt)):
		n.Invalidate()
		return n.again(a, "; the endpoint was changed meanwhile")
	case err == nil:
		err = n.disable(ctx, e, end)
	}
	if err != nil {
		n.Log.WarnContext(ctx, "notify: disable endpoint", "endpoint", r.ID, "error", err)
		return n.again(a, "; the endpoint could not be disabled")
	}
	return a.bury(end.note)
}

// disable ends all deliveries to an endpoint and tells the merchant. The telling comes first: a crash in
// between makes the next attempt do both, and the telling is not repeated.
func (n *Notifier) disable(ctx context.Context, e paymux.Endpoint, end ending) error {
	before := e.UpdatedAt
	e.Status, e.Reason, e.UpdatedAt = end.status, end.reason, n.Now().UTC().Truncate(time.Microsecond)
	told := func(s Sibling) bool { return s.Sequence > before.UnixMicro() }
	if err := n.tell(ctx, paymux.EndpointWasDisabled, e, e.UpdatedAt.UnixMicro(), told); err != nil {
		return err
	}
	err := n.Store.EndEndpoint(ctx, e, before)
	n.Invalidate()
	if err != nil && !errors.Is(err, paymux.NotFound) {
		return err
	}
	n.Log.WarnContext(ctx, "notify: endpoint ended", "endpoint", e.ID, "merchant", e.Merchant, "status", e.Status, "reason", e.Reason)
	return nil
}

// alert tells the merchant once of an endpoint that has failed for a while. It is not told through the endpoint
// itself, and telling others cannot make a storm: each run of failures is told once, whatever it fails on.
func (n *Notifier) alert(ctx context.Context, r *receiver, since time.Time) {
	h := &r.health
	h.mu.Lock()
	done := h.alerted
	h.mu.Unlock()
	if done {
		return
	}
	lasting, err := n.lasting(ctx, r, since, r.Delivery.OnFailure.AlertAfterSeconds, standardAlert)
	if err == nil && !lasting {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil && !h.alerted {
		e := r.Endpoint
		e.FailingSince = since
		told := func(s Sibling) bool { return s.Sequence == since.UnixMicro() }
		err = n.tell(ctx, paymux.EndpointIsFailing, e, since.UnixMicro(), told)
		n.Log.WarnContext(ctx, "notify: endpoint fails", "endpoint", r.ID, "merchant", r.Merchant, "since", since)
	}
	if err != nil {
		n.Log.WarnContext(ctx, "notify: tell of a failing endpoint", "endpoint", r.ID, "error", err)
		return
	}
	h.alerted = true
}

// tell commits an event about one endpoint for the merchant's others, unless one of its type is there that says the
// same. Sequences are times in microseconds, so they rise over an endpoint's life.
func (n *Notifier) tell(ctx context.Context, t paymux.EventType, about paymux.Endpoint, sequence int64, same func(Sibling) bool) error {
	about.URL = newAddress(about.URL).shown // its query is none of the others' business
	e, err := n.endpointEvent(t, about, sequence)
	if err != nil {
		return err
	}
	siblings, err := n.Store.Siblings(ctx, e, "")
	if err != nil {
		return fmt.Errorf("load events of %s: %w", about.ID, err)
	}
	if slices.ContainsFunc(siblings, func(s Sibling) bool { return s.Type == t && same(s) }) {
		return nil
	}
	receivers, err := n.endpoints.subscribed(ctx, about.Merchant)
	if err != nil {
		return err
	}
	var tasks []queue.Task
	for _, r := range receivers {
		if r.ID != about.ID && !r.PerPayment && r.Wants(t) {
			tasks = append(tasks, n.task(e.ID, string(r.ID)))
		}
	}
	return n.emit(ctx, e, tasks)
}

func (n *Notifier) emit(ctx context.Context, e paymux.Event, tasks []queue.Task) error {
	if err := n.Store.Emit(ctx, e, tasks); err != nil {
		return fmt.Errorf("emit %s for %s: %w", e.Type, e.ObjectID, err)
	}
	n.Offer(tasks)
	return nil
}

func (n *Notifier) endpointEvent(t paymux.EventType, about paymux.Endpoint, sequence int64) (paymux.Event, error) {
	object, err := json.Marshal(about)
	if err != nil {
		return paymux.Event{}, fmt.Errorf("encode endpoint %s: %w", about.ID, err)
	}
	e := paymux.Event{
		ID: paymux.EventID(n.IDs.New(paymux.PrefixEvent)), Type: t,
		Timestamp: n.Now().UTC(), APIVersion: paymux.APIVersion, Livemode: about.Livemode,
		Data:     paymux.EventData{Object: object, Sequence: sequence},
		Merchant: about.Merchant, ObjectID: string(about.ID),
	}
	e.Body = e.AppendJSON(nil)
	return e, nil
}
