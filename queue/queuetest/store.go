// Package queuetest gives tests of rooms that use the queue a store in memory,
// with switches for what can go wrong. It is a fake, held to what queue.Store and queue.Leases
// promise; durability is what it does not have. Start reading at Store.
package queuetest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Store is a queue.Store and queue.Leases in memory. Safe for concurrent use. The switches may be
// set at any time through Break.
type Store struct {
	mu      sync.Mutex
	tasks   map[paymux.TaskID]queue.Task
	parked  map[paymux.TaskID]bool
	ids     map[subject]paymux.TaskID // the newest of each
	buried  []queue.Buried
	hops    map[paymux.PaymentID][]paymux.Hop
	log     []paymux.Attempt
	leases  [queue.Partitions]lease
	alive   map[string]time.Time // until
	faults  Faults
	reads   int
	settles int
	changed chan struct{} // closed and replaced with every change
}

// subject is what there is one task of.
type subject struct{ kind, ref, lane string }

// Faults are consulted before the call they name does anything; an error is the
// call's answer. They run under the store's lock and must not call it.
type Faults struct {
	Due    func() error
	Settle func([]queue.Outcome) error
	Attend func() error
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		tasks:   map[paymux.TaskID]queue.Task{},
		parked:  map[paymux.TaskID]bool{},
		ids:     map[subject]paymux.TaskID{},
		hops:    map[paymux.PaymentID][]paymux.Hop{},
		alive:   map[string]time.Time{},
		changed: make(chan struct{}),
	}
}

// Break sets the faults; the zero value mends everything.
func (s *Store) Break(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Add commits tasks, as another room's transaction would.
func (s *Store) Add(tasks ...queue.Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		what := subject{t.Kind, t.Ref, t.Lane}
		s.remove(s.ids[what])
		s.ids[what] = t.ID
		s.tasks[t.ID] = t
	}
	s.announce()
}

func (s *Store) remove(id paymux.TaskID) {
	delete(s.tasks, id)
	delete(s.parked, id)
}

// Due implements queue.Store.
func (s *Store) Due(ctx context.Context, before time.Time, readings []queue.Reading, limit int) ([]queue.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if err := s.fault(ctx, s.faults.Due); err != nil {
		return nil, err
	}
	var due []queue.Task
	for _, r := range readings {
		due = append(due, s.order(before, r.After, limit, func(t queue.Task) bool {
			return !s.parked[t.ID] && queue.PartitionOf(t.Lane) == r.Part
		})...)
	}
	return due, nil
}

// order is what of the tasks that fit comes after a cursor and is due.
func (s *Store) order(before time.Time, after queue.Cursor, limit int, fits func(queue.Task) bool) []queue.Task {
	var due []queue.Task
	start := queue.Task{Due: after.Due, ID: after.ID}
	for _, t := range s.tasks {
		if !t.Due.After(before) && inOrder(t, start) > 0 && fits(t) {
			due = append(due, t)
		}
	}
	slices.SortFunc(due, inOrder)
	return due[:min(limit, len(due))]
}

// Park implements queue.Store.
func (s *Store) Park(ctx context.Context, tasks []queue.Task) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		if _, there := s.tasks[t.ID]; there {
			s.parked[t.ID] = true
		}
	}
	return ctx.Err()
}

// Parked implements queue.Store.
func (s *Store) Parked(ctx context.Context, lane string, before time.Time, after queue.Cursor, limit int) ([]queue.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order(before, after, limit, func(t queue.Task) bool { return s.parked[t.ID] && t.Lane == lane }), ctx.Err()
}

// ParkedLanes implements queue.Store.
func (s *Store) ParkedLanes(ctx context.Context, parts []int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for id := range s.parked {
		if lane := s.tasks[id].Lane; slices.Contains(parts, queue.PartitionOf(lane)) {
			names = append(names, lane)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), ctx.Err()
}

// Settle implements queue.Store.
func (s *Store) Settle(ctx context.Context, outcomes []queue.Outcome) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settles++
	check := s.faults.Settle
	if check == nil {
		check = func([]queue.Outcome) error { return nil }
	}
	if err := s.fault(ctx, func() error { return check(outcomes) }); err != nil {
		return err
	}
	for _, o := range outcomes {
		s.settle(o)
	}
	s.announce()
	return nil
}

func (s *Store) settle(o queue.Outcome) {
	if o.Attempt != nil {
		s.log = append(s.log, *o.Attempt)
	}
	if o.Hop != nil {
		s.hops[o.Payment] = append(s.hops[o.Payment], *o.Hop)
	}
	if _, there := s.tasks[o.Task.ID]; !there {
		return
	}
	switch {
	case o.Done:
		s.remove(o.Task.ID)
	case o.Lease.Epoch != 0 && s.leases[o.Lease.Part].Lease != o.Lease:
	case o.Bury:
		s.remove(o.Task.ID)
		s.buried = append(s.buried, queue.Buried{Task: o.Task, BuriedAt: time.Now().UTC()})
	default:
		o.Task.Due = o.Due
		s.tasks[o.Task.ID] = o.Task
		delete(s.parked, o.Task.ID)
	}
}

// Buried implements queue.Store.
func (s *Store) Buried(_ context.Context, page paymux.Page) ([]queue.Buried, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := slices.Clone(s.buried)
	slices.Reverse(newest)
	if i := slices.IndexFunc(newest, func(b queue.Buried) bool { return string(b.ID) == page.After }); i >= 0 {
		newest = newest[i+1:]
	}
	return newest[:min(page.Limit, len(newest))], nil
}

// Hasten implements queue.Store.
func (s *Store) Hasten(_ context.Context, kind string, now time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for id, t := range s.tasks {
		if t.Kind == kind {
			t.Due = now
			s.tasks[id] = t
			n++
		}
	}
	s.announce()
	return n, nil
}

func (s *Store) fault(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f == nil {
		return nil
	}
	return f()
}

func (s *Store) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func inOrder(a, b queue.Task) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
}
