// Package trace follows a piece of work through rooms and processes: OpenTelemetry's spans and the W3C trace
// context (traceparent, tracestate), in the few words that rooms need.
//
// Spans begin where work comes in, at a Tracer that was handed down: Request for what comes from outside, Continue
// for what another process, or this one earlier, has caused. From there on the context carries all that is
// needed, and Start costs next to nothing where nothing is recorded. A context that came in is passed on in
// any case (Header), whoever records. It is never believed further than that: no header
// decides anything but what a span is drawn under, and baggage is not read.
//
// It knows no SDK and no collector; package otlp has them. Start reading at Tracer.Request.
package trace

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation, as OpenTelemetry wants it.
const scope = "github.com/paymux/paymux"

// Kind is what a span is in relation to other processes.
type Kind = trace.SpanKind

const (
	Internal = trace.SpanKindInternal
	Server   = trace.SpanKindServer   // answers somebody else's request
	Client   = trace.SpanKindClient   // asks somebody else
	Consumer = trace.SpanKindConsumer // does what was left to be done
)

// Config sets a Tracer up. Provider is required.
type Config struct {
	Provider trace.TracerProvider // records every span it is asked for: what is sampled is decided here
	// Sample is the share of requests from outside that are recorded although nobody asked for it, 0 to 1.
	Sample float64
	// Asked is how many requests a second are recorded because they say so (the sampled flag of their
	// traceparent): anybody can write that, so it is bounded. Requests beyond are passed on as not sampled.
	Asked int
	Now   func() time.Time
}

// Tracer begins spans where work comes into the process. Nil records nothing and passes on what came in. Safe for
// concurrent use.
type Tracer struct {
	tracer trace.Tracer
	sample float64
	asked  bucket
	now    func() time.Time
}

// New returns a Tracer.
func New(c Config) *Tracer {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Tracer{tracer: c.Provider.Tracer(scope), sample: c.Sample, asked: bucket{rate: c.Asked}, now: c.Now}
}

// Request begins the span of a request from outside, whose headers are not trusted.
func (t *Tracer) Request(ctx context.Context, name string, h http.Header) (context.Context, Span) {
	from := headers(h).context()
	switch {
	case t == nil:
		return carry(ctx, from), Span{}
	case !from.IsValid() && (t.sample <= 0 || rand.Float64() >= t.sample):
		return ctx, Span{}
	case from.IsValid() && !(from.IsSampled() && t.asked.take(t.now())):
		return carry(ctx, from.WithTraceFlags(0)), Span{}
	}
	return t.start(carry(ctx, from), name, trace.WithSpanKind(Server))
}

// Continue begins a span of the trace that p is of, as one of our own processes has written it: there a span is
// recorded if p's is, and only then. What ctx was part of before is linked, each to the other. Where p is
// empty or malformed, ctx stays as it is.
func (t *Tracer) Continue(ctx context.Context, name string, kind Kind, p Parent) (context.Context, Span) {
	from := p.context()
	if !from.IsValid() {
		return ctx, Span{}
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(kind)}
	if before := trace.SpanFromContext(ctx); before.SpanContext().IsValid() {
		before.AddLink(trace.Link{SpanContext: from})
		options = append(options, trace.WithLinks(trace.Link{SpanContext: before.SpanContext()}))
	}
	ctx = carry(ctx, from)
	if t == nil || !from.IsSampled() {
		return ctx, Span{}
	}
	return t.start(ctx, name, options...)
}

func (t *Tracer) start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, Span) {
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, Span{span}
}

// Start begins a span within the one that ctx is part of. Where that one is not recorded, this one is not either.
func Start(ctx context.Context, name string, kind Kind) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, Span{span}
}

// Span is one piece of work. The zero Span is one that is not recorded, and takes everything in silence.
//
// What is put into it leaves the deployment's databases and logs: IDs, names, states and codes may; secrets,
// card data, personal data, amounts and texts of errors, which may quote any of these, may not.
type Span struct{ span trace.Span }

// Recorded reports whether it is worth finding out what to put into it.
func (s Span) Recorded() bool { return s.span != nil }

// Text notes an attribute.
func (s Span) Text(key, value string) Span {
	if s.span != nil && value != "" {
		s.span.SetAttributes(attribute.String(key, value))
	}
	return s
}

// Number notes an attribute.
func (s Span) Number(key string, value int64) Span {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
	return s
}

// End ends it. Ended twice, it ended the first time.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}
