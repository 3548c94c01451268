package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/paymux/paymux"
)

// EventQuery selects events.
type EventQuery struct {
	Type     paymux.EventType
	ObjectID string // of the payment, refund or dispute it is about
	PageSize int    // 1 to 100
}

// Event reads one event, as its notification carries it.
func (c *Client) Event(ctx context.Context, id paymux.EventID, opts ...Option) (*paymux.Event, error) {
	return one[paymux.Event](ctx, c, http.MethodGet, at("v1", "events", string(id)), nil, opts)
}

// Events lists events, newest first.
func (c *Client) Events(ctx context.Context, q EventQuery, opts ...Option) iter.Seq2[paymux.Event, error] {
	return pages[paymux.Event](ctx, c, "/v1/events", url.Values{
		"type": {string(q.Type)}, "object_id": {q.ObjectID}, "limit": {number(q.PageSize)},
	}, opts)
}
