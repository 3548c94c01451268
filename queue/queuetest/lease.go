package queuetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/paymux/paymux/queue"
)

type lease struct {
	queue.Lease
	until time.Time
}

// Attend implements queue.Leases.
func (s *Store) Attend(ctx context.Context, replica string, ttl time.Duration) (held []queue.Lease, alive []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(ctx, s.faults.Attend); err != nil {
		return nil, nil, err
	}
	now := time.Now()
	s.alive[replica] = now.Add(ttl)
	maps.DeleteFunc(s.alive, func(_ string, until time.Time) bool { return !until.After(now) })
	for i := range s.leases {
		if l := &s.leases[i]; l.Replica == replica {
			l.until = now.Add(ttl)
			held = append(held, l.Lease)
		}
	}
	return held, slices.Sorted(maps.Keys(s.alive)), nil
}

// Acquire implements queue.Leases.
func (s *Store) Acquire(ctx context.Context, replica string, parts []int, ttl time.Duration) (got []queue.Lease, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, number := range parts {
		if l := &s.leases[number]; !l.until.After(now) {
			l.Lease = queue.Lease{Part: number, Replica: replica, Epoch: l.Epoch + 1}
			l.until = now.Add(ttl)
			got = append(got, l.Lease)
		}
	}
	return got, ctx.Err()
}

// Release implements queue.Leases.
func (s *Store) Release(ctx context.Context, replica string, parts []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range parts {
		if l := &s.leases[number]; l.Replica == replica {
			l.Replica, l.until = "", time.Time{}
		}
	}
	return ctx.Err()
}

// Leave implements queue.Leases.
func (s *Store) Leave(ctx context.Context, replica string) error {
	all := make([]int, queue.Partitions)
	for number := range all {
		all[number] = number
	}
	if err := s.Release(ctx, replica, all); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.alive, replica)
	return nil
}
