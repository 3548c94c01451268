package access

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/paymux/paymux/internal/trace"
)

// begin begins a request's span, where it is recorded. A traceparent is context and nothing more: it is read
// before anybody knows who asks, and decides nothing.
func (s *Server) begin(r *http.Request, name string) (*http.Request, trace.Span) {
	ctx, span := s.trace.Request(r.Context(), name, r.Header)
	if ctx == r.Context() {
		return r, span
	}
	return r.WithContext(ctx), span
}

// note puts into a request's span who asked for what and how it was answered. It has no header, query or body, and no
// client: these are secrets and persons.
func note(span trace.Span, c *call, a *answer) {
	if !span.Recorded() {
		return
	}
	span.Text("http.request.method", c.r.Method).Number("http.response.status_code", int64(a.status)).
		Text("paymux.request", string(c.caller.RequestID)).Text("paymux.merchant", string(c.caller.Merchant))
	if c.route == nil {
		span.Text("http.route", callbackPath).Text("paymux.account", c.r.PathValue("account"))
	} else {
		span.Text("http.route", c.route.path).Text("paymux.service", string(c.route.service)).Text("paymux.object", objectOf(c, a))
	}
	if a.status >= http.StatusInternalServerError {
		span.Fail(strconv.Itoa(a.status))
	}
}

// objectOf is what a request was about, or made.
func objectOf(c *call, a *answer) string {
	if c.id != "" {
		return c.id
	}
	_, made, _ := strings.Cut(a.location, c.route.path+"/")
	return made
}
