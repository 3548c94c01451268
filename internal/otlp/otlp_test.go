package otlp_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/otlp"
)

// pad is a log that is read while it is written.
type pad struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *pad) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *pad) has(text string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Count(p.text.String(), text)
}

func open(t *testing.T, endpoint string) (*otlp.Exporter, *pad) {
	t.Helper()
	log := &pad{}
	e, err := otlp.Open(otlp.Config{
		Endpoint: endpoint, Headers: "authorization=Bearer%20hunter2", Sample: 1, Service: "paymux", Version: "1", Instance: "one",
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(e, 0) })
	return e, log
}

func stop(e *otlp.Exporter, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = e.Stop(ctx)
}

func spans(e *otlp.Exporter, n int) {
	for range n {
		_, span := e.Request(context.Background(), "GET /x", http.Header{})
		span.End()
	}
}

// What waits at the end is sent, whatever the environment says.
func TestSpansAreSent(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS": "x-other=1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
		"OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_TRACES_SAMPLER": "always_off", "HTTP_PROXY": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	var seen http.Header
	var path string
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen, path = r.Header, r.URL.Path
	}))
	defer collector.Close()
	e, log := open(t, collector.URL)
	spans(e, 3)
	stop(e, time.Minute)
	if path != "/v1/traces" || seen.Get("Authorization") != "Bearer hunter2" || seen.Get("Content-Type") != "application/x-protobuf" || seen.Get("X-Other") != "" {
		t.Errorf("%s, %v", path, seen)
	}
	if e.Lost() != 0 || log.has("level=WARN") > 0 {
		t.Errorf("%d spans were lost", e.Lost())
	}
	stop(e, time.Minute) // again
}

// What the collector wants to see is for it alone, wherever it points.
func TestARedirectGetsNoHeaders(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	collector := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer collector.Close()
	e, log := open(t, collector.URL)
	spans(e, 1)
	stop(e, time.Minute)
	if asked.Load() > 0 || e.Lost() != 1 || log.has("level=WARN") != 1 {
		t.Errorf("asked %d times, %d spans lost", asked.Load(), e.Lost())
	}
}

// A collector that takes nothing loses spans, holds up nobody, and is complained of once.
func TestSpansAreLostAndNobodyWaits(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer collector.Close()
	defer close(hang)
	e, _ := open(t, collector.URL)
	began := time.Now()
	spans(e, 20_000)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("20,000 spans took %s", took)
	}
	if e.Lost() < 20_000-4096-2*512 {
		t.Errorf("%d were lost: the queue has no end", e.Lost())
	}
	began = time.Now()
	stop(e, 50*time.Millisecond)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

func TestALossIsToldOnceAndItsEnd(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !well.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "hunter2 is no key")
		}
	}))
	defer collector.Close()
	e, log := open(t, collector.URL)
	for lost := int64(1); lost <= 2; lost++ {
		spans(e, 1)
		await(t, "a span to be lost", func() bool { return e.Lost() == lost })
	}
	well.Store(true)
	spans(e, 1)
	await(t, "the end of it", func() bool { return log.has("reach the collector again") == 1 })
	if log.has("do not reach the collector") != 1 || log.has("401 Unauthorized") != 1 || log.has("hunter2") != 0 {
		t.Errorf("the log:\n%s", log.text.String())
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestEndpointsAndHeaders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://127.0.0.1:4318": "http://127.0.0.1:4318/v1/traces", "https://otel.example/": "https://otel.example/v1/traces",
		"https://otel.example/in/v1/traces": "https://otel.example/in/v1/traces",
		"127.0.0.1:4318":                    "", "grpc://x:1": "", "": "", "http://": "", "http://x?key=1": "", "http://user:hunter2@x": "",
	} {
		got, err := otlp.ParseEndpoint(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes a secret: %v", err)
		}
	}
	for text, want := range map[paymux.Secret]map[string]string{
		"": {}, "a=b": {"a": "b"}, " a=b%20c , d=e=f,": {"a": "b c", "d": "e=f"},
		"hunter2": nil, "=hunter2": nil, "a=%zz": nil, "a b=c": nil, "a=%0d%0ax": nil,
	} {
		got, err := otlp.ParseHeaders(text)
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) {
			t.Errorf("%s: %v\n%s", text.Reveal(), err, diff)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes a secret: %v", err)
		}
	}
}
