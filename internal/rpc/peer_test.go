package rpc_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
)

// peers has one that is always chosen.
type peers struct {
	chosen string // empty: it is not known who is there
	gone   atomic.Bool
}

func (p *peers) Pick() (string, bool) { return p.chosen, p.chosen != "" }
func (p *peers) Gone(string) bool     { return p.gone.Load() }

// group is two servers and a client, each with a connection of its own.
type group struct {
	conns   map[string]*nats.Conn
	servers map[string]*rpc.Server
	client  *rpc.Client
	peers   *peers
}

func newGroup(t *testing.T, do func(ctx context.Context, peer string) (string, error)) *group {
	t.Helper()
	m := wiretest.Open(t, 0)
	g := &group{conns: map[string]*nats.Conn{}, servers: map[string]*rpc.Server{}, peers: &peers{chosen: "a"}}
	for _, name := range []string{"a", "b"} {
		g.conns[name] = m.Connect()
		s := rpc.NewServer(rpc.Config{Conn: g.conns[name], Group: "greeters", Peer: name, Limit: 2, Faults: faults})
		g.servers[name] = s
		serve(t, s, func(ctx context.Context, _ string) (string, error) { return do(ctx, name) })
	}
	g.client = &rpc.Client{Conn: m.Connect(), Faults: faults, Peers: g.peers}
	return g
}

func TestWhoIsChosenIsAsked(t *testing.T) {
	t.Parallel()
	g := newGroup(t, func(_ context.Context, peer string) (string, error) { return peer, nil })
	for _, chosen := range []string{"a", "b"} {
		g.peers.chosen = chosen
		for range 20 {
			if got, err := greet(t, g.client); got != chosen || err != nil {
				t.Fatalf("%q, %v: chosen was %s", got, err, chosen)
			}
		}
	}
	heard := map[string]int{}
	for _, g.peers.chosen = range []string{"", "somebody who has died"} {
		for range 50 {
			got, err := greet(t, g.client)
			if err != nil {
				t.Fatal(err)
			}
			heard[got]++
		}
	}
	if heard["a"] == 0 || heard["b"] == 0 || heard["a"]+heard["b"] != 100 {
		t.Errorf("the group heard %v", heard)
	}
}

// What the chosen one does not take is for the others; what it has answered is not, whatever the answer.
func TestOnlyWhatIsNotTakenGoesToOthers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	began, end := make(chan struct{}, 2), make(chan struct{})
	g := newGroup(t, func(_ context.Context, peer string) (string, error) {
		if asked.Add(1); peer == "a" {
			began <- struct{}{}
			<-end
		}
		return peer, errLost
	})
	var under sync.WaitGroup
	for range 2 { // as many as it takes
		under.Go(func() {
			if _, err := greet(t, g.client); !errors.Is(err, errLost) {
				t.Errorf("what a answered came as %v", err)
			}
		})
		<-began
	}
	taken := func() bool { _, err := greet(t, g.client); return errors.Is(err, errLost) }
	if !within(taken) || asked.Load() != 3 { // the group may ask the same one again
		t.Errorf("what a cannot take was taken %d times", asked.Load()-2)
	}
	close(end)
	under.Wait()
	if asked.Load() != 3 {
		t.Errorf("%d requests were heard", asked.Load())
	}
}

// waits begins a request that is not answered before end is closed.
func waits(t *testing.T) (g *group, answered <-chan error, end chan struct{}) {
	t.Helper()
	began, result := make(chan struct{}, 2), make(chan error, 1)
	end = make(chan struct{})
	g = newGroup(t, func(context.Context, string) (string, error) {
		began <- struct{}{}
		<-end
		return "", nil
	})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := rpc.Call[string, string](ctx, g.client, "greet", "you")
		result <- err
	}()
	<-began
	return g, result, end
}

