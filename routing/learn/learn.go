// Package learn turns the outcomes of calls into what routing asks: how often payments of a kind succeed at an account,
// how fast it answers, and whether it, or one merchant at it, is in trouble. It does no I/O, starts nothing, and has the
// time from who observes. What it knows of health can be handed to other nodes and adopted from them (State); figures
// are each node's own. Start reading at Observe; docs/routing-learning.md has the formulas and what they gain.
package learn

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Options are how a book learns. Zero members are the defaults.
type Options struct {
	Node     string        // that states come from: the instance's ID
	Prior    float64       // success rate of an account that nobody has tried; 0.85
	Strength float64       // how many trials what a kind has in common with others is worth; 20
	Weight   float64       // how many trials count at most: the older fade with every new one; 200
	HalfLife time.Duration // in which a trial loses half of its weight where no new ones come; 1 h
	// FaultHalfLife is HalfLife for faults: how soon an account is believed to do its work again where nobody tries; 1 min.
	FaultHalfLife time.Duration

	// What is remembered at most of each account. Beyond, what was observed the longest ago is forgotten.
	Kinds     int // 1,024
	Merchants int // 16,384
}

func (o Options) orDefault() Options {
	pick := func(v *float64, otherwise float64) {
		if *v == 0 {
			*v = otherwise
		}
	}
	pick(&o.Prior, 0.85)
	pick(&o.Strength, 20)
	pick(&o.Weight, 200)
	if o.HalfLife == 0 {
		o.HalfLife = time.Hour
	}
	if o.FaultHalfLife == 0 {
		o.FaultHalfLife = time.Minute
	}
	if o.Kinds == 0 {
		o.Kinds = 1024
	}
	if o.Merchants == 0 {
		o.Merchants = 16384
	}
	return o
}

// accountsAtMost bounds accounts, which are as many as are configured: states from elsewhere may name others.
const accountsAtMost = 4096

// Book is what is learnt. Safe for concurrent use: Figures and Health take no lock and allocate nothing; Observe waits
// for no lock but that of the outcome's own kind at its account, and for one that changes a state. Make it with New.
type Book struct {
	Options
	policy  atomic.Pointer[routing.HealthPolicy]
	clock   atomic.Int64 // the latest time anybody told, in nanoseconds since 1970
	pins    atomic.Pointer[[]Pin]
	changed chan struct{}
	unwell  atomic.Int64 // accounts, and merchants at one, that are abnormal

	accounts atomic.Pointer[map[string]*account] // replaced where one is added
	mu       sync.Mutex                          // of who replaces accounts
}

// account is what is learnt of one.
type account struct {
	name      string
	standing  standing
	merchants table[paymux.MerchantID, standing]
	suspect   suspect
	troubled  atomic.Int64  // merchants that are abnormal
	unwell    *atomic.Int64 // the book's
	mu        sync.Mutex    // of who changes marks

	all     rate
	methods table[routing.Kind, rate] // of method and currency
	kinds   table[routing.Kind, rate]
}

// New is an empty book at a time, under the default policy. One that is given the outcomes of the last hours, in their
// order, with a time before them here, starts as if it had been there.
func New(o Options, now time.Time) *Book {
	b := &Book{Options: o.orDefault(), changed: make(chan struct{}, 1)}
	b.accounts.Store(&map[string]*account{})
	b.pins.Store(new([]Pin))
	b.Tick(now)
	b.SetPolicy(routing.HealthPolicy{})
	return b
}

// leastAtMost bounds how many outcomes are asked for before anything is said.
const leastAtMost = 500

// SetPolicy is for the rules in force from now on. Members that are zero are the default's.
func (b *Book) SetPolicy(p routing.HealthPolicy) {
	p = p.OrDefault()
	p.Least = min(p.Least, leastAtMost)
	b.policy.Store(&p)
}

// Tick tells the time: evidence fades and pauses end by it. Observe tells it too, so it is needed where nothing is
// observed for a while: once a second is plenty. Time never goes back.
func (b *Book) Tick(now time.Time) {
	for t := now.UnixNano(); ; {
		was := b.clock.Load()
		if t-was < int64(time.Millisecond) || b.clock.CompareAndSwap(was, t) {
			return
		}
	}
}

// Observe learns from an outcome.
func (b *Book) Observe(o Outcome) {
	b.Tick(o.At)
	a := b.account(o.Account)
	if a == nil || o.Result == 0 {
		return
	}
	b.observeRate(a, &o)
	b.observeHealth(a, &o)
}

// find returns what is known of an account, or nil.
func (b *Book) find(name string) *account { return (*b.accounts.Load())[name] }

// account is find, and makes what is not there. It returns nil where there are too many, or no name.
func (b *Book) account(name string) *account {
	if a := b.find(name); a != nil || name == "" {
		return a
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	were := *b.accounts.Load()
	if a := were[name]; a != nil || len(were) >= accountsAtMost {
		return a
	}
	a := &account{name: name, unwell: &b.unwell}
	a.kinds.init(b.Kinds)
	a.methods.init(b.Kinds)
	a.merchants.init(b.Merchants)
	a.merchants.keep = func(s *standing) bool { return s.abnormal() }
	a.merchants.gone = a.lose
	are := make(map[string]*account, len(were)+1)
	for n, other := range were {
		are[n] = other
	}
	are[name] = a
	b.accounts.Store(&are)
	return a
}

// lose is told of a merchant that is forgotten.
func (a *account) lose(s *standing) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.lost = true
	if s.abnormal() {
		a.troubled.Add(-1)
		a.unwell.Add(-1)
	}
}
