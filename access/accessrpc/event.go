package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func serveEvents(s *server, e access.Events) {
	read(s, "event", func(ctx context.Context, q *owned[paymux.EventID]) (paymux.Event, error) {
		return e.Event(ctx, q.Merchant, q.ID)
	})
	list(s, "events", func(ctx context.Context, q *paymux.EventFilter) ([]paymux.Event, error) { return e.Events(ctx, *q) })
	read(s, "newest_event", func(ctx context.Context, id *paymux.MerchantID) (paymux.EventID, error) { return e.Newest(ctx, *id) })
}

// Event returns a merchant's event.
func (c *Client) Event(ctx context.Context, merchant paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	return ask[paymux.Event](ctx, c, "event", owned[paymux.EventID]{merchant, id})
}

// Events lists events, in either order.
func (c *Client) Events(ctx context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	return whole(ctx, c, "events", f, func(f *paymux.EventFilter, last *paymux.Event, n int) { behind(&f.Page, last.ID, n) })
}

// Newest is the merchant's last event that is shown by now.
func (c *Client) Newest(ctx context.Context, merchant paymux.MerchantID) (paymux.EventID, error) {
	return ask[paymux.EventID](ctx, c, "newest_event", merchant)
}
