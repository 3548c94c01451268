package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func serveChannels(s *server, c access.Channels) {
	read(s, "channels", func(ctx context.Context, _ *nothing) ([]paymux.ChannelStatus, error) { return c.Statuses(ctx) })
	change(s, "rollout", func(ctx context.Context, d *paymux.RolloutChange) (paymux.ChannelStatus, error) {
		return c.Decide(ctx, *d)
	})
}

// Statuses lists the channels as the answering node sees them.
func (c *Client) Statuses(ctx context.Context) ([]paymux.ChannelStatus, error) {
	return ask[[]paymux.ChannelStatus](ctx, c, "channels", nothing{})
}

// Decide carries out an operator's decision about a channel's versions.
func (c *Client) Decide(ctx context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error) {
	return tell[paymux.ChannelStatus](ctx, c, "rollout", d)
}
