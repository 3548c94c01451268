package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/wire"
)

// toEndpoint is an event on its way to one endpoint, or to all of them.
type toEndpoint struct {
	Merchant paymux.MerchantID
	Event    paymux.EventID
	Endpoint paymux.EndpointID
}

// notified is a page of notifications and the event to go on behind.
type notified struct {
	List rows
	Next paymux.EventID
}

func serveNotifications(s *server, n access.Notifications, log access.NotificationLog) {
	change(s, "test_endpoint", func(ctx context.Context, e *paymux.Endpoint) (paymux.Event, error) { return n.Test(ctx, *e) })
	change(s, "resend_event", func(ctx context.Context, q *toEndpoint) ([]paymux.EndpointID, error) {
		return n.Resend(ctx, q.Merchant, q.Event, q.Endpoint)
	})
	read(s, "count_replay", func(ctx context.Context, r *paymux.Replay) (int, error) { return n.CountReplay(ctx, *r) })
	write(s, "start_replay", func(ctx context.Context, q *kept[paymux.Replay]) error { return n.StartReplay(ctx, q.Value, q.Answer) })
	read(s, "replay", func(ctx context.Context, q *owned[paymux.ReplayID]) (paymux.Replay, error) {
		return n.Replay(ctx, q.Merchant, q.ID)
	})
	change(s, "cancel_replay", func(ctx context.Context, q *owned[paymux.ReplayID]) (paymux.Replay, error) {
		return n.CancelReplay(ctx, q.Merchant, q.ID)
	})
	read(s, "notifications", func(ctx context.Context, f *paymux.NotificationFilter) (notified, error) {
		all, next, err := log.Notifications(ctx, *f)
		out := notified{List: cut(all, wire.Room(s.rpc)), Next: next}
		if out.List.More {
			out.Next = all[len(out.List.Rows)-1].Event // a list may be short although there is more
		}
		return out, err
	})
	list(s, "attempts", func(ctx context.Context, q *toEndpoint) ([]paymux.Attempt, error) {
		return log.Attempts(ctx, q.Merchant, q.Event, q.Endpoint)
	})
}

// Test sends a test event to one endpoint.
func (c *Client) Test(ctx context.Context, e paymux.Endpoint) (paymux.Event, error) {
	return tell[paymux.Event](ctx, c, "test_endpoint", e)
}

// Resend sends one event again.
func (c *Client) Resend(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.EndpointID, error) {
	return tell[[]paymux.EndpointID](ctx, c, "resend_event", toEndpoint{merchant, event, endpoint})
}

// CountReplay is how many events r would send.
func (c *Client) CountReplay(ctx context.Context, r paymux.Replay) (int, error) {
	return ask[int](ctx, c, "count_replay", r)
}

// StartReplay keeps r and begins it.
func (c *Client) StartReplay(ctx context.Context, r paymux.Replay, i *paymux.Idempotency) error {
	return put(ctx, c, "start_replay", kept[paymux.Replay]{r, i})
}

// Replay returns a merchant's replay.
func (c *Client) Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return ask[paymux.Replay](ctx, c, "replay", owned[paymux.ReplayID]{merchant, id})
}

// CancelReplay ends a replay where it is.
func (c *Client) CancelReplay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return tell[paymux.Replay](ctx, c, "cancel_replay", owned[paymux.ReplayID]{merchant, id})
}

// Notifications lists notifications, and says where to go on.
func (c *Client) Notifications(ctx context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error) {
	got, err := ask[notified](ctx, c, "notifications", f)
	if err != nil {
		return nil, "", err
	}
	list, err = uncut[paymux.Notification](got.List)
	return list, got.Next, err
}

// Attempts lists the attempts to deliver an event.
func (c *Client) Attempts(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.Attempt, error) {
	return whole[paymux.Attempt](ctx, c, "attempts", toEndpoint{merchant, event, endpoint}, nil)
}
