package access

import (
	"log/slog"
	"net/http"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// levelOf is how loud an answer is in the log: our own faults are errors, the rest is business.
func levelOf(a *answer) slog.Level {
	if a.status == http.StatusInternalServerError {
		return slog.LevelError
	}
	if a.status >= http.StatusInternalServerError {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// requestAttrs is the one line of a request. It has no header, query or body: these may carry secrets.
func requestAttrs(r *http.Request, a *answer, id paymux.RequestID) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", string(id)), slog.String("method", r.Method),
		slog.String("path", r.URL.Path), slog.Int("status", a.status),
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("error", a.err.Error()))
	}
	return attrs
}

// ended counts a request and puts its line into the log.
func (s *Server) ended(c *call, a *answer) {
	s.load.count(c, a, s.now().Sub(c.started))
	s.logRequest(c, a)
}

func (s *Server) logRequest(c *call, a *answer) {
	level := levelOf(a)
	if !s.log.Enabled(c.r.Context(), level) {
		return
	}
	attrs := requestAttrs(c.r, a, c.caller.RequestID)
	attrs = append(attrs, slog.Duration("took", s.now().Sub(c.started)))
	if c.caller.Merchant != "" {
		attrs = append(attrs, slog.String("merchant", string(c.caller.Merchant)), slog.String("key", string(c.caller.Key)))
	}
	if a.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	if id := trace.ID(c.r.Context()); id != "" {
		attrs = append(attrs, slog.String("trace_id", id))
	}
	s.log.LogAttrs(c.r.Context(), level, "request", attrs...)
}
