package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func siblingTests() []test {
	return []test{
		{"sibling/events of one object", siblings},
		{"sibling/notify URL", notifyURL},
	}
}

func siblings(t *testing.T, f *fixture) {
	p, other := f.payment(), f.payment()
	var events []paymux.Event
	for range 4 {
		events = append(events, f.event(t, p.ID))
	}
	of := func(i int, kind, lane string) queue.Task { return f.task(kind, string(events[i].ID), lane, start) }
	parked := of(3, "notify", "we_1")
	tasks := []queue.Task{of(1, "notify", "we_1"), parked, of(0, "notify", "we_1/a.example:443"), of(0, "another kind", "we_1")}
	f.commit(t, &payment.Change{Payment: p, Events: events, Tasks: tasks})
	f.commit(t, &payment.Change{Payment: other, Events: []paymux.Event{f.event(t, other.ID)}})
	f.park(t, parked)
	sibling := func(i int, pending bool) notify.Sibling {
		return notify.Sibling{ID: events[i].ID, Type: events[i].Type, Sequence: events[i].Data.Sequence, Pending: pending}
	}
	list := func(i int, lane string) []notify.Sibling {
		return must[[]notify.Sibling](t)(f.Siblings(t.Context(), events[i], lane))
	}
	same(t, "the last one's", list(3, "we_1"), []notify.Sibling{sibling(0, false), sibling(1, true), sibling(2, false)})
	same(t, "the first one's", list(0, "we_1"), []notify.Sibling{sibling(1, true), sibling(2, false), sibling(3, true)})
	same(t, "those in another lane", list(3, "we_1/a.example:443"), []notify.Sibling{sibling(0, true), sibling(1, false), sibling(2, false)})
	f.settle(t, queue.Outcome{Task: tasks[0], Done: true})
	same(t, "when one is delivered", list(3, "we_1"), []notify.Sibling{sibling(0, false), sibling(1, false), sibling(2, false)})
	alone := f.emit(t)
	same(t, "those of the only event", must[[]notify.Sibling](t)(f.Siblings(t.Context(), alone, "we_1")), nil)
}

func notifyURL(t *testing.T, f *fixture) {
	p, without := f.payment(), f.payment()
	without.NotifyURL = ""
	f.commit(t, &payment.Change{Payment: p})
	f.commit(t, &payment.Change{Payment: without})
	same(t, "the URL", must[string](t)(f.NotifyURL(t.Context(), p.ID)), p.NotifyURL)
	same(t, "no URL", must[string](t)(f.NotifyURL(t.Context(), without.ID)), "")
	_, err := f.NotifyURL(t.Context(), paymux.PaymentID(f.ids.New(paymux.PrefixPayment)))
	wantErr(t, "an unknown payment", err, paymux.NotFound)
}
