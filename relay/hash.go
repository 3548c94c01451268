package relay

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
)

// draw is a region's in weighted rendezvous hashing: -weight/ln(u) with u from a hash of the region
// and the key. The highest wins, so a region that comes or goes moves only its own share (A11).
func draw(t Target, merchant, service string) float64 {
	return -t.Weight / math.Log(unit(t.Region, merchant, service))
}

// first is the target with the highest draw, nil where none has a weight.
func first(targets []Target, merchant, service string) *Target {
	if len(targets) == 1 && targets[0].Weight > 0 {
		return &targets[0]
	}
	var best *Target
	highest := 0.0
	for i := range targets {
		if t := &targets[i]; t.Weight > 0 {
			if d := draw(*t, merchant, service); best == nil || d > highest {
				best, highest = t, d
			}
		}
	}
	return best
}

// ranked are the targets with a weight, the highest draw first: in this order regions come into question.
func ranked(targets []Target, merchant, service string) []Target {
	type drawn struct {
		Target
		draw float64
	}
	all := make([]drawn, 0, len(targets))
	for _, t := range targets {
		if t.Weight > 0 {
			all = append(all, drawn{t, draw(t, merchant, service)})
		}
	}
	slices.SortStableFunc(all, func(a, b drawn) int { return cmp.Compare(b.draw, a.draw) })
	out := make([]Target, len(all))
	for i, d := range all {
		out[i] = d.Target
	}
	return out
}

// unit hashes to a number strictly between 0 and 1.
func unit(parts ...string) float64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	x := h.Sum64() // FNV's high bits move little for short input: mix them
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return (float64(x>>12) + 0.5) / (1 << 52) // one bit less than a float64 holds: the half is not rounded away
}
