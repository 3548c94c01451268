package learn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// pay observes payments of a kind of which a share succeeds.
func (l *lab) pay(k routing.Kind, n int, share float64, draw *rand.Rand) {
	for range n {
		result := learn.PayerDeclined
		if draw.Float64() < share {
			result = learn.Succeeded
		}
		l.pass(l.step)
		l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Kind: k, Result: result, Latency: 200 * time.Millisecond, At: l.now})
	}
}

func near(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if math.Abs(got-want) > off {
		t.Errorf("%s: %.3f, want %.3f ± %.3f", what, got, want, off)
	}
}

func TestColdStart(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 1))
	l := newLab("n1")
	if f := l.Figures("a", cards); f != (routing.Figures{Success: 0.85}) {
		t.Errorf("of an account that nobody has tried: %+v", f)
	}
	l.pay(cards, 1, 0, draw)
	f := l.Figures("a", cards)
	if f.Success < 0.7 || f.Success > 0.85 || f.Trials < 1 || f.Trials > 4 {
		t.Errorf("one failure is a verdict: %+v", f)
	}
	l.pay(cards, 500, 0.6, draw)
	near(t, "its own kind", l.Figures("a", cards).Success, 0.6, 0.05)
	abroad := routing.Kind{Method: paymux.Card, Currency: "CNY", Client: "DE"}
	near(t, "another country, of what they have in common", l.Figures("a", abroad).Success, 0.6, 0.06)
	wallet := routing.Kind{Method: paymux.Alipay, Currency: "CNY", Client: "CN"}
	near(t, "another method, of its account", l.Figures("a", wallet).Success, 0.6, 0.07)
	l.pay(wallet, 500, 0.95, draw)
	near(t, "the other method by itself", l.Figures("a", wallet).Success, 0.95, 0.03)
	near(t, "the first kind still", l.Figures("a", cards).Success, 0.6, 0.05)
	near(t, "seconds that an answer takes", l.Figures("a", cards).Latency.Seconds(), 0.2, 0.001)
}

// However much was seen before, a change is noticed within tens of payments.
func TestAChangeIsNoticed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		draw := rand.New(rand.NewPCG(seed, 1))
		l := newLab("n1")
		l.pay(cards, 5000, 0.9, draw)
		for n := 0; l.Figures("a", cards).Success > 0.5; n++ {
			if n == 80 {
				t.Fatalf("seed %d: %.2f still after %d failures in succession", seed, l.Figures("a", cards).Success, n)
			}
			l.pay(cards, 1, 0, draw)
		}
		l.pay(cards, 100, 0, draw)
		l.pay(cards, 150, 0.9, draw)
		near(t, "after it is back", l.Figures("a", cards).Success, 0.85, 0.13)
	}
}

// What does not change is learnt ever better, and chance is not taken for a change.
func TestASteadyRateStaysKnown(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.5, 0.9, 0.99, 1} {
		draw := rand.New(rand.NewPCG(7, 7))
		l := newLab("n1")
		l.step = 100 * time.Millisecond
		l.pay(cards, 3000, rate, draw)
		forgot := 0
		for range 20000 {
			before := l.Figures("a", cards).Trials
			l.pay(cards, 1, rate, draw)
			if l.Figures("a", cards).Trials < before/2 {
				forgot++
			}
		}
		if forgot > 1 {
			t.Errorf("at %.2f it forgot %d times in 20,000 payments", rate, forgot)
		}
		near(t, fmt.Sprint("rate ", rate), l.Figures("a", cards).Success, rate, 4*math.Sqrt(rate*(1-rate)/2000)+0.005)
	}
}

func TestEvidenceFades(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.pay(cards, 300, 0, rand.New(rand.NewPCG(1, 1)))
	trials := l.Figures("a", cards).Trials
	l.pass(time.Hour)
	near(t, "trials after their half-life", l.Figures("a", cards).Trials/trials, 0.5, 0.06)
	l.pass(24 * time.Hour)
	near(t, "a day later it may be anything", l.Figures("a", cards).Success, 0.85, 0.01)
}

