package queue

import (
	"context"
	"time"
)

// Lease is the right to run one partition's tasks. Its epoch rises each time the
// partition goes to a replica, so that what was decided under an older one is recognized.
type Lease struct {
	Part    int
	Replica string
	Epoch   int64
}

// Leases shares the partitions among the replicas of one store. Time is the store's
// own clock, so that replicas' clocks may differ. Safe for concurrent use.
type Leases interface {
	// Attend tells that a replica lives for another ttl and renews the leases it holds.
	// It returns those, by partition, and the IDs of all replicas that live, sorted, its own included. A lease
	// that ended without being taken by another is renewed like the rest.
	Attend(ctx context.Context, replica string, ttl time.Duration) (held []Lease, alive []string, err error)
	// Acquire takes those of the partitions that nobody holds, each under a new epoch, for ttl, and returns their leases.
	Acquire(ctx context.Context, replica string, parts []int, ttl time.Duration) ([]Lease, error)
	// Release gives partitions back at once. Those the replica does not hold are passed over.
	Release(ctx context.Context, replica string, parts []int) error
	// Leave releases everything and forgets the replica, whose share the others take at once.
	Leave(ctx context.Context, replica string) error
}
