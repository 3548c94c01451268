package registry

import (
	"slices"
	"sync"
	"time"
)

// shown is what readers of a follower get: it never changes.
type shown[T any] struct {
	keys    []string // in order
	list    []T      // of the same length
	stale   bool
	since   time.Time
	back    time.Time
	changed chan struct{} // closed when there is another

	once sync.Once
	byID map[string]int // made when it is first asked for
}

// Among many, somebody always has news, and whoever reads looks at all of them anew: so it is gathered, for 50 ms among a thousand.
const (
	gatherEach = 50 * time.Microsecond
	gatherMost = 200 * time.Millisecond
)

// showSoon shows what changed: at once where that costs little, and otherwise after gathering more. mu is held.
func (f *follower[T]) showSoon() {
	switch n := len(f.known); {
	case f.walking || f.waiting:
	case n < 256:
		f.show()
	default:
		f.waiting = true
		time.AfterFunc(min(time.Duration(n)*gatherEach, gatherMost), func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.waiting = false
			f.show()
		})
	}
}

// show makes what is known visible. mu is held.
func (f *follower[T]) show() {
	if f.keys == nil {
		f.keys = make([]string, 0, len(f.known))
		for key, it := range f.known {
			if !it.gone {
				f.keys = append(f.keys, key)
			}
		}
		slices.Sort(f.keys)
	}
	next := &shown[T]{keys: f.keys, list: make([]T, len(f.keys)), stale: f.away != nil, since: f.since, back: f.back, changed: make(chan struct{})}
	for i, key := range f.keys {
		next.list[i] = f.known[key].value
	}
	f.dirty = false
	if before := f.shown.Swap(next); before != nil {
		close(before.changed)
	}
}

// find returns what is under a key.
func (s *shown[T]) find(key string) (T, bool) {
	i, ok := slices.BinarySearch(s.keys, key)
	if !ok {
		var none T
		return none, false
	}
	return s.list[i], true
}
