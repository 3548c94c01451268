package health_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/paymux/paymux/monitor/health"
)

func ask(t *testing.T, s *health.Server, path string, status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != status || body != "" && w.Body.String() != body {
		t.Errorf("%s: %d %q, want %d %q", path, w.Code, w.Body.String(), status, body)
	}
}

func TestReadyzSaysWhichPartIsNotWell(t *testing.T) {
	t.Parallel()
	s := &health.Server{}
	ask(t, s, "/livez", http.StatusOK, "ok\n")
	ask(t, s, "/readyz", http.StatusServiceUnavailable, "not ready\n")
	ask(t, s, "/readyz?verbose", http.StatusServiceUnavailable, "[-]start: not finished\nnot ready\n")
	var fault error
	s.Ready(health.Part{Name: "store", Check: func(context.Context) error { return nil }}, health.Part{Name: "nats", Check: func(context.Context) error { return fault }})
	ask(t, s, "/readyz", http.StatusOK, "ready\n")
	ask(t, s, "/readyz?verbose", http.StatusOK, "[+]store: ok\n[+]nats: ok\nready\n")
	fault = errors.Join(errors.New("no connection"), errors.New("since noon"))
	ask(t, s, "/readyz", http.StatusServiceUnavailable, "not ready\n")
	ask(t, s, "/readyz?verbose", http.StatusServiceUnavailable, "[+]store: ok\n[-]nats: no connection; since noon\nnot ready\n")
	ask(t, s, "/livez", http.StatusOK, "ok\n")
	s.Draining()
	ask(t, s, "/readyz?verbose", http.StatusServiceUnavailable, "[-]stop: it finishes what it has and takes nothing new\nnot ready\n")
	ask(t, s, "/metrics", http.StatusNotFound, "")
	ask(t, s, "/v1/payments", http.StatusNotFound, "")
}

// A part that does not answer, and does not heed its context either, keeps nobody waiting.
func TestAPartThatHangsIsNotReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		s := &health.Server{}
		s.Ready(health.Part{Name: "store", Check: func(context.Context) error { <-never; return nil }})
		ask(t, s, "/readyz?verbose", http.StatusServiceUnavailable, "[-]store: no answer within 2s\nnot ready\n")
		close(never)
	})
}
