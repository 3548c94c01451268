package registry_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/registry"
)

func contend(t *testing.T, r *registry.Registry, id string) *registry.Seat {
	t.Helper()
	s, err := r.Contend("frontend.door", id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// held waits until one of these has the seat and all of them know it, and returns which.
func held(t *testing.T, seats ...*registry.Seat) int {
	t.Helper()
	for deadline := time.After(patience); ; {
		changed := seats[0].Changed()
		at := slices.IndexFunc(seats, (*registry.Seat).Held)
		if at >= 0 && !slices.ContainsFunc(seats, func(s *registry.Seat) bool { return s.Holder() != seats[at].Holder() }) {
			return at
		}
		select {
		case <-changed:
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatal("nobody has the seat, or not all agree")
		}
	}
}

func TestOneHasTheSeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var seats []*registry.Seat
	for i := range 5 {
		seats = append(seats, contend(t, h.open(), fmt.Sprint("f", i)))
	}
	for len(seats) > 1 {
		at := held(t, seats...)
		began := time.Now()
		for range 2 {
			if err := seats[at].Release(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if seats[at].Held() {
			t.Error("who has left it still has it")
		}
		seats = slices.Delete(seats, at, at+1)
		held(t, seats...)
		t.Logf("taken %s after it was left", time.Since(began).Round(time.Millisecond))
	}
}

func TestASeatNeedsNames(t *testing.T) {
	t.Parallel()
	r := newHouse(t).open()
	for _, names := range [][2]string{{"", "a"}, {"a..b", "a"}, {"a", ""}, {"a", "b.c"}, {">", "a"}} {
		if _, err := r.Contend(names[0], names[1]); !errors.Is(err, registry.ErrBadName) {
			t.Errorf("%q: %v", names, err)
		}
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := r.Contend("a", "b"); err == nil {
		t.Error("a stopped registry takes part")
	}
}

// A holder that dies says nothing. Within 3 s another has its seat.
func TestADeadHoldersSeatIsTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 3 {
		conns := []*nats.Conn{h.Dial(), h.Dial()}
		var seats []*registry.Seat
		for i, conn := range conns {
			seats = append(seats, contend(t, h.open(func(c *registry.Config) { c.Conn = conn }), fmt.Sprint("f", i)))
		}
		at := held(t, seats...)
		other := seats[1-at]
		changed := other.Changed()
		died := time.Now()
		conns[at].Close()
		for !other.Held() {
			select {
			case <-changed:
				changed = other.Changed()
			case <-time.After(patience):
				t.Fatal("the seat is not taken")
			}
		}
		took := time.Since(died)
		if t.Logf("taken after %s", took.Round(time.Millisecond)); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
		if err := other.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// While the registry is away everything stays as it is, and afterwards, too.
func TestASeatWhileTheRegistryIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	seats := []*registry.Seat{contend(t, h.open(), "f0"), contend(t, h.open(), "f1")}
	at := held(t, seats...)
	for range 2 {
		h.Stop()
		for end := time.After(2500 * time.Millisecond); end != nil; {
			if !seats[at].Held() || seats[1-at].Held() {
				t.Fatal("the seat has moved")
			}
			select {
			case <-end:
				end = nil
			case <-time.After(20 * time.Millisecond):
			}
		}
		h.Start()
		if now := held(t, seats...); now != at {
			t.Error("the seat has moved when the registry came back")
		}
	}
}

// wire is a connection that can be cut, as a process is that was frozen.
type wire struct {
	mu    sync.Mutex
	isCut bool
	conns []net.Conn
}

func (w *wire) Dial(network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isCut {
		return nil, errors.New("cut")
	}
	conn, err := net.Dial(network, address)
	w.conns = append(w.conns, conn)
	return conn, err
}

func (w *wire) cut(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = yes
	for _, c := range w.conns {
		if c != nil && yes {
			c.Close()
		}
	}
}

// A holder that was away for long finds that it was replaced, and stands by.
func TestAHolderThatComesBackIsReplaced(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := &wire{}
	conn, err := nats.Connect(h.URL(), nats.SetCustomDialer(w), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	away := contend(t, h.open(func(c *registry.Config) { c.Conn = conn }), "away")
	held(t, away)
	other := contend(t, h.open(), "other")
	held(t, away, other)
	w.cut(true)
	held(t, other)
	if !away.Held() {
		t.Error("who cannot reach the registry has given the seat up")
	}
	w.cut(false)
	if held(t, other, away) != 0 {
		t.Error("who comes back has the seat again")
	}
}

// The bucket is lost and made again: the holder has the seat again, as a matter of course.
func TestASeatInALostBucket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	s := contend(t, r, "f0")
	held(t, s)
	if _, err := r.Conn.Request("$JS.API.STREAM.DELETE.KV_flags", nil, patience); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; {
		d, err := r.Flags().Get(t.Context(), "frontend.door")
		if err == nil && d.Who == "f0" && s.Held() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v, %v, held: %t", d, err, s.Held())
		}
	}
}
