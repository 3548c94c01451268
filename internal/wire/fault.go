package wire

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
)

var (
	// errTold marks what the node answered itself, as opposed to what became of the call.
	errTold = errors.New("the node's own answer")
	// errBare marks a Code that came alone: whoever reads it has other words for it than for an Error.
	errBare = errors.New("a code alone")
)

// Faults are the errors that are the same on both sides of the wire, beside *paymux.Error. Servers have to be made with them.
func Faults() rpc.Faults {
	return rpc.Faults{
		"told": errTold, "code_alone": errBare,
		"stale": paymux.ErrStale, "key_taken": paymux.ErrKeyTaken, "order_taken": paymux.ErrOrderTaken,
	}
}

// rooms are those of them that rooms act upon.
func rooms() []error { return []error{paymux.ErrStale, paymux.ErrKeyTaken, paymux.ErrOrderTaken} }

// tell is an error as it leaves the process, without its causes. It is marked, so that what the node says of calls
// it made itself is never taken for what became of the call to it.
func tell(err error) error {
	told := []error{errTold}
	for _, room := range rooms() {
		if errors.Is(err, room) {
			told = append(told, room)
		}
	}
	var e *paymux.Error
	var code paymux.Code
	switch {
	case errors.As(err, &e):
		plain := *e
		plain.Err = nil
		told = append(told, &plain)
	case errors.As(err, &code):
		told = append(told, errBare, &paymux.Error{Code: code})
	case len(told) == 1:
		told = append(told, errors.New(err.Error())) // it may be about a call of the node's own, which is not the caller's
	}
	return errors.Join(told...)
}

// told is what tell was given, without its causes; ok is false where no node has answered.
func told(err error) (is error, ok bool) {
	if !errors.Is(err, errTold) {
		return nil, false
	}
	var all []error
	for _, room := range rooms() {
		if errors.Is(err, room) {
			all = append(all, room)
		}
	}
	var e *paymux.Error
	if errors.As(err, &e) {
		if errors.Is(err, errBare) {
			all = append(all, e.Code)
		} else {
			all = append(all, e)
		}
	}
	switch len(all) {
	case 0:
		return errors.New("the node: " + strings.TrimPrefix(err.Error(), errTold.Error()+"\n")), true
	case 1:
		return all[0], true
	}
	return errors.Join(all...), true
}

// untaken reports whether a call that failed was certainly not begun. A connection that was closed
// while the answer was waited for proves nothing.
func untaken(err error) bool {
	return errors.Is(err, rpc.ErrNotTaken) && !errors.Is(err, nats.ErrConnectionClosed)
}
