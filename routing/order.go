package routing

import (
	"cmp"
	"math"
	"slices"

	"github.com/paymux/paymux"
)

// order puts the kept in the order they are tried.
func (d *deciding) order() {
	payer := uint64(0)
	if d.by == paymux.OrderedSplit {
		payer = hashed(d.payer())
	}
	for n := range d.kept {
		k := d.rank(n)
		d.rate(k, d.at(int(k.at)), payer)
	}
	d.sort()
	d.takeTurns()
}

// rate notes what orders a candidate.
func (d *deciding) rate(k *ranked, one *candidate, payer uint64) {
	a := &d.v.accounts[one.account]
	if d.v.know != nil {
		one.health = d.v.know.Health(d.in.r.Merchant, a.Name)
	}
	if r := d.ranker; r != nil && r.Score != nil {
		d.score(one, a, r.Score)
	} else if r != nil {
		one.share = r.share(a.Name)
		one.score = drawn(r.hash, payer, a.hash, one.share)
	}
	k.roughly, k.score = roughly(one.health, one.score), one.score
	if d.by != paymux.OrderedListed {
		k.priority = a.priority
	}
}

// sort orders the kept. Most are in order already.
func (d *deciding) sort() {
	if d.kept > fewest {
		order := append(slices.Clone(d.ownOrder[:]), d.moreOrder...)
		slices.SortFunc(order, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.roughly, b.roughly), a.exactly(&b)) })
		for n := range order {
			*d.rank(n) = order[n]
		}
		return
	}
	order := d.ownOrder[:d.kept]
	for n := 1; n < len(order); n++ {
		if order[n-1].before(&order[n]) {
			continue
		}
		one, at := order[n], n
		for ; at > 0 && one.before(&order[at-1]); at-- {
			order[at] = order[at-1]
		}
		order[at] = one
	}
}

// roughly is health and score in one number: the two bits of health, and the score's bits but the last two, so turned that
// they ascend as scores fall.
func roughly(h Health, score float64) uint64 {
	b := math.Float64bits(score)
	if b>>63 == 0 {
		b = ^b &^ (1 << 63)
	}
	return uint64(h)<<62 | b>>2
}

// before reports whether a comes before b.
func (a *ranked) before(b *ranked) bool {
	return a.roughly < b.roughly || a.roughly == b.roughly && a.exactly(b) < 0
}

// exactly orders two that are roughly the same. What no rule ranks has no score, and what is listed no priority.
func (a *ranked) exactly(b *ranked) int {
	switch {
	case a.score > b.score:
		return -1
	case a.score < b.score:
		return 1
	case a.priority != b.priority:
		return a.priority - b.priority
	}
	return int(a.at - b.at)
}

// payer is who sticks to an account.
func (d *deciding) payer() string {
	if d.in.r.Payer != "" {
		return d.in.r.Payer
	}
	return string(d.in.r.ID)
}

// drawn is an account's draw in weighted rendezvous hashing: share/-ln(u) with u from a hash of rule, payer and
// account. The highest wins; who is dropped moves its own payers alone.
func drawn(rule, payer, account uint64, share float64) float64 {
	if share == 0 {
		return 0
	}
	return share / -math.Log(unit(mixed(rule^mixed(payer^mixed(account)))))
}

// score is what a payment is expected to be worth at an account. Latency counts in whole milliseconds, as explanations have it.
func (d *deciding) score(one *candidate, a *bound, w *Weights) {
	if d.v.know != nil {
		one.figures = d.v.know.Figures(a.Name, Kind{Method: d.in.r.Method, Currency: d.in.r.Money.Currency, Client: country(d.in.r.Client)})
	}
	one.fee = a.fee(&d.in)
	one.score = w.Of(one.figures.Success, one.fee, d.in.amount, one.figures.Latency.Milliseconds())
}

// Of is the score of what is expected of a payment: success as a probability, fee and amount in minor units.
func (w *Weights) Of(success float64, fee, amount, milliseconds int64) float64 {
	return w.Success*success - w.Cost*(float64(fee)/float64(max(amount, 1))) - w.Latency*(float64(milliseconds)/1000)
}

// takeTurns lets a probing account, or another than the best, come first as often as is configured. One draw
// decides: a slice of it for each probing account in the order they were named, then one for exploring.
func (d *deciding) takeTurns() {
	u, from := unit(d.in.r.Draw), 0.0
	for i := range d.n {
		if d.at(i).health != Probing {
			continue
		}
		to := from + d.v.program.Health.Probe
		if u >= from && u < to {
			d.takeTurn(d.standing(i), paymux.TurnProbe)
			return
		}
		from = to
	}
	if d.ranker != nil && u >= from && u < from+d.ranker.Explore {
		if others := d.normal() - 1; others > 0 {
			d.takeTurn(1+int(mixed(d.in.r.Draw)%uint64(others)), paymux.TurnExplore)
		}
	}
}

// standing is where a candidate is in the order.
func (d *deciding) standing(i int) (n int) {
	for d.place(n) != i {
		n++
	}
	return n
}

// normal counts the kept that do well, which come first.
func (d *deciding) normal() (n int) {
	for n < d.kept && d.at(d.place(n)).health == Normal {
		n++
	}
	return n
}

// takeTurn moves one of the kept to the front. Where it is there already, it is no turn.
func (d *deciding) takeTurn(n int, turn string) {
	if n > 0 {
		d.first(n)
		d.turn = turn
	}
}
