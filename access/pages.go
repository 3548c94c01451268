package access

import (
	"context"
	"net/http"
	"time"
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

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	if s.ready != nil {
		if err := s.ready(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
	}
	plain(w, http.StatusOK, "ready\n")
}
