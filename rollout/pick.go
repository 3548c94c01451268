package rollout

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"

	"github.com/paymux/paymux"
)

// fleet is what runs of one channel, and by which policy. It is immutable.
type fleet struct {
	policy   paymux.Rollout
	versions []version // live ones, withdrawn ones left out, newest release last
}

// version is one version of a package with the weight of its instances.
type version struct {
	name   string
	weight float64
	tally  *counters
}

// order lists the versions to try for a payment: the one it belongs to first, then, for
// when nobody takes that up, the others. The same payment gets the same order as
// long as neither policy nor versions change.
func (f *fleet) order(payment paymux.PaymentID) []*version {
	list := make([]*version, len(f.versions))
	for i := range f.versions {
		list[i] = &f.versions[i]
	}
	if len(list) < 2 {
		return list
	}
	slices.SortStableFunc(list, func(a, b *version) int {
		return cmp.Or(cmp.Compare(f.rank(a, payment), f.rank(b, payment)), cmp.Compare(draw(b, payment), draw(a, payment)))
	})
	return list
}

// rank puts the versions a policy names where it wants them.
func (f *fleet) rank(v *version, payment paymux.PaymentID) int {
	onTrial := f.policy.Canary != "" && unit(string(payment), f.policy.Canary)*100 < float64(f.policy.Percent)
	switch {
	case v.name == f.policy.Canary && onTrial:
		return 0
	case v.name == f.policy.Stable:
		return 1
	case v.name == f.policy.Canary, v.name == f.policy.Shadow:
		return 3 // better than refusing the payment
	}
	return 2
}

// draw is weighted rendezvous hashing: the highest wins.
func draw(v *version, payment paymux.PaymentID) float64 {
	if v.weight <= 0 {
		return 0
	}
	return -v.weight / math.Log(unit(string(payment), v.name))
}

// unit hashes to a number strictly between 0 and 1.
func unit(parts ...string) float64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return (float64(x>>12) + 0.5) / (1 << 52)
}
