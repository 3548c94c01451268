package notify_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/paymux/paymux"
)

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
	r := h.run()
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
			h.store.Add(tasks...)
			r.Offer(tasks)
		}
	}()
	for range b.N {
		<-arrived
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
