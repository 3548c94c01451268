package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// list is a page of a list as Paymux answers it.
type list[T any] struct {
	Data       []T    `json:"data"`
	HasMore    bool   `json:"has_more"`
	NextCursor string `json:"next_cursor"`
}

// pages reads a list page by page while the caller goes on. After an error, which
// is yielded once with a zero value, there is nothing more.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values, opts []Option) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		cursor := ""
		for {
			page, err := page[T](ctx, c, path, query, cursor, opts)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range page.Data {
				if !yield(one, nil) {
					return
				}
			}
			if !page.HasMore || page.NextCursor == "" {
				return
			}
			cursor = page.NextCursor
		}
	}
}

func page[T any](ctx context.Context, c *Client, path string, query url.Values, cursor string, opts []Option) (list[T], error) {
	q := url.Values{}
	for name, values := range query {
		if values[0] != "" {
			q[name] = values
		}
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	var got list[T]
	err := c.Call(ctx, http.MethodGet, path, nil, &got, opts...)
	return got, err
}

// all reads a list that has one page.
func all[T any](ctx context.Context, c *Client, path string, opts []Option) ([]T, error) {
	got, err := page[T](ctx, c, path, nil, "", opts)
	return got.Data, err
}

// one reads or changes a single object.
func one[T any](ctx context.Context, c *Client, method, path string, in any, opts []Option) (*T, error) {
	var got T
	if err := c.Call(ctx, method, path, in, &got, opts...); err != nil {
		return nil, err
	}
	return &got, nil
}

// at joins path segments that come from outside, each escaped.
func at(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/")
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
