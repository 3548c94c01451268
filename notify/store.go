package notify

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// ErrSecrets: secrets of endpoints cannot be had just now, or not at all.
var ErrSecrets = errors.New("notify: secrets of endpoints cannot be opened")

// Store is what notify needs remembered. Endpoints are cached here and read
// again when Revision has risen.
type Store interface {
	// Endpoints returns the whole list even with ErrSecrets, where only some endpoints' secrets are missing in it: what is to be
	// notified can be committed without, and the attempts wait.
	Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error)
	Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error)
	// EndEndpoint writes an endpoint that a delivery has ended, as it was read with UpdatedAt before. paymux.ErrStale, and nothing is
	// written, where it was changed meanwhile, at home for a copy.
	EndEndpoint(ctx context.Context, e paymux.Endpoint, before time.Time) error
	// SetFailing writes an endpoint's FailingSince alone. Revision does not rise. An endpoint that is gone is no error.
	SetFailing(ctx context.Context, id paymux.EndpointID, since time.Time) error
	EventByID(ctx context.Context, id paymux.EventID) (paymux.Event, error)
	// Siblings returns the other events of e's object, oldest first, with what became of each in a lane.
	Siblings(ctx context.Context, e paymux.Event, lane string) ([]Sibling, error)
	// NotifyURL is a payment's own.
	NotifyURL(ctx context.Context, id paymux.PaymentID) (string, error)
	// Emit commits an event outside any payment, with the tasks that deliver it.
	Emit(ctx context.Context, e paymux.Event, tasks []queue.Task) error
	// Enqueue commits tasks of an event that is there already. One that is there by Kind, Ref and Lane is replaced.
	Enqueue(ctx context.Context, tasks []queue.Task) error
	Revision(ctx context.Context) (int64, error)
}

// Sibling is another event of the same object.
type Sibling struct {
	ID       paymux.EventID
	Type     paymux.EventType
	Sequence int64 // of the object
	Pending  bool  // it has a task in the lane
}

// MostLooks is at how many events one call of Log.Notifications looks.
const MostLooks = 2000

// Log reads what became of notifications. It is what merchants are shown. What is not
// there is paymux.NotFound.
type Log interface {
	// Notifications looks at MostLooks events a call: no index tells an endpoint's events from the merchant's others.
	// So the list may be short, even empty, although there is more; next is the event to go on behind, the next
	// call's After, and empty once there is nothing older.
	Notifications(ctx context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error)
	// Attempts lists the attempts to deliver an event to an endpoint, oldest first; an empty endpoint means all of them.
	Attempts(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.Attempt, error)
}

// Replays keeps replays.
type Replays interface {
	// CountReplay is how many events r would send.
	CountReplay(ctx context.Context, r paymux.Replay) (int, error)
	// CreateReplay keeps r and the task that carries it out, in one commit with the request's idempotency record, which may be nil.
	// paymux.ErrStale where there is a replay of this ID already.
	CreateReplay(ctx context.Context, r paymux.Replay, t queue.Task, i *paymux.Idempotency) error
	Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error)
	// ReplayByID finds a replay for the task that carries it out.
	ReplayByID(ctx context.Context, id paymux.ReplayID) (paymux.Replay, error)
	// Next returns the events r has still to send, oldest first, at most limit: those behind r.Cursor in the
	// order of commits. last is the event to go on behind, empty when there were none left.
	Next(ctx context.Context, r paymux.Replay, limit int) (events []paymux.EventID, last paymux.EventID, err error)
	// Step keeps a replay's progress and enqueues tasks, parked, in one commit. A
	// replay that was finished or canceled meanwhile is left as it is, and nothing is enqueued. A task
	// that is there already by Kind, Ref and Lane stays as it is.
	Step(ctx context.Context, r paymux.Replay, tasks []queue.Task) error
}

// Backlog tells what waits in a lane. A queue.Store does.
type Backlog interface {
	// Parked returns a lane's parked tasks that are due at or before a time and come after a cursor, at most limit.
	Parked(ctx context.Context, lane string, before time.Time, after queue.Cursor, limit int) ([]queue.Task, error)
}
