package test_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// Both regions live and each takes its merchants' payments: three books are one.
func TestTwoRegions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{nodes: 2, frontends: 2})
	tr := newTrade(t, w.trader(w.east).stall("eastern", time.Second/20), w.trader(w.west).stall("western", time.Second/20))
	from := time.Now()
	tr.answered("of eastern", 20, func(d *deal) bool { return d.stall.name == "eastern" && d.succeeded() })
	tr.answered("of western", 20, func(d *deal) bool { return d.stall.name == "western" && d.succeeded() })
	counts := w.balance(tr)
	w.report(tr, "both live", from, time.Now())
	for _, r := range w.regions {
		if counts[r.name] < 20 {
			t.Errorf("%s has %d payments", r.name, counts[r.name])
		}
	}
	if charges := w.charges(); len(charges) != counts["east"]+counts["west"] {
		t.Errorf("%d charges, %v payments", len(charges), counts)
	}
}

// A region burns down, with its frontends, its nodes, its NATS and its database: the other takes its own merchants' payments as before,
// and the merchants of the lost one are answered when it is back. Nothing is charged twice.
func TestARegionIsLostAndReturns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{})
	tr := newTrade(t, w.trader(w.east).stall("eastern", time.Second/20), w.trader(w.west).stall("western", time.Second/20))
	western := func(d *deal) bool { return d.stall.name == "western" && d.succeeded() }
	tr.answered("of western", 20, western)
	before := tr.of(time.Time{}, time.Now(), named("western"))
	w.east.kill()
	lost := time.Now()
	tr.answered("of western without east", 60, western)
	w.east.start()
	back := time.Now()
	tr.answered("of eastern", 20, func(d *deal) bool { return d.stall.name == "eastern" && d.succeeded() })
	w.report(tr, "while east was lost", lost, back)
	tr.unhurt(before, tr.of(lost, back, named("western")))
	counts := w.balance(tr)
	if open := tr.underWay(back, named("eastern")); len(open) == 0 {
		t.Error("nobody waited for east")
	}
	t.Logf("payments: %v", counts)
}

// The two regions cannot hear each other, while both hear the third place and the world outside: each goes on with its own, and
// when they hear each other again, nothing was charged twice.
func TestTwoRegionsParted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{apart: true})
	w.assign(`
regions: [{name: east, number: 1}, {name: west, number: 2}]
rules: [{name: all, to: [{region: east, weight: 1}, {region: west, weight: 1}]}]
`)
	eastern, western := w.trader(w.east), w.trader(w.west)
	w.operate(w.east, "regions", "move", string(eastern.id), "--to", "east", "--by", "test", "--reason", "its own")
	w.operate(w.west, "regions", "move", string(western.id), "--to", "west", "--by", "test", "--reason", "its own")
	tr := newTrade(t, eastern.stall("eastern", time.Second/20), western.stall("western", time.Second/20))
	both := func(what string) {
		t.Helper()
		from := time.Now()
		for _, r := range w.regions {
			tr.answered(what, 15, func(d *deal) bool { return d.stall.name == r.name+"ern" && d.succeeded() })
		}
		w.report(tr, what, from, time.Now())
	}
	both("together")
	w.net.partition("east", "west")
	both("parted")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if c, err := w.east.place.dial(ctx, "tcp", strings.TrimPrefix(w.west.urls[0], "http://")); err == nil {
		c.Close()
		t.Error("they were not parted")
	}
	w.net.heal("east", "west")
	both("healed")
	counts := w.balance(tr)
	if counts["east"] < 45 || counts["west"] < 45 {
		t.Errorf("the regions have %v payments", counts)
	}
}

// What the tests of partitions stand on: packets between two places are lost without a word, both ways, others are
// not, and what was cut goes on when it is healed.
func TestPlacesAreParted(t *testing.T) {
	t.Parallel()
	i, places := newInternet(t, "east", "west", "witness")
	east, west, witness := places["east"], places["west"], places["witness"]
	address := map[*place]string{}
	for _, p := range []*place{east, west, witness} {
		l, err := p.listen(p.host + ":0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		address[p] = l.Addr().String()
		go echo(l)
	}
	if _, err := net.DialTimeout("tcp", address[west], 300*time.Millisecond); err == nil {
		t.Error("the test reaches west without being in any of the places")
	}
	old, err := east.dial(t.Context(), "tcp", address[west])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { old.Close() })
	hears(t, old, 5*time.Second)

	i.partition("east", "west")
	for _, way := range [][2]*place{{east, west}, {west, east}} {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		c, err := way[0].dial(ctx, "tcp", address[way[1]])
		cancel()
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s reaches %s, or is told that it cannot: %v", way[0].name, way[1].name, err)
		}
	}
	if err := speak(old, 400*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a connection that was there goes on, or is broken: %v", err)
	}
	for _, way := range [][2]*place{{east, witness}, {witness, west}} {
		c, err := way[0].dial(t.Context(), "tcp", address[way[1]])
		if err != nil {
			t.Fatalf("%s does not reach %s, which it is not parted from: %v", way[0].name, way[1].name, err)
		}
		hears(t, c, 5*time.Second)
		c.Close()
	}

	i.heal("east", "west")
	c, err := east.dial(t.Context(), "tcp", address[west])
	if err != nil {
		t.Fatal(err)
	}
	hears(t, c, 5*time.Second)
	c.Close()
	hears(t, old, 10*time.Second) // what was sent meanwhile is sent again by the system
	i.isolate("witness")
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	if c, err := witness.dial(ctx, "tcp", address[east]); err == nil {
		c.Close()
		t.Error("who is isolated reaches others")
	}
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			b := make([]byte, 1)
			for {
				if _, err := c.Read(b); err != nil {
					return
				}
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}()
	}
}

// speak sends a byte and waits for an answer.
func speak(c net.Conn, limit time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	b := []byte{'a'}
	if _, err := c.Write(b); err != nil {
		return err
	}
	_, err := c.Read(b)
	return err
}

func hears(t *testing.T, c net.Conn, limit time.Duration) {
	t.Helper()
	if err := speak(c, limit); err != nil {
		t.Fatalf("%s hears nothing from %s: %v", c.LocalAddr(), c.RemoteAddr(), err)
	}
}
