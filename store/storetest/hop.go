package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func hopTests() []test {
	return []test{{"hop/order", hopOrder}}
}

// Hops come oldest first by their own time, and as they were appended where it is equal.
func hopOrder(t *testing.T, f *fixture) {
	hop := func(second int) paymux.Hop {
		var h paymux.Hop
		f.fill.value(&h)
		h.At = start.Add(time.Duration(second) * time.Second)
		return h
	}
	task := f.task("notify", "evt", "we", start)
	p := f.enqueue(t, task)
	a, b, c, d, e := hop(1), hop(2), hop(4), hop(4), hop(3)
	p = f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: p, Hops: []paymux.Hop{a, b}})
	f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Hops: []paymux.Hop{c, d}})
	if err := f.Settle(t.Context(), []queue.Outcome{{Task: task, Done: true, Payment: p.ID, Hop: &e}}); err != nil {
		t.Fatal(err)
	}
	same(t, "the hops", must[[]paymux.Hop](t)(f.Hops(t.Context(), p.ID)), []paymux.Hop{a, b, e, c, d})
	same(t, "another payment's hops", must[[]paymux.Hop](t)(f.Hops(t.Context(), f.enqueue(t).ID)), nil)
}
