package queuetest

import (
	"context"
	"maps"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// Look is what a store holds at one moment.
type Look struct {
	Tasks   []queue.Task // earliest due first
	Buried  []queue.Buried
	Hops    map[paymux.PaymentID][]paymux.Hop
	Log     []paymux.Attempt // in the order in which they were settled
	Parked  int
	Owners  map[string]int // partitions by replica
	Reads   int            // calls of Due so far
	Settles int            // calls of Settle so far, failed ones too
}

// Look returns what the store holds.
func (s *Store) Look() Look {
	look, _ := s.look()
	return look
}

// Until waits for a state of the store that satisfies ok, and returns it, or the last
// state with ctx's error.
func (s *Store) Until(ctx context.Context, ok func(Look) bool) (Look, error) {
	for {
		look, changed := s.look()
		if ok(look) {
			return look, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return look, ctx.Err()
		}
	}
}

func (s *Store) look() (Look, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hops := make(map[paymux.PaymentID][]paymux.Hop, len(s.hops))
	for p, h := range s.hops {
		hops[p] = slices.Clone(h)
	}
	owners := map[string]int{}
	for _, l := range s.leases {
		if l.Replica != "" {
			owners[l.Replica]++
		}
	}
	return Look{
		Tasks:   slices.SortedFunc(maps.Values(s.tasks), inOrder),
		Buried:  slices.Clone(s.buried),
		Hops:    hops,
		Log:     slices.Clone(s.log),
		Parked:  len(s.parked),
		Owners:  owners,
		Reads:   s.reads,
		Settles: s.settles,
	}, s.changed
}
