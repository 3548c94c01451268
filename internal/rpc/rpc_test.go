package rpc_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/rpc"
)

var (
	errLost = errors.New("lost")
	faults  = rpc.Faults{"lost": errLost}
)

// wire is a server and a client over a NATS server of their own.
func wire(t *testing.T, c rpc.Config) (*rpc.Server, *rpc.Client) {
	t.Helper()
	m, err := natsserver.Open(natsserver.Config{Dir: t.TempDir(), Config: natsclient.Config{Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	c.Conn, c.Faults = m.Conn, faults
	return rpc.NewServer(c), &rpc.Client{Conn: m.Conn, Faults: faults}
}

func serve(t *testing.T, s *rpc.Server, do func(context.Context, string) (string, error)) {
	t.Helper()
	if err := rpc.Serve(s, "greet", do); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func greet(t *testing.T, c *rpc.Client) (string, error) {
	t.Helper()
	return rpc.Call[string, string](t.Context(), c, "greet", "you")
}

func TestACallIsAnswered(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{Group: "greeters"})
	serve(t, s, func(_ context.Context, who string) (string, error) { return "hello " + who, nil })
	if got, err := greet(t, c); got != "hello you" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// More at a time than goroutines that stay, and again when those wait.
func TestManyCallsAtATimeAreAnswered(t *testing.T) {
	t.Parallel()
	const many = 300
	s, c := wire(t, rpc.Config{Group: "greeters"})
	var together sync.WaitGroup
	serve(t, s, func(_ context.Context, who string) (string, error) {
		together.Done()
		together.Wait() // all are under way
		return "hello " + who, nil
	})
	for range 2 {
		together.Add(many)
		var callers sync.WaitGroup
		for range many {
			callers.Go(func() {
				if got, err := rpc.Call[string, string](t.Context(), c, "greet", "you"); got != "hello you" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		callers.Wait()
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAServerOfManySubjectsIsToldWhich(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{Group: "greeters"})
	if err := rpc.ServeEach(s, "greet.*.hello", func(_ context.Context, subject, who string) (string, error) { return subject + " " + who, nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := rpc.Call[string, string](t.Context(), c, "greet.gateway.hello", "you"); got != "greet.gateway.hello you" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := rpc.Call[string, string](t.Context(), c, "greet.gateway.else", "you"); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("a subject nobody serves: %v", err)
	}
}

func TestErrorsAreTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{})
	hush := errors.New("hush")
	var next error
	serve(t, s, func(context.Context, string) (string, error) { return "", next })
	for _, e := range []struct {
		err error
		is  []error
		not error
	}{
		{paymux.Errorf(paymux.NotFound, "There is none.").Because(hush), []error{paymux.NotFound}, rpc.ErrNotTaken},
		{errLost, []error{errLost}, rpc.ErrNotTaken},
		{errors.Join(errLost, paymux.Errorf(paymux.Unavailable, "Later.")), []error{errLost, paymux.Unavailable}, rpc.ErrNotTaken},
		{errors.New("whatever"), nil, errLost},
		{rpc.ErrNotTaken, []error{rpc.ErrNotTaken}, errLost},
	} {
		next = e.err
		_, err := greet(t, c)
		if err == nil || errors.Is(err, e.not) {
			t.Errorf("%v came as %v", e.err, err)
		}
		for _, want := range e.is {
			if !errors.Is(err, want) {
				t.Errorf("%v came as %v, which is not %v", e.err, err, want)
			}
		}
	}
	next = paymux.Errorf(paymux.NotFound, "There is none.").Because(hush)
	if _, err := greet(t, c); strings.Contains(err.Error(), "hush") {
		t.Errorf("a cause has left its process: %v", err)
	}
}

func TestWhatNobodyTookUpIsToldApart(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{Limit: 1})
	if _, err := greet(t, c); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("without a server: %v", err)
	}
	began, end := make(chan struct{}), make(chan struct{})
	serve(t, s, func(context.Context, string) (string, error) {
		close(began)
		<-end
		return "at last", nil
	})
	first := make(chan error, 1)
	go func() {
		_, err := rpc.Call[string, string](context.Background(), c, "greet", "you")
		first <- err
	}()
	<-began
	if _, err := greet(t, c); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("at the limit: %v", err)
	}
	if got, want := s.Stats(), (rpc.Stats{Taken: 1, Refused: 1, UnderWay: 1}); got != want {
		t.Errorf("counted: %+v, want %+v", got, want)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := rpc.Call[string, string](late, c, "greet", "you"); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("after the deadline: %v", err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(context.Background()) }()
	close(end)
	if err := <-first; err != nil {
		t.Errorf("a request under way at Stop: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := greet(t, c); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("after Stop: %v", err)
	}
}

// A message that waited somewhere until its sender gave up must not take effect.
func TestAnOldRequestIsNotBegun(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{Now: func() time.Time { return time.Now().Add(time.Minute) }})
	serve(t, s, func(context.Context, string) (string, error) {
		t.Error("it was begun")
		return "", nil
	})
	if _, err := greet(t, c); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("%v", err)
	}
}

func TestNoAnswerLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{})
	began := make(chan struct{})
	serve(t, s, func(ctx context.Context, _ string) (string, error) {
		close(began)
		<-ctx.Done()
		return "", ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := rpc.Call[string, string](ctx, c, "greet", "you"); err == nil || errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("%v", err)
	}
}

func TestAPanicAndGarbageAreAnswered(t *testing.T) {
	t.Parallel()
	s, c := wire(t, rpc.Config{})
	serve(t, s, func(context.Context, string) (string, error) { panic("ouch") })
	if _, err := greet(t, c); err == nil || errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("a panic: %v", err)
	}
	if _, err := rpc.Call[int, string](t.Context(), c, "greet", 7); !errors.Is(err, rpc.ErrBadRequest) || !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("a body of another form: %v", err)
	}
	answer, err := c.Conn.RequestMsg(&nats.Msg{Subject: "greet", Data: []byte("{")}, 5*time.Second)
	if err != nil || answer.Header.Get("Paymux-Error") == "" {
		t.Errorf("no JSON: %v, %v", answer, err)
	}
}
