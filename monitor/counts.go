package monitor

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/paymux/paymux"
)

// measures are the ones that are counted here, each at the place of its count.
var measures = paymux.Measures()

// Counts counts what this process has committed, from the facts that statistics are counted from. It knows no merchants. The
// zero Counts is ready; it takes no lock but for a channel and method never seen. Safe for concurrent use.
type Counts struct {
	seen atomic.Pointer[map[Counted]*row]
	mu   sync.Mutex // held while seen is replaced
}

// Counted is what counts are told apart by.
type Counted struct {
	Mode    string // live or test
	Channel string // empty: none was chosen yet
	Method  paymux.MethodType
}

// row has a count for each measure, and how many successes came late.
type row struct {
	counts []atomic.Int64 // by the places of measures
	late   atomic.Int64
}

// mostRows bounds what is told apart: channels and methods come from configurations, and are few.
const mostRows = 512

// add counts facts. Those of one change are mostly of one channel and method, which is looked up once.
func (c *Counts) add(facts []paymux.Fact) {
	var r *row
	var of Counted
	for i := range facts {
		f := &facts[i]
		at := slices.Index(measures, f.Measure)
		if at < 0 {
			continue
		}
		if key := (Counted{f.Key.Mode, f.Key.Channel, f.Key.Method}); r == nil || key != of {
			r, of = c.row(key), key
		}
		r.counts[at].Add(1)
		if f.Late {
			r.late.Add(1)
		}
	}
}

func (c *Counts) row(key Counted) *row {
	if seen := c.seen.Load(); seen != nil {
		if r := (*seen)[key]; r != nil {
			return r
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[Counted]*row{}
	if seen := c.seen.Load(); seen != nil {
		if len(*seen) >= mostRows {
			key = Counted{Mode: key.Mode, Channel: "other", Method: "other"}
		}
		if r := (*seen)[key]; r != nil {
			return r
		}
		next = maps.Clone(*seen)
	}
	next[key] = &row{counts: make([]atomic.Int64, len(measures))}
	c.seen.Store(&next)
	return next[key]
}

// Each tells every count that is not 0.
func (c *Counts) Each(tell func(of Counted, m paymux.Measure, n int64)) {
	seen := c.seen.Load()
	if seen == nil {
		return
	}
	for of, r := range *seen {
		for i, m := range measures {
			if n := r.counts[i].Load(); n > 0 {
				tell(of, m, n)
			}
		}
	}
}

// Late is how many payments have succeeded after they had ended otherwise.
func (c *Counts) Late() (n int64) {
	if seen := c.seen.Load(); seen != nil {
		for _, r := range *seen {
			n += r.late.Load()
		}
	}
	return n
}
