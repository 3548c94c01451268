package relay_test

import (
	"context"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// node is a region's node that hands on what it is asked. verb is told the
// verb's name, the request's payment and its amount, where it has one.
type node struct {
	create   func(paymux.CreatePayment) (paymux.Reply, error)
	verb     func(name string, id paymux.PaymentID, amount int64) (paymux.Reply, error)
	callback func(paymux.CallbackRequest) (paymux.CallbackAck, error)
}

func (n node) Create(_ context.Context, r paymux.CreatePayment) (paymux.Reply, error) {
	return n.create(r)
}

func (n node) Confirm(_ context.Context, r paymux.ConfirmPayment) (paymux.Reply, error) {
	return n.verb("confirm", r.Payment, 0)
}

func (n node) Capture(_ context.Context, r paymux.CapturePayment) (paymux.Reply, error) {
	return n.verb("capture", r.Payment, r.Amount)
}

func (n node) Cancel(_ context.Context, r paymux.CancelPayment) (paymux.Reply, error) {
	return n.verb("cancel", r.Payment, 0)
}

func (n node) Refund(_ context.Context, r paymux.CreateRefund) (paymux.Reply, error) {
	return n.verb("refund", r.Payment, r.Amount)
}

func (n node) Sync(_ context.Context, r paymux.SyncPayment) (paymux.Reply, error) {
	return n.verb("sync", r.Payment, 0)
}

func (n node) Callback(_ context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error) {
	return n.callback(r)
}

func newRelay(t *testing.T, regions ...relay.Region) *relay.Relay {
	t.Helper()
	r, err := relay.New(regions)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// issued is a payment of a region.
func issued(region paymux.Region) paymux.PaymentID {
	return paymux.PaymentID(paymux.NewIDs([]byte("only for tests, no secret"), region, time.Now).New(paymux.PrefixPayment))
}
