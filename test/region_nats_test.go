package test_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/paymux/paymux/relay"
)

// dialer lets NATS connect from a place.
type dialer struct{ place *place }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.place.dial(context.Background(), network, address)
}

// join connects a party to a place's NATS, from there.
func (w *world) join(place, party string) *nats.Conn {
	w.t.Helper()
	seed, err := os.ReadFile(w.file("nats", party+".nk"))
	if err != nil {
		w.t.Fatal(err)
	}
	pair, err := nkeys.FromSeed(seed[:len(seed)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := nats.Connect(w.natsURL[place], nats.SetCustomDialer(dialer{w.places[place]}), nats.Nkey(public, pair.Sign), nats.RootCAs(w.file("nats", "ca.pem")))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return c
}

// How long it takes a region's NATS to notice that another was lost without a word: until then requests to it hang, from then on
// they are refused as not taken up. Afterwards they pass again.
func TestNATSNoticesAPartition(t *testing.T) {
	t.Parallel()
	w := newEmptyWorld(t, worldConfig{apart: true})
	startAll([]*part{w.natsServer("east"), w.natsServer("west")})
	frontend, node := w.join("east", "frontend"), w.join("west", "node")
	if _, err := node.QueueSubscribe("paymux.node.west.pay", "nodes", func(m *nats.Msg) { _ = m.Respond([]byte("paid")) }); err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		_, err := frontend.Request("paymux.node.west.pay", nil, 500*time.Millisecond)
		return err
	}
	passes := func(limit time.Duration) time.Duration {
		t.Helper()
		from := time.Now()
		if !within(limit, func() bool { return ask() == nil }) {
			t.Fatalf("not answered within %s: %v", limit, ask())
		}
		return time.Since(from)
	}
	t.Logf("after the start: %s", passes(15*time.Second))
	w.net.partition("east", "west")
	from, hung := time.Now(), 0
	if !within(25*time.Second, func() bool {
		err := ask()
		if errors.Is(err, nats.ErrTimeout) {
			hung++
		}
		return errors.Is(err, nats.ErrNoResponders)
	}) {
		t.Fatalf("never noticed: %v", ask())
	}
	t.Logf("parted: noticed after %s; %d requests hung for half a second each", time.Since(from), hung)
	if hung == 0 {
		t.Error("no request hung: they were not parted without a word")
	}
	w.net.heal("east", "west")
	t.Logf("healed: passes after %s", passes(25*time.Second))
}

// Any one place burns down: what the others have with each other goes on.
func TestNATSLosesAPlace(t *testing.T) {
	t.Parallel()
	w := newEmptyWorld(t, worldConfig{})
	east, west := w.natsServer("east"), w.natsServer("west")
	startAll([]*part{east, west})
	frontend, node := w.join("west", "frontend"), w.join("west", "node")
	keeps, stop := context.WithCancel(t.Context())
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		relay.KeepJournal(keeps, node, "witness", 1, nil)
	}()
	t.Cleanup(func() { stop(); <-kept })
	journal, keys := relay.NewNATSJournal(frontend), 0
	writes := func() (err error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		keys++
		key := fmt.Sprint("k", keys)
		if _, err = journal.Put(ctx, key, []byte("west"), 0); err == nil {
			_, _, err = journal.Get(ctx, key)
		}
		return err
	}
	if !within(20*time.Second, func() bool { return writes() == nil }) {
		t.Fatalf("the journal is not there: %v", writes())
	}
	flows := func(what string, do func() error) {
		t.Helper()
		longest := time.Duration(0)
		for until := time.Now().Add(3 * time.Second); time.Now().Before(until); {
			from := time.Now()
			if err := do(); err != nil {
				t.Errorf("%s: %v after %s", what, err, time.Since(from))
			}
			longest = max(longest, time.Since(from))
		}
		t.Logf("%s: no longer than %s", what, longest)
	}
	flows("all there", writes)
	east.kill()
	flows("without east, west's journal", writes)
	last := fmt.Sprint("k", keys)
	east.start()

	far := w.join("east", "frontend")
	if _, err := node.QueueSubscribe("paymux.node.west.pay", "nodes", func(m *nats.Msg) { _ = m.Respond([]byte("paid")) }); err != nil {
		t.Fatal(err)
	}
	asks := func() error {
		_, err := far.Request("paymux.node.west.pay", nil, time.Second)
		return err
	}
	if !within(20*time.Second, func() bool { return asks() == nil }) {
		t.Fatalf("east does not reach west: %v", asks())
	}
	w.witness.kill()
	flows("without the third place, east asks west", asks)
	w.witness.start()
	back := time.Now()
	if !within(20*time.Second, func() bool { return writes() == nil }) {
		t.Fatalf("the journal does not come back: %v", writes())
	}
	t.Logf("the journal is back %s after its server", time.Since(back))
	if _, _, err := journal.Get(t.Context(), last); err != nil {
		t.Errorf("the journal has forgotten %s: %v", last, err)
	}
}
