package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
)

// Handle answers a subject's requests with do. What do returns as an error reaches the caller as what it
// is, without its causes; they are logged here, with the request's ID as about gives it (nil: it has none).
//
// A reply larger than a message may be is an error of Code Internal: what was done stays done.
func Handle[Q, R any](s *rpc.Server, subject string, about func(*Q) paymux.RequestID, do func(context.Context, *Q) (R, error)) error {
	if s.Faults["told"] == nil {
		return errors.New("wire: the rpc.Server is not made with wire.Faults")
	}
	for _, t := range []reflect.Type{reflect.TypeFor[Q](), reflect.TypeFor[R]()} {
		planOf(t) // a type that cannot travel is found out now, not with the first request
	}
	limit := Room(s)
	return s.Handle(subject, func(ctx context.Context, body []byte) ([]byte, error) {
		q := new(Q)
		if err := Read(body, q); err != nil {
			return nil, fmt.Errorf("%w: %w: %w", rpc.ErrNotTaken, rpc.ErrBadRequest, err)
		}
		reply, err := guarded(ctx, q, do)
		var out []byte
		if err == nil {
			if out = Append(make([]byte, 0, 2048), &reply); len(out) <= limit {
				return out, nil
			}
			err = paymux.Errorf(paymux.Internal, "The answer is too large to be sent.").Because(fmt.Errorf("%d bytes, %d fit a message", len(out), limit))
		}
		var id paymux.RequestID
		if about != nil {
			id = about(q)
		}
		note(ctx, s.Log, subject, id, err)
		return nil, tell(err)
	})
}

// guarded makes a panic an error: our fault, and this request's alone, as it is at the front door.
func guarded[Q, R any](ctx context.Context, q *Q, do func(context.Context, *Q) (R, error)) (reply R, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = paymux.Errorf(paymux.Internal, "Paymux failed to answer. Repeat the request with the same Idempotency-Key.").
				Because(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do(ctx, q)
}

// Room is how many bytes a reply may have: what the messaging takes, less its headers.
func Room(s *rpc.Server) int { return int(s.Conn.MaxPayload()) - 4096 }

// note logs what the caller will not see: causes, and errors that no room has a Code for.
func note(ctx context.Context, log *slog.Logger, subject string, id paymux.RequestID, err error) {
	level := slog.LevelError
	var e *paymux.Error
	var code paymux.Code
	switch {
	case errors.As(err, &e) && e.Err == nil, e == nil && errors.As(err, &code):
		return // the caller sees all there is, and logs it
	case e != nil && e.Code != paymux.Internal:
		level = slog.LevelWarn
	}
	for _, room := range rooms() {
		if errors.Is(err, room) {
			return
		}
	}
	log.LogAttrs(ctx, level, "request from a frontend", slog.String("subject", subject), slog.String("request_id", string(id)), slog.String("error", err.Error()))
}
