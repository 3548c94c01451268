package access

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/paymux/paymux"
)

// readyTime bounds the answer of /readyz.
const readyTime = 2 * time.Second

// mountPages puts up what is neither a merchant's nor an operator's.
func (s *Server) mountPages() {
	s.mountCallbacks()
	s.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	s.mux.HandleFunc("GET /readyz", s.readyz)
	s.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		a := answer{status: http.StatusOK, body: s.openapi, contentType: "application/vnd.oai.openapi+json;version=3.1"}
		a.write(w)
	})
	s.mux.HandleFunc("GET /docs", s.docsPage)
	s.mux.HandleFunc("GET /docs.css", styleSheet)
	s.mux.HandleFunc("GET /errors/{code}", s.errorPage)
}

func plain(w http.ResponseWriter, status int, text string) {
	a := answer{status: status, body: []byte(text), contentType: "text/plain; charset=utf-8"}
	a.write(w)
}

// Aside is the error of a Ready that asks for no requests without anything being wrong, such as of a standby. It says why.
type Aside string

func (a Aside) Error() string { return string(a) }

// notReady is what /readyz says, and how bad that is. Causes stay in the log.
func notReady(err error) (text string, level slog.Level) {
	var aside Aside
	var e *paymux.Error
	switch {
	case errors.As(err, &aside):
		return "not ready: " + string(aside) + "\n", slog.LevelDebug
	case errors.As(err, &e) && e.Message != "":
		return "not ready: " + e.Message + "\n", slog.LevelWarn
	}
	return "not ready\n", slog.LevelWarn
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	if s.ready != nil {
		if err := s.ready(ctx); err != nil {
			text, level := notReady(err)
			s.log.Log(ctx, level, "not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, text)
			return
		}
	}
	plain(w, http.StatusOK, "ready\n")
}
