package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/paymux/paymux"
)

// RolloutRequest is a decision about a channel's versions; see [paymux.RolloutChange].
type RolloutRequest struct {
	Action  paymux.RolloutAction `json:"action"`
	Version string               `json:"version,omitempty"`
	Stable  string               `json:"stable,omitempty"`
	Percent int                  `json:"percent,omitempty"`
	Reason  string               `json:"reason,omitempty"`
}

// Channels lists the channels: what runs, what it is given, and what came of it.
func (o *Operator) Channels(ctx context.Context, opts ...Option) ([]paymux.ChannelStatus, error) {
	got, err := page[paymux.ChannelStatus](ctx, o.c, "/ops/v1/channels", url.Values{}, "", opts)
	return got.Data, err
}

// Rollout decides about a channel's versions and returns the channel as it is afterwards.
func (o *Operator) Rollout(ctx context.Context, channel string, r RolloutRequest, opts ...Option) (*paymux.ChannelStatus, error) {
	return one[paymux.ChannelStatus](ctx, o.c, http.MethodPost, at("ops", "v1", "channels", channel, "rollout"), r, opts)
}
