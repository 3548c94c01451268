package rpc

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// passTrace puts the caller's trace context into a request's headers, in the words of the W3C.
func passTrace(ctx context.Context, m *nats.Msg) {
	parent := trace.Header(ctx)
	if parent == "" {
		return
	}
	m.Header[trace.ParentHeader] = []string{parent}
	if state := trace.State(ctx); state != "" {
		m.Header[trace.StateHeader] = []string{state}
	}
}

// continueTrace begins the span of a request. Its name is the subject that is served, which may hold wildcards.
func (s *Server) continueTrace(ctx context.Context, m *nats.Msg) (context.Context, trace.Span) {
	parent := m.Header.Get(trace.ParentHeader)
	if parent == "" {
		return ctx, trace.Span{}
	}
	ctx, span := s.Trace.Continue(ctx, m.Sub.Subject, trace.Server, trace.Parent{Parent: parent, State: m.Header.Get(trace.StateHeader)})
	return ctx, span.Text("rpc.system.name", "nats").Text("rpc.method", m.Sub.Subject)
}

// failed notes why a request was not carried out, by the Code that its caller gets.
func failed(span trace.Span, err error) {
	var e *paymux.Error
	switch {
	case !span.Recorded():
	case !errors.As(err, &e):
		span.Fail("error")
	case e.Code == paymux.Internal || e.Code == paymux.Unavailable || e.Code == paymux.OutcomeUnknown:
		span.Fail(string(e.Code))
	default:
		span.Text(trace.ErrorType, string(e.Code))
	}
}
