package learn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// world is institutions whose success rates drift and fail, and the payments that come. The same seed makes the same
// world for every policy, down to the luck of each payment at each account.
type world struct {
	seed      uint64
	accounts  []string
	kinds     []routing.Kind
	perSecond float64
	span      time.Duration
	odds      [][][]float64 // account, kind, minute: the logit of success where the account does its work
	incidents []incident
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

// newWorld makes one of so many payments. Rates wander by the hour, each account's as a whole and each kind's there; now and then one
// fails, wholly or partly, at once or in silence.
func newWorld(seed uint64, accounts, payments int) *world {
	draw := rand.New(rand.NewPCG(seed, 0))
	w := &world{seed: seed, kinds: worldKinds, perSecond: 20}
	w.span = time.Duration(float64(payments) / w.perSecond * float64(time.Second))
	minutes := int(w.span/time.Minute) + 2
	for a := range accounts {
		w.accounts = append(w.accounts, string(rune('a'+a)))
		w.odds = append(w.odds, drift(draw, len(w.kinds), minutes))
	}
	for at := time.Duration(0); ; {
		at += 3*time.Minute + time.Duration(draw.ExpFloat64()*float64(9*time.Minute))
		i := incident{account: draw.IntN(accounts), from: at, to: at + time.Minute + time.Duration(draw.ExpFloat64()*float64(4*time.Minute)), share: 0.6 + 0.4*draw.Float64()}
		i.result = []learn.Result{learn.ChannelDeclined, learn.NotSent, learn.Unclear}[draw.IntN(3)]
		if i.latency = 300 * time.Millisecond; i.result == learn.Unclear {
			i.latency = 10 * time.Second
		}
		if i.to > w.span {
			return w
		}
		w.incidents = append(w.incidents, i)
		at = i.to
	}
}

// drift is the logit of each kind's success at an account, by the minute: around one level of its own, wandering with half an hour's memory.
func drift(draw *rand.Rand, kinds, minutes int) [][]float64 {
	wander := func(level, spread float64) []float64 {
		path, keep := make([]float64, minutes), math.Exp(-1.0/30)
		x := draw.NormFloat64() * spread
		for m := range path {
			path[m] = level + x
			x = x*keep + spread*math.Sqrt(1-keep*keep)*draw.NormFloat64()
		}
		return path
	}
	whole := wander(1.7, 0.3)
	odds := make([][]float64, kinds)
	for k := range odds {
		odds[k] = wander(0.4*draw.NormFloat64(), 0.3)
		for m := range odds[k] {
			odds[k][m] += whole[m]
		}
	}
	return odds
}

// success is the probability that a payment succeeds at an account at its first attempt.
func (w *world) success(account, kind int, at time.Duration) float64 {
	p := 1 / (1 + math.Exp(-w.odds[account][kind][int(at/time.Minute)]))
	if i := w.incident(account, at); i != nil {
		p *= 1 - i.share
	}
	return p
}

func (w *world) incident(account int, at time.Duration) *incident {
	for i := range w.incidents {
		if x := &w.incidents[i]; x.account == account && x.from <= at && at < x.to {
			return x
		}
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
	if draw.Float64()*(1+math.Exp(-w.odds[account][p.kind][int(p.at/time.Minute)])) < 1 {
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

// best is the account that succeeds most probably, which nobody in the world knows.
func (w *world) best(kind int, at time.Duration) (account int, p float64) {
	rates := make([]float64, len(w.accounts))
	for a := range rates {
		rates[a] = w.success(a, kind, at)
	}
	account = slices.Index(rates, slices.Max(rates))
	return account, rates[account]
}
