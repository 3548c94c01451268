package payment_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// under has notifications remember the trace under which their event is committed.
func (h *house) under(told map[paymux.EventType]string) {
	h.Notify = func(ctx context.Context, e paymux.Event) ([]queue.Task, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		told[e.Type] = trace.ID(ctx)
		return nil, nil
	}
}

// What is begun, and what is left to do, belongs to the trace of the request; so does what an institution says of it
// later, whatever it came under.
func TestATraceOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	const number = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, recorded := range []bool{false, true} {
		h := newHouse(t)
		spans := tracetest.NewSpanRecorder()
		if recorded {
			h.Trace = trace.New(trace.Config{Provider: sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)), Sample: 1, Asked: 9})
		}
		told := map[paymux.EventType]string{}
		h.under(told)
		h.first.answers(scan, nil)
		ctx, request := h.Trace.Request(t.Context(), "create", http.Header{"Traceparent": {"00-" + number + "-00f067aa0ba902b7-01"}})
		reply, err := h.Create(ctx, h.order(1250))
		if err != nil {
			t.Fatal(err)
		}
		request.End()
		p := paymentIn(t, reply)
		h.belongs(p, number)

		came, news := h.Trace.Request(t.Context(), "callback", nil)
		h.first.notice = func(channel.CallbackRequest) (channel.Callback, error) {
			return channel.Callback{ID: "notice", Operation: p.LatestOperation, Result: paid(1250)}, nil
		}
		if _, err := h.Callback(came, paymux.CallbackRequest{Channel: "bank", Account: "first"}); err != nil {
			t.Fatal(err)
		}
		news.End()
		h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
		if told[paymux.PaymentSucceeded] != number {
			t.Errorf("the merchant is told under trace %q", told[paymux.PaymentSucceeded])
		}
		if names := namesOf(spans.Ended(), number); recorded != slices.Equal(names, []string{"callback applied", "commit", "commit", "commit", "create", "pay"}) {
			t.Errorf("recorded: %t, the trace has %v", recorded, names)
		}
	}
}

// belongs holds a payment's operations and its task to a trace.
func (h *house) belongs(p paymux.Payment, number string) {
	h.t.Helper()
	rec, err := h.store.Record(h.t.Context(), p.ID)
	if err != nil || len(rec.Operations) != 1 || !strings.Contains(rec.Operations[0].Trace, number) {
		h.t.Errorf("%+v, %v", rec.Operations, err)
	}
	var readings []queue.Reading
	for part := range queue.Partitions {
		readings = append(readings, queue.Reading{Part: part})
	}
	tasks, err := h.store.Due(h.t.Context(), h.clock().Add(time.Hour), readings, 10)
	if err != nil || len(tasks) != 1 || tasks[0].Kind != payment.KindResolve || !strings.Contains(tasks[0].Trace, number) {
		h.t.Errorf("%+v, %v", tasks, err)
	}
}

// namesOf are the names of a trace's spans, sorted.
func namesOf(spans []sdk.ReadOnlySpan, number string) (names []string) {
	for _, s := range spans {
		if s.SpanContext().TraceID().String() == number {
			names = append(names, s.Name())
		}
	}
	slices.Sort(names)
	return names
}
