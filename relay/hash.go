package relay

import (
	"hash/fnv"
	"math"
)

// pick is weighted rendezvous hashing: each region draws -weight/ln(u) with u
// from a hash of the region and the key, and the highest draw wins. A region that
// comes or goes moves only its own share (A11).
func (r *Relay) pick(merchant, service string) *Region {
	if len(r.regions) == 1 {
		return &r.regions[0]
	}
	best, highest := -1, math.Inf(-1)
	for i := range r.regions {
		g := &r.regions[i]
		if g.Weight <= 0 {
			continue
		}
		if draw := -g.Weight / math.Log(unit(g.Name, merchant, service)); draw > highest {
			best, highest = i, draw
		}
	}
	return &r.regions[best]
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
