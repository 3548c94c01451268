// Package health answers whether a process is alive and whether it can do its work, for whoever starts and
// stops processes: /livez and /readyz, and beside them what else is for the operators' network alone. It shows which part of
// the process is not well and why, so it never belongs on a port that merchants or payers reach. Start reading at Server.
package health

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// answerTime bounds the answer of /readyz: a part that says nothing is not ready.
const answerTime = 2 * time.Second

// Part is one thing a process needs to do its work.
type Part struct {
	Name  string // one word
	Check func(context.Context) error
}

// Server answers. The zero Server is starting: alive, and not ready. Safe for concurrent use.
type Server struct {
	Metrics http.Handler // at /metrics; nil: there is none
	Log     *slog.Logger // nil: none

	state atomic.Pointer[state]
	http  *http.Server
	close sync.Once
}

// state is what Ready and Draining say.
type state struct {
	parts    []Part
	draining bool
}

// Ready says that the process has started, and what has to be well for it to do its work.
func (s *Server) Ready(parts ...Part) { s.state.Store(&state{parts: parts}) }

// Draining says that the process finishes what it has, and takes nothing new.
func (s *Server) Draining() { s.state.Store(&state{draining: true}) }

// Start serves on an address until Stop. The error is of the address.
func (s *Server) Start(ctx context.Context, address string) (listens string, err error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	s.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { _ = s.http.Serve(socket) }() // ends with Stop
	return socket.Addr().String(), nil
}

// Stop ends what Start began. It may be called twice, and without Start.
func (s *Server) Stop() {
	s.close.Do(func() {
		if s.http != nil {
			_ = s.http.Close() // nobody waits for these answers
		}
	})
}

// Handler has the paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.Metrics != nil {
		mux.Handle("GET /metrics", s.Metrics)
	}
	return mux
}

// readyz answers "ready" or "not ready"; with ?verbose, a line for each part, as Kubernetes' own servers have them.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	lines, ready := s.look(ctx)
	status, word := http.StatusOK, "ready\n"
	if !ready {
		status, word = http.StatusServiceUnavailable, "not ready\n"
		if s.Log != nil {
			s.Log.WarnContext(ctx, "not ready", "parts", lines)
		}
	}
	if r.URL.Query().Has("verbose") {
		word = strings.Join(append(lines, word), "\n")
	}
	write(w, status, word)
}

// look asks all parts at the same time.
func (s *Server) look(ctx context.Context) (lines []string, ready bool) {
	st := s.state.Load()
	switch {
	case st == nil:
		return []string{"[-]start: not finished"}, false
	case st.draining:
		return []string{"[-]stop: it finishes what it has and takes nothing new"}, false
	}
	faults := make([]error, len(st.parts))
	var all sync.WaitGroup
	for i, p := range st.parts {
		all.Go(func() { faults[i] = check(ctx, p) })
	}
	all.Wait()
	ready = true
	for i, p := range st.parts {
		if faults[i] == nil {
			lines = append(lines, "[+]"+p.Name+": ok")
			continue
		}
		ready = false
		lines = append(lines, fmt.Sprintf("[-]%s: %s", p.Name, strings.ReplaceAll(faults[i].Error(), "\n", "; ")))
	}
	return lines, ready
}

// check asks one part, and does not wait for one that does not answer.
func check(ctx context.Context, p Part) error {
	answered := make(chan error, 1)
	go func() { answered <- p.Check(ctx) }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s", answerTime)
	}
}

func write(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // whoever asked may have gone
}
