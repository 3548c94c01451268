package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/histogram"
)

// Served is a transaction node as the relay reaches it.
type Served interface {
	Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error)
	Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error)
	Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error)
	Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error)
	Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error)
	Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error)
	Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error)
}

// verb is what a node is asked for.
type verb int

const (
	askCreate verb = iota
	askConfirm
	askCapture
	askCancel
	askRefund
	askSync
	askCallback
)

var verbs = [...]string{"create", "confirm", "capture", "cancel", "refund", "sync", "callback"}

// Node is a node that counts what it is asked, and how long that takes with and without the institutions' part. Questions and
// callbacks are not usage: what a region is given new are changes.
type Node struct {
	node  Served
	meter *Meter
	kinds [len(verbs)]struct{ all, own histogram.Histogram }
}

// NewNode counts what n is asked, for a meter too.
func NewNode(n Served, m *Meter) *Node { return &Node{node: n, meter: m} }

// Usage is a snapshot of the node's meter.
func (n *Node) Usage() Usage { return n.meter.Usage() }

// VerbTimes is how long requests of one kind took.
type VerbTimes struct {
	Verb string
	All  histogram.Counts
	Own  histogram.Counts // without waiting for institutions and for gateways
}

// Times lists the kinds there were.
func (n *Node) Times() (list []VerbTimes) {
	for i := range n.kinds {
		if v := (VerbTimes{verbs[i], n.kinds[i].all.Counts(), n.kinds[i].own.Counts()}); v.All.Number > 0 {
			list = append(list, v)
		}
	}
	return list
}

// Create counts and asks the node; so do the others.
func (n *Node) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	return carry(ctx, n, askCreate, q, n.node.Create)
}

// Confirm counts.
func (n *Node) Confirm(ctx context.Context, q paymux.ConfirmPayment) (paymux.Reply, error) {
	return carry(ctx, n, askConfirm, q, n.node.Confirm)
}

// Capture counts.
func (n *Node) Capture(ctx context.Context, q paymux.CapturePayment) (paymux.Reply, error) {
	return carry(ctx, n, askCapture, q, n.node.Capture)
}

// Cancel counts.
func (n *Node) Cancel(ctx context.Context, q paymux.CancelPayment) (paymux.Reply, error) {
	return carry(ctx, n, askCancel, q, n.node.Cancel)
}

// Refund counts.
func (n *Node) Refund(ctx context.Context, q paymux.CreateRefund) (paymux.Reply, error) {
	return carry(ctx, n, askRefund, q, n.node.Refund)
}

// Sync counts.
func (n *Node) Sync(ctx context.Context, q paymux.SyncPayment) (paymux.Reply, error) {
	return carry(ctx, n, askSync, q, n.node.Sync)
}

// Callback counts.
func (n *Node) Callback(ctx context.Context, q paymux.CallbackRequest) (paymux.CallbackAck, error) {
	return carry(ctx, n, askCallback, q, n.node.Callback)
}

// carry asks the node, with a clock beside it.
func carry[Q, R any](ctx context.Context, n *Node, v verb, q Q, ask func(context.Context, Q) (R, error)) (R, error) {
	began := time.Now()
	ctx, spent := channel.WithSpent(ctx)
	r, err := ask(ctx, q)
	took := time.Since(began)
	n.kinds[v].all.Observe(took)
	n.kinds[v].own.Observe(took - spent.Time())
	if v < askSync {
		n.meter.Request(ours(err))
	}
	return r, err
}

// ours reports whether an error is the node's own fault, or of what stands behind it.
func ours(err error) bool {
	var e *paymux.Error
	return err != nil && (!errors.As(err, &e) || e.Code == paymux.Internal || e.Code == paymux.Unavailable)
}
