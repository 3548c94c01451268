// Package histogram counts how long things take, by size, for whoever looks at the counts later: without a lock, a
// map or an allocation, so that it may stand on any path. Start reading at Histogram.
package histogram

import (
	"sync/atomic"
	"time"
)

// bounds are the upper ends of the buckets, inclusive. The last bucket has none.
var bounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond,
	5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// Histogram counts durations. The zero Histogram is ready. Safe for concurrent use.
type Histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

// Observe counts one duration. One below zero, of a clock that was set back, counts as none at all.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// Counts is what a histogram has counted.
type Counts struct {
	Number  uint64
	Sum     time.Duration
	Buckets map[float64]uint64 // by upper end in seconds, each with all that are below it; what is above them all is in Number alone
}

// Counts is a copy. What is counted meanwhile may be in Number and not yet in Sum.
func (h *Histogram) Counts() Counts {
	c := Counts{Buckets: make(map[float64]uint64, len(bounds)), Sum: time.Duration(h.sum.Load())}
	for i := range h.buckets {
		c.Number += h.buckets[i].Load()
		if i < len(bounds) {
			c.Buckets[bounds[i].Seconds()] = c.Number
		}
	}
	return c
}
