package learn_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// Everything at once, on tables that overflow: those that are not well stay counted rightly.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	b := learn.New(learn.Options{Node: "n1", Kinds: 32, Merchants: 32}, start)
	b.SetPolicy(rules)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(uint64(w), 1))
			for i := range 5000 {
				at, m := start.Add(time.Duration(i)*50*time.Millisecond), merchant(draw.IntN(100))
				k := routing.Kind{Method: paymux.Card, Currency: "CNY", Client: fmt.Sprint(draw.IntN(100))}
				result := learn.Result(1 + draw.IntN(6))
				b.Observe(learn.Outcome{Merchant: m, Account: "a", Kind: k, Result: result, Latency: time.Second, At: at})
				if f := b.Figures("a", k); f.Success < 0 || f.Success > 1 {
					t.Errorf("%+v", f)
				}
				b.Health(m, "a")
				if i%100 == 0 {
					b.Adopt(learn.State{Account: "a", Merchant: m, Abnormal: true, Since: at, Probe: at.Add(time.Minute), Node: "n2"})
					b.States("a")
					b.Learnt("a")
				}
			}
		})
	}
	all.Wait()
	later := start.Add(time.Hour)
	b.Tick(later)
	b.Adopt(learn.State{Account: "a", Since: later, Node: "n3", Strikes: 1})
	for i := range 100 {
		b.Adopt(learn.State{Account: "a", Merchant: merchant(i), Since: later, Node: "n3", Strikes: 1})
	}
	if n := b.Unwell(); n != 0 {
		t.Errorf("%d are not well, where all are said to be", n)
	}
	at := later.Add(time.Second)
	b.Adopt(learn.State{Account: "a", Merchant: "mer_last", Abnormal: true, Since: at, Broke: at, Probe: later.Add(time.Minute), Node: "n3", Strikes: 1})
	if h := b.Health("mer_last", "a"); h != routing.Abnormal {
		t.Errorf("the one merchant in trouble is %s", h)
	}
	if h := b.Health("mer_1", "a"); h != routing.Normal {
		t.Errorf("one that is well is %s", h)
	}
}

func busy() *learn.Book {
	b := learn.New(learn.Options{}, start)
	for i := range 20000 {
		b.Observe(outcome(i))
	}
	return b
}

func outcome(i int) learn.Outcome {
	o := learn.Outcome{
		Merchant: merchant(i % 1000), Account: accounts[i%len(accounts)], Result: learn.Succeeded, Latency: 100 * time.Millisecond,
		Kind: routing.Kind{Method: paymux.Card, Currency: "CNY", Client: countries[i%len(countries)]}, At: start.Add(time.Duration(i) * time.Millisecond),
	}
	if i%10 == 0 {
		o.Result = learn.PayerDeclined
	}
	if i%1000 == 7 { // one merchant's contract is wrong
		o.Result = learn.ChannelDeclined
	}
	return o
}

var (
	accounts  = []string{"stripe-eu", "stripe-us", "adyen", "wechat", "alipay"}
	countries = []string{"CN", "DE", "US", "JP", "FR", "GB", "BR"}
)

func TestReadingAllocatesNothing(t *testing.T) {
	b := busy()
	for account := range 6 {
		name := append(accounts, "nobody")[account]
		n := testing.AllocsPerRun(100, func() {
			b.Figures(name, cards)
			b.Figures(name, routing.Kind{Method: paymux.Alipay, Currency: "USD", Client: "ZZ"})
			b.Health("mer_7", name)
			b.Tick(start)
		})
		if n != 0 {
			t.Errorf("%s: %.0f allocations", name, n)
		}
	}
}

// processor reports CPU time, all cores together, beside the clock's: that is what a busy machine does not blur.
func processor(b *testing.B) func() {
	var begun, ended syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &begun)
	b.ReportAllocs()
	b.ResetTimer()
	return func() {
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ended)
		b.ReportMetric(float64(ended.Utime.Nano()-begun.Utime.Nano())/float64(b.N), "cpu-ns/op")
	}
}

func BenchmarkFigures(b *testing.B) {
	book := busy()
	defer processor(b)()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			book.Figures(accounts[i%len(accounts)], routing.Kind{Method: paymux.Card, Currency: "CNY", Client: countries[i%len(countries)]})
		}
	})
}

func BenchmarkHealth(b *testing.B) {
	for _, in := range []string{"nobody", "one merchant"} { // is in trouble
		b.Run(in, func(b *testing.B) {
			book := busy()
			if in != "nobody" {
				for _, account := range accounts {
					book.Adopt(learn.State{Account: account, Merchant: "mer_7", Abnormal: true, Since: start.Add(time.Minute), Probe: start.Add(time.Hour), Node: "n2"})
				}
			}
			defer processor(b)()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					book.Health("mer_8", accounts[i%len(accounts)])
				}
			})
		})
	}
}

// Everybody at one account: its figures are the most that observers share.
func BenchmarkObserve(b *testing.B) {
	for _, many := range []int{1, len(accounts)} {
		b.Run(fmt.Sprintf("accounts=%d", many), func(b *testing.B) {
			book := busy()
			outcomes := make([]learn.Outcome, 5000)
			for i := range outcomes {
				outcomes[i] = outcome(i)
				outcomes[i].Account = accounts[i%many]
			}
			defer processor(b)()
			b.RunParallel(func(pb *testing.PB) {
				for i := rand.IntN(5000); pb.Next(); i++ {
					book.Observe(outcomes[i%5000])
				}
			})
		})
	}
}
