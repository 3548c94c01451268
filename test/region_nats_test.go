package test_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
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
