package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func eventTests() []test {
	return []test{
		{"event/round trip", eventRoundTrip},
		{"event/enqueued again", eventEnqueuedAgain},
		{"event/list", eventList},
	}
}

func eventRoundTrip(t *testing.T, f *fixture) {
	ctx, p := t.Context(), f.payment()
	e := f.event(t, p.ID)
	f.commit(t, &payment.Change{Payment: p, Events: []paymux.Event{e}})
	same(t, "the event", must[paymux.Event](t)(f.EventByID(ctx, e.ID)), e)
	same(t, "the merchant's event", must[paymux.Event](t)(f.Event(ctx, f.merchant, e.ID)), e)
	_, err := f.Event(ctx, "mer_other", e.ID)
	wantErr(t, "another merchant's event", err, paymux.NotFound)
	_, err = f.EventByID(ctx, "evt_none")
	wantErr(t, "an unknown event", err, paymux.NotFound)

	alone := f.event(t, "")
	tasks := []queue.Task{f.task("notify", string(alone.ID), "we_1", start), f.task("notify", string(alone.ID), "we_2", start)}
	if err := f.Emit(ctx, alone, tasks); err != nil {
		t.Fatal(err)
	}
	same(t, "the event of no payment", must[paymux.Event](t)(f.EventByID(ctx, alone.ID)), alone)
	same(t, "its tasks", f.due(t, start, 10), tasks)
}

func eventEnqueuedAgain(t *testing.T, f *fixture) {
	e := f.event(t, "")
	first := f.task("notify", string(e.ID), "we_1", start.Add(1e9))
	if err := f.Emit(t.Context(), e, []queue.Task{first}); err != nil {
		t.Fatal(err)
	}
	again := []queue.Task{f.task("notify", string(e.ID), "we_1", start), f.task("notify", string(e.ID), "we_2", start)}
	if err := f.Enqueue(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	same(t, "its tasks", f.due(t, start.Add(2e9), 10), again)
	if err := f.Enqueue(t.Context(), nil); err != nil {
		t.Errorf("nothing to enqueue: %v", err)
	}
}

func eventList(t *testing.T, f *fixture) {
	var all []paymux.Event
	for _, typ := range []paymux.EventType{paymux.PaymentFailed, paymux.PaymentSucceeded, paymux.RefundDone, paymux.PaymentFailed} {
		e := f.event(t, "")
		e.Type, e.ObjectID = typ, "object of "+string(typ)
		e.Body = []byte(`{"id":"` + string(e.ID) + `","type":"` + string(typ) + `","timestamp":"2026-11-22T12:00:00Z","api_version":"1","livemode":true,"data":{"object":{},"sequence":1}}`)
		e.Timestamp, e.APIVersion, e.Data = start.Truncate(1e9), "1", paymux.EventData{Object: []byte("{}"), Sequence: 1}
		if err := f.Emit(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	foreign := f.event(t, "")
	foreign.Merchant = "mer_other"
	if err := f.Emit(t.Context(), foreign, nil); err != nil {
		t.Fatal(err)
	}
	list := func(filter paymux.EventFilter) []paymux.Event {
		filter.Merchant, filter.Limit = f.merchant, 2
		return must[[]paymux.Event](t)(f.Events(t.Context(), filter))
	}
	same(t, "a page", list(paymux.EventFilter{}), []paymux.Event{all[3], all[2]})
	same(t, "the next", list(paymux.EventFilter{Page: paymux.Page{After: string(all[2].ID)}}), []paymux.Event{all[1], all[0]})
	same(t, "those of a type", list(paymux.EventFilter{Type: paymux.PaymentFailed}), []paymux.Event{all[3], all[0]})
	same(t, "those of an object", list(paymux.EventFilter{ObjectID: all[2].ObjectID}), []paymux.Event{all[2]})
	both := paymux.EventFilter{Type: paymux.PaymentFailed, ObjectID: all[0].ObjectID, Page: paymux.Page{After: string(all[3].ID)}}
	same(t, "those of both", list(both), []paymux.Event{all[0]})
}
