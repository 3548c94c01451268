package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func notificationTests() []test {
	return []test{
		{"notification/what has become of each", notificationStatus},
		{"notification/filter and pages", notificationFilter},
		{"notification/beyond what one call looks at", notificationWalk},
		{"notification/replayed after burial", notificationReplayed},
		{"notification/lanes of an endpoint", notificationLanes},
	}
}

func notification(e paymux.Event, endpoint paymux.EndpointID, status paymux.NotificationStatus, attempts int, lastError string) paymux.Notification {
	return paymux.Notification{
		Object: "notification", Event: e.ID, Type: e.Type, ObjectID: e.ObjectID, Endpoint: endpoint,
		Status: status, Attempts: attempts, LastError: lastError, CreatedAt: e.Timestamp,
	}
}

func (f *fixture) notifications(t testing.TB, filter paymux.NotificationFilter) []paymux.Notification {
	t.Helper()
	filter.Merchant = f.merchant
	if filter.Limit == 0 {
		filter.Limit = 100
	}
	list, _ := f.notificationPage(t, filter)
	return list
}

func (f *fixture) notificationPage(t testing.TB, filter paymux.NotificationFilter) ([]paymux.Notification, paymux.EventID) {
	t.Helper()
	list, next, err := f.Notifications(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	return list, next
}

// notified makes an event for each thing that can become of a notification, and what is to be told of it, oldest first.
func (f *fixture) notified(t testing.TB, endpoint paymux.EndpointID) (want []paymux.Notification) {
	t.Helper()
	lane := string(endpoint)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }

	fresh := f.task("notify", "", lane, at(30))
	fresh.Attempt, fresh.LastError = 0, ""
	e := f.emit(t, fresh)
	n := notification(e, endpoint, paymux.NotificationPending, 0, "")
	n.NextAt = fresh.Due
	want = append(want, n)

	retried := f.task("notify", "", lane, at(0))
	e = f.emit(t, retried)
	retried.Ref = string(e.ID)
	first, second := f.attempt(e, endpoint, at(1)), f.attempt(e, endpoint, at(2))
	f.settle(t, queue.Outcome{Task: retried, Due: at(60), Attempt: &first})
	f.settle(t, queue.Outcome{Task: retried, Due: at(90), Attempt: &second})
	n = notification(e, endpoint, paymux.NotificationPending, 2, second.Error)
	n.NextAt = at(90)
	want = append(want, n)

	e = f.emit(t)
	failed := f.attempt(e, endpoint, at(3))
	f.log(t, failed, f.ended(e, endpoint, at(4), paymux.AttemptDelivered))
	want = append(want, notification(e, endpoint, paymux.NotificationDelivered, 2, failed.Error))

	buried := f.task("notify", "", lane, at(0))
	e = f.emit(t, buried)
	buried.Ref = string(e.ID)
	dead := f.attempt(e, endpoint, at(5))
	dead.Result = paymux.AttemptDead
	f.settle(t, queue.Outcome{Task: buried, Bury: true, Attempt: &dead})
	want = append(want, notification(e, endpoint, paymux.NotificationDead, 1, dead.Error))

	mute := f.task("notify", "", lane, at(0))
	e = f.emit(t, mute)
	mute.Ref, mute.LastError = string(e.ID), "it panicked"
	f.settle(t, queue.Outcome{Task: mute, Bury: true})
	want = append(want, notification(e, endpoint, paymux.NotificationDead, 0, "it panicked"))

	e = f.emit(t)
	f.log(t, f.ended(e, endpoint, at(6), paymux.AttemptDropped))
	want = append(want, notification(e, endpoint, paymux.NotificationDropped, 0, ""))
	return want
}

func newestFirst[T any](list []T, at ...int) (turned []T) {
	for _, i := range at {
		turned = append(turned, list[i])
	}
	return turned
}

func notificationStatus(t *testing.T, f *fixture) {
	want := f.notified(t, "we_1")
	f.notified(t, "we_2")
	f.emit(t) // without a trace
	all := newestFirst(want, 5, 4, 3, 2, 1, 0)
	same(t, "the notifications", f.notifications(t, paymux.NotificationFilter{Endpoint: "we_1"}), all)
	same(t, "those to an endpoint never notified", f.notifications(t, paymux.NotificationFilter{Endpoint: "we_3"}), nil)
	stranger, next := f.notificationPage(t, paymux.NotificationFilter{Merchant: "mer_other", Endpoint: "we_1", Page: paymux.Page{Limit: 10}})
	same(t, "a stranger's", stranger, nil)
	same(t, "where they go on", next, "")
	for _, n := range want {
		same(t, "an event's", f.notifications(t, paymux.NotificationFilter{Endpoint: "we_1", Event: n.Event}), []paymux.Notification{n})
		same(t, "an event's, to another", f.notifications(t, paymux.NotificationFilter{Endpoint: "we_2", Event: n.Event}), nil)
	}
}

func notificationFilter(t *testing.T, f *fixture) {
	want := f.notified(t, "we_1")
	for status, at := range map[paymux.NotificationStatus][]int{
		paymux.NotificationPending: {1, 0}, paymux.NotificationDelivered: {2}, paymux.NotificationDead: {4, 3}, paymux.NotificationDropped: {5},
	} {
		filter := paymux.NotificationFilter{Endpoint: "we_1", Status: status}
		same(t, "those "+string(status), f.notifications(t, filter), newestFirst(want, at...))
	}
	f.wantPages(t, "two", paymux.NotificationFilter{Endpoint: "we_1", Page: paymux.Page{Limit: 2}}, newestFirst(want, 5, 4), newestFirst(want, 3, 2), newestFirst(want, 1, 0))
	filter := paymux.NotificationFilter{Endpoint: "we_1", Page: paymux.Page{Limit: 4}}
	same(t, "a page", f.notifications(t, filter), newestFirst(want, 5, 4, 3, 2))
	filter.After = string(want[2].Event)
	same(t, "the next", f.notifications(t, filter), newestFirst(want, 1, 0))
	filter.Status, filter.After = paymux.NotificationDead, string(want[4].Event)
	same(t, "dead ones from one on", f.notifications(t, filter), newestFirst(want, 3))
	filter.Status, filter.Event, filter.After = paymux.NotificationDead, want[0].Event, ""
	same(t, "an event's when it is another status", f.notifications(t, filter), nil)
}

