package client

import (
	"slices"
	"sync"
	"time"
)

// away is how long a frontend that failed is asked last, so that not every call finds out anew.
const away = 30 * time.Second

// frontends are the front doors of one deployment, the preferred one first, and
// which of them failed lately. Any of them serves any request; the order only says who is asked
// first. It is safe for concurrent use.
type frontends struct {
	bases []string

	mu    sync.Mutex
	until []time.Time // until when one that failed is asked last; zero: it works
}

func newFrontends(bases []string) *frontends {
	return &frontends{bases: bases, until: make([]time.Time, len(bases))}
}

// order is in which order a call asks them: those that work as they were given, then the others. Of
// one that has been away long enough, the first call finds out whether it is back, while the rest go on without it.
func (f *frontends) order(now time.Time) []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	var works, failed []int
	for i, until := range f.until {
		switch {
		case until.After(now):
			failed = append(failed, i)
			continue
		case !until.IsZero() && len(works) == 0:
			f.until[i] = now.Add(away)
		}
		works = append(works, i)
	}
	slices.SortStableFunc(failed, func(a, b int) int { return f.until[a].Compare(f.until[b]) })
	return append(works, failed...)
}

// failed has a frontend asked last for a while.
func (f *frontends) failed(i int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until[i] = now.Add(away)
}

// works takes a frontend back into its place.
func (f *frontends) works(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until[i] = time.Time{}
}
