package sealed_test

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/sealed"
)

// BenchmarkEndpoints is what reading a merchant's endpoints costs, as notify does when any endpoint has changed: without seals,
// with, and where nothing has been opened yet.
func BenchmarkEndpoints(b *testing.B) {
	s := newScene(b, engines["sqlite"])
	for range 4 {
		s.created()
	}
	plain := paymux.Merchant{ID: "mer_plain", Object: "merchant"}
	s.must(s.CreateMerchant(b.Context(), plain))
	for range 4 {
		e := s.endpoint()
		e.Merchant = plain.ID
		s.must(s.engine.CreateEndpoint(b.Context(), e, nil))
	}
	read := func(b *testing.B, store func() sealed.Backing, of paymux.MerchantID) {
		b.ReportAllocs()
		for b.Loop() {
			if list, err := store().Endpoints(b.Context(), of); len(list) != 4 || err != nil {
				b.Fatal(len(list), err)
			}
		}
	}
	b.Run("clear", func(b *testing.B) { read(b, func() sealed.Backing { return s.engine }, plain.ID) })
	b.Run("sealed", func(b *testing.B) { read(b, func() sealed.Backing { return s.Store }, s.merchant.ID) })
	b.Run("never opened", func(b *testing.B) {
		read(b, func() sealed.Backing { return sealed.Forgetting(s.Store) }, s.merchant.ID)
	})
}

// BenchmarkTasks is notify's part in the commit of an event: what every payment pays for.
func BenchmarkTasks(b *testing.B) {
	s := newScene(b, engines["sqlite"])
	for range 4 {
		s.created()
	}
	for name, store := range map[string]sealed.Backing{"clear": s.engine, "sealed": s.Store} {
		b.Run(name, func(b *testing.B) {
			n := notify.New(notify.Config{
				Store: store, Deliveries: store, Replays: store, Backlog: store, Offer: func([]queue.Task) {}, IDs: s.ids, Now: s.clock.now, Log: quiet,
			})
			defer n.Close()
			e := paymux.Event{ID: "evt_1", Type: paymux.PaymentSucceeded, Merchant: s.merchant.ID, ObjectID: "pay_1"}
			b.ReportAllocs()
			for b.Loop() {
				if tasks, err := n.Tasks(b.Context(), e); len(tasks) != 4 || err != nil {
					b.Fatal(len(tasks), err)
				}
			}
		})
	}
}
