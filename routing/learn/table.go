package learn

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
)

// table is a map that is read without locks and remembers a bounded number of keys. Readers walk slots that are only
// ever filled; where the slots are too few, or keys are to be forgotten, writers replace them all.
type table[K comparable, V any] struct {
	keep func(*V) bool // is forgotten last; nil: nobody is
	gone func(*V)      // is told who is forgotten

	seed  maphash.Seed
	most  int
	slots atomic.Pointer[[]slot[K, V]] // a power of two of them, less than half of them filled
	mu    sync.Mutex                   // of writers
	n     int
}

type slot[K comparable, V any] struct{ atomic.Pointer[entry[K, V]] }

type entry[K comparable, V any] struct {
	key   K
	used  atomic.Int64 // when it was observed last
	value V
}

func (t *table[K, V]) init(most int) {
	t.seed, t.most = maphash.MakeSeed(), most
	slots := make([]slot[K, V], 8)
	t.slots.Store(&slots)
}

// get returns the value of a key, or nil.
func (t *table[K, V]) get(k K) *V {
	if e := t.seek(k); e != nil {
		return &e.value
	}
	return nil
}

func (t *table[K, V]) seek(k K) *entry[K, V] {
	slots := *t.slots.Load()
	for i := maphash.Comparable(t.seed, k); ; i++ {
		switch e := slots[i&uint64(len(slots)-1)].Load(); {
		case e == nil:
			return nil
		case e.key == k:
			return e
		}
	}
}

// use is get that makes what is not there, and notes when. made fills a new one.
func (t *table[K, V]) use(k K, now int64, made func(*V)) *V {
	e := t.seek(k)
	if e == nil {
		e = t.add(k, now, made)
	}
	e.used.Store(now)
	return &e.value
}

func (t *table[K, V]) add(k K, now int64, made func(*V)) *entry[K, V] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.seek(k); e != nil {
		return e
	}
	if slots := *t.slots.Load(); t.n >= t.most || 2*(t.n+1) >= len(slots) {
		t.replace(slots)
	}
	e := &entry[K, V]{key: k}
	e.used.Store(now)
	if made != nil {
		made(&e.value)
	}
	t.put(*t.slots.Load(), e)
	t.n++
	return e
}

func (t *table[K, V]) put(slots []slot[K, V], e *entry[K, V]) {
	i := maphash.Comparable(t.seed, e.key)
	for slots[i&uint64(len(slots)-1)].Load() != nil {
		i++
	}
	slots[i&uint64(len(slots)-1)].Store(e)
}

// replace makes room: twice the slots, or half the entries. The caller holds mu.
func (t *table[K, V]) replace(slots []slot[K, V]) {
	all, size := t.entries(slots), len(slots)
	if t.n < t.most {
		size *= 2
	} else {
		all = t.newest(all)
	}
	next := make([]slot[K, V], size)
	for _, e := range all {
		t.put(next, e)
	}
	t.n = len(all)
	t.slots.Store(&next)
}

// newest forgets half: not those to keep, if it can be, and those that were observed the longest ago first.
func (t *table[K, V]) newest(all []*entry[K, V]) []*entry[K, V] {
	type rank struct {
		*entry[K, V]
		kept bool
		used int64
	}
	ranks := make([]rank, len(all)) // as they are now: others go on meanwhile
	for i, e := range all {
		ranks[i] = rank{e, t.keep != nil && t.keep(&e.value), e.used.Load()}
	}
	slices.SortFunc(ranks, func(a, b rank) int {
		if a.kept != b.kept {
			return map[bool]int{true: -1, false: 1}[a.kept]
		}
		return cmp.Compare(b.used, a.used)
	})
	all = all[:0]
	for i, r := range ranks {
		switch {
		case i < t.most/2:
			all = append(all, r.entry)
		case t.gone != nil:
			t.gone(&r.value)
		}
	}
	return all
}

func (t *table[K, V]) entries(slots []slot[K, V]) []*entry[K, V] {
	all := make([]*entry[K, V], 0, len(slots)/2)
	for i := range slots {
		if e := slots[i].Load(); e != nil {
			all = append(all, e)
		}
	}
	return all
}

// each calls f for every key.
func (t *table[K, V]) each(f func(K, *V)) {
	for _, e := range t.entries(*t.slots.Load()) {
		f(e.key, &e.value)
	}
}
