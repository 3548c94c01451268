package relay

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/paymux/paymux/registry"
)

// Replicas are the processes that serve one region, as the registry knows them: requests are given to those that are
// ready by their weights, in turns that are spread evenly. It is what paymentrpc and accessrpc ask whom to ask.
// Safe for concurrent use; drawing takes no lock.
type Replicas struct {
	of     Instances
	region string
	turn   atomic.Uint64
	shown  atomic.Pointer[turns]
}

// turns are who is asked, one after the other, and the instances they were made of.
type turns struct {
	read  []registry.Instance
	order []string
}

// NewReplicas returns a region's replicas in a directory of nodes.
func NewReplicas(of Instances, region string) *Replicas {
	r := &Replicas{of: of, region: region}
	r.turn.Store(rand.Uint64N(1 << 32)) // frontends that start together should not go in step
	return r
}

// Pick draws a replica. It is not known who is there while the registry is away, or where no replica with a weight is ready.
func (r *Replicas) Pick() (id string, ok bool) {
	if _, stale := r.of.Stale(); stale {
		return "", false
	}
	order := r.turns().order
	if len(order) == 0 {
		return "", false
	}
	return order[r.turn.Add(1)%uint64(len(order))], true
}

// Gone reports whether a replica has left the registry, or has not renewed its lease there.
func (r *Replicas) Gone(id string) bool {
	if _, stale := r.of.Stale(); stale {
		return false
	}
	return !slices.ContainsFunc(r.of.Instances(), func(i registry.Instance) bool { return i.ID == id })
}

func (r *Replicas) turns() *turns {
	all, t := r.of.Instances(), r.shown.Load()
	if t != nil && len(all) == len(t.read) && (len(all) == 0 || &all[0] == &t.read[0]) {
		return t
	}
	t = &turns{read: all}
	var ids []string
	var weights []int
	for _, i := range all {
		if i.Name == r.region && i.State == registry.Ready && i.Weight > 0 {
			ids, weights = append(ids, i.ID), append(weights, i.Weight)
		}
	}
	for _, n := range smooth(weights) {
		t.order = append(t.order, ids[n])
	}
	r.shown.Store(t)
	return t
}

// mostTurns bounds how many turns there are until all begins again: weights are rounded to that.
const mostTurns = 1000

// smooth is an order in which each n comes weights[n] times, as far from its other times as may be (smooth weighted round robin).
func smooth(weights []int) []int {
	weights = reduced(weights)
	total := 0
	for _, w := range weights {
		total += w
	}
	owed := make([]int, len(weights))
	order := make([]int, 0, total)
	for range total {
		next := 0
		for n, w := range weights {
			if owed[n] += w; owed[n] > owed[next] {
				next = n
			}
		}
		owed[next] -= total
		order = append(order, next)
	}
	return order
}

// reduced are the same proportions in small numbers, none of which is zero.
func reduced(weights []int) []int {
	divisor, total := 0, 0
	for _, w := range weights {
		total += w
		for a := w; a != 0; {
			divisor, a = a, divisor%a
		}
	}
	out := make([]int, len(weights))
	for n, w := range weights {
		if out[n] = w / divisor; total/divisor > mostTurns {
			out[n] = max(1, (w*mostTurns+total/2)/total)
		}
	}
	return out
}
