package notify_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/paymux/paymux"
)

// BenchmarkHandle is what a delivery that succeeds costs besides net/http: a
// transport that answers at once stands in its place.
func BenchmarkHandle(b *testing.B) {
	h := newHouse(b)
	h.SetTransport(quick{})
	h.endpoint("https://shop.example/webhooks")
	_, tasks := h.event(func(e *paymux.Event) {
		e.Data.Object = append(append([]byte{'"'}, bytes.Repeat([]byte("x"), 700)...), '"')
	})
	reads := h.store.reads
	b.ReportAllocs()
	for b.Loop() {
		if v := h.Handle(b.Context(), tasks[0]); !v.Done {
			b.Fatal(v.Reason)
		}
	}
	if more := h.store.reads - reads; more > 100 { // the revision, once a second
		b.Errorf("%d reads", more)
	}
}

// quick answers every request with 200 and a short body.
type quick struct{}

func (quick) RoundTrip(req *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, req.Body)
	return &http.Response{
		StatusCode: 200, ContentLength: 2, Body: io.NopCloser(bytes.NewReader([]byte("ok"))),
		Header: http.Header{"Date": {"Thu, 26 Nov 2026 08:00:00 GMT"}, "Content-Type": {"text/plain"}, "Content-Length": {"2"}},
	}, nil
}
