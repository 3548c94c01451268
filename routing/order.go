package routing

import (
	"cmp"
	"math"
	"slices"

	"github.com/paymux/paymux"
)

// candidate is an account that is considered.
type candidate struct {
	name    string
	account *bound
	why     reason
	place   int // from 1, as named
	spare   bool

	health   Health
	priority int
	share    float64
	score    float64
	figures  Figures
	fee      int64
}

// order puts the kept in the order they are tried.
func (c *considered) order() {
	for i := range c.kept {
		c.rate(&c.kept[i])
	}
	slices.SortFunc(c.kept, func(a, b candidate) int {
		if c.pick.by == paymux.OrderedListed {
			return cmp.Or(cmp.Compare(a.health, b.health), cmp.Compare(a.place, b.place))
		}
		return cmp.Or(cmp.Compare(a.health, b.health), cmp.Compare(b.score, a.score), cmp.Compare(a.priority, b.priority), cmp.Compare(a.place, b.place))
	})
	c.takeTurns()
}

// rate notes what orders a candidate.
func (c *considered) rate(one *candidate) {
	one.priority = one.account.rule.priority()
	if c.v.know != nil {
		one.health = c.v.know.Health(c.r.Merchant, one.name)
	}
	switch d := c.pick.ranker; {
	case d == nil:
	case d.Score != nil:
		c.score(one, d.Score)
	default:
		total := 0.0
		for _, w := range d.Split {
			total += w
		}
		one.share = d.Split[one.name] / total
		one.score = drawn(hashed(d.Name), hashed(c.payer()), hashed(one.name), one.share)
	}
}

func (a *AccountRule) priority() int { return cmp.Or(a.Priority, 100) }

// payer is who sticks to an account.
func (c *considered) payer() string { return cmp.Or(c.r.Payer, string(c.r.ID)) }

// drawn is an account's draw in weighted rendezvous hashing: share/-ln(u) with u from a hash of rule, payer and
// account. The highest wins; who is dropped moves its own payers alone.
func drawn(rule, payer, account uint64, share float64) float64 {
	if share == 0 {
		return 0
	}
	return share / -math.Log(unit(mixed(rule^mixed(payer^mixed(account)))))
}

// score is what a payment is expected to be worth at an account.
func (c *considered) score(one *candidate, w *Weights) {
	if c.v.know != nil {
		one.figures = c.v.know.Figures(one.name, Kind{Method: c.r.Method, Currency: c.r.Money.Currency, Client: country(c.r.Client)})
	}
	one.fee = c.v.program.Fee(one.name, c.r)
	seconds := float64(one.figures.Latency.Milliseconds()) / 1000
	one.score = w.Success*one.figures.Success - w.Cost*(float64(one.fee)/float64(max(c.r.Money.Amount, 1))) - w.Latency*seconds
}

// takeTurns lets a probing account, or another than the best, come first as often as is configured. One draw
// decides: a slice of it for each probing account, then one for exploring.
func (c *considered) takeTurns() {
	u := unit(c.r.Draw)
	probing := 0
	for place, probe := 0, c.v.program.Health.Probe; ; {
		i := c.nextProbing(place)
		if i < 0 {
			break
		}
		if u >= float64(probing)*probe && u < float64(probing+1)*probe {
			c.first(i, paymux.TurnProbe)
			return
		}
		probing, place = probing+1, c.kept[i].place
	}
	d := c.pick.ranker
	if d == nil || d.Explore == 0 || len(c.kept) == 0 {
		return
	}
	before := float64(probing) * c.v.program.Health.Probe
	others := 0
	for i := range c.kept {
		if c.kept[i].health == Normal {
			others = i
		}
	}
	if others > 0 && u >= before && u < before+d.Explore {
		c.first(1+int(mixed(c.r.Draw)%uint64(others)), paymux.TurnExplore)
	}
}

// nextProbing is the probing candidate named next after a place, -1 where there is none.
func (c *considered) nextProbing(place int) int {
	next := -1
	for i := range c.kept {
		if k := &c.kept[i]; k.health == Probing && k.place > place && (next < 0 || k.place < c.kept[next].place) {
			next = i
		}
	}
	return next
}

// first moves a candidate to the front.
func (c *considered) first(i int, turn string) {
	if i == 0 {
		return
	}
	one := c.kept[i]
	copy(c.kept[1:i+1], c.kept[:i])
	c.kept[0], c.turn = one, turn
}
