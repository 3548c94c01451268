// Package paymentrpc is both ends of the wire by which a frontend's relay reaches a
// region's payment room: Client is the room as the relay sees it, Serve puts the room behind it.
//
// It decides nothing about money. What it adds is the truth about lost calls: a request that no
// node has begun is Unavailable, one whose answer was lost is OutcomeUnknown, and never the other way
// round. A node works on to the end when its frontend goes away. Start reading at Client.Create.
package paymentrpc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

// Node is a region's payment room, as package relay declares it.
type Node interface {
	Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error)
	Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error)
	Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error)
	Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error)
	Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error)
	Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error)
	Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error)
}

// Serve answers a region's requests with node. The server's Group is that of the region's
// replicas, and it has Faults. The error is of a name or a server that will not do.
func Serve(s *rpc.Server, region string, node Node) error {
	prefix, err := subjects(region)
	if err != nil {
		return err
	}
	return errors.Join(
		serve(s, prefix+"create", func(r *paymux.CreatePayment) *paymux.Caller { return &r.Caller }, node.Create),
		serve(s, prefix+"confirm", func(r *paymux.ConfirmPayment) *paymux.Caller { return &r.Caller }, node.Confirm),
		serve(s, prefix+"capture", func(r *paymux.CapturePayment) *paymux.Caller { return &r.Caller }, node.Capture),
		serve(s, prefix+"cancel", func(r *paymux.CancelPayment) *paymux.Caller { return &r.Caller }, node.Cancel),
		serve(s, prefix+"refund", func(r *paymux.CreateRefund) *paymux.Caller { return &r.Caller }, node.Refund),
		serve(s, prefix+"sync", func(r *paymux.SyncPayment) *paymux.Caller { return &r.Caller }, node.Sync),
		wire.Handle(s, prefix+"callback", func(r *paymux.CallbackRequest) paymux.RequestID { return r.RequestID },
			func(ctx context.Context, r *paymux.CallbackRequest) (paymux.CallbackAck, error) {
				return node.Callback(context.WithoutCancel(ctx), *r)
			}),
	)
}

// serve puts one verb on its subject. The caller's deadline decides whether it is begun; from then on it
// goes to its end, whoever waits for it: money is on its way.
func serve[Q any](s *rpc.Server, subject string, caller func(*Q) *paymux.Caller, do func(context.Context, Q) (paymux.Reply, error)) error {
	return wire.Handle(s, subject, func(q *Q) paymux.RequestID { return caller(q).RequestID },
		func(ctx context.Context, q *Q) (paymux.Reply, error) { return do(context.WithoutCancel(ctx), *q) })
}

// Faults are what the rpc.Server of Serve has to be made with.
func Faults() rpc.Faults { return wire.Faults() }

// subjects is what all of a region's begin with: paymux.node.<region>.payment.<verb>.
func subjects(region string) (string, error) {
	if region == "" || strings.ContainsAny(region, ".*> \t\r\n") {
		return "", fmt.Errorf("paymentrpc: region name %q cannot be part of a NATS subject: it must have no dots, blanks and wildcards", region)
	}
	return "paymux.node." + region + ".payment.", nil
}
