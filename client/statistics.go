package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// StatisticsQuery selects statistics. Zero fields are left to Paymux: the newest hour of minutes, day of hours or 30 days.
type StatisticsQuery struct {
	From, To time.Time
	Every    paymux.Interval
	Group    []paymux.Dimension   // what rows are told apart by, beside time and currency
	Only     paymux.StatisticsKey // what is set selects; merchants cannot set Merchant and Mode
}

// Statistics reads the merchant's own numbers.
func (c *Client) Statistics(ctx context.Context, q StatisticsQuery, opts ...Option) (*paymux.Statistics, error) {
	return statistics(ctx, c, "/v1/statistics", q, opts)
}

// Statistics reads the numbers of all merchants, or of the one that is selected.
func (o *Operator) Statistics(ctx context.Context, q StatisticsQuery, opts ...Option) (*paymux.Statistics, error) {
	return statistics(ctx, o.c, "/ops/v1/statistics", q, opts)
}

func statistics(ctx context.Context, c *Client, path string, q StatisticsQuery, opts []Option) (*paymux.Statistics, error) {
	got, err := one[paymux.Statistics](ctx, c, http.MethodGet, path+"?"+q.values().Encode(), nil, opts)
	if err != nil {
		return nil, err
	}
	for i := range got.Data { // so that what is read can be added, as what was sent
		s := &got.Data[i]
		copy(s.Answers[:], s.AnswerTime.Buckets)
		copy(s.Successes[:], s.SuccessTime.Buckets)
	}
	return got, nil
}

func (q *StatisticsQuery) values() url.Values {
	group := make([]string, len(q.Group))
	for i, d := range q.Group {
		group[i] = string(d)
	}
	all := url.Values{}
	set := func(name, value string) {
		if value != "" {
			all.Set(name, value)
		}
	}
	set("from", stamp(q.From))
	set("to", stamp(q.To))
	set("every", string(q.Every))
	set("group", strings.Join(group, ","))
	for _, d := range paymux.Dimensions() {
		set(string(d), q.Only.Part(d))
	}
	return all
}
