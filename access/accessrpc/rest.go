package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// keyOf is an idempotency key of a merchant.
type keyOf struct {
	Merchant paymux.MerchantID
	Key      string
}

func serveRest(s *server, n *Node) {
	read(s, "idempotency", func(ctx context.Context, q *keyOf) (paymux.Idempotency, error) {
		return n.Answers.Idempotency(ctx, q.Merchant, q.Key)
	})
	list(s, "buried_tasks", func(ctx context.Context, p *paymux.Page) ([]access.BuriedTask, error) {
		return n.Tasks.BuriedTasks(ctx, *p)
	})
	read(s, "ready", func(ctx context.Context, _ *nothing) (nothing, error) { return nothing{}, n.Ready(ctx) })
}

// Idempotency finds what was kept of a request.
func (c *Client) Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error) {
	return ask[paymux.Idempotency](ctx, c, "idempotency", keyOf{merchant, key})
}

// BuriedTasks lists tasks that were given up.
func (c *Client) BuriedTasks(ctx context.Context, p paymux.Page) ([]access.BuriedTask, error) {
	return whole(ctx, c, "buried_tasks", p, func(p *paymux.Page, last *access.BuriedTask, n int) { behind(p, last.ID, n) })
}

// Ready reports whether the node can serve; Unavailable where there is none.
func (c *Client) Ready(ctx context.Context) error {
	_, err := ask[nothing](ctx, c, "ready", nothing{})
	return err
}
