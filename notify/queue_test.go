package notify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/queue/queuetest"
)

// run starts a queue that delivers what is enqueued from now on.
func (h *house) run() (*queue.Runner, *queuetest.Store) {
	tasks := queuetest.NewStore()
	h.store.keeps, h.store.enqueue = false, tasks.Add
	r := queue.NewRunner(queue.Config{
		Store: tasks, Leases: tasks, Replica: "one", Handlers: map[string]queue.Handler{notify.KindNotify: h.Handler()},
		Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	r.Start()
	h.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		r.Stop(ctx)
	})
	return r, tasks
}

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
	r, store := h.run()
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
	look, err := store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == events })
	if err != nil {
		t.Fatalf("%d tasks are left, want the slow endpoint's %d: %v", len(look.Tasks), events, err)
	}
}

// What was delivered and cannot be settled is settled later, and delivered again
// only by who does not know of it: a replica that takes over.
func TestNothingIsLostWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	to := h.endpoint(s.URL)
	r, store := h.run()
	failed := make(chan struct{}, 100)
	store.Break(queuetest.Faults{Settle: func([]queue.Outcome) error {
		failed <- struct{}{}
		return errors.New("disk full")
	}})
	e, tasks := h.event()
	r.Offer(tasks)
	<-failed
	<-failed
	v := h.Handle(t.Context(), tasks[0]) // as that replica would
	if !v.Done || len(s.got) != 2 {
		t.Errorf("verdict %+v, %d deliveries", v, len(s.got))
	}
	for range len(s.got) {
		got := <-s.got
		if got.header.Get("webhook-id") != string(e.ID) {
			t.Errorf("webhook-id %s, want %s", got.header.Get("webhook-id"), e.ID)
		}
		if err := webhook.Verify(to.Secrets[0].Value.Reveal(), got.header, got.body, h.Now()); err != nil {
			t.Error(err)
		}
	}
	store.Break(queuetest.Faults{})
	if _, err := store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 }); err != nil {
		t.Fatal(err)
	}
	if len(s.got) != 0 {
		t.Errorf("%d deliveries more", len(s.got))
	}
}

func TestEveryAttemptIsLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var n atomic.Int64
	s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) <= 2 {
			w.WriteHeader(500)
		}
	})
	to := h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{0, 0} })
	r, store := h.run()
	e, tasks := h.event()
	r.Offer(tasks)
	look, err := store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range look.Log {
		got = append(got, fmt.Sprint(a.Event == e.ID && a.Endpoint == to.ID, " ", a.Number, " ", a.Status, " ", a.Result))
	}
	if want := "[true 1 500 failed true 2 500 failed true 3 200 delivered]"; fmt.Sprint(got) != want {
		t.Errorf("logged %v, want %s", got, want)
	}
}

func TestLastFailureBuriesWithTheReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(500))
	h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{0} })
	r, store := h.run()
	_, tasks := h.event()
	r.Offer(tasks)
	look, err := store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Buried) == 1 })
	if err != nil {
		t.Fatal(err)
	}
	if b := look.Buried[0]; b.Attempt != 2 || b.LastError != "answered 500 Internal Server Error" {
		t.Errorf("buried %+v", b)
	}
}

// BenchmarkDeliver delivers events of 100 merchants, one endpoint each, to a sink in
// the same process, at most 2,000 under way. One operation is one delivery, settled in memory.
func BenchmarkDeliver(b *testing.B) {
	h := newHouse(b)
	underWay := make(chan struct{}, 2000)
	arrived := make(chan struct{}, 2000)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-underWay
		arrived <- struct{}{}
	}))
	b.Cleanup(sink.Close)
	const merchants = 100
	for i := range merchants {
		h.endpoint(fmt.Sprintf("%s/%d", sink.URL, i), func(e *paymux.Endpoint) { e.Merchant = paymux.MerchantID(fmt.Sprint("mer_", i)) })
	}
	r, _ := h.run()
	body := make([]byte, 900)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			underWay <- struct{}{}
			e := paymux.Event{
				ID: paymux.EventID(h.ids.New(paymux.PrefixEvent)), Type: paymux.PaymentSucceeded, Payment: "pay_1",
				Merchant: paymux.MerchantID(fmt.Sprint("mer_", i%merchants)), Body: body,
			}
			tasks, err := h.Tasks(b.Context(), e)
			if err != nil || len(tasks) != 1 {
				b.Error(tasks, err)
			}
			if err := h.store.Emit(b.Context(), e, tasks); err != nil {
				b.Error(err)
			}
			r.Offer(tasks)
		}
	}()
	for range b.N {
		<-arrived
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
