// Package queue runs durable tasks: they are enqueued in the transaction of the
// change that needs them, retried and counted, buried with the reason when they
// have failed too often, and deleted when done. A row's presence is the only truth.
//
// Replicas on one store share the work by leasing partitions, never single tasks: a
// partition's owner alone decides what starts when, so that windows, rates and
// fairness are decisions in memory (docs/decisions/0004). Within a partition, tasks stand in lanes;
// a lane that is slow, held or flooded never delays another (D3).
//
// It knows no payments and no HTTP: kinds of tasks are handlers given to it. It
// promises at-least-once; handlers make that harmless. Start reading at Task, then Runner.
package queue

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/paymux/paymux"
)

// Partitions is how many parts the tasks of a store are divided into. More replicas than that are no use.
const Partitions = 64

// PartitionOf is the partition of a lane, 0 to Partitions-1. Stores write it with
// each task, so it can change only together with a migration.
func PartitionOf(lane string) int {
	h := fnv.New32a()
	h.Write([]byte(lane))
	return int(h.Sum32() % Partitions)
}

// Task is one thing to do later.
type Task struct {
	ID   paymux.TaskID
	Kind string // chooses the handler: "resolve", "notify"
	// Lane groups tasks that share a window: an endpoint's deliveries, an
	// account's resolves. A slow lane never delays another (D3).
	Lane      string
	Ref       string    // ID of what the task is about: an operation, a payment, an event
	Due       time.Time // not before
	Attempt   int       // failed attempts so far
	LastError string    // why the newest attempt failed, without secrets
	CreatedAt time.Time
	// Trace is the traceparent of what caused it, which its attempts continue; empty for none.
	Trace string
}

// Buried is a task that was given up, with the reason in LastError.
type Buried struct {
	Task
	BuriedAt time.Time
}

// Outcome is what became of one attempt. Exactly one of Done, Retry and Bury holds.
type Outcome struct {
	Task Task
	Done bool      // delete it
	Due  time.Time // retry then; Task.Attempt and Task.LastError are what to store
	Bury bool      // move it to the buried, with Task.LastError

	// Lease is the lease under which the attempt was made. A retry or burial under a
	// lease that is no longer held changes nothing but the log; a Done needs no lease: what
	// is delivered is delivered, whoever did it.
	Lease Lease

	// Payment and Hop, when set, leave a line on a payment's timeline in the same commit.
	Payment paymux.PaymentID
	Hop     *paymux.Hop
	// Attempt, when set, is written to the log of attempts in the same commit.
	Attempt *paymux.Attempt
}

// Cursor is a place in a partition's or lane's order: by due time, then by ID. The zero Cursor is before everything.
type Cursor struct {
	Due time.Time
	ID  paymux.TaskID
}

// Reading is where to go on reading in one partition.
type Reading struct {
	Part  int
	After Cursor
}

// Store keeps tasks. Enqueueing is part of other rooms' commits. There is one
// task by Kind, Ref and Lane: an event going to two endpoints is two tasks.
//
// A task is in one of two orders: its partition's, or, once parked, its lane's. A lane
// without room has its tasks parked, so that reading a partition never passes the same backlog twice.
type Store interface {
	// Due returns, for each reading, the tasks of its partition that are not parked, are due
	// at or before a time and come after its cursor, in order, at most limit a partition.
	Due(ctx context.Context, before time.Time, readings []Reading, limit int) ([]Task, error)
	// Park takes tasks out of their partition's order. Those that are gone or were replaced are passed over.
	Park(ctx context.Context, tasks []Task) error
	// Parked returns a lane's parked tasks that are due at or before a time and come after a cursor, in order, at most limit.
	Parked(ctx context.Context, lane string, before time.Time, after Cursor, limit int) ([]Task, error)
	// ParkedLanes returns the lanes of partitions that have parked tasks.
	ParkedLanes(ctx context.Context, parts []int) ([]string, error)
	// Settle makes outcomes durable in one commit. A task that is gone or was replaced is
	// passed over, its log is not. A task that is retried is parked no more.
	Settle(ctx context.Context, outcomes []Outcome) error
	// Buried lists buried tasks, newest first.
	Buried(ctx context.Context, page paymux.Page) ([]Buried, error)
	// Hasten makes all tasks of a kind due now. It returns how many there were.
	Hasten(ctx context.Context, kind string, now time.Time) (int, error)
}
