package accessrpc

import (
	"context"
	"encoding/json"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wire"
)

// part asks for a list, or for what is left of it.
type part[Q any] struct {
	Of   Q
	Skip int // rows that were got already, in lists that have no cursor
}

// rows are as much of a list as fits a message. Each is a value by itself.
type rows struct {
	Rows []json.RawMessage
	More bool // the message was too small for the rest
}

// list serves a list.
func list[Q, T any](s *server, what string, do func(context.Context, *Q) ([]T, error)) {
	read(s, what, func(ctx context.Context, q *part[Q]) (rows, error) {
		all, err := do(ctx, &q.Of)
		if err != nil {
			return rows{}, err
		}
		return cut(all[min(q.Skip, len(all)):], wire.Room(s.rpc)), nil
	})
}

// cut takes rows from the list while they fit into room bytes, and at least one.
func cut[T any](all []T, room int) rows {
	var out rows
	if all != nil {
		out.Rows = make([]json.RawMessage, 0, len(all))
	}
	for i := range all {
		row := wire.Append(nil, &all[i])
		if room -= len(row) + 1; room < 64 && i > 0 { // 64: what stands around the rows
			out.More = true
			break
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// uncut reads the rows.
func uncut[T any](from rows) ([]T, error) {
	if from.Rows == nil {
		return nil, nil
	}
	all := make([]T, len(from.Rows))
	for i, row := range from.Rows {
		if err := wire.Read(row, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// whole is the other end of list: it asks until it has all. after moves a question on behind the last
// row of the n that came; nil: the list has no cursor, and the node counts.
func whole[T, Q any](ctx context.Context, c *Client, what string, q Q, after func(q *Q, last *T, n int)) ([]T, error) {
	var all []T
	next := part[Q]{Of: q}
	for {
		got, err := ask[rows](ctx, c, what, next)
		if err != nil {
			return nil, err
		}
		some, err := uncut[T](got)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = some
		} else {
			all = append(all, some...)
		}
		if !got.More || len(some) == 0 {
			return all, nil
		}
		if after == nil {
			next.Skip = len(all)
		} else {
			after(&next.Of, &some[len(some)-1], len(some))
		}
	}
}

// behind moves a page on.
func behind[ID ~string](p *paymux.Page, last ID, n int) {
	p.After, p.Limit = string(last), p.Limit-n
}
