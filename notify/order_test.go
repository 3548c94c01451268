package notify_test

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// numbered is an event of a payment at a version.
func numbered(sequence int64, t paymux.EventType) func(*paymux.Event) {
	return func(e *paymux.Event) { e.Data.Sequence, e.Type = sequence, t }
}

func ordered(o paymux.DeliveryOrder) func(*paymux.Endpoint) {
	return func(e *paymux.Endpoint) { e.Delivery.Order = o }
}

func TestOrderOfAnObject(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	answers := &changing{code: 500}
	s := listen(t, answers.ServeHTTP)
	h.endpoint(s.URL, ordered(paymux.OrderObject), func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{60} })
	_, first := h.event(numbered(1, paymux.PaymentAuthorized))
	elder, second := h.event(numbered(2, paymux.PaymentSucceeded))
	_, other := h.event(func(e *paymux.Event) { e.ObjectID, e.Payment = "pay_2", "pay_2" })

	waits := func(age, least, most time.Duration) {
		t.Helper()
		c.pass(age)
		v := h.handle(second[0])
		if pause := v.Due.Sub(c.now()); !v.Uncounted || v.Done || v.Attempt != nil || pause < least || pause > most {
			t.Errorf("after %v: verdict %+v, in %v", age, v, pause)
		}
	}
	waits(0, 200*time.Millisecond, 200*time.Millisecond)
	waits(20*time.Second, 4*time.Second, 6*time.Second)
	waits(time.Hour, 30*time.Second, 30*time.Second)
	if len(s.got) != 0 {
		t.Fatalf("%d requests out of order", len(s.got))
	}
	if v := h.handle(other[0]); v.Uncounted {
		t.Errorf("another payment's waits, too: %+v", v)
	}
	v := h.handle(first[0])
	if v.Done || v.Bury {
		t.Fatalf("verdict %+v", v)
	}
	waits(0, time.Second, 30*time.Second) // for a retry
	first[0].Attempt = 1
	if v = h.handle(first[0]); !v.Bury {
		t.Fatalf("verdict %+v", v)
	}
	answers.set(200)
	if v := h.handle(second[0]); !v.Done || v.Attempt.Event != elder.ID { // the one before has ended, though in vain
		t.Errorf("verdict %+v", v)
	}
}

func TestEventsOfOneVersionDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.endpoint(listen(t, status(200)).URL, ordered(paymux.OrderObject))
	_, a := h.event(numbered(5, paymux.PaymentCaptured))
	_, b := h.event(numbered(5, paymux.PaymentSucceeded))
	if v := h.handle(b[0]); !v.Uncounted {
		t.Errorf("the second goes first: %+v", v)
	}
	for _, task := range []queue.Task{a[0], b[0]} {
		if v := h.handle(task); !v.Done {
			t.Errorf("verdict %+v", v)
		}
	}
}

func TestLatestStateWins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	answers := &changing{code: 500}
	s := listen(t, answers.ServeHTTP)
	h.endpoint(s.URL, ordered(paymux.OrderLatest), func(e *paymux.Endpoint) {
		e.Events = []paymux.EventType{paymux.PaymentAuthorized, paymux.PaymentSucceeded}
	})
	_, older := h.event(numbered(1, paymux.PaymentAuthorized))
	h.event(numbered(3, paymux.PaymentFailed)) // not wanted: it supersedes nothing
	if v := h.handle(older[0]); v.Done || v.Uncounted || len(s.got) != 1 {
		t.Fatalf("nothing newer is on its way: %+v", v)
	}
	newer, tasks := h.event(numbered(2, paymux.PaymentSucceeded))
	superseded := func(what string) {
		t.Helper()
		v := h.Handle(t.Context(), older[0])
		if !v.Done || v.Attempt.Result != paymux.AttemptDropped || v.Attempt.Error != "superseded by "+string(newer.ID) {
			t.Errorf("%s: verdict %+v, attempt %+v", what, v, v.Attempt)
		}
	}
	superseded("the newer is pending")
	tasks[0].Attempt = 9
	if v := h.handle(tasks[0]); !v.Bury {
		t.Fatalf("verdict %+v", v)
	}
	if v := h.Handle(t.Context(), older[0]); v.Done {
		t.Errorf("superseded by one that never arrived: %+v", v)
	}
	answers.set(200)
	if v := h.handle(tasks[0]); !v.Done {
		t.Fatalf("verdict %+v", v)
	}
	superseded("the newer has arrived")
}

func TestOrderWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	h.endpoint(s.URL, ordered(paymux.OrderObject))
	_, tasks := h.event()
	h.store.fail("Siblings")
	if v := h.handle(tasks[0]); !v.Uncounted || v.Done || len(s.got) != 0 {
		t.Errorf("verdict %+v", v)
	}
}
