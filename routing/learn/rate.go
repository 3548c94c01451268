package learn

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/routing"
)

// A success rate has two parts. Whether an account does its work changes in seconds and is alike for all that goes
// there: its faults have a short memory that kinds share. What payers and issuers say of payments that arrive changes
// slowly, and is a kind's own.
const (
	faultWeight   = 30 // calls that the memory of faults counts at most
	faultStrength = 5  // what a kind's method, and a method's account, say of faults counts as so many calls of its own

	// Sudden changes of what payers and issuers say are noticed by a second, short memory: when it is too unlikely to
	// come from what the long one says, the long one is forgotten.
	shortWeight = 30 // trials that it counts at most
	surprise    = 10 // nats by which it must differ: about one in e^10 by chance

	latencyWeight = 100 // answers that the mean latency counts at most
)

// rate is how often something succeeds, and how long it takes. What others read of it, they read without a lock.
type rate struct {
	up *rate // what it has in common with others; nil: the prior

	at       atomic.Int64 // of its last observation
	approved said         // share that succeeded of those that were no faults, by its own trials
	faulty   said         // share of faults, likewise
	whole    said         // approved with all that it leans on, as it was then
	faults   said         // faulty likewise
	pace     said         // seconds that an answer takes, likewise

	mu          sync.Mutex // guards what follows
	long, short tally
	fault       tally
	latency     tally
}

// tally is a sum over trials of which the older count less.
type tally struct{ sum, n float64 }

func (t *tally) add(x float64, most float64) { t.sum, t.n = t.sum*(1-1/most)+x, t.n*(1-1/most)+1 }

func (t *tally) fade(by float64) { t.sum, t.n = t.sum*by, t.n*by }

func (t *tally) mean() float64 {
	if t.n == 0 {
		return 0
	}
	return t.sum / t.n
}

// said is a mean and its weight, in one word.
type said struct{ word atomic.Uint64 }

func (s *said) say(mean, n float64) {
	s.word.Store(uint64(math.Float32bits(float32(mean)))<<32 | uint64(math.Float32bits(float32(n))))
}

func (s *said) read() (mean, n float64) {
	w := s.word.Load()
	return float64(math.Float32frombits(uint32(w >> 32))), float64(math.Float32frombits(uint32(w)))
}

// observeRate counts an outcome for its account, for its method and currency there, and for its kind.
func (b *Book) observeRate(a *account, o *Outcome) {
	if o.Kind.Method == "" {
		return
	}
	now := b.clock.Load()
	methodOf := routing.Kind{Method: o.Kind.Method, Currency: o.Kind.Currency}
	method := a.methods.use(methodOf, now, func(r *rate) { r.up = &a.all })
	kind := a.kinds.use(o.Kind, now, func(r *rate) { r.up = method })
	// What many share is never waited for: where two count at once, one is left out, and where that happens often there are plenty.
	for _, r := range []*rate{&a.all, method} {
		if r.mu.TryLock() {
			b.count(r, o, now)
			r.mu.Unlock()
		}
	}
	kind.mu.Lock()
	b.count(kind, o, now)
	kind.mu.Unlock()
}

// count counts an outcome and says what follows. The caller holds r.mu.
func (b *Book) count(r *rate, o *Outcome, now int64) {
	if idle := now - r.at.Load(); idle > 0 {
		r.long.fade(faded(idle, b.HalfLife))
		r.short.fade(faded(idle, b.HalfLife))
		r.fault.fade(faded(idle, b.FaultHalfLife))
		r.at.Store(now)
	}
	r.countFault(o)
	if o.Result.verdict() && !o.Retried {
		r.countVerdict(o, b.Weight)
	}
	r.approved.say(r.long.mean(), r.long.n)
	r.faulty.say(r.fault.mean(), r.fault.n)
	q, trials, f, calls := b.expected(r, now)
	r.whole.say(q, trials)
	r.faults.say(f, calls)
	if o.Was == 0 && o.Latency > 0 {
		r.latency.add(o.Latency.Seconds(), latencyWeight)
		r.pace.say(r.expectedPace(b.Strength))
	}
}

// countFault counts a call, or takes back that it was a fault: where it was unclear what came of it, and is clear now.
func (r *rate) countFault(o *Outcome) {
	x := 0.0
	if o.Result.fault() {
		x = 1
	}
	switch {
	case o.Was == 0:
		r.fault.add(x, faultWeight)
	case o.Was.fault():
		r.fault.sum = max(0, r.fault.sum+x-1)
	default:
		r.fault.sum = min(r.fault.n, r.fault.sum+x)
	}
}

// countVerdict counts a trial, or that one which was refused succeeded after all. What is done with a payment that
// succeeded, such as a capture of what was reserved, is no news.
func (r *rate) countVerdict(o *Outcome, most float64) {
	x := 0.0
	if o.Result == Succeeded {
		x = 1
	}
	switch {
	case o.Was == Succeeded:
		return
	case o.Was == PayerDeclined:
		r.long.sum, r.short.sum = min(r.long.n, r.long.sum+x), min(r.short.n, r.short.sum+x)
		return
	}
	r.long.add(x, most)
	r.short.add(x, shortWeight)
	if r.changed() {
		r.long = r.short
	}
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
func faded(idle int64, half time.Duration) float64 {
	if idle < int64(half)/64 {
		return 1
	}
	return math.Exp2(-float64(idle) / float64(half))
}

// Figures are what to expect of an account for a kind of payments. Kinds lean on what their method and currency have in
// common at the account, those on all of the account's payments, and those on the prior: a kind counts by its own
// trials, what it leans on as Strength trials. A country that was not seen yet is what its method and currency are.
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
	q, trials, f, calls := b.expected(r, now)
	figures := routing.Figures{Success: q * (1 - f), Trials: trials + f*calls}
	for ; r != nil; r = r.up {
		if pace, n := r.pace.read(); n > 0 {
			figures.Latency = time.Duration(pace * float64(time.Second))
			break
		}
	}
	return figures
}

// expected is what to expect with all that a rate leans on: approval and the trials that are evidence for it, faults
// and the calls that are.
func (b *Book) expected(r *rate, now int64) (q, trials, f, calls float64) {
	if r == nil {
		return b.Prior, 0, 0, 0
	}
	leantQ, leantTrials, leantF, leantCalls := b.leant(r.up, now)
	idle := now - r.at.Load()
	q, trials = r.approved.read()
	trials *= faded(idle, b.HalfLife)
	f, calls = r.faulty.read()
	calls *= faded(idle, b.FaultHalfLife)
	q = (trials*q + b.Strength*leantQ) / (trials + b.Strength)
	f = (calls*f + faultStrength*leantF) / (calls + faultStrength)
	return q, trials + min(leantTrials, b.Strength), f, calls + min(leantCalls, faultStrength)
}

// leant is expected of what many lean on: what it said in the last seconds will do.
func (b *Book) leant(r *rate, now int64) (q, trials, f, calls float64) {
	if r == nil || now-r.at.Load() > int64(b.FaultHalfLife)/16 {
		return b.expected(r, now)
	}
	q, trials = r.whole.read()
	f, calls = r.faults.read()
	return q, trials, f, calls
}

// expectedPace is the mean latency with all that it leans on, in seconds, and its own answers.
func (r *rate) expectedPace(strength float64) (pace, n float64) {
	if r.up == nil {
		return r.latency.mean(), r.latency.n
	}
	base, n := r.up.pace.read()
	n = min(n, strength)
	return (r.latency.sum + n*base) / (r.latency.n + n), r.latency.n
}
