package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

// server collects what is served. Its faults are looked at once.
type server struct {
	rpc    *rpc.Server
	prefix string
	faults []error
}

// nothing is the reply to a change that has none.
type nothing struct{}

// owned names a thing of a merchant.
type owned[ID ~string] struct {
	Merchant paymux.MerchantID
	ID       ID
}

// kept is something to write, with the record of the request that asks for it.
type kept[T any] struct {
	Value  T
	Answer *paymux.Idempotency
}

// read serves a question. It ends when nobody waits for it any more.
func read[Q, R any](s *server, what string, do func(context.Context, *Q) (R, error)) {
	if err := wire.Handle(s.rpc, s.prefix+what, nil, do); err != nil {
		s.faults = append(s.faults, err)
	}
}

// change serves a change. One that was begun goes to its end, whoever waits for it.
func change[Q, R any](s *server, what string, do func(context.Context, *Q) (R, error)) {
	read(s, what, func(ctx context.Context, q *Q) (R, error) { return do(context.WithoutCancel(ctx), q) })
}

// write serves a change without a reply.
func write[Q any](s *server, what string, do func(context.Context, *Q) error) {
	change(s, what, func(ctx context.Context, q *Q) (nothing, error) { return nothing{}, do(ctx, q) })
}

// ask is the other end of read.
func ask[R, Q any](ctx context.Context, c *Client, what string, q Q) (R, error) {
	return wire.Ask[Q, R](ctx, c.rpc, c.prefix+what, &q)
}

// tell is the other end of change.
func tell[R, Q any](ctx context.Context, c *Client, what string, q Q) (R, error) {
	return wire.Tell[Q, R](ctx, c.rpc, c.prefix+what, &q)
}

// put is the other end of write.
func put[Q any](ctx context.Context, c *Client, what string, q Q) error {
	_, err := tell[nothing](ctx, c, what, q)
	return err
}
