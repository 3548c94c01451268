package notify_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
)

func TestOneTaskForEachEndpointThatWantsTheEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	all := h.endpoint("https://a.example")
	some := h.endpoint("https://b.example", func(e *paymux.Endpoint) { e.Events = []paymux.EventType{paymux.PaymentSucceeded} })
	h.endpoint("https://c.example", func(e *paymux.Endpoint) { e.Events = []paymux.EventType{paymux.RefundDone} })
	h.endpoint("https://d.example", func(e *paymux.Endpoint) { e.Status = paymux.EndpointDisabled })
	h.endpoint("https://e.example", func(e *paymux.Endpoint) { e.Merchant = "mer_2" })
	e, tasks := h.event()
	if len(tasks) != 2 || tasks[0].Lane != string(all.ID) || tasks[1].Lane != string(some.ID) || tasks[0].ID == tasks[1].ID {
		t.Fatalf("tasks %+v", tasks)
	}
	for _, task := range tasks {
		if task.Kind != notify.KindNotify || task.Ref != string(e.ID) || task.Due.After(time.Now()) || h.ids.Check(paymux.PrefixTask, string(task.ID)) != nil {
			t.Errorf("task %+v", task)
		}
	}
}

func TestEndpointsAreReadAgainWhenTheRevisionRises(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	h.endpoint("https://a.example")
	count := func(want int) {
		t.Helper()
		if _, tasks := h.event(); len(tasks) != want {
			t.Errorf("%d tasks, want %d", len(tasks), want)
		}
	}
	count(1)
	reads := h.store.reads
	count(1)
	if h.store.reads != reads {
		t.Errorf("%d reads for what is cached", h.store.reads-reads)
	}
	h.store.put(paymux.Endpoint{ID: "we_other", Merchant: merchant, Status: paymux.EndpointEnabled}) // by another process
	h.store.revision++
	count(1)
	c.pass(2 * time.Second)
	count(2)
	h.store.put(paymux.Endpoint{ID: "we_third", Merchant: merchant, Status: paymux.EndpointEnabled}) // by this one
	h.Invalidate()
	count(3)
	h.store.err = errors.New("down")
	c.pass(2 * time.Second)
	if _, err := h.Tasks(t.Context(), paymux.Event{ID: "evt_1", Merchant: merchant}); err != nil {
		t.Errorf("a store that is down takes away what is known: %v", err)
	}
	if _, err := h.Tasks(t.Context(), paymux.Event{ID: "evt_1", Merchant: "mer_unknown"}); !errors.Is(err, h.store.err) {
		t.Errorf("endpoints that cannot be learned: %v", err)
	}
}

// Secrets that cannot be had keep no event from being committed: its delivery waits, at nobody's cost, and the
// merchant's other endpoints are told.
func TestSecretsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(204))
	sealed, open := h.endpoint(s.URL), h.endpoint(s.URL)
	h.store.sealed = map[paymux.EndpointID]bool{sealed.ID: true}
	_, tasks := h.event()
	if len(tasks) != 2 {
		t.Fatalf("%d tasks, want 2", len(tasks))
	}
	v := h.handle(tasks[0])
	if tasks[0].Lane != string(sealed.ID) || v.Done || v.Bury || !v.Uncounted || v.Attempt != nil || !v.Due.After(time.Now()) {
		t.Errorf("the one that cannot sign: %+v", v)
	}
	if v := h.handle(tasks[1]); tasks[1].Lane != string(open.ID) || !v.Done {
		t.Errorf("the other one: %+v", v)
	}
	h.store.sealed = nil
	if v := h.handle(tasks[0]); !v.Done {
		t.Errorf("once it can be had: %+v", v)
	}
	reads := h.store.reads
	if _, v := h.deliver(open, 0); !v.Done || h.store.reads > reads+1 { // Emit
		t.Errorf("%d reads of what is cached again: %+v", h.store.reads-reads, v)
	}
}

func TestNoEndpointNoCost(t *testing.T) {
	c := newClock() // stands still: no revision falls due
	h := newHouse(t, at(c))
	e, _ := h.event()
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if tasks, err := h.Tasks(ctx, e); err != nil || tasks != nil {
			t.Errorf("%v %v", tasks, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a merchant without endpoints", n)
	}
}