// wantPages checks what each page has, and that the last one says so.
func (f *fixture) wantPages(t testing.TB, what string, filter paymux.NotificationFilter, pages ...[]paymux.Notification) {
	t.Helper()
	filter.Merchant = f.merchant
	for i, want := range pages {
		list, next := f.notificationPage(t, filter)
		same(t, fmt.Sprintf("page %d of %s", i, what), list, want)
		if last := i == len(pages)-1; (next == "") != last || next != "" && string(next) == filter.After {
			t.Fatalf("page %d of %d of %s goes on behind %q after %q", i, len(pages), what, next, filter.After)
		}
		filter.After = string(next)
	}
}

// However many events left no trace between two that did, the list goes on.
func notificationWalk(t *testing.T, f *fixture) {
	e := f.emit(t)
	dead := f.attempt(e, "we_1", start)
	dead.Result = paymux.AttemptDead
	f.log(t, dead)
	oldest := []paymux.Notification{notification(e, "we_1", paymux.NotificationDead, 1, dead.Error)}
	p := f.payment()
	bare := make([]paymux.Event, notify.MostLooks)
	for i := range bare {
		bare[i] = f.event(t, p.ID)
	}
	f.commit(t, &payment.Change{Payment: p, Events: bare})
	e = f.emit(t)
	f.log(t, f.ended(e, "we_1", start, paymux.AttemptDelivered))
	newest := []paymux.Notification{notification(e, "we_1", paymux.NotificationDelivered, 1, "")}

	filter := func(status paymux.NotificationStatus, limit int, after paymux.EventID) paymux.NotificationFilter {
		return paymux.NotificationFilter{Endpoint: "we_1", Status: status, Page: paymux.Page{Limit: limit, After: string(after)}}
	}
	f.wantPages(t, "all", filter("", 10, ""), newest, oldest)
	f.wantPages(t, "all by one", filter("", 1, ""), newest, oldest)
	f.wantPages(t, "dead ones", filter(paymux.NotificationDead, 10, ""), nil, oldest)
	f.wantPages(t, "delivered ones", filter(paymux.NotificationDelivered, 10, ""), newest, nil)
	f.wantPages(t, "those behind the newest", filter("", 10, e.ID), nil, oldest)
	f.wantPages(t, "those behind the next", filter("", 10, bare[len(bare)-1].ID), oldest)
	f.wantPages(t, "another endpoint's", paymux.NotificationFilter{Endpoint: "we_2", Page: paymux.Page{Limit: 10}}, nil, nil)
}

// A notification that was given up is sent again: what became of that counts.
func notificationReplayed(t *testing.T, f *fixture) {
	first := f.task("notify", "", "we_1", start)
	e := f.emit(t, first)
	first.Ref = string(e.ID)
	dead := f.attempt(e, "we_1", start)
	dead.Result = paymux.AttemptDead
	f.settle(t, queue.Outcome{Task: first, Bury: true, Attempt: &dead})
	at := must[[]queue.Buried](t)(f.Buried(t.Context(), paymux.Page{Limit: 1}))[0].BuriedAt

	again := f.task("notify", string(e.ID), "we_1", start)
	f.enqueue(t, again)
	n := notification(e, "we_1", paymux.NotificationPending, 1, dead.Error)
	n.NextAt = again.Due
	filter := paymux.NotificationFilter{Endpoint: "we_1"}
	same(t, "sent again", f.notifications(t, filter), []paymux.Notification{n})

	done := f.ended(e, "we_1", at.Add(time.Minute), paymux.AttemptDelivered)
	f.settle(t, queue.Outcome{Task: again, Done: true, Attempt: &done})
	n = notification(e, "we_1", paymux.NotificationDelivered, 2, dead.Error)
	same(t, "delivered in the end", f.notifications(t, filter), []paymux.Notification{n})
}

// Payments' own URLs are lanes of the endpoint that signs for them; an endpoint whose ID begins with another's is not its lane.
func notificationLanes(t *testing.T, f *fixture) {
	parked, buried := f.task("notify", "", "we_1/a.example:443", start), f.task("notify", "", "we_1/b.example:443", start)
	e := f.emit(t, parked)
	parked.Ref = string(e.ID)
	f.park(t, parked)
	pending := notification(e, "we_1", paymux.NotificationPending, 0, parked.LastError)
	pending.NextAt = parked.Due
	e = f.emit(t, buried)
	buried.Ref, buried.LastError = string(e.ID), "refused"
	f.settle(t, queue.Outcome{Task: buried, Bury: true})
	f.emit(t, f.task("notify", "", "we_12", start), f.task("notify", "", "we_1-", start), f.task("notify", "", "we_10/a.example:443", start))
	f.emit(t, f.task("another kind", "", "we_1", start))
	want := []paymux.Notification{notification(e, "we_1", paymux.NotificationDead, 0, "refused"), pending}
	same(t, "the notifications", f.notifications(t, paymux.NotificationFilter{Endpoint: "we_1"}), want)
}
