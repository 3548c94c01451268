package relay

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/paymux/paymux/registry"
)

// Everything that a node announces goes to every frontend, which looks at all its nodes anew. So a node tells at once only what could
// change where requests go, and the rest now and then: what stays as it was told costs the others next to nothing.

// Steps are how far from what was told last a quantity has to be to be told at once: the larger of a part of it and a
// least. A region's threshold is crossed that much late at most.
const (
	stepOf         = 8 // of what was told
	leastRequests  = 10
	ratedOf        = 33 // where a node is rated, of that, whatever was told: the traffic ratio is right within 0.03
	leastErrors    = 0.01
	leastQueue     = 100
	leastLatencyUS = 5000
)

// restAfter is how long after the last news anything else that changed is told.
const restAfter = 10 * time.Second

// Notable reports whether others should be told at once what an instance says of itself now, having been told something else so
// long ago. Of all but nodes, whatever has changed should.
func Notable(told, is registry.Instance, ago time.Duration) bool {
	if is.Role != registry.RoleNode {
		return !same(told, is)
	}
	usage := func(i registry.Instance) registry.Instance { i.Usage, i.Detail = 0, nil; return i }
	var was, now Detail
	if json.Unmarshal(told.Detail, &was) != nil || json.Unmarshal(is.Detail, &now) != nil || !same(usage(told), usage(is)) || !same(was.capabilities(), now.capabilities()) {
		return true
	}
	step := max(leastRequests, told.Usage/stepOf)
	if is.Rated > 0 {
		step = max(1, is.Rated/ratedOf)
	}
	switch {
	case far(told.Usage, is.Usage, step), far(was.Errors, now.Errors, max(leastErrors, was.Errors/stepOf)),
		far(was.Queue, now.Queue, max(leastQueue, was.Queue/stepOf)), far(was.LatencyUS, now.LatencyUS, max(leastLatencyUS, was.LatencyUS/stepOf)):
		return true
	}
	return ago >= restAfter && (told.Usage != is.Usage || !bytes.Equal(told.Detail, is.Detail))
}

// capabilities is the detail without its quantities.
func (d Detail) capabilities() Detail {
	d.Errors, d.Queue, d.LatencyUS = 0, 0, 0
	return d
}

func far[T int | int64 | float64](was, is, step T) bool { return is-was >= step || was-is >= step }

// same compares what is announced as it is announced.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