// lostSoon: the caller learns long before its deadline that there will be no answer, and not that nothing was begun.
func lostSoon(t *testing.T, answered <-chan error) {
	t.Helper()
	select {
	case err := <-answered:
		if !errors.Is(err, rpc.ErrGone) || errors.Is(err, rpc.ErrNotTaken) {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it is still waited for")
	}
}

func TestADeadServersCallersLearnOfIt(t *testing.T) {
	t.Parallel()
	g, answered, end := waits(t)
	defer close(end)
	g.conns["a"].Close()
	lostSoon(t, answered)
}

// A server whose connection was lost for a while is there again: who asks it then waits for its answer.
func TestAServerThatIsBackIsWaitedFor(t *testing.T) {
	t.Parallel()
	g, answered, end := waits(t)
	g.conns["a"].Close()
	lostSoon(t, answered)
	close(end)
	s := rpc.NewServer(rpc.Config{Conn: g.conns["b"], Group: "greeters", Peer: "a", Faults: faults})
	serve(t, s, func(context.Context, string) (string, error) {
		<-time.After(3 * time.Second) // some looks
		return "late", nil
	})
	if got, err := greet(t, g.client); got != "late" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A server that is frozen still has its connection: only others can know.
func TestWhoIsKnownToBeGoneIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	g, answered, end := waits(t)
	defer close(end)
	g.peers.gone.Store(true)
	lostSoon(t, answered)
}

// A server that stops is there until it has answered what it has begun.
func TestAStoppingServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	g, answered, end := waits(t)
	stopped := make(chan error, 1)
	go func() { stopped <- g.servers["a"].Stop(context.Background()) }()
	select {
	case err := <-answered:
		t.Fatalf("it was given up: %v", err)
	case <-time.After(3 * time.Second): // some looks
	}
	close(end)
	if err := errors.Join(<-answered, <-stopped); err != nil {
		t.Error(err)
	}
}

// A request waits for a connection that comes back soon; one that was under way has lost its answer. While there
// is none for long, nobody waits any more.
func TestAConnectionIsLostAndComesBack(t *testing.T) {
	t.Parallel()
	m := wiretest.Serve(t)
	s := rpc.NewServer(rpc.Config{Conn: m.Dial(), Group: "greeters", Faults: faults, Log: slog.New(slog.DiscardHandler)})
	began, end := make(chan struct{}, 1), make(chan struct{})
	defer close(end)
	serve(t, s, func(_ context.Context, who string) (string, error) {
		if who == "wait" {
			began <- struct{}{}
			<-end
		}
		return who, nil
	})
	c := &rpc.Client{Conn: m.Dial(), Faults: faults}
	answered := make(chan error, 1)
	go func() {
		_, err := rpc.Call[string, string](context.Background(), c, "greet", "wait")
		answered <- err
	}()
	<-began
	m.Stop()
	lostSoon(t, answered)
	if !within(func() bool { _, err := greet(t, c); return errors.Is(err, rpc.ErrNotTaken) }) {
		t.Error("without a connection nothing is refused")
	}
	m.Start()
	if !within(func() bool { got, err := greet(t, c); return got == "you" && err == nil }) {
		t.Error("nobody is asked when the connection is back")
	}
	for range 3 {
		again := make(chan error, 1)
		m.Stop()
		if !within(func() bool { return !c.Conn.IsConnected() }) {
			t.Fatal("the connection stays")
		}
		go func() {
			_, err := greet(t, c)
			again <- err
		}()
		m.Start()
		if err := <-again; err != nil {
			t.Errorf("a request during a short absence: %v", err)
		}
	}
}

func within(yes func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if yes() {
			return true
		}
	}
	return false
}

// cutting are no peers, of whom the first question loses the connection.
type cutting struct{ cut func() }

func (c *cutting) Pick() (string, bool) {
	if c.cut != nil {
		c.cut()
		c.cut = nil
	}
	return "", false
}

func (c *cutting) Gone(string) bool { return false }

// A connection that is lost just before the request leaves is waited for like one that was lost before.
func TestAConnectionIsLostJustBeforeTheRequestLeaves(t *testing.T) {
	t.Parallel()
	m := wiretest.Serve(t)
	s := rpc.NewServer(rpc.Config{Conn: m.Dial(), Group: "greeters", Faults: faults, Log: slog.New(slog.DiscardHandler)})
	serve(t, s, func(_ context.Context, who string) (string, error) { return who, nil })
	c := &rpc.Client{Conn: m.Dial(), Faults: faults}
	cut := &cutting{func() {
		m.Stop()
		if !within(func() bool { return !c.Conn.IsConnected() }) {
			t.Error("the connection stays")
		}
		m.Start()
	}}
	c.Peers = cut
	if got, err := greet(t, c); got != "you" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if cut.cut != nil {
		t.Error("the connection was never lost")
	}
}
