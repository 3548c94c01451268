// Package queue runs durable tasks: they are enqueued in the transaction of the
// change that needs them, retried and counted, buried with the reason when they
// have failed too often, and deleted when done. A row's presence is the only truth.
//
// It knows no payments and no HTTP: kinds of tasks are handlers given to it. It
// promises at-least-once; handlers make that harmless. Start reading at Task, then Runner.
package queue

import (
	"context"
	"time"

	"github.com/paymux/paymux"
)

// Task is one thing to do later.
type Task struct {
	ID   paymux.TaskID
	Kind string // chooses the handler: "resolve", "expire", "notify"
	// Lane groups tasks that share a window: an endpoint's deliveries, an
	// account's resolves. A slow lane never delays another (D3).
	Lane      string
	Ref       string    // ID of what the task is about: an operation, a payment, an event
	Due       time.Time // not before
	Attempt   int       // failed attempts so far
	LastError string    // why the newest attempt failed, without secrets
	CreatedAt time.Time
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

	// Payment and Hop, when set, leave a line on a payment's timeline in the same commit.
	Payment paymux.PaymentID
	Hop     *paymux.Hop
}

// Skip says what a read of tasks leaves out: tasks in hand, and all of the
// lanes that have no room, so that a flooded lane never hides the others' rows.
// A store reads both and keeps neither; a nil map leaves out nothing.
type Skip struct {
	IDs   map[paymux.TaskID]bool
	Lanes map[string]bool
}

// Store keeps tasks. Enqueueing is part of other rooms' commits. There is one
// task by Kind, Ref and Lane: an event going to two endpoints is two tasks.
type Store interface {
	// Due returns tasks due at or before a time, earliest first, at most limit,
	// leaving out skip. The limit counts what is returned, not what is left out.
	Due(ctx context.Context, before time.Time, skip Skip, limit int) ([]Task, error)
	// NextDue is when the earliest task outside skip is due; ok is false where there is none.
	NextDue(ctx context.Context, skip Skip) (at time.Time, ok bool, err error)
	// Settle makes outcomes durable in one commit. A task that is gone already is passed over.
	Settle(ctx context.Context, outcomes []Outcome) error
	// Buried lists buried tasks, newest first.
	Buried(ctx context.Context, page paymux.Page) ([]Buried, error)
	// Hasten makes all tasks of a kind due now. It returns how many there were.
	Hasten(ctx context.Context, kind string, now time.Time) (int, error)
}
