// Package queuetest gives tests of rooms that use the queue a store in memory,
// with switches for what can go wrong. It is a fake, held to what queue.Store
// promises; durability is what it does not have. Start reading at Store.
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

// Store is a queue.Store in memory. Safe for concurrent use. The switches may be
// set at any time through Break.
type Store struct {
	mu      sync.Mutex
	tasks   map[paymux.TaskID]queue.Task
	ids     map[subject]paymux.TaskID // the newest of each
	buried  []queue.Buried
	hops    map[paymux.PaymentID][]paymux.Hop
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
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		tasks:   map[paymux.TaskID]queue.Task{},
		ids:     map[subject]paymux.TaskID{},
		hops:    map[paymux.PaymentID][]paymux.Hop{},
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
		delete(s.tasks, s.ids[what])
		s.ids[what] = t.ID
		s.tasks[t.ID] = t
	}
	s.announce()
}

// Due implements queue.Store.
func (s *Store) Due(ctx context.Context, before time.Time, skip queue.Skip, limit int) ([]queue.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if err := s.fault(ctx, s.faults.Due); err != nil {
		return nil, err
	}
	var due []queue.Task
	for _, t := range s.tasks {
		if !t.Due.After(before) && !skips(skip, t) {
			due = append(due, t)
		}
	}
	slices.SortFunc(due, inOrder)
	return due[:min(limit, len(due))], nil
}

// NextDue implements queue.Store.
func (s *Store) NextDue(ctx context.Context, skip queue.Skip) (at time.Time, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(ctx, s.faults.Due); err != nil {
		return at, false, err
	}
	for _, t := range s.tasks {
		if !skips(skip, t) && (!ok || t.Due.Before(at)) {
			at, ok = t.Due, true
		}
	}
	return at, ok, nil
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
	if _, there := s.tasks[o.Task.ID]; !there {
		return
	}
	switch {
	case o.Done:
		delete(s.tasks, o.Task.ID)
	case o.Bury:
		delete(s.tasks, o.Task.ID)
		s.buried = append(s.buried, queue.Buried{Task: o.Task, BuriedAt: time.Now().UTC()})
	default:
		o.Task.Due = o.Due
		s.tasks[o.Task.ID] = o.Task
	}
	if o.Hop != nil {
		s.hops[o.Payment] = append(s.hops[o.Payment], *o.Hop)
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

func skips(skip queue.Skip, t queue.Task) bool { return skip.IDs[t.ID] || skip.Lanes[t.Lane] }

func inOrder(a, b queue.Task) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
}
