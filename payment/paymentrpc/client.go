package paymentrpc

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

const (
	// defaultLimit is longer than an institution and a failover to another one may take.
	defaultLimit = 75 * time.Second
	// againLimit is how long the second question after a lost answer may take: the answer is there, or it is not.
	againLimit = 5 * time.Second
)

// Client is a region's payment room. It is a relay.Node, immutable, and safe for concurrent use.
type Client struct {
	rpc    *rpc.Client
	prefix string
	limit  time.Duration
}

// NewClient returns the room of a region. limit is how long one request may take at the
// node, institutions' time included; 0: 75 s. The context of a request may end it earlier.
func NewClient(conn *nats.Conn, region string, limit time.Duration) (*Client, error) {
	prefix, err := subjects(region)
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = defaultLimit
	}
	return &Client{rpc: &rpc.Client{Conn: conn, Faults: Faults()}, prefix: prefix, limit: limit}, nil
}

// Among returns the client that gives requests to the region's replicas by their weights, and notices when the one that
// has a request dies. The servers' Peer is what replicas are called.
func Among(c *Client, replicas rpc.Peers) *Client {
	return &Client{rpc: &rpc.Client{Conn: c.rpc.Conn, Faults: c.rpc.Faults, Peers: replicas}, prefix: c.prefix, limit: c.limit}
}

// Create makes a payment at the node.
//
// Errors, of this and the other changes: those of the room; Unavailable where no node has begun the
// request; OutcomeUnknown where one may have.
func (c *Client) Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error) {
	return change(ctx, c, "create", &r, &r.Caller)
}

// Confirm sends a payment on its way. Errors: see Create.
func (c *Client) Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error) {
	return change(ctx, c, "confirm", &r, &r.Caller)
}

// Capture takes reserved money. Errors: see Create.
func (c *Client) Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error) {
	return change(ctx, c, "capture", &r, &r.Caller)
}

// Cancel ends a payment. Errors: see Create.
func (c *Client) Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error) {
	return change(ctx, c, "cancel", &r, &r.Caller)
}

// Refund gives money back. Errors: see Create.
func (c *Client) Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error) {
	return change(ctx, c, "refund", &r, &r.Caller)
}

// Sync asks the institution for the outcome. It may be repeated, so a lost answer is Unavailable.
func (c *Client) Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error) {
	return ask[paymux.SyncPayment, paymux.Reply](ctx, c, "sync", &r)
}

// Callback takes an institution's notification to the room. A lost answer is Unavailable: the
// institution sends it again, and news that is known already changes nothing.
func (c *Client) Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error) {
	return ask[paymux.CallbackRequest, paymux.CallbackAck](ctx, c, "callback", &r)
}

func ask[Q, R any](ctx context.Context, c *Client, verb string, q *Q) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	return wire.Ask[Q, R](ctx, c.rpc, c.prefix+verb, q)
}

// change carries a request out. One whose answer was lost is asked once more while the merchant still
// waits. That is sound because it has the same key and fingerprint: in the region's store the key
// is committed with the effect, so of the two requests one takes effect, in whichever order they come and at
// whichever replica, and the other is answered with what was kept, or KeyInFlight.
//
// Only what the node says of the key counts: a refusal for another reason may be the first
// one's own doing, such as a state that it has just changed. Then the outcome stays open, and
// the merchant's own repeat finds it.
func change[Q any](ctx context.Context, c *Client, verb string, q *Q, caller *paymux.Caller) (paymux.Reply, error) {
	first, err := tell(ctx, c, verb, q, c.limit)
	if !errors.Is(err, wire.ErrLost) || caller.Idempotency == "" || ctx.Err() != nil {
		return first, err
	}
	again, anew := tell(ctx, c, verb, q, againLimit)
	if anew != nil && !errors.Is(anew, paymux.KeyInFlight) && !errors.Is(anew, paymux.KeyReused) {
		return first, err
	}
	if again.RequestID == caller.RequestID {
		again.Replayed = false // the merchant has asked once
	}
	return again, anew
}

func tell[Q any](ctx context.Context, c *Client, verb string, q *Q, limit time.Duration) (paymux.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return wire.Tell[Q, paymux.Reply](ctx, c.rpc, c.prefix+verb, q)
}
