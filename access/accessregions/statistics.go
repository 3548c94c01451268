package accessregions

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// Statistics implements access.Statistics: rows of the same time and group are added. All is in until the time of the region that is furthest
// behind. A question about one region is asked of that one.
func (r *Regions) Statistics(ctx context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	answers, err := relay.Whole(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) (paymux.StatisticsAnswer, error) {
		return n.Statistics.Statistics(ctx, q)
	}, r.others(q.Only.Region)...))
	if err != nil || len(answers) == 1 {
		return first(answers), err
	}
	var all paymux.StatisticsAnswer
	pages := make([][]paymux.StatisticsRow, len(answers))
	for i, a := range answers {
		pages[i] = a.Rows
		if all.AsOf.IsZero() || a.AsOf.Before(all.AsOf) {
			all.AsOf = a.AsOf
		}
	}
	order := inOrder(q.Group)
	for _, row := range relay.Weave(pages, 0, func(a, b *paymux.StatisticsRow) bool { return order(a, b) < 0 }) {
		if n := len(all.Rows); n > 0 && order(&all.Rows[n-1], &row) == 0 {
			all.Rows[n-1].Add(&row.Numbers)
		} else if q.Limit > 0 && n == q.Limit {
			break
		} else {
			all.Rows = append(all.Rows, row)
		}
	}
	return all, nil
}

// inOrder compares rows by time, then by what they are grouped by, as stores order them.
func inOrder(group []paymux.Dimension) func(a, b *paymux.StatisticsRow) int {
	return func(a, b *paymux.StatisticsRow) int {
		order := a.At.Compare(b.At)
		for _, d := range group {
			order = cmp.Or(order, cmp.Compare(a.Part(d), b.Part(d)))
		}
		return order
	}
}

// others are all regions but the one of a number; none where that is empty or not known.
func (r *Regions) others(number string) (names []string) {
	n, err := strconv.ParseUint(number, 10, 12)
	only := r.reads.Name(paymux.Region(n))
	if err != nil || only == "" {
		return nil
	}
	return slices.DeleteFunc(r.reads.Regions(), func(name string) bool { return name == only })
}
