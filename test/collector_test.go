package test_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OpenTelemetry collector: it takes OTLP over HTTP and remembers every span.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	raw    bytes.Buffer // all that came, uncompressed
	spans  []span
	bad    []string
	header http.Header // of the newest batch
}

// span is one as it came.
type span struct {
	trace, id, parent string
	name              string
	kind              trace.Span_SpanKind
	service, instance string
	is                map[string]string // attributes that are text
	links             []string          // traces
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP takes a batch. An ExportTraceServiceRequest is on the wire what TracesData is.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var all trace.TracesData
	body, err := unpacked(r)
	if err == nil {
		err = proto.Unmarshal(body, &all)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.bad = append(c.bad, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.raw.Write(body)
	c.header = r.Header
	for _, process := range all.ResourceSpans {
		who := texts(process.Resource.GetAttributes())
		for _, scope := range process.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, received(s, who))
			}
		}
	}
}

func unpacked(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	packed, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(packed)
}

func received(s *trace.Span, who map[string]string) span {
	out := span{
		trace: hex.EncodeToString(s.TraceId), id: hex.EncodeToString(s.SpanId), parent: hex.EncodeToString(s.ParentSpanId),
		name: s.Name, kind: s.Kind, service: who["service.name"], instance: who["service.instance.id"], is: texts(s.Attributes),
	}
	for _, l := range s.Links {
		out.links = append(out.links, hex.EncodeToString(l.TraceId))
	}
	return out
}

// of are a trace's spans.
func (c *collector) of(id string) []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s span) bool { return s.trace != id })
}

// find returns the spans of a trace from a service whose name begins with name.
func (c *collector) find(id, service, name string) []span {
	return slices.DeleteFunc(c.of(id), func(s span) bool { return s.service != service || !strings.HasPrefix(s.name, name) })
}

// drawn is a trace as a tree, for people.
func (c *collector) drawn(id string) string {
	var b strings.Builder
	all := c.of(id)
	children := map[string][]span{}
	known := map[string]bool{}
	for _, s := range all {
		children[s.parent] = append(children[s.parent], s)
		known[s.id] = true
	}
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		for _, s := range children[parent] {
			b.WriteString(indent + s.service + ": " + s.name + "\n")
			draw(s.id, indent+"  ")
		}
	}
	for _, parent := range slices.Sorted(maps.Keys(children)) {
		if !known[parent] {
			draw(parent, "  ")
		}
	}
	return b.String()
}

// said is everything that was ever sent.
func (c *collector) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}
