package wire

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
)

// ErrLost is the cause of an OutcomeUnknown or Unavailable that no node has answered: the call
// may have been carried out.
var ErrLost = errors.New("wire: the answer was lost")

// retryAfter is when a merchant may ask again, in seconds: a region's other replicas take over at once.
const retryAfter = 1

// Ask asks for something that changes nothing that a repeat would change again: a node that dies over it is replaced by
// another. Errors are those of the node, or Unavailable where there is no answer.
func Ask[Q, R any](ctx context.Context, c *rpc.Client, subject string, q *Q) (R, error) {
	reply, err := exchange[Q, R](ctx, c, subject, q)
	if errors.Is(err, rpc.ErrGone) && ctx.Err() == nil {
		reply, err = exchange[Q, R](ctx, c, subject, q)
	}
	if lost(err) {
		return reply, unavailable("No node answers just now. Try again in a moment.", fmt.Errorf("%w: %w", ErrLost, err))
	}
	return reply, err
}

// Tell asks for a change. Errors are those of the node; Unavailable where nothing was begun; and OutcomeUnknown
// because of ErrLost where the node may have carried it out although no answer came. Then a
// repeat with the same idempotency key finds out: it gets the answer that was kept, or is the first.
func Tell[Q, R any](ctx context.Context, c *rpc.Client, subject string, q *Q) (R, error) {
	reply, err := exchange[Q, R](ctx, c, subject, q)
	if lost(err) {
		e := paymux.Errorf(paymux.OutcomeUnknown, "The request may have taken effect: its answer was lost inside Paymux. Repeat it with the same Idempotency-Key.").
			Because(fmt.Errorf("%w: %w", ErrLost, err))
		e.RetryAfter = retryAfter
		return reply, e
	}
	return reply, err
}

func unavailable(message string, cause error) error {
	e := paymux.Errorf(paymux.Unavailable, "%s", message).Because(cause)
	e.RetryAfter = retryAfter
	return e
}

// errOpen is of a call whose fate is not known.
type errOpen struct{ error }

func (e errOpen) Unwrap() error { return e.error }

func lost(err error) bool { return errors.As(err, new(errOpen)) }

// tries is how many replicas may refuse a request, because they stop or are full, before it is given up.
const tries = 3

// exchange sends a request to one replica that takes it. What the node answered, and what was certainly
// not begun, is sorted out; the rest is errOpen.
func exchange[Q, R any](ctx context.Context, c *rpc.Client, subject string, q *Q) (R, error) {
	var reply, none R
	body := Append(make([]byte, 0, 2048), q)
	answer, err := c.Exchange(ctx, subject, body)
	for n := 1; n < tries && refused(ctx, err); n++ {
		answer, err = c.Exchange(ctx, subject, body)
	}
	if err == nil {
		if err = Read(answer, &reply); err != nil {
			return none, errOpen{fmt.Errorf("read the reply of %s: %w", subject, err)}
		}
		return reply, nil
	}
	if is, ok := told(err); ok {
		return none, is
	}
	switch {
	case errors.Is(err, rpc.ErrBadRequest):
		return none, fmt.Errorf("ask %s: %w", subject, err) // the two ends do not fit together: our fault, and nothing was begun
	case untaken(err):
		return none, unavailable("No node takes the request just now; nothing was done. Repeat it in a moment.", err)
	}
	return none, errOpen{err}
}

// refused reports whether another replica may take what this one has certainly not begun.
func refused(ctx context.Context, err error) bool {
	return untaken(err) && !errors.Is(err, rpc.ErrBadRequest) && !errors.Is(err, nats.ErrNoResponders) && ctx.Err() == nil
}
