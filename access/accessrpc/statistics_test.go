package accessrpc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
)

// counted has rows in intervals, and answers for the time that is asked for; each time it is asked, something
// has happened in the first interval.
type counted struct {
	*room
	intervals, perInterval, asked int
}

var countedFrom = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func (c *counted) Statistics(_ context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	c.asked++
	a := paymux.StatisticsAnswer{AsOf: countedFrom.Add(time.Duration(c.asked) * time.Hour)}
	for i := range c.intervals {
		at := countedFrom.Add(time.Duration(i) * time.Hour)
		for n := range c.perInterval {
			if at.Before(q.From) || len(a.Rows) == q.Limit {
				continue
			}
			row := paymux.StatisticsRow{At: at, StatisticsKey: paymux.StatisticsKey{Account: string(rune('A' + n)), Channel: long[:200]}}
			row.Created, row.Successes[11] = paymux.Sum{Count: int64(i), Amount: int64(n)}, 7
			a.Rows = append(a.Rows, row)
		}
	}
	return a, nil
}

func newCounted(t *testing.T, c *counted) *house {
	return newHouse(t, smallest, func(r *room) accessrpc.Node {
		c.room = r
		n := r.node()
		n.Statistics = c
		return n
	})
}

// Numbers that fit no message come in parts of whole intervals, as of the first part.
func TestStatisticsComeInParts(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1000, 50, 47} {
		c := &counted{intervals: 20, perInterval: 5}
		h := newCounted(t, c)
		q := paymux.StatisticsQuery{From: countedFrom, Limit: limit}
		want, _ := c.Statistics(t.Context(), q)
		c.asked = 0
		got, err := h.Statistics(t.Context(), q)
		if err != nil || c.asked < 2 {
			t.Fatalf("%v, in %d parts", err, c.asked)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
	}
}

func TestAnIntervalThatFitsNoMessage(t *testing.T) {
	t.Parallel()
	h := newCounted(t, &counted{intervals: 2, perInterval: 60})
	if got, err := h.Statistics(t.Context(), paymux.StatisticsQuery{From: countedFrom, Limit: 1000}); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("%d rows, %v", len(got.Rows), err)
	}
}
