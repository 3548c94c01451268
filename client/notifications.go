package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
)

// NotificationQuery selects notifications of one endpoint.
type NotificationQuery struct {
	Event    paymux.EventID
	Status   paymux.NotificationStatus
	PageSize int // 1 to 100
}

// Notifications lists what became of events on their way to an endpoint, newest event first.
// Where few of the merchant's events went there, it asks more often than it yields.
func (c *Client) Notifications(ctx context.Context, id paymux.EndpointID, q NotificationQuery, opts ...Option) iter.Seq2[paymux.Notification, error] {
	return pages[paymux.Notification](ctx, c, endpoint(id, "notifications"), url.Values{
		"event": {string(q.Event)}, "status": {string(q.Status)}, "limit": {number(q.PageSize)},
	}, opts)
}

// Attempts lists the attempts to deliver an event, oldest first: to one endpoint, or to all where none is named.
// The body of each request was the event itself.
func (c *Client) Attempts(ctx context.Context, event paymux.EventID, to paymux.EndpointID, opts ...Option) ([]paymux.Attempt, error) {
	got, err := page[paymux.Attempt](ctx, c, at("v1", "events", string(event), "attempts"), url.Values{"endpoint": {string(to)}}, "", opts)
	return got.Data, err
}

// Resend sends an event once more, with the same webhook-id: to one endpoint or, where none is
// named, to all enabled ones that want it. It returns them.
func (c *Client) Resend(ctx context.Context, event paymux.EventID, to paymux.EndpointID, opts ...Option) ([]paymux.EndpointID, error) {
	in := struct {
		Endpoint paymux.EndpointID `json:"endpoint,omitempty"`
	}{to}
	var got struct {
		Endpoints []paymux.EndpointID `json:"endpoints"`
	}
	err := c.Call(ctx, http.MethodPost, at("v1", "events", string(event), "resend"), in, &got, opts...)
	return got.Endpoints, err
}

// ReplayRequest selects events to send to an endpoint once more.
type ReplayRequest struct {
	From  time.Time          `json:"from"`            // inclusive
	To    time.Time          `json:"to,omitzero"`     // exclusive; zero: now
	Types []paymux.EventType `json:"types,omitempty"` // empty: those of Endpoint.ReplayTypes
	Only  paymux.ReplayOnly  `json:"only,omitempty"`  // empty: undelivered
}

// CountReplay says how many events a replay would send. It sends none.
func (c *Client) CountReplay(ctx context.Context, id paymux.EndpointID, r ReplayRequest, opts ...Option) (int, error) {
	in := struct {
		ReplayRequest
		CountOnly bool `json:"count_only"`
	}{r, true}
	var got struct {
		Total int `json:"total"`
	}
	err := c.Call(ctx, http.MethodPost, endpoint(id, "replays"), in, &got, opts...)
	return got.Total, err
}

// StartReplay sends events to an endpoint once more, behind what is due there.
func (c *Client) StartReplay(ctx context.Context, id paymux.EndpointID, r ReplayRequest, opts ...Option) (*paymux.Replay, error) {
	return one[paymux.Replay](ctx, c, http.MethodPost, endpoint(id, "replays"), r, opts)
}

// Replay reads a replay.
func (c *Client) Replay(ctx context.Context, id paymux.ReplayID, opts ...Option) (*paymux.Replay, error) {
	return one[paymux.Replay](ctx, c, http.MethodGet, at("v1", "replays", string(id)), nil, opts)
}

// CancelReplay ends a replay where it is. What is queued already is delivered.
func (c *Client) CancelReplay(ctx context.Context, id paymux.ReplayID, opts ...Option) (*paymux.Replay, error) {
	return one[paymux.Replay](ctx, c, http.MethodPost, at("v1", "replays", string(id), "cancel"), nil, opts)
}
