package learn_test

import (
	"container/heap"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// course is what came of a world's payments under a policy.
type course struct {
	payments int
	paid     int     // with failover
	hoped    float64 // sum of the first accounts' probabilities of success
	best     float64 // the same of an oracle's
	explored int
	probed   int
	price    float64 // what exploring and probing gave away, in payments
	firsts   []first // of each payment
	turns    int     // of accounts' states
	wrong    int     // of them, to abnormal, of an account that did its work
}

type first struct {
	at      time.Duration
	account int
}

func (c *course) per(x float64) float64 { return x / float64(c.payments) }

// heard is an outcome on its way.
type heard struct {
	wanted
	account int
	result  learn.Result
	latency time.Duration
	attempt int
	due     time.Duration
}

type inFlight []heard

func (f inFlight) Len() int { return len(f) }
func (f inFlight) Less(i, j int) bool {
	return f[i].due < f[j].due || f[i].due == f[j].due && f[i].n < f[j].n
}
func (f inFlight) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *inFlight) Push(x any)   { *f = append(*f, x.(heard)) }
func (f *inFlight) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// run sends a world's payments where a policy wants them. Outcomes are heard when calls end; another account is tried only after not_sent or a channel's own no.
func (w *world) run(p policy) *course {
	c := &course{}
	var flying inFlight
	health := make([]routing.Health, len(w.accounts))
	for one := range w.payments {
		for len(flying) > 0 && flying[0].due <= one.at {
			h := heap.Pop(&flying).(heard)
			p.hear(&h.wanted, h.account, h.result, h.latency, h.attempt, h.due)
			if e, ok := p.(*engine); ok {
				c.watch(w, e, health, h.due)
			}
		}
		order, turn := p.decide(one)
		c.note(w, one, order, turn)
		due := one.at
		for attempt, account := range order {
			result, latency := w.attempt(one, account)
			due += latency
			heap.Push(&flying, heard{*one, account, result, latency, attempt, due})
			if result == learn.Succeeded {
				c.paid++
			}
			if result != learn.NotSent && result != learn.ChannelDeclined {
				break
			}
		}
	}
	return c
}

func (c *course) note(w *world, one *wanted, order []int, turn string) {
	p := w.success(order[0], one.kind, one.at)
	_, best := w.best(one.kind, one.at)
	c.payments++
	c.hoped += p
	c.best += best
	c.firsts = append(c.firsts, first{one.at, order[0]})
	switch turn {
	case paymux.TurnExplore:
		c.explored++
	case paymux.TurnProbe:
		c.probed++
	default:
		return
	}
	c.price += w.success(order[1], one.kind, one.at) - p
}

// watch counts the turns of accounts' states.
func (c *course) watch(w *world, e *engine, health []routing.Health, at time.Duration) {
	for a, name := range w.accounts {
		h := e.book.Health("", name)
		if (h == routing.Normal) == (health[a] == routing.Normal) {
			health[a] = h
			continue
		}
		c.turns++
		if h == routing.Abnormal && w.incident(a, max(0, at-15*time.Second)) == nil && w.incident(a, at) == nil {
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

// reactions are those to the incidents of accounts that had a third of the traffic before.
func (c *course) reactions(w *world) (all []reaction) {
	for i := range w.incidents {
		x := &w.incidents[i]
		begun, _ := slices.BinarySearchFunc(c.firsts, x.from, func(f first, at time.Duration) int { return int(f.at - at) })
		ended, _ := slices.BinarySearchFunc(c.firsts, x.to, func(f first, at time.Duration) int { return int(f.at - at) })
		if begun < 100 || ended < begun+200 || count(c.firsts[begun-100:begun], x.account) < 33 {
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

// worst and middle of reactions.
func summed(all []reaction, silent bool) (n int, middle, worst reaction) {
	var some []reaction
	for _, r := range all {
		if r.silent == silent {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return 0, reaction{}, reaction{}
	}
	slices.SortFunc(some, func(a, b reaction) int { return a.payments - b.payments })
	return len(some), some[len(some)/2], some[len(some)-1]
}

func TestWorldLook(t *testing.T) {
	for _, accounts := range []int{2, 3, 5} {
		w := newWorld(1, accounts, 100000)
		t.Logf("%d accounts, %s, %d incidents", accounts, w.span, len(w.incidents))
		order := make([]int, accounts)
		for i := range order {
			order[i] = i
		}
		listed := &routing.RuleSet{Static: []routing.StaticRule{{Name: "all", Use: w.accounts}}}
		for _, one := range []struct {
			name string
			policy
		}{{"static", static{order}}, {"static+health", newEngine(t, w, listed)}, {"engine", newEngine(t, w, dynamic())}, {"thompson", newThompson(w)},
			{"window50", newWindow(w, 50)}, {"window200", newWindow(w, 200)}, {"window1000", newWindow(w, 1000)}} {
			begun := time.Now()
			c := w.run(one.policy)
			all := c.reactions(w)
			n, mid, worst := summed(all, false)
			ns, mids, worsts := summed(all, true)
			t.Logf("%-14s first %.4f regret %.4f paid %.4f explored %.4f probed %.4f price %.4f turns %d wrong %d; loud %d: %d %s / %d; silent %d: %d %s / %d  (%s)", one.name,
				c.per(c.hoped), c.per(c.best-c.hoped), c.per(float64(c.paid)), c.per(float64(c.explored)), c.per(float64(c.probed)), c.per(c.price), c.turns, c.wrong,
				n, mid.payments, mid.after.Round(time.Second/10), worst.payments, ns, mids.payments, mids.after.Round(time.Second/10), worsts.payments, time.Since(begun).Round(time.Millisecond))
		}
	}
}
