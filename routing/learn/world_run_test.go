package learn_test

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// course is what came of a world's payments under a policy.
type course struct {
	payments int
	paid     int       // with failover
	hoped    float64   // sum of the first accounts' probabilities of success
	best     float64   // the same of an oracle, who knows them all
	spread   float64   // sum of what the worst account would have been worse by
	fixed    []float64 // hoped, had each account been the first for all
	explored int
	probed   int
	price    float64 // what exploring and probing gave away, in payments
	firsts   []first // of each payment
	turns    int     // of accounts' states, between normal and not
	wrong    int     // of them, away from normal where no incident was
}

type first struct {
	at      time.Duration
	account int
}

func (c *course) per(x float64) float64 { return x / float64(c.payments) }

// regret is what a payment's chance of success was short of the oracle's.
func (c *course) regret() float64 { return c.per(c.best - c.hoped) }

// heard is an outcome, when it is due.
type heard struct {
	wanted
	account int
	result  learn.Result
	latency time.Duration
	retried bool
	due     time.Duration
}

// inFlight are outcomes on their way, as a heap.
type inFlight []*heard

func (f inFlight) Len() int { return len(f) }
func (f inFlight) Less(i, j int) bool {
	return f[i].due < f[j].due || f[i].due == f[j].due && f[i].n < f[j].n
}
func (f inFlight) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *inFlight) Push(x any)   { *f = append(*f, x.(*heard)) }
func (f *inFlight) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// run sends a world's payments where a policy wants them. Outcomes are heard when calls end; another account is tried
// only after not_sent and a channel's own no.
func (w *world) run(p policy) *course {
	c := &course{fixed: make([]float64, w.accounts)}
	var flying inFlight
	health := make([]routing.Health, w.accounts)
	for one := range w.payments {
		for len(flying) > 0 && flying[0].due <= one.at {
			h := heap.Pop(&flying).(*heard)
			p.hear(h)
			if e, ok := p.(*engine); ok {
				c.watch(w, e, health, h.due)
			}
		}
		order, turn := p.decide(one)
		c.note(w, one, order, turn)
		h := &heard{wanted: *one, due: one.at}
		for _, account := range order {
			h.account = account
			h.result, h.latency = w.attempt(one, account)
			h.due += h.latency
			said := *h
			heap.Push(&flying, &said)
			if h.result == learn.Succeeded {
				c.paid++
			}
			if h.result != learn.NotSent && h.result != learn.ChannelDeclined {
				break
			}
			h.retried = h.retried || h.result == learn.ChannelDeclined
		}
	}
	return c
}

func (c *course) note(w *world, one *wanted, order []int, turn string) {
	best, worst := 0.0, 1.0
	for a := range w.accounts {
		p := w.success(one, a)
		c.fixed[a] += p
		best, worst = max(best, p), min(worst, p)
	}
	p := w.success(one, order[0])
	c.payments++
	c.hoped += p
	c.best += best
	c.spread += best - worst
	c.firsts = append(c.firsts, first{one.at, order[0]})
	switch turn {
	case paymux.TurnExplore:
		c.explored++
	case paymux.TurnProbe:
		c.probed++
	default:
		return
	}
	c.price += w.success(one, order[1]) - p
}

// watch counts the turns of accounts' states.
func (c *course) watch(w *world, e *engine, health []routing.Health, at time.Duration) {
	for a, name := range w.names {
		h := e.book.Health("", name)
		if (h == routing.Normal) == (health[a] == routing.Normal) {
			health[a] = h
			continue
		}
		c.turns++
		if h != routing.Normal && w.incident(a, max(0, at-15*time.Second)) == nil && w.incident(a, at) == nil {
			c.wrong++
		}
		health[a] = h
	}
}

// reaction is how a policy leaves an account that fails: how many payments came, and how long it took, until it was the
// first choice of no more than a tenth of the next hundred.
type reaction struct {
	payments int
	after    time.Duration
	silent   bool // the institution did not answer
}

// reactions are those to the incidents of accounts that had a fifth of the traffic before.
func (c *course) reactions(w *world) (all []reaction) {
	for i := range w.failures {
		x := &w.failures[i]
		begun, _ := slices.BinarySearchFunc(c.firsts, x.from, func(f first, at time.Duration) int { return int(f.at - at) })
		ended, _ := slices.BinarySearchFunc(c.firsts, x.to, func(f first, at time.Duration) int { return int(f.at - at) })
		if begun < 100 || ended < begun+200 || count(c.firsts[begun-100:begun], x.account) < 20 {
			continue
		}
		r := reaction{payments: ended - begun, after: x.to - x.from, silent: x.result == learn.Unclear}
		for n := begun; n+100 <= ended; n++ {
			if count(c.firsts[n:n+100], x.account) <= 10 {
				r.payments, r.after = n-begun, c.firsts[n].at-x.from
				break
			}
		}
		all = append(all, r)
	}
	return all
}

func count(firsts []first, account int) (n int) {
	for _, f := range firsts {
		if f.account == account {
			n++
		}
	}
	return n
}

// summed are the middle and the worst of reactions.
func summed(all []reaction, silent bool) (n int, middle, worst reaction) {
	all = slices.DeleteFunc(slices.Clone(all), func(r reaction) bool { return r.silent != silent })
	if len(all) == 0 {
		return 0, reaction{}, reaction{}
	}
	slices.SortFunc(all, func(a, b reaction) int { return cmp.Compare(a.payments, b.payments) })
	return len(all), all[len(all)/2], all[len(all)-1]
}
