package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func pullTests() []test {
	return []test{
		{"pull/in the order of commits", pullOrder},
		{"pull/filtered", pullFiltered},
		{"pull/from where nobody stands", pullUnknown},
		{"pull/while others commit", pullMisses},
	}
}

// pull reads a merchant's events oldest first.
func (f *fixture) pull(t testing.TB, filter paymux.EventFilter) []paymux.Event {
	t.Helper()
	filter.Merchant, filter.Oldest = f.merchant, true
	if filter.Limit == 0 {
		filter.Limit = 100
	}
	return must[[]paymux.Event](t)(f.Events(t.Context(), filter))
}

// pulled pulls until there are as many events as are wanted, and compares them: a store may withhold them for a while.
func (f *fixture) pulled(t testing.TB, what string, filter paymux.EventFilter, want []paymux.Event) {
	t.Helper()
	var got []paymux.Event
	until(t, what+" were pulled", func() bool {
		got = f.pull(t, filter)
		return len(got) >= len(want)
	})
	same(t, what, got, want)
}

func after(e paymux.Event) paymux.Page { return paymux.Page{After: string(e.ID)} }

// An event whose ID is older comes after one that was committed before it.
func pullOrder(t *testing.T, f *fixture) {
	ctx := t.Context()
	slow, quick, last := f.event(t, ""), f.event(t, ""), f.event(t, "")
	for _, e := range []paymux.Event{quick, slow} {
		if err := f.Emit(ctx, e, nil); err != nil {
			t.Fatal(err)
		}
	}
	f.pulled(t, "both", paymux.EventFilter{}, []paymux.Event{quick, slow})
	f.pulled(t, "those after the first committed", paymux.EventFilter{Page: after(quick)}, []paymux.Event{slow})
	f.pulled(t, "those after the last committed", paymux.EventFilter{Page: after(slow)}, nil)
	same(t, "the newest", must[paymux.EventID](t)(f.Newest(ctx, f.merchant)), slow.ID)
	same(t, "the newest of who has none", must[paymux.EventID](t)(f.Newest(ctx, "mer_other")), "")
	if err := f.Emit(ctx, last, nil); err != nil {
		t.Fatal(err)
	}
	f.pulled(t, "those after what was the last", paymux.EventFilter{Page: after(slow)}, []paymux.Event{last})
	f.pulled(t, "the first page", paymux.EventFilter{Page: paymux.Page{Limit: 2}}, []paymux.Event{quick, slow})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Store = f.open()
	again := f.emit(t)
	f.pulled(t, "all, after a restart", paymux.EventFilter{}, []paymux.Event{quick, slow, last, again})
}

func pullFiltered(t *testing.T, f *fixture) {
	var all []paymux.Event
	for i := range 6 {
		e := f.event(t, "")
		if e.ObjectID = "even"; i%2 == 1 {
			e.ObjectID = "odd"
		}
		if i%3 == 0 {
			e.Type = paymux.RefundDone
		}
		e.Body = e.AppendJSON(nil)
		if err := f.Emit(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	foreign := f.event(t, "")
	foreign.Merchant, foreign.ObjectID = "mer_other", "odd"
	if err := f.Emit(t.Context(), foreign, nil); err != nil {
		t.Fatal(err)
	}
	f.pulled(t, "those of a type", paymux.EventFilter{Type: paymux.RefundDone}, []paymux.Event{all[0], all[3]})
	f.pulled(t, "those of a type, from one of another", paymux.EventFilter{Type: paymux.RefundDone, Page: after(all[1])}, []paymux.Event{all[3]})
	f.pulled(t, "those of an object", paymux.EventFilter{ObjectID: "odd"}, []paymux.Event{all[1], all[3], all[5]})
	f.pulled(t, "those of an object, from one", paymux.EventFilter{ObjectID: "odd", Page: after(all[1])}, []paymux.Event{all[3], all[5]})
	f.pulled(t, "those of both", paymux.EventFilter{ObjectID: "odd", Type: paymux.RefundDone, Page: after(all[0])}, []paymux.Event{all[3]})
}

func pullUnknown(t *testing.T, f *fixture) {
	f.emit(t)
	foreign := f.event(t, "")
	foreign.Merchant = "mer_other"
	if err := f.Emit(t.Context(), foreign, nil); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"evt_none", f.ids.New(paymux.PrefixEvent), string(foreign.ID)} {
		filter := paymux.EventFilter{Merchant: f.merchant, Oldest: true, Page: paymux.Page{After: id, Limit: 10}}
		_, err := f.Events(t.Context(), filter)
		wantErr(t, "a reader that stands at "+id, err, paymux.NotFound)
	}
}

// A reader that goes on from the last event it got has, in the end, every event once.
func pullMisses(t *testing.T, f *fixture) {
	const writers, each = 8, 25
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				p := f.payment()
				if err := f.Commit(t.Context(), &payment.Change{Payment: p, Events: []paymux.Event{f.event(t, p.ID), f.event(t, p.ID)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := map[paymux.EventID]bool{}
	filter := paymux.EventFilter{Page: paymux.Page{Limit: 7}}
	until(t, fmt.Sprintf("%d events were pulled", 2*writers*each), func() bool {
		for _, e := range f.pull(t, filter) {
			if seen[e.ID] {
				t.Fatalf("%s was pulled twice", e.ID)
			}
			seen[e.ID], filter.After = true, string(e.ID)
		}
		return len(seen) == 2*writers*each
	})
	all.Wait()
	same(t, "what is left", f.pull(t, filter), nil)
}
