package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/paymux/paymux/bench/tally"
)

// The processes of a run are told what to do over HTTP on loopback. Every path begins with
// a token made for this run, so that a process left over from another one answers 404 and
// cannot spoil a measurement; a child ends when its standard input does, so that none is left over.

// child is what a hidden command is started with.
type child struct {
	token   string
	control string // address to be told things at
}

func newToken() string { return rand.Text() }

// serveControl serves a child's paths until ctx ends or its parent does.
func (c *child) serveControl(ctx context.Context, paths map[string]http.HandlerFunc) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/"+c.token+"/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/"+c.token+"/debug/pprof/profile", pprof.Profile)
	for path, handler := range paths {
		mux.HandleFunc("/"+c.token+path, handler)
	}
	listener, err := net.Listen("tcp", c.control)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// withParent ends the context it returns when standard input does.
func withParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx, cancel
}

// told makes a handler of a function from one JSON value to another.
func told[In, Out any](do func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(out)
	}
}

// journalOf hands out a journal.
func journalOf(j *tally.Journal) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _ = j.Dump(w) }
}

// startChild starts this program again as one of its hidden commands.
func startChild(ctx context.Context, command string, args ...string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	token := newToken()
	args = append([]string{command, "--token", token, "--control", address}, args...)
	return launch(ctx, "http://"+address+"/"+token, "/ready", []string{"GOGC=400"}, self, args...)
}

// tell asks a child for something and reads its answer into out, which may be nil.
func (s *server) tell(ctx context.Context, path string, in, out any) error {
	if err := s.alive(); err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := s.ask(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

// journal fetches the records a child has kept.
func (s *server) journal(ctx context.Context) ([]tally.Record, error) {
	answer, err := s.ask(ctx, http.MethodGet, "/journal", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return tally.Read(answer.Body)
}

func (s *server) ask(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
		answer.Body.Close()
		return nil, fmt.Errorf("%s: %s: %s", path, answer.Status, bytes.TrimSpace(text))
	}
	return answer, nil
}
