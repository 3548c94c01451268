package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func attemptTests() []test {
	return []test{
		{"attempt/round trip and list", attemptList},
		{"attempt/with a task that is gone", attemptGone},
		{"attempt/of a payment", attemptNotified},
		{"attempt/pruned with its event", attemptPruned},
		{"attempt/buried deliveries pruned", buriedPruned},
	}
}

// attempt is a failed attempt to deliver an event, every field filled.
func (f *fixture) attempt(e paymux.Event, endpoint paymux.EndpointID, at time.Time) paymux.Attempt {
	var a paymux.Attempt
	f.fill.value(&a)
	a.Object, a.Event, a.Type, a.Endpoint, a.At = "notification_attempt", e.ID, e.Type, endpoint, at
	a.Result = paymux.AttemptFailed
	return a
}

// ended is an attempt as it usually is: short, with nothing to say but its result.
func (f *fixture) ended(e paymux.Event, endpoint paymux.EndpointID, at time.Time, result paymux.AttemptResult) paymux.Attempt {
	return paymux.Attempt{
		Object: "notification_attempt", Event: e.ID, Type: e.Type, Endpoint: endpoint, At: at, Number: 1,
		URL: "https://shop.example.com/hooks", Result: result, Status: 204, Duration: 1500,
	}
}

// log writes attempts as those of tasks that are gone.
func (f *fixture) log(t testing.TB, attempts ...paymux.Attempt) {
	t.Helper()
	var outcomes []queue.Outcome
	for i := range attempts {
		k := f.task("notify", string(attempts[i].Event), "gone", start)
		outcomes = append(outcomes, queue.Outcome{Task: k, Done: true, Attempt: &attempts[i]})
	}
	f.settle(t, outcomes...)
}

// emit commits a new event of no payment.
func (f *fixture) emit(t testing.TB, tasks ...queue.Task) paymux.Event {
	t.Helper()
	e := f.event(t, "")
	e.ObjectID = "object of " + string(e.ID)
	for i := range tasks {
		tasks[i].Ref = string(e.ID)
	}
	if err := f.Emit(t.Context(), e, tasks); err != nil {
		t.Fatal(err)
	}
	return e
}

func (f *fixture) attempts(t testing.TB, e paymux.Event, endpoint paymux.EndpointID) []paymux.Attempt {
	t.Helper()
	return must[[]paymux.Attempt](t)(f.Attempts(t.Context(), f.merchant, e.ID, endpoint))
}

func attemptList(t *testing.T, f *fixture) {
	e, other := f.emit(t), f.emit(t)
	a, b, c := f.attempt(e, "we_1", start), f.attempt(e, "we_1", start.Add(time.Microsecond)), f.ended(e, "we_1", start.Add(2*time.Hour), paymux.AttemptDelivered)
	d, foreign := f.ended(e, "we_2", start.Add(time.Hour), paymux.AttemptDropped), f.ended(other, "we_1", start, paymux.AttemptDead)
	f.log(t, c, a)
	f.log(t, d, b, foreign)
	f.log(t, a) // settled again, when it was not known whether it had been
	same(t, "those to an endpoint", f.attempts(t, e, "we_1"), []paymux.Attempt{a, b, c})
	same(t, "all of the event's", f.attempts(t, e, ""), []paymux.Attempt{a, b, d, c})
	same(t, "those to an endpoint that was never tried", f.attempts(t, e, "we_3"), nil)
	same(t, "another event's", f.attempts(t, other, ""), []paymux.Attempt{foreign})
	_, err := f.Attempts(t.Context(), "mer_other", e.ID, "we_1")
	wantErr(t, "another merchant's event", err, paymux.NotFound)
	_, err = f.Attempts(t.Context(), f.merchant, "evt_none", "")
	wantErr(t, "an unknown event", err, paymux.NotFound)
}

// What was attempted is logged, whatever has become of the task meanwhile, and with the state or not at all.
func attemptGone(t *testing.T, f *fixture) {
	p := f.payment()
	e := f.event(t, p.ID)
	old := f.task("notify", string(e.ID), "we_1", start)
	f.commit(t, &payment.Change{Payment: p, Events: []paymux.Event{e}, Tasks: []queue.Task{old}})
	renewed := f.task("notify", string(e.ID), "we_1", start.Add(time.Second))
	f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Tasks: []queue.Task{renewed}})
	var want []paymux.Attempt
	for i, o := range []queue.Outcome{{Done: true}, {Due: start.Add(time.Hour)}, {Bury: true}} {
		a := f.attempt(e, "we_1", start.Add(time.Duration(i)*time.Second))
		o.Task, o.Attempt = old, &a
		before := f.gate.count()
		f.settle(t, o)
		if n := f.gate.count() - before; n != 1 {
			t.Errorf("an outcome and its log took %d commits", n)
		}
		want = append(want, a)
	}
	same(t, "the log", f.attempts(t, e, "we_1"), want)
	same(t, "the tasks", f.due(t, start.Add(time.Hour), 10), []queue.Task{renewed})
}

