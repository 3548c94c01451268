package trace

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The headers of the W3C trace context, over NATS as over HTTP.
const (
	ParentHeader = "traceparent"
	StateHeader  = "tracestate"
)

// As net/http keys them.
var (
	parentKey = http.CanonicalHeaderKey(ParentHeader)
	stateKey  = http.CanonicalHeaderKey(StateHeader)
)

// longestState is as much as the recommendation wants to be passed on.
const longestState = 512

// Parent is where a piece of work comes from: the values of the two headers.
type Parent struct{ Parent, State string }

// headers reads a request's. More than one traceparent is none, as the recommendation says.
func headers(h http.Header) Parent {
	all := h[parentKey]
	if len(all) != 1 {
		return Parent{}
	}
	return Parent{all[0], strings.Join(h[stateKey], ",")}
}

// context reads what the headers say. Malformed ones say nothing.
func (p Parent) context() trace.SpanContext {
	if p.Parent == "" {
		return trace.SpanContext{}
	}
	if len(p.State) > longestState {
		p.State = ""
	}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), p))
}

// Get implements propagation.TextMapCarrier.
func (p Parent) Get(key string) string {
	switch key {
	case ParentHeader:
		return p.Parent
	case StateHeader:
		return p.State
	}
	return ""
}

// Set and Keys implement propagation.TextMapCarrier, which is only read here.
func (p Parent) Set(string, string) {}
func (p Parent) Keys() []string     { return []string{ParentHeader, StateHeader} }

func carry(ctx context.Context, from trace.SpanContext) context.Context {
	if !from.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, from)
}

// Header is ctx's traceparent, to be passed on; empty where ctx is part of no trace.
func Header(ctx context.Context) string {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return ""
	}
	return "00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-" + sc.TraceFlags().String()
}

// State is ctx's tracestate, which goes with Header.
func State(ctx context.Context) string {
	return trace.SpanContextFromContext(ctx).TraceState().String()
}

// ID names ctx's trace, for logs; empty where ctx is part of none.
func ID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		return sc.TraceID().String()
	}
	return ""
}
