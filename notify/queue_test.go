package notify_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/queue/queuetest"
)

func TestSlowEndpointDelaysNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	release := make(chan struct{})
	var atOnce atomic.Int64
	slow := listen(t, func(http.ResponseWriter, *http.Request) {
		atOnce.Add(1)
		<-release
	})
	t.Cleanup(func() { close(release) })
	quick := listen(t, status(200))
	h.endpoint(slow.URL)
	h.endpoint(quick.URL)
	r := h.run()
	const events = 100
	for range events {
		_, tasks := h.event()
		r.Offer(tasks)
	}
	// Every quick delivery arrives while no slow one has ended.
	for range events {
		<-quick.got
	}
	if n := atOnce.Load(); n > notify.Window {
		t.Errorf("%d deliveries at once to the slow endpoint, its window is %d", n, notify.Window)
	}
	look, err := h.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == events })
	if err != nil {
		t.Fatalf("%d tasks are left, want the slow endpoint's %d: %v", len(look.Tasks), events, err)
	}
}

func TestNothingIsLostWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	to := h.endpoint(s.URL)
	h.store.Break(queuetest.Faults{Settle: func([]queue.Outcome) error { return errors.New("disk full") }})
	r := h.run()
	e, tasks := h.event()
	r.Offer(tasks)
	for i := range 2 { // delivered, not stored, and so delivered again
		got := <-s.got
		if got.header.Get("webhook-id") != string(e.ID) {
			t.Errorf("delivery %d: webhook-id %s, want %s", i, got.header.Get("webhook-id"), e.ID)
		}
		if err := webhook.Verify(to.Secrets[0].Value.Reveal(), got.header, got.body, h.Now()); err != nil {
			t.Errorf("delivery %d: %v", i, err)
		}
	}
	h.store.Break(queuetest.Faults{})
	if _, err := h.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 }); err != nil {
		t.Fatal(err)
	}
}

func TestTimelineTellsEveryAttempt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var n atomic.Int64
	s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) <= 2 {
			w.WriteHeader(500)
		}
	})
	h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{0, 0} })
	r := h.run()
	_, tasks := h.event()
	r.Offer(tasks)
	look, err := h.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 })
	if err != nil {
		t.Fatal(err)
	}
	hops := look.Hops["pay_1"]
	if len(hops) != 3 || hops[0].Data["status"] != "500" || hops[2].Data["attempt"] != "3" || hops[2].Data["status"] != "200" {
		t.Errorf("hops %+v", hops)
	}
}

func TestLastFailureBuriesWithTheReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(500))
	h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{0} })
	r := h.run()
	_, tasks := h.event()
	r.Offer(tasks)
	look, err := h.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Buried) == 1 })
	if err != nil {
		t.Fatal(err)
	}
	if b := look.Buried[0]; b.Attempt != 2 || b.LastError != "answered 500 Internal Server Error" {
		t.Errorf("buried %+v", b)
	}
}