func attemptNotified(t *testing.T, f *fixture) {
	p, other := f.payment(), f.payment()
	refund, dispute := f.refund(p), f.dispute(p)
	events := []paymux.Event{f.event(t, p.ID), f.event(t, p.ID), f.event(t, p.ID), f.event(t, p.ID)}
	events[1].ObjectID, events[2].ObjectID = string(refund.ID), string(dispute.ID)
	stranger := f.event(t, other.ID)
	f.commit(t, &payment.Change{Payment: p, NewRefunds: []paymux.Refund{refund}, Disputes: []paymux.Dispute{dispute}, Events: events})
	f.commit(t, &payment.Change{Payment: other, Events: []paymux.Event{stranger}})
	var want []paymux.Attempt
	for i, e := range []paymux.Event{events[2], events[0], events[1], events[0], events[3]} {
		want = append(want, f.attempt(e, paymux.EndpointID("we_"+strconv.Itoa(i%2)), start.Add(time.Duration(i)*time.Minute)))
	}
	f.log(t, want[3], want[0], f.attempt(stranger, "we_1", start), want[4], want[1], want[2])
	same(t, "the payment's attempts", must[[]paymux.Attempt](t)(f.Notified(t.Context(), p.ID)), want)
	same(t, "those of a payment without", must[[]paymux.Attempt](t)(f.Notified(t.Context(), f.enqueue(t).ID)), nil)
}

// eventAt is an event that was made at a time, its ID, too.
func (f *fixture) eventAt(t testing.TB, at time.Time) paymux.Event {
	t.Helper()
	e := f.event(t, "")
	ids := paymux.NewIDs([]byte("only for tests, no secret"), 7, func() time.Time { return at })
	e.ID, e.Timestamp, e.ObjectID = paymux.EventID(ids.New(paymux.PrefixEvent)), at, "object of "+at.String()
	e.Body = e.AppendJSON(nil)
	if err := f.Emit(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	return e
}

// Deliveries that were buried long ago are forgotten. Payments that were given up are not.
func buriedPruned(t *testing.T, f *fixture) {
	var want []queue.Buried
	for i, kind := range []string{notify.KindNotify, "resolve", notify.KindNotify, notify.KindNotify, notify.KindNotify, notify.KindReplay, notify.KindNotify} {
		k := f.task(kind, strconv.Itoa(i), "we_1", start)
		f.enqueue(t, k)
		f.settle(t, queue.Outcome{Task: k, Bury: true})
		if kind != notify.KindNotify {
			want = append(want, f.buried(t)[0])
		}
	}
	all := f.buried(t)
	first := all[len(all)-1].BuriedAt
	if n := must[int](t)(f.PruneEvents(t.Context(), first, 2)); n != 0 {
		t.Errorf("%d pruned of what is young", n)
	}
	same(t, "the young ones", f.buried(t), all)
	until(t, "all old ones were pruned", func() bool {
		return must[int](t)(f.PruneEvents(t.Context(), all[1].BuriedAt, 2)) == 0
	})
	slices.Reverse(want)
	same(t, "those that stay", f.buried(t), append(slices.Clone(all[:1]), want...))
}

func (f *fixture) buried(t testing.TB) []queue.Buried {
	t.Helper()
	return must[[]queue.Buried](t)(f.Buried(t.Context(), paymux.Page{Limit: 100}))
}

func attemptPruned(t *testing.T, f *fixture) {
	const day = 24 * time.Hour
	var old []paymux.Event
	for i := range 5 {
		old = append(old, f.eventAt(t, start.Add(time.Duration(i)*time.Minute-10*day)))
	}
	kept := f.eventAt(t, start.Add(-4*day))
	var logged []paymux.Attempt
	for _, e := range append(old, kept) {
		logged = append(logged, f.ended(e, "we_1", e.Timestamp.Add(time.Second), paymux.AttemptDelivered))
	}
	f.log(t, logged...)
	if n := must[int](t)(f.PruneEvents(t.Context(), start.Add(-20*day), 2)); n != 0 {
		t.Errorf("%d pruned of what is young", n)
	}
	until(t, "all old events were pruned", func() bool {
		return must[int](t)(f.PruneEvents(t.Context(), start.Add(-7*day), 2)) == 0
	})
	for _, e := range old {
		_, err := f.EventByID(t.Context(), e.ID)
		wantErr(t, "an old event", err, paymux.NotFound)
		_, err = f.Attempts(t.Context(), f.merchant, e.ID, "")
		wantErr(t, "its attempts", err, paymux.NotFound)
	}
	same(t, "the young event", must[paymux.Event](t)(f.EventByID(t.Context(), kept.ID)), kept)
	same(t, "its attempts", f.attempts(t, kept, "we_1"), logged[5:])
	page := must[[]paymux.Event](t)(f.Events(t.Context(), paymux.EventFilter{Merchant: f.merchant, Page: paymux.Page{Limit: 10}}))
	same(t, "the list", page, []paymux.Event{kept})
}
