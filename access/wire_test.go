package access_test

import (
	"context"
	"errors"
	"flag"
	"testing"
	"testing/synctest"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/payment/paymentrpc"
)

// overWire runs the whole suite with the wire between the front door and what is behind it.
var overWire = flag.Bool("wire", false, "put NATS between the front door and its rooms")

// inTime runs a test whose time is a bubble's. Messaging has goroutines outside, so it cannot be in one.
func inTime(t *testing.T, test func(*testing.T)) {
	t.Helper()
	if *overWire {
		t.Skip("a wire does not wait for a bubble's time")
	}
	synctest.Test(t, test)
}

// putWire moves what is behind a front door to the other end of the wire.
func putWire(t testing.TB, c *access.Config) {
	t.Helper()
	m := wiretest.Open(t, 0)
	s := rpc.NewServer(rpc.Config{Conn: m.Connect(), Group: "node", Faults: accessrpc.Faults(), Log: c.Log})
	err := errors.Join(
		accessrpc.Serve(s, "local", nodeOf(c)),
		paymentrpc.Serve(s, "local", node{c.Payments, c.Callbacks}), s.Flush(t.Context()),
	)
	if err != nil {
		t.Fatal(err)
	}
	front := m.Connect()
	rooms, err := accessrpc.NewClient(front, "local")
	if err != nil {
		t.Fatal(err)
	}
	payments, err := paymentrpc.NewClient(front, "local", 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Payments, c.Callbacks, c.Queries, c.Merchants, c.Endpoints, c.Links = payments, payments, rooms, rooms, rooms, rooms
	c.Events, c.Notifications, c.NotificationLog, c.Answers, c.Tasks, c.Channels, c.Statistics = rooms, rooms, rooms, rooms, rooms, rooms, rooms
	c.RuleSets, c.RuleSetTrials, c.Routes = rooms, rooms, rooms
}

type node struct {
	access.Payments
	access.Callbacks
}

// elsewhere is what the front door asks through its gate, or not at all.
type elsewhere struct{}

func (elsewhere) Key(context.Context, paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	return paymux.Key{}, paymux.Merchant{}, paymux.NotFound
}
func (elsewhere) KeyByDigest(context.Context, []byte) (paymux.Key, paymux.Merchant, error) {
	return paymux.Key{}, paymux.Merchant{}, paymux.NotFound
}
func (elsewhere) Revision(context.Context) (int64, error) { return 0, nil }
func (elsewhere) Find(context.Context, paymux.PaymentID) (paymux.Payment, error) {
	return paymux.Payment{}, paymux.NotFound
}
func (elsewhere) Methods(context.Context, paymux.MerchantID, paymux.Money) ([]paymux.MethodType, error) {
	return nil, nil
}
