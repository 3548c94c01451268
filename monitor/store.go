package monitor

import (
	"context"
	"time"

	"github.com/paymux/paymux"
)

// Batch is the facts of one group of commits: lines, each a paymux.Fact.
type Batch struct {
	N    int64 // of the row, for good
	Body string
}

// Store keeps facts, as changes committed them, until they are counted, and what was counted. Safe for concurrent use.
type Store interface {
	// Facts returns batches that nobody has counted yet and whose number is above after, by number, at most limit.
	Facts(ctx context.Context, after int64, limit int) ([]Batch, error)
	// CountFacts adds rows, whose keys differ, to those that are there, and deletes the batches that they
	// were counted from, in one commit. Where a batch is gone, somebody else has counted it: paymux.ErrStale, and nothing is
	// changed. Of any other error it is not known whether it was committed.
	CountFacts(ctx context.Context, batches []int64, rows []Row) error
	// Statistics returns what was counted, grouped and in the order of q. Rows beyond q.Limit are left out.
	Statistics(ctx context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error)
	// PruneStatistics deletes rows of intervals that began before a time, oldest first, at most limit, and returns how many.
	PruneStatistics(ctx context.Context, every paymux.Interval, before time.Time, limit int) (int, error)
}

// Row is numbers to add to those of an interval.
type Row struct {
	Every paymux.Interval
	paymux.StatisticsRow
}
