package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/paymux/paymux"
)

// Puller reads a merchant's events in the order in which they were committed, page by
// page, and never misses one. It is for programs that cannot be called, or would rather
// not be. It is not safe for concurrent use.
type Puller struct {
	// After is the last event of the page before or, over several regions, one of each. Keep it once that page is dealt with, and
	// begin with it the next time; empty: from the oldest event that is kept.
	After paymux.EventID
	Type  paymux.EventType // empty: all
	Limit int              // of a page, 1 to 100; 0: 100

	c *Client
}

// Pull returns a puller that goes on behind an event.
func (c *Client) Pull(after paymux.EventID) *Puller { return &Puller{After: after, c: c} }

// Next reads the next page and moves After behind it. An empty page means that there is nothing new
// yet. more tells whether there is another page already: if not, wait a while. An event's Body is what its notification carries.
func (p *Puller) Next(ctx context.Context, opts ...Option) (events []paymux.Event, more bool, err error) {
	limit := p.Limit
	if limit == 0 {
		limit = 100
	}
	got, err := page[json.RawMessage](ctx, p.c, "/v1/events", url.Values{
		"order": {"oldest_first"}, "type": {string(p.Type)}, "limit": {number(limit)},
	}, string(p.After), opts)
	if err != nil {
		return nil, false, err
	}
	for _, body := range got.Data {
		e, err := event(body)
		if err != nil {
			return nil, false, err
		}
		events = append(events, e)
	}
	if got.NextCursor != "" {
		p.After = paymux.EventID(got.NextCursor)
	}
	return events, got.HasMore, nil
}

// event reads an event and keeps it as it came.
func event(body []byte) (paymux.Event, error) {
	e := paymux.Event{Body: body}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("read an event: %w", err)
	}
	return e, nil
}
