package trace

import (
	"net/http"
	"strconv"
)

// Transport records requests to somebody else, by method, host and status alone: paths, queries and headers may
// hold what is not ours to show.
type Transport struct {
	Next http.RoundTripper
	// Pass sends traceparent along. The other side then knows the trace's number, and nothing else.
	Pass bool
}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := Start(r.Context(), r.Method, Client)
	defer span.End()
	if t.Pass {
		if header := Header(ctx); header != "" {
			r = r.Clone(ctx)
			r.Header.Set(ParentHeader, header)
		}
	}
	span.Text("http.request.method", r.Method).Text("server.address", r.URL.Hostname())
	resp, err := t.Next.RoundTrip(r)
	Answered(span, resp, err)
	return resp, err
}

// Answered notes in a span what its HTTP request was answered.
func Answered(span Span, resp *http.Response, err error) {
	switch {
	case !span.Recorded():
	case err != nil:
		span.Fail("no answer")
	default:
		span.Number("http.response.status_code", int64(resp.StatusCode))
		if resp.StatusCode >= http.StatusBadRequest {
			span.Fail(strconv.Itoa(resp.StatusCode))
		}
	}
}

// CloseIdleConnections lets http.Client reach the one beneath.
func (t Transport) CloseIdleConnections() {
	if c, ok := t.Next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
