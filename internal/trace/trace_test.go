package trace_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/paymux/paymux/internal/trace"
)

const (
	number   = "4bf92f3577b34da6a3ce929d0e0e4736"
	caller   = "00f067aa0ba902b7"
	sampled  = "00-" + number + "-" + caller + "-01"
	unwanted = "00-" + number + "-" + caller + "-00"
)

// recorded is a tracer and what it has recorded.
func recorded(t *testing.T, c trace.Config) (*trace.Tracer, func() []sdk.ReadOnlySpan) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	c.Provider = provider
	return trace.New(c), spans.Ended
}

func header(values ...string) http.Header {
	h := http.Header{}
	for _, v := range values {
		h.Add(trace.ParentHeader, v)
	}
	return h
}

func TestWhatComesInIsPassedOn(t *testing.T) {
	t.Parallel()
	var none *trace.Tracer
	long := header(sampled)
	long.Set(trace.StateHeader, strings.Repeat("a=b,", 500))
	for name, c := range map[string]struct {
		in   http.Header
		want string
	}{
		"sampled":          {header(sampled), sampled},
		"not sampled":      {header(unwanted), unwanted},
		"a later version":  {header("cc" + sampled[2:] + "-more"), sampled},
		"none":             {header(), ""},
		"two":              {header(sampled, sampled), ""},
		"nonsense":         {header("nonsense"), ""},
		"no trace":         {header("00-" + strings.Repeat("0", 32) + "-" + caller + "-01"), ""},
		"no span":          {header("00-" + number + "-0000000000000000-01"), ""},
		"a wrong version":  {header("ff" + sampled[2:]), ""},
		"in capitals":      {header(strings.ToUpper(sampled)), ""},
		"cut":              {header(sampled[:54]), ""},
		"with more behind": {header(sampled + "-x"), ""},
		"an endless state": {long, sampled},
	} {
		ctx, span := none.Request(t.Context(), "x", c.in)
		if got := trace.Header(ctx); got != c.want || span.Recorded() || len(trace.State(ctx)) > 512 {
			t.Errorf("%s: passed on as %q %q, want %q", name, got, trace.State(ctx), c.want)
		}
	}
	with := header(sampled)
	with.Set(trace.StateHeader, "shop=1")
	if ctx, _ := none.Request(t.Context(), "x", with); trace.State(ctx) != "shop=1" {
		t.Errorf("the state became %q", trace.State(ctx))
	}
}

// Whoever asks to be recorded by a header is, within bounds; who does not is drawn.
func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	tracer, spans := recorded(t, trace.Config{Asked: 3, Now: func() time.Time { return now }})
	begin := func(h http.Header) bool {
		ctx, span := tracer.Request(t.Context(), "GET /x", h)
		span.End()
		if got := strings.HasSuffix(trace.Header(ctx), "-01"); got != span.Recorded() {
			t.Errorf("recorded: %t, passed on as %s", span.Recorded(), trace.Header(ctx))
		}
		return span.Recorded()
	}
	var asked []bool
	for range 5 {
		asked = append(asked, begin(header(sampled)))
	}
	now = now.Add(400 * time.Millisecond)
	asked = append(asked, begin(header(sampled)), begin(header(sampled)))
	if want := []bool{true, true, true, false, false, true, false}; !slices.Equal(asked, want) {
		t.Errorf("recorded %v, want %v", asked, want)
	}
	if begin(header(unwanted)) || begin(header()) {
		t.Error("recorded although nobody asked, with sample 0")
	}
	for _, s := range spans() {
		if s.SpanContext().TraceID().String() != number || s.Parent().SpanID().String() != caller {
			t.Errorf("%s is of trace %s, its parent is %s", s.Name(), s.SpanContext().TraceID(), s.Parent().SpanID())
		}
	}
	all, _ := recorded(t, trace.Config{Sample: 1})
	if _, span := all.Request(t.Context(), "x", header()); !span.Recorded() {
		t.Error("not recorded with sample 1")
	}
	if _, span := all.Request(t.Context(), "x", header(unwanted)); span.Recorded() {
		t.Error("recorded although its parent is not")
	}
}

func TestSpansStandWithinEachOther(t *testing.T) {
	t.Parallel()
	tracer, spans := recorded(t, trace.Config{})
	ctx, outer := tracer.Continue(t.Context(), "outer", trace.Server, trace.Parent{Parent: sampled})
	inner, span := trace.Start(ctx, "inner", trace.Client)
	span.Text("a", "b").Text("empty", "").Number("n", 3).Fail("unavailable").End()
	outer.End()
	if trace.ID(inner) != number {
		t.Errorf("the trace is %q", trace.ID(inner))
	}
	all := spans()
	if len(all) != 2 || all[0].Parent().SpanID() != all[1].SpanContext().SpanID() || len(all[0].Attributes()) != 3 {
		t.Errorf("recorded %+v", all)
	}
	if ctx, span := trace.Start(inner, "after the end", trace.Client); span.Recorded() || ctx != inner {
		t.Error("a span began within one that has ended")
	}
}

// News that came under one trace and is about another is linked both ways.
func TestATraceThatIsGoneBackToIsLinked(t *testing.T) {
	t.Parallel()
	tracer, spans := recorded(t, trace.Config{Sample: 1})
	ctx, news := tracer.Request(t.Context(), "news", header())
	back, span := tracer.Continue(ctx, "about", trace.Internal, trace.Parent{Parent: sampled})
	span.End()
	news.End()
	all := spans()
	if len(all) != 2 || len(all[0].Links()) != 1 || len(all[1].Links()) != 1 {
		t.Fatalf("recorded %+v", all)
	}
	if all[0].Links()[0].SpanContext.SpanID() != all[1].SpanContext().SpanID() || all[1].Links()[0].SpanContext.TraceID().String() != number {
		t.Errorf("linked %+v, %+v", all[0].Links(), all[1].Links())
	}
	if trace.ID(back) != number {
		t.Errorf("it goes on under %s", trace.ID(back))
	}
	if same, span := tracer.Continue(ctx, "about", trace.Internal, trace.Parent{Parent: "nonsense"}); same != ctx || span.Recorded() {
		t.Error("nonsense was continued")
	}
}

// Where nothing is recorded, nothing is allocated.
func TestNothingCostsNothing(t *testing.T) {
	var none *trace.Tracer
	ctx, h := context.Background(), http.Header{"Content-Type": {"application/json"}}
	if n := testing.AllocsPerRun(100, func() {
		ctx, span := none.Request(ctx, "POST /v1/payments", h)
		ctx, inner := trace.Start(ctx, "commit", trace.Internal)
		inner.Text("paymux.payment", "pay_x").Number("n", 1).End()
		if trace.Header(ctx) != "" {
			t.Error("there is a trace")
		}
		span.End()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
