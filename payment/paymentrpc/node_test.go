package paymentrpc_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/payment/paymentrpc"
	"github.com/paymux/paymux/relay"
)

var (
	_ relay.Node      = (*paymentrpc.Client)(nil)
	_ paymentrpc.Node = (*payment.Service)(nil)
)

// node is a payment room that hears what it is asked and says what it is told to.
type node struct {
	mu    sync.Mutex
	asked []any
	ctx   context.Context // of the last request
	reply paymux.Reply
	ack   paymux.CallbackAck
	err   error
	do    func(ctx context.Context) (paymux.Reply, error) // instead
}

func (n *node) hear(ctx context.Context, q any) (paymux.Reply, error) {
	n.mu.Lock()
	n.asked, n.ctx = append(n.asked, q), ctx
	do := n.do
	n.mu.Unlock()
	if do != nil {
		return do(ctx)
	}
	return n.reply, n.err
}

func (n *node) heard() []any {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

func (n *node) Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error) {
	return n.hear(ctx, r)
}
func (n *node) Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error) {
	return n.hear(ctx, r)
}
func (n *node) Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error) {
	return n.hear(ctx, r)
}
func (n *node) Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error) {
	return n.hear(ctx, r)
}
func (n *node) Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error) {
	return n.hear(ctx, r)
}
func (n *node) Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error) {
	return n.hear(ctx, r)
}
func (n *node) Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error) {
	_, err := n.hear(ctx, r)
	return n.ack, err
}

// house is a frontend's client and a node's server, each with a connection of its own.
type house struct {
	*paymentrpc.Client
	node   *node
	server *rpc.Server
	front  *nats.Conn // the frontend's
	back   *nats.Conn // the node's
	log    *bytes.Buffer
	open   *wiretest.Messaging
}

const region = "cn-1"

func newHouse(t testing.TB, limit time.Duration) *house {
	t.Helper()
	m := wiretest.Open(t, 0)
	h := &house{node: &node{}, front: m.Connect(), back: m.Connect(), log: &bytes.Buffer{}, open: m}
	h.server = h.serve(t, h.back, h.node)
	var err error
	if h.Client, err = paymentrpc.NewClient(h.front, region, limit); err != nil {
		t.Fatal(err)
	}
	return h
}

// serve is one replica of the region.
func (h *house) serve(t testing.TB, conn *nats.Conn, n paymentrpc.Node) *rpc.Server {
	t.Helper()
	s := rpc.NewServer(rpc.Config{Conn: conn, Group: "node", Faults: paymentrpc.Faults(), Log: slog.New(slog.NewTextHandler(h.log, nil))})
	if err := paymentrpc.Serve(s, region, n); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// verb asks the client for one thing with a filled request, and returns the request.
type verb func(ctx context.Context, n relay.Node, seed uint64) (asked any, reply paymux.Reply, err error)

func filled[Q any](do func(relay.Node, context.Context, Q) (paymux.Reply, error)) verb {
	return func(ctx context.Context, n relay.Node, seed uint64) (any, paymux.Reply, error) {
		var q Q
		wiretest.Fill(&q, seed)
		reply, err := do(n, ctx, q)
		return q, reply, err
	}
}

// changes are the verbs whose lost answer leaves something open.
var changes = map[string]verb{
	"create":  filled(relay.Node.Create),
	"confirm": filled(relay.Node.Confirm),
	"capture": filled(relay.Node.Capture),
	"cancel":  filled(relay.Node.Cancel),
	"refund":  filled(relay.Node.Refund),
}

// repeatable are the others.
var repeatable = map[string]verb{
	"sync": filled(relay.Node.Sync),
	"callback": func(ctx context.Context, n relay.Node, seed uint64) (any, paymux.Reply, error) {
		var q paymux.CallbackRequest
		wiretest.Fill(&q, seed)
		_, err := n.Callback(ctx, q)
		return q, paymux.Reply{}, err
	},
}
