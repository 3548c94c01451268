package learn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// policy decides where payments go, and hears what came of them.
type policy interface {
	decide(p *wanted) (order []int, turn string)
	hear(h *heard)
}

// static is the accounts in their configured order.
type static struct{ order []int }

func (s static) decide(*wanted) ([]int, string) { return s.order, "" }
func (static) hear(*heard)                      {}

// engine is the real thing: compiled rules over a book.
type engine struct {
	w    *world
	view *routing.View
	book *learn.Book
}

// explores is the share of payments that dynamic rules and the window explore with.
const explores = 0.02

func newEngine(t *testing.T, w *world, rules *routing.RuleSet) *engine {
	t.Helper()
	rules.Name, rules.Fallback = "world", routing.Fallback{All: true}
	program, err := routing.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{w: w, book: learn.New(learn.Options{Node: "n1"}, start)}
	e.book.SetPolicy(program.Health)
	var accounts []routing.Account
	for _, name := range w.names {
		accounts = append(accounts, routing.Account{Name: name, Channel: name, Takes: func(paymux.MethodType, paymux.Currency) bool { return true }})
	}
	e.view = program.Bind(accounts, knowledge{e.book})
	return e
}

// knowledge is a book where no quota is ever full.
type knowledge struct{ *learn.Book }

func (knowledge) Full(string, paymux.Money, int32) string { return "" }

// dynamic are rules by success.
func dynamic() *routing.RuleSet {
	return &routing.RuleSet{Dynamic: []routing.DynamicRule{{Name: "best", Score: &routing.Weights{Success: 1}, Explore: explores}}}
}

func (e *engine) decide(p *wanted) (order []int, turn string) {
	k := e.w.kinds[p.kind]
	at := start.Add(p.at)
	e.book.Tick(at)
	id := paymux.PaymentID(fmt.Sprint("pay_", p.n))
	d := e.view.Decide(&routing.Request{
		ID: id, At: at, Merchant: p.merchant, Money: paymux.Money{Amount: 5000, Currency: k.Currency}, Method: k.Method, Client: k.Client, Draw: routing.DrawOf(id, 0),
	})
	for _, name := range d.Order {
		order = append(order, int(name[0]-'a'))
	}
	return order, d.Turn
}

func (e *engine) hear(h *heard) {
	e.book.Observe(learn.Outcome{
		Merchant: h.merchant, Account: e.w.names[h.account], Kind: e.w.kinds[h.kind], Result: h.result, Retried: h.retried, Latency: h.latency, At: start.Add(h.due),
	})
}

// thompson is plain Thompson sampling: each account is tried as often as it is probably the best, by all that was ever seen.
type thompson struct {
	draw *rand.Rand
	seen [][][2]float64 // kind, account: failures, successes
}

func newThompson(w *world) *thompson {
	t := &thompson{draw: rand.New(rand.NewPCG(w.seed, 3))}
	for range w.kinds {
		t.seen = append(t.seen, make([][2]float64, w.accounts))
	}
	return t
}

func (t *thompson) decide(p *wanted) ([]int, string) {
	samples := make([]float64, len(t.seen[p.kind]))
	for a, n := range t.seen[p.kind] {
		x, y := gamma(t.draw, 1+n[1]), gamma(t.draw, 1+n[0])
		samples[a] = x / (x + y)
	}
	return ranked(samples), ""
}

func (t *thompson) hear(h *heard) {
	if h.result == learn.Succeeded {
		t.seen[h.kind][h.account][1]++
	} else {
		t.seen[h.kind][h.account][0]++
	}
}

// ranked are the indices of rates, the highest first.
func ranked(rates []float64) []int {
	order := make([]int, len(rates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rates[a] > rates[b]:
			return -1
		case rates[a] < rates[b]:
			return 1
		}
		return 0
	})
	return order
}

// gamma draws from the gamma distribution of shape k >= 1, by Marsaglia and Tsang.
func gamma(draw *rand.Rand, k float64) float64 {
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := draw.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-draw.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// window is the best of the last outcomes of each kind at each account, with the engine's share of exploring.
type window struct {
	draw *rand.Rand
	last [][][]bool // kind, account, the newest last
	size int
}

func newWindow(w *world, size int) *window {
	x := &window{draw: rand.New(rand.NewPCG(w.seed, 4)), size: size}
	for range w.kinds {
		x.last = append(x.last, make([][]bool, w.accounts))
	}
	return x
}

func (x *window) decide(p *wanted) ([]int, string) {
	rates := make([]float64, len(x.last[p.kind]))
	for a, last := range x.last[p.kind] {
		good := 0.85
		for _, ok := range last {
			if ok {
				good++
			}
		}
		rates[a] = good / float64(1+len(last))
	}
	order := ranked(rates)
	if x.draw.Float64() < explores {
		i := 1 + x.draw.IntN(len(order)-1)
		other := order[i]
		copy(order[1:i+1], order[:i])
		order[0] = other
		return order, paymux.TurnExplore
	}
	return order, ""
}

func (x *window) hear(h *heard) {
	last := append(x.last[h.kind][h.account], h.result == learn.Succeeded)
	x.last[h.kind][h.account] = last[max(0, len(last)-x.size):]
}
