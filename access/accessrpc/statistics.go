package accessrpc

import (
	"context"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/wire"
)

// countedPart is as many whole intervals as fit a message.
type countedPart struct {
	AsOf time.Time
	Rows []countedRow
	Next time.Time // where the rest begins; zero: there is none
}

// countedRow has its numbers in the order of paymux.NumberNames.
type countedRow struct {
	At      time.Time
	Key     paymux.StatisticsKey
	Numbers []int64
}

func serveStatistics(s *server, from access.Statistics) {
	read(s, "statistics", func(ctx context.Context, q *paymux.StatisticsQuery) (countedPart, error) {
		a, err := from.Statistics(ctx, *q)
		if err != nil {
			return countedPart{}, err
		}
		return cutStatistics(&a, wire.Room(s.rpc)-256) // 256: what stands around the rows
	})
}

// cutStatistics takes rows up to the end of the last interval that fits whole: what is added to the others until they are
// asked for cannot move a row from one part to another.
func cutStatistics(a *paymux.StatisticsAnswer, room int) (countedPart, error) {
	out := countedPart{AsOf: a.AsOf}
	for i := range a.Rows {
		row := a.Rows[i]
		counted := countedRow{At: row.At, Key: row.StatisticsKey}
		for _, n := range row.Fields() {
			counted.Numbers = append(counted.Numbers, *n)
		}
		if room -= len(wire.Append(nil, &counted)) + 1; room < 0 {
			out.Next = row.At
			break
		}
		out.Rows = append(out.Rows, counted)
	}
	for n := len(out.Rows); n > 0 && out.Rows[n-1].At.Equal(out.Next); n-- {
		out.Rows = out.Rows[:n-1]
	}
	if !out.Next.IsZero() && len(out.Rows) == 0 {
		return out, paymux.Errorf(paymux.InvalidRequest, "One interval alone has more rows than can be answered. Ask for fewer groups, or for one of a kind.").At("query.group")
	}
	return out, nil
}

// Statistics reads what was counted.
func (c *Client) Statistics(ctx context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	var all paymux.StatisticsAnswer
	for {
		part, err := ask[countedPart](ctx, c, "statistics", q)
		if err != nil {
			return paymux.StatisticsAnswer{}, err
		}
		if all.AsOf.IsZero() {
			all.AsOf = part.AsOf
		}
		for i := range part.Rows {
			all.Rows = append(all.Rows, part.Rows[i].row())
		}
		if q.From = part.Next; q.From.IsZero() {
			return all, nil
		}
		if q.Limit > 0 {
			q.Limit -= len(part.Rows)
		}
	}
}

func (r *countedRow) row() paymux.StatisticsRow {
	row := paymux.StatisticsRow{At: r.At, StatisticsKey: r.Key}
	fields := row.Fields()
	for i := range min(len(fields), len(r.Numbers)) {
		*fields[i] = r.Numbers[i]
	}
	return row
}
