package learn_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// climate is what a world is like. The same climate makes the same world for every policy, down to the luck of each payment at each account.
type climate struct {
	seed      uint64
	accounts  int
	payments  int
	memory    time.Duration // in which success rates wander
	incidents bool          // accounts fail, one in nine minutes
	noise     float64       // share of calls that fail at any time
}

// world is institutions whose success rates drift and fail, and the payments that come.
type world struct {
	climate
	names     []string
	kinds     []routing.Kind
	perSecond float64
	span      time.Duration
	odds      [][][]float64     // account, kind, minute: the logit of success where the account does its work
	failures  []incident        // one after the other
	wrong     paymux.MerchantID // whose contract is wrong: all of its payments fail
	wrongAt   int               // at this account
}

// incident is a time in which an account fails.
type incident struct {
	account  int
	from, to time.Duration
	share    float64 // of calls
	result   learn.Result
	latency  time.Duration
}

// wanted is a payment that comes.
type wanted struct {
	at       time.Duration
	n        int
	kind     int
	merchant paymux.MerchantID
}

var worldKinds = []routing.Kind{
	{Method: paymux.Card, Currency: "CNY", Client: "CN"}, {Method: paymux.Alipay, Currency: "CNY", Client: "CN"},
	{Method: paymux.Card, Currency: "EUR", Client: "DE"}, {Method: paymux.Card, Currency: "EUR", Client: "FR"},
	{Method: paymux.Card, Currency: "USD", Client: "US"}, {Method: paymux.Card, Currency: "USD", Client: "BR"},
}

func newWorld(c climate) *world {
	draw := rand.New(rand.NewPCG(c.seed, 0))
	w := &world{climate: c, kinds: worldKinds, perSecond: 20}
	w.span = time.Duration(float64(c.payments) / w.perSecond * float64(time.Second))
	for a := range c.accounts {
		w.names = append(w.names, string(rune('a'+a)))
		w.odds = append(w.odds, w.drift(draw))
	}
	if c.incidents {
		w.fail(draw)
	}
	return w
}

// fail draws incidents: whole or partial, with an answer at once or without any.
func (w *world) fail(draw *rand.Rand) {
	for at := time.Duration(0); ; {
		at += 2*time.Minute + time.Duration(draw.ExpFloat64()*float64(4*time.Minute))
		i := incident{account: draw.IntN(w.accounts), from: at, to: at + time.Minute + time.Duration(draw.ExpFloat64()*float64(2*time.Minute))}
		i.share, i.result, i.latency = 0.6+0.4*draw.Float64(), []learn.Result{learn.ChannelDeclined, learn.NotSent, learn.Unclear}[draw.IntN(3)], 300*time.Millisecond
		if i.result == learn.Unclear {
			i.latency = 10 * time.Second
		}
		if i.to > w.span {
			return
		}
		w.failures = append(w.failures, i)
		at = i.to
	}
}

// drift is the logit of each kind's success at an account, by the minute: the account's as a whole and the kind's there, each around a level of its own.
func (w *world) drift(draw *rand.Rand) [][]float64 {
	wander := func(level, spread float64) []float64 {
		path, keep := make([]float64, int(w.span/time.Minute)+2), math.Exp(-float64(time.Minute)/float64(w.memory))
		x := draw.NormFloat64() * spread
		for m := range path {
			path[m] = level + x
			x = x*keep + spread*math.Sqrt(1-keep*keep)*draw.NormFloat64()
		}
		return path
	}
	whole := wander(1.7, 0.3)
	odds := make([][]float64, len(w.kinds))
	for k := range odds {
		odds[k] = wander(0.4*draw.NormFloat64(), 0.3)
		for m := range odds[k] {
			odds[k][m] += whole[m]
		}
	}
	return odds
}

// success is the probability that a payment succeeds at an account at its first attempt.
func (w *world) success(p *wanted, account int) float64 {
	if account == w.wrongAt && p.merchant == w.wrong {
		return 0
	}
	rate := (1 - w.noise) / (1 + math.Exp(-w.odds[account][p.kind][int(p.at/time.Minute)]))
	if i := w.incident(account, p.at); i != nil {
		rate *= 1 - i.share
	}
	return rate
}

// incident is what an account fails by at a time, or nil.
func (w *world) incident(account int, at time.Duration) *incident {
	next, _ := slices.BinarySearchFunc(w.failures, at, func(i incident, at time.Duration) int { return cmp.Compare(i.from, at+1) })
	if next > 0 && w.failures[next-1].account == account && at < w.failures[next-1].to {
		return &w.failures[next-1]
	}
	return nil
}

// attempt is what comes of a payment at an account.
func (w *world) attempt(p *wanted, account int) (learn.Result, time.Duration) {
	draw := rand.New(rand.NewPCG(w.seed^uint64(p.n)<<8, uint64(account)+1))
	latency := time.Duration((0.2 + 0.2*draw.ExpFloat64()) * float64(time.Second))
	if i := w.incident(account, p.at); i != nil && draw.Float64() < i.share {
		return i.result, i.latency
	}
	switch {
	case account == w.wrongAt && p.merchant == w.wrong, draw.Float64() < w.noise:
		return learn.ChannelDeclined, latency
	case draw.Float64()*(1+math.Exp(-w.odds[account][p.kind][int(p.at/time.Minute)])) < 1:
		return learn.Succeeded, latency
	}
	return learn.PayerDeclined, latency
}

// payments come by chance; few merchants have most of them.
func (w *world) payments(yield func(*wanted) bool) {
	draw := rand.New(rand.NewPCG(w.seed, 1))
	merchants := rand.NewZipf(draw, 1.3, 4, 199)
	for p := (wanted{}); ; p.n++ {
		p.at += time.Duration(draw.ExpFloat64() / w.perSecond * float64(time.Second))
		if p.at >= w.span {
			return
		}
		p.kind, p.merchant = min(draw.IntN(8), draw.IntN(len(w.kinds))), paymux.MerchantID(fmt.Sprint("mer_", merchants.Uint64()))
		if !yield(&p) {
			return
		}
	}
}
