package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux/store/postgres"
)

const everyPart = ^uint64(0)

// listen collects the signals a store hears until the test ends.
func listen(t *testing.T, s *postgres.Store) <-chan uint64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan uint64, 100), make(chan error, 1)
	go func() { ended <- s.Signals(ctx, func(parts uint64) { heard <- parts }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("listening ended with %v", err)
		}
	})
	return heard
}

func wantHeard(t *testing.T, what string, heard <-chan uint64, want uint64) {
	t.Helper()
	select {
	case got := <-heard:
		if got != want {
			t.Fatalf("%s: heard %x, want %x", what, got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: nothing was heard, want %x", what, want)
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	a := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	b := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	other := openStore(t, postgres.Config{URL: shared.Database(t), Now: time.Now, Log: quiet()})
	inA, inB := listen(t, a), listen(t, b)
	wantHeard(t, "when a begins", inA, everyPart)
	wantHeard(t, "when b begins", inB, everyPart)
	for _, parts := range []uint64{1, 1 << 63, everyPart, 0b1010} {
		if err := errors.Join(other.Signal(t.Context(), 4), a.Signal(t.Context(), parts)); err != nil {
			t.Fatal(err)
		}
		wantHeard(t, "by the sender", inA, parts)
		wantHeard(t, "by another replica", inB, parts)
	}
	rows[any](t, url, "SELECT pg_notify('paymux_tasks', 'what is this?')::text")
	wantHeard(t, "something else", inA, everyPart)
}

// A listener whose connection is cut listens again, and takes it that it has missed something.
func TestSignalsAfterACut(t *testing.T) {
	t.Parallel()
	c := ownServer(t)
	s := openStore(t, postgres.Config{URL: c.URL("postgres"), Now: time.Now, Log: quiet()})
	heard := listen(t, s)
	wantHeard(t, "at the beginning", heard, everyPart)
	rows[bool](t, c.URL("postgres"), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
	wantHeard(t, "after the cut", heard, everyPart)
	if err := c.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := s.Signal(t.Context(), 1); err == nil {
		t.Error("a signal without a server was sent")
	}
	if err := c.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantHeard(t, "after the restart", heard, everyPart)
	eventually(t, "a signal is sent", func() bool { return s.Signal(t.Context(), 5) == nil })
	wantHeard(t, "when the server is back", heard, 5)
}

// A listener takes no connection from those who read.
func TestSignalsLeaveThePoolAlone(t *testing.T) {
	t.Parallel()
	s := openStore(t, postgres.Config{URL: shared.Database(t) + "&pool_max_conns=1", Now: time.Now, Log: quiet()})
	heard := listen(t, s)
	wantHeard(t, "at the beginning", heard, everyPart)
	if _, err := s.Revision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Signal(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	wantHeard(t, "with one connection for reading", heard, 2)
}
