package main

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// transcript is an output that can be waited on.
type transcript struct {
	mu    sync.Mutex
	text  strings.Builder
	grown chan struct{} // closed at the next write
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.grown)
	s.grown = make(chan struct{})
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await returns when the text has words in it.
func (s *transcript) await(t *testing.T, words string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		there, grown := strings.Contains(s.text.String(), words), s.grown
		s.mu.Unlock()
		if there {
			return
		}
		select {
		case <-grown:
		case <-deadline:
			t.Fatalf("%q did not come within %s; there is\n%s", words, patience, s)
		}
	}
}

// desk is where commands are typed in this process, with an environment of its own.
type desk struct {
	t   *testing.T
	env map[string]string
}

func newDesk(t *testing.T, env map[string]string) *desk {
	t.Helper()
	d := &desk{t: t, env: map[string]string{
		"PAYMUX_CONFIG_DIR": t.TempDir(), "PAYMUX_DATA_DIR": t.TempDir(), "PAYMUX_LISTEN": "127.0.0.1:0",
	}}
	for name, value := range env {
		d.env[name] = value
	}
	return d
}

func (d *desk) cli(out, errOut io.Writer) *cli {
	return &cli{
		in: strings.NewReader(""), out: out, err: errOut, now: time.Now,
		env: func(name string) string { return d.env[name] },
	}
}

// do runs one command to its end, which has to be a good one.
func (d *desk) do(args ...string) string {
	d.t.Helper()
	out := newTranscript()
	if code := d.cli(out, out).run(d.t.Context(), args); code != exitOK {
		d.t.Fatalf("paymux %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out.String()
}

// fails runs one command that does not come out well.
func (d *desk) fails(args ...string) string {
	d.t.Helper()
	out := newTranscript()
	if code := d.cli(out, out).run(d.t.Context(), args); code == exitOK {
		d.t.Fatalf("paymux %s came out well\n%s", strings.Join(args, " "), out)
	}
	return out.String()
}

// begin runs a command until the test ends; its end has to be a good one, too.
func (d *desk) begin(args ...string) *transcript {
	d.t.Helper()
	out := newTranscript()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- d.cli(out, out).run(ctx, args) }()
	d.t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitOK {
			d.t.Errorf("paymux %s: exit code %d\n%s", strings.Join(args, " "), code, out)
		}
	})
	return out
}
