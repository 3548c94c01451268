package learn

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/routing"
)

// Changes are noticed by a second, short memory: when it is too unlikely to come from what the long one says, the long one is forgotten.
const (
	shortWeight = 30 // trials that the short memory counts at most
	surprise    = 10 // nats by which it must differ: about one in e^10 by chance

	latencyWeight = 100 // answers that the mean latency counts at most
)

// rate is how often something succeeds, and how long it takes. What others read of it, they read without a lock.
type rate struct {
	up *rate // what it has in common with others; nil: the prior

	told   atomic.Uint64 // success rate of its own trials, and their weight: two float32
	toldAt atomic.Int64
	whole  atomic.Uint64 // what to expect with all that it leans on, as it was when it was told
	pace   atomic.Uint64 // seconds that an answer takes, likewise, and the weight of its own

	mu          sync.Mutex // guards what follows
	long, short tally
	latency     tally
	at          int64
}

// tally is a sum over trials of which the older count less.
type tally struct{ sum, n float64 }

func (t *tally) add(x, fade float64) { t.sum, t.n = t.sum*fade+x, t.n*fade+1 }

func (t *tally) mean() float64 { return t.sum / t.n }

// observeRate counts an outcome for its kind, for its method and currency, and for its account.
func (b *Book) observeRate(a *account, o *Outcome) {
	if o.Kind.Method == "" {
		return
	}
	now := b.clock.Load()
	methodOf := routing.Kind{Method: o.Kind.Method, Currency: o.Kind.Currency}
	method := a.methods.use(methodOf, now, func(r *rate) { r.up = &a.all })
	kind := a.kinds.use(o.Kind, now, func(r *rate) { r.up = method })
	for _, r := range []*rate{&a.all, method, kind} {
		b.count(r, o, now)
	}
}

func (b *Book) count(r *rate, o *Outcome, now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.Was == 0 && o.Latency > 0 {
		r.latency.add(o.Latency.Seconds(), 1-1.0/latencyWeight)
		r.pace.Store(packed(b.expectedPace(r), r.latency.n))
	}
	if !o.Result.trial() || o.Retried {
		return
	}
	x := 0.0
	if o.Result == Succeeded {
		x = 1
	}
	if o.Was.trial() { // it was counted as one that did not
		r.long.sum, r.short.sum = min(r.long.n, r.long.sum+x), min(r.short.n, r.short.sum+x)
	} else {
		idle := b.faded(now - r.at)
		r.at = max(r.at, now)
		r.long.add(x, idle*(1-1/b.Weight))
		r.short.add(x, idle*(1-1.0/shortWeight))
		if r.changed() {
			r.long = r.short
		}
	}
	r.toldAt.Store(r.at)
	r.told.Store(packed(r.long.mean(), r.long.n))
	r.whole.Store(packed(b.expected(r, now)))
}

// changed reports whether the short memory contradicts the long one. The short one's trials are worth about twice their weight.
func (r *rate) changed() bool {
	if r.long.n < 2*shortWeight {
		return false
	}
	p, q := r.short.mean(), r.long.mean()
	return 2*r.short.n*divergence(p, min(1-1e-3, max(1e-3, q))) > surprise
}

// divergence is Kullback and Leibler's: the nats by which each trial of rate p speaks against rate q.
func divergence(p, q float64) (d float64) {
	if p > 0 {
		d += p * math.Log(p/q)
	}
	if p < 1 {
		d += (1 - p) * math.Log((1-p)/(1-q))
	}
	return d
}

// faded is what is left of a trial's weight after a time without any.
func (b *Book) faded(d int64) float64 {
	if d < int64(b.HalfLife)/1024 {
		return 1
	}
	return math.Exp2(-float64(d) / float64(b.HalfLife))
}

// Figures are what to expect of an account for a kind of payments. Kinds lean on what their method and currency have in common at the account, those on all of
// the account's payments, and those on the prior: a kind counts by its own trials, what it leans on as Strength trials.
func (b *Book) Figures(account string, k routing.Kind) routing.Figures {
	a := b.find(account)
	if a == nil {
		return routing.Figures{Success: b.Prior}
	}
	r := a.kinds.get(k)
	if r == nil {
		r = a.methods.get(routing.Kind{Method: k.Method, Currency: k.Currency})
	}
	if r == nil {
		r = &a.all
	}
	return b.figures(r, b.clock.Load())
}

func (b *Book) figures(r *rate, now int64) routing.Figures {
	p, trials := b.expected(r, now)
	for ; r != nil; r = r.up {
		if pace, n := unpacked(r.pace.Load()); n > 0 {
			return routing.Figures{Success: p, Trials: trials, Latency: time.Duration(pace * float64(time.Second))}
		}
	}
	return routing.Figures{Success: p, Trials: trials}
}

// expected is the success rate with all that it leans on, and the evidence for it.
func (b *Book) expected(r *rate, now int64) (p, trials float64) {
	if r == nil {
		return b.Prior, 0
	}
	base, leant := b.leant(r.up, now)
	p, n := unpacked(r.told.Load())
	n *= b.faded(now - r.toldAt.Load())
	return (n*p + b.Strength*base) / (n + b.Strength), n + min(leant, b.Strength)
}

// leant is expected of what many lean on: what it said lately will do.
func (b *Book) leant(r *rate, now int64) (p, trials float64) {
	if r != nil && now-r.toldAt.Load() < int64(b.HalfLife)/64 {
		return unpacked(r.whole.Load())
	}
	return b.expected(r, now)
}

// expectedPace is the mean latency with all that it leans on, in seconds.
func (b *Book) expectedPace(r *rate) float64 {
	if r.up == nil {
		return r.latency.mean()
	}
	base, n := unpacked(r.up.pace.Load())
	n = min(n, b.Strength)
	return (r.latency.sum + n*base) / (r.latency.n + n)
}

func packed(mean, n float64) uint64 {
	return uint64(math.Float32bits(float32(mean)))<<32 | uint64(math.Float32bits(float32(n)))
}

func unpacked(w uint64) (mean, n float64) {
	return float64(math.Float32frombits(uint32(w >> 32))), float64(math.Float32frombits(uint32(w)))
}
