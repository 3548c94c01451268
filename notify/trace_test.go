package notify_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/internal/webhook"
)

// A delivery carries the traceparent of what caused the event, outside of what is signed.
func TestDeliveriesCarryTheTrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(204))
	to := h.endpoint(s.URL)
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	var tracer *trace.Tracer
	caused, _ := tracer.Request(t.Context(), "x", http.Header{"Traceparent": {parent}})
	e, _ := h.event()
	tasks, err := h.Tasks(caused, e)
	if err != nil || len(tasks) != 1 || tasks[0].Trace != parent {
		t.Fatalf("%+v, %v", tasks, err)
	}
	ctx, _ := tracer.Continue(t.Context(), "task", trace.Consumer, trace.Parent{Parent: tasks[0].Trace})
	if v := h.Handle(ctx, tasks[0]); !v.Done || len(v.Attempt.RequestHeader) != 0 {
		t.Errorf("verdict %+v, attempt %+v", v, v.Attempt)
	}
	got := <-s.got
	if header := got.header["Traceparent"]; len(header) != 1 || header[0] != parent {
		t.Errorf("it came with %q", header)
	}
	got.header.Del("Traceparent")
	if err := webhook.Verify(to.Secrets[0].Value.Reveal(), got.header, got.body, time.Now()); err != nil {
		t.Errorf("without the header: %v", err)
	}
	if v := h.Handle(t.Context(), tasks[0]); !v.Done {
		t.Errorf("verdict %+v", v)
	}
	if got := <-s.got; len(got.header["Traceparent"]) != 0 {
		t.Errorf("without a trace it came with %q", got.header["Traceparent"])
	}
}