func TestWhatIsHeardLaterCorrects(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	one := learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: learn.Unclear, Latency: time.Second, At: start}
	for range 100 {
		l.Observe(one)
	}
	low := l.Figures("a", cards)
	one.Result, one.Was = learn.Succeeded, learn.Unclear
	for range 100 {
		l.Observe(one)
	}
	f := l.Figures("a", cards)
	if low.Success > 0.1 || f.Success < 0.9 || f.Trials > 121 {
		t.Errorf("%+v before the outcomes were known, %+v after", low, f)
	}
	for range 100 {
		l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: learn.PayerDeclined, Retried: true, At: start})
		l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: learn.Pending, At: start})
		l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Result: learn.NotSent, At: start}) // no payment
	}
	for range 100 { // captured, or given up, after it was reserved
		l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: learn.Succeeded, Was: learn.Succeeded, At: start})
		l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: learn.PayerDeclined, Was: learn.Succeeded, At: start})
	}
	again := l.Figures("a", cards)
	near(t, "after what says nothing of the success rate", again.Success, f.Success, 0.002)
	near(t, "trials then", again.Trials, f.Trials, 0.2)
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := learn.New(learn.Options{Kinds: 64, Merchants: 64}, start)
	b.SetPolicy(rules)
	see := func(i int, r learn.Result) {
		k := routing.Kind{Method: paymux.Card, Currency: "CNY", Client: fmt.Sprint(i)}
		b.Observe(learn.Outcome{Merchant: merchant(i), Account: "a", Kind: k, Result: r, At: start.Add(time.Duration(i) * time.Millisecond)})
	}
	for range 30 {
		see(0, learn.NotSent)
	}
	for i := 1; i < 10000; i++ {
		see(i, learn.Succeeded)
	}
	learnt := b.Learnt("a")
	if n := len(learnt); n < 33 || n > 65 {
		t.Errorf("%d kinds are known, want at most 64 and those of the newest half", n-1)
	}
	for i := 9970; i < 10000; i++ {
		if f := b.Figures("a", routing.Kind{Method: paymux.Card, Currency: "CNY", Client: fmt.Sprint(i)}); f.Trials != 21 {
			t.Fatalf("the newest kind but %d is forgotten: %+v", 9999-i, f)
		}
	}
	if h := b.Health(merchant(0), "a"); h == routing.Normal {
		t.Error("a merchant in trouble is forgotten before others")
	}
}

func TestResults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		state     paymux.OperationState
		decline   paymux.DeclineCode
		retryable bool
		want      learn.Result
	}{
		{paymux.OpSucceeded, "", false, learn.Succeeded},
		{paymux.OpAuthorized, "", false, learn.Succeeded},
		{paymux.OpPending, "", false, learn.Pending},
		{paymux.OpUnknown, "", false, learn.Unclear},
		{paymux.OpNotSent, "", false, learn.NotSent},
		{paymux.OpCanceled, "", false, learn.PayerDeclined},
		{paymux.OpDeclined, paymux.DeclineInsufficientFunds, false, learn.PayerDeclined},
		{paymux.OpDeclined, paymux.DeclineInsufficientFunds, true, learn.PayerDeclined},
		{paymux.OpDeclined, paymux.DeclineGeneric, false, learn.PayerDeclined},
		{paymux.OpDeclined, paymux.DeclineGeneric, true, learn.ChannelDeclined},
		{paymux.OpDeclined, "", true, learn.ChannelDeclined},
		{paymux.OpDeclined, paymux.DeclineProcessing, false, learn.ChannelDeclined},
		{paymux.OpDeclined, paymux.DeclineNotSupported, false, learn.ChannelDeclined},
		{paymux.OpCreated, "", false, 0},
		{paymux.OpSent, "", false, 0},
	} {
		if got := learn.ResultOf(tt.state, tt.decline, tt.retryable); got != tt.want {
			t.Errorf("%s %s retryable %t: %d, want %d", tt.state, tt.decline, tt.retryable, got, tt.want)
		}
	}
}

// Money that comes after a refusal was a success all the time.
func TestLateMoneySucceeded(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	one := learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: learn.PayerDeclined, At: start}
	for range 50 {
		l.Observe(one)
	}
	low := l.Figures("a", cards)
	one.Result, one.Was = learn.Succeeded, learn.PayerDeclined
	for range 50 {
		l.Observe(one)
	}
	if f := l.Figures("a", cards); f.Trials != low.Trials || low.Success > 0.4 || f.Success < 0.9 {
		t.Errorf("%+v before the money came, %+v after", low, f)
	}
}
