// Package rpc is request and reply over NATS for rooms whose two ends run in
// different processes: JSON bodies, deadlines, and errors that are the same on both
// sides. It tells apart what a caller with money at stake has to know: whether a
// request was certainly not taken up (ErrNotTaken), or may have been.
//
// It never sends a request twice. Start reading at Call, then Serve.
package rpc

import (
	"errors"
	"time"
)

// Headers of a request and of a reply.
const (
	// deadlineHeader is when the caller stops waiting, in Unix milliseconds. A request is not
	// begun after it: the caller may have drawn conclusions. Clocks have to agree
	// to within a second or so, as NTP sees to.
	deadlineHeader = "Paymux-Deadline"
	// errorHeader marks a reply whose body is an error.
	errorHeader = "Paymux-Error"
)

var (
	// ErrNotTaken: nobody serves the subject, the server is at its limit, stops, or got the
	// request after its deadline, or the connection is down. Nothing was begun.
	ErrNotTaken = errors.New("rpc: request not taken up")
	// ErrBadRequest: the server could not read the request. Nothing was begun.
	ErrBadRequest = errors.New("rpc: request cannot be read")
)

// Faults are the errors of a room that both ends know, by their names on the wire.
// A served error that is one of them is that one for the caller, too.
type Faults map[string]error

// grace is added to a deadline by the server's side, for clocks that differ a little.
const grace = 250 * time.Millisecond
