package rpc_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/trace"
)

// A trace goes on at the other end, and what is no trace does not.
func TestATraceGoesOn(t *testing.T) {
	t.Parallel()
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s, c := wire(t, rpc.Config{})
	serve(t, s, func(ctx context.Context, _ string) (string, error) {
		return trace.Header(ctx) + " " + trace.State(ctx), nil
	})
	var tracer *trace.Tracer
	ctx, _ := tracer.Request(t.Context(), "x", http.Header{"Traceparent": {parent}, "Tracestate": {"shop=1"}})
	if got, err := rpc.Call[string, string](ctx, c, "greet", "you"); got != parent+" shop=1" || err != nil {
		t.Errorf("it goes on as %q, %v", got, err)
	}
	if got, err := greet(t, c); got != " " || err != nil {
		t.Errorf("without a trace: %q, %v", got, err)
	}
	forged := nats.NewMsg("greet")
	forged.Data = []byte(`"you"`)
	forged.Header.Set("traceparent", "nonsense")
	answer, err := c.Conn.RequestMsgWithContext(t.Context(), forged)
	if err != nil || string(answer.Data) != `" "` {
		t.Errorf("a malformed one: %v, %v", answer, err)
	}
}
