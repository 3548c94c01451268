package routing_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// over binds a rule set to accounts of these names.
func over(t *testing.T, s *routing.RuleSet, k routing.Knowledge, names ...string) *routing.View {
	t.Helper()
	p, err := routing.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	var accounts []routing.Account
	for _, name := range names {
		accounts = append(accounts, able(name))
	}
	return p.Bind(accounts, k)
}

func split(shares map[string]float64) *routing.RuleSet {
	return &routing.RuleSet{Fallback: routing.Fallback{Refuse: true}, Dynamic: []routing.DynamicRule{{Name: "shares", Split: shares}}}
}

func scored(w routing.Weights, explore float64) *routing.RuleSet {
	return &routing.RuleSet{Fallback: routing.Fallback{Refuse: true}, Dynamic: []routing.DynamicRule{{Name: "best", Score: &w, Explore: explore}}}
}

// payers asks for many payments of as many payers, and counts who comes first.
func payers(v *routing.View, n int, change func(i int, r *routing.Request)) map[string]int {
	first := map[string]int{}
	for i := range n {
		r := request()
		r.ID = paymux.PaymentID(fmt.Sprint("pay_", i))
		r.Payer, r.Draw = fmt.Sprint("payer ", i), routing.DrawOf(r.ID, 0)
		if change != nil {
			change(i, &r)
		}
		if d := v.Decide(&r); len(d.Order) > 0 {
			first[d.Order[0]]++
		}
	}
	return first
}

// wantShare allows four and a half standard deviations: one run in a hundred thousand fails by chance, and the payers are always the same.
func wantShare(t *testing.T, what string, got, n int, share float64) {
	t.Helper()
	if slack := 4.5 * math.Sqrt(float64(n)*share*(1-share)); math.Abs(float64(got)-share*float64(n)) > slack {
		t.Errorf("%s came first for %d of %d, which is not %v", what, got, n, share)
	}
}

func TestSplitsHaveTheirSharesInTheLongRun(t *testing.T) {
	t.Parallel()
	const n = 200_000
	shares := map[string]float64{"a": 50, "b": 30, "c": 19, "d": 1, "e": 0}
	v := over(t, split(shares), nil, "a", "b", "c", "d", "e")
	first := payers(v, n, nil)
	for name, percent := range shares {
		wantShare(t, name, first[name], n, percent/100)
	}
	// Who cannot take it leaves its share to the others, by their shares.
	first = payers(v, n, func(_ int, r *routing.Request) { r.Tried = []string{"a"} })
	for name, percent := range map[string]float64{"b": 30, "c": 19, "d": 1} {
		wantShare(t, name+" without a", first[name], n, percent/50)
	}
	// A split by another name draws anew: who was first there says nothing of who is first here.
	s := split(shares)
	s.Dynamic[0].Name = "other shares"
	other, same := over(t, s, nil, "a", "b", "c", "d", "e"), 0
	for i := range n {
		r := request()
		r.Payer = fmt.Sprint("payer ", i)
		if v.Decide(&r).Order[0] == other.Decide(&r).Order[0] {
			same++
		}
	}
	wantShare(t, "the same", same, n, 0.5*0.5+0.3*0.3+0.19*0.19+0.01*0.01)
}

func TestPayersStickToTheirDraw(t *testing.T) {
	t.Parallel()
	before, after := over(t, split(map[string]float64{"a": 60, "b": 40}), nil, "a", "b", "c"), over(t, split(map[string]float64{"a": 50, "b": 40, "c": 10}), nil, "a", "b", "c")
	const n = 50_000
	moved := 0
	for i := range n {
		r := request()
		r.ID, r.Payer, r.Draw = paymux.PaymentID(fmt.Sprint("pay_", i)), fmt.Sprint("payer ", i), uint64(i)<<40
		was := before.Decide(&r).Order
		again := r
		again.ID, again.Draw, again.Money.Amount, again.Merchant = "pay_another", 1<<62, 5, "mer_2"
		if got := before.Decide(&again).Order; !slices.Equal(got, was) {
			t.Fatalf("payer %d had %v and has %v", i, was, got)
		}
		// Shares change for others than before: only they move, and to where the share grew. Five sixths of a's stay.
		if is := after.Decide(&r).Order[0]; is != was[0] {
			moved++
			if is == "a" {
				t.Fatalf("payer %d moved to a, whose share fell", i)
			}
		}
	}
	if moved == 0 || moved > n/5 {
		t.Errorf("%d of %d moved where a tenth changed hands", moved, n)
	}
	r := request()
	r.ID = "pay_7"
	r.Payer = "pay_7"
	want := before.Decide(&r).Order
	r.Payer = "" // a payer nobody knows is the payment by itself
	if got := before.Decide(&r).Order; !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
}

func TestHealthComesBeforeTheOrder(t *testing.T) {
	t.Parallel()
	k := &known{
		health:  map[string]routing.Health{"a": routing.Abnormal, "b": routing.Probing},
		figures: map[string]routing.Figures{"a": {Success: 0.99}, "b": {Success: 0.98}, "c": {Success: 0.5}, "d": {Success: 0.6}},
	}
	all := []string{"a", "b", "c", "d"}
	byPriority := &routing.RuleSet{Fallback: routing.Fallback{All: true}, Accounts: []routing.AccountRule{{Name: "c", Priority: 200}, {Name: "a", Priority: 1}}}
	listed := &routing.RuleSet{Fallback: routing.Fallback{Refuse: true}, Static: []routing.StaticRule{{Name: "listed", Use: all}}}
	for name, c := range map[string]struct {
		set  *routing.RuleSet
		want []string
	}{
		"listed":   {listed, []string{"c", "d", "b", "a"}},
		"score":    {scored(routing.Weights{Success: 1}, 0), []string{"d", "c", "b", "a"}},
		"priority": {byPriority, []string{"d", "c", "b", "a"}},
		"split":    {split(map[string]float64{"a": 1e9, "b": 1e8, "c": 1e-3, "d": 0}), []string{"c", "d", "b", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			d, why := over(t, c.set, k, all...).Explain(&r)
			if diff := cmp.Diff(c.want, d.Order); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			said := map[string]string{}
			for _, one := range why.Candidates {
				said[one.Account] = one.Health
			}
			if diff := cmp.Diff(map[string]string{"a": "abnormal", "b": "probing", "c": "", "d": ""}, said); diff != "" {
				t.Errorf("health (-want +got):\n%s", diff)
			}
		})
	}
	r := request()
	r.Merchant = "mer_4" // for whom all do well
	if d := over(t, listed, k, all...).Decide(&r); !slices.Equal(d.Order, all) {
		t.Errorf("another merchant's health decides: %v", d.Order)
	}
}

func TestScoresWeighSuccessCostAndLatency(t *testing.T) {
	t.Parallel()
	k := &known{figures: map[string]routing.Figures{
		"sure":  {Success: 0.97, Trials: 900, Latency: 3 * time.Second},
		"cheap": {Success: 0.92, Trials: 50, Latency: 2 * time.Second},
		"quick": {Success: 0.90, Trials: 70, Latency: 200*time.Millisecond + 400*time.Microsecond},
	}}
	for winner, w := range map[string]routing.Weights{
		"sure": {Success: 1}, "cheap": {Success: 1, Cost: 5}, "quick": {Success: 1, Latency: 0.1},
	} {
		t.Run(winner, func(t *testing.T) {
			t.Parallel()
			s := scored(w, 0)
			s.Accounts = []routing.AccountRule{
				{Name: "sure", Fees: []routing.Fee{{Percent: 3}}},
				{Name: "cheap", Fees: []routing.Fee{{Methods: []paymux.MethodType{paymux.Card}, Percent: 9}, {Percent: 0.6, Fixed: 1}}},
				{Name: "quick", Fees: []routing.Fee{{Percent: 2, Min: 25}}},
			}
			r := request()
			d, why := over(t, s, k, "cheap", "quick", "sure").Explain(&r)
			if d.Order[0] != winner || d.By != paymux.OrderedScore || why.Ranker != "" {
				t.Errorf("%v by %s: %+v", d.Order, d.By, why.Candidates)
			}
			fees := map[string]int64{"sure": 30, "cheap": 7, "quick": 25} // of 1000
			for _, c := range why.Candidates {
				if again := w.Of(c.Success, c.Cost, r.Money.Amount, c.LatencyMS); c.Score != again || c.Cost != fees[c.Account] || c.Trials != k.figures[c.Account].Trials {
					t.Errorf("%+v scores %v", c, again)
				}
			}
		})
	}
}

// Scores that differ in their last bit alone, above zero and below, among few accounts and among many, are told apart; equal ones go by priority.
func TestTheCloserScoreIsTheBetter(t *testing.T) {
	t.Parallel()
	above := math.Nextafter(0.5, 1)
	for _, n := range []int{4, 30} {
		for _, cost := range []float64{0, 1} { // 1: scores are below zero
			s, k := scored(routing.Weights{Success: 1, Cost: cost}, 0), &known{figures: map[string]routing.Figures{}}
			var names, want []string
			for i := range n {
				name := fmt.Sprint("account", i)
				names, want = append(names, name), append([]string{name}, want...)
				s.Accounts = append(s.Accounts, routing.AccountRule{Name: name, Priority: n - i, Fees: []routing.Fee{{Percent: 100}}})
				k.figures[name] = routing.Figures{Success: 0.5}
			}
			k.figures["account0"], k.figures["account1"] = routing.Figures{Success: above}, routing.Figures{Success: math.Nextafter(above, 1)}
			want = append([]string{"account1", "account0"}, want[:n-2]...)
			r := request()
			if diff := cmp.Diff(want, over(t, s, k, names...).Decide(&r).Order); diff != "" {
				t.Errorf("%d accounts, a fee that weighs %v (-want +got):\n%s", n, cost, diff)
			}
		}
	}
}

func TestAStaticRuleLeavesTheOrderToADynamicOne(t *testing.T) {
	t.Parallel()
	k := &known{figures: map[string]routing.Figures{"b": {Success: 0.9}, "c": {Success: 0.8}, "d": {Success: 1}}}
	s := scored(routing.Weights{Success: 1}, 0)
	s.Dynamic[0].Among, s.Dynamic[0].When.Methods = []string{"d"}, []paymux.MethodType{paymux.WeChatPay}
	s.Static = []routing.StaticRule{{Name: "these", Use: []string{"a", "b", "c"}, Order: routing.OrderDynamic}}
	v := over(t, s, k, "a", "b", "c", "d")
	r := request()
	d, why := v.Explain(&r)
	if !slices.Equal(d.Order, []string{"b", "c", "a"}) || why.Kind != paymux.RoutedStatic || why.By != paymux.OrderedScore || why.Ranker != "best" {
		t.Errorf("%v: %+v", d.Order, why)
	}
	r.Method = paymux.Card // no dynamic rule matches
	if d, why := v.Explain(&r); !slices.Equal(d.Order, []string{"a", "b", "c"}) || why.By != paymux.OrderedListed || why.Ranker != "" {
		t.Errorf("%v: %+v", d.Order, why)
	}
}

func TestTurnsComeAsOftenAsConfigured(t *testing.T) {
	t.Parallel()
	const n = 200_000
	figures := map[string]routing.Figures{"a": {Success: 0.9}, "b": {Success: 0.8}, "c": {Success: 0.7}, "p": {Success: 0.99}, "q": {Success: 0.1}, "x": {Success: 1}}
	health := map[string]routing.Health{"p": routing.Probing, "q": routing.Probing, "x": routing.Abnormal}
	k := &known{figures: figures, health: health}
	s := scored(routing.Weights{Success: 1}, 0.1)
	s.Health.Probe = 0.03
	v := over(t, s, k, "a", "b", "c", "p", "q", "x")
	first := payers(v, n, nil)
	for name, share := range map[string]float64{"a": 0.84, "b": 0.05, "c": 0.05, "p": 0.03, "q": 0.03, "x": 0} {
		wantShare(t, name, first[name], n, share)
	}
	turns := map[string]int{}
	for i := range n {
		r := request()
		r.Draw = routing.DrawOf(paymux.PaymentID(fmt.Sprint("pay_", i)), 0)
		d, why := v.Explain(&r)
		turns[d.Turn]++
		if rest := d.Order[1:]; d.Turn == "" && d.Order[0] != "a" || d.Turn != "" && rest[0] != "a" || why.Draw == "" {
			t.Fatalf("turn %q gives %v, draw %q", d.Turn, d.Order, why.Draw)
		}
	}
	wantShare(t, "exploring", turns[paymux.TurnExplore], n, 0.1)
	wantShare(t, "probing", turns[paymux.TurnProbe], n, 0.06)
	// What is tried again draws anew.
	again := payers(v, n, func(_ int, r *routing.Request) { r.Draw = routing.DrawOf(r.ID, 1) })
	wantShare(t, "b at a second attempt", again["b"], n, 0.05)
}

func TestThereAreNoTurnsWhereNobodyElseDoesWell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		health map[string]routing.Health
		want   []string
	}{
		"one that does well": {map[string]routing.Health{"b": routing.Abnormal}, []string{"a", "b"}},
		"none":               {map[string]routing.Health{"a": routing.Abnormal, "b": routing.Abnormal}, []string{"a", "b"}},
		"a lone prober":      {map[string]routing.Health{"a": routing.Probing, "b": routing.Abnormal}, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := over(t, scored(routing.Weights{Success: 1}, 0.2), &known{health: c.health}, "a", "b")
			for i := range 1000 {
				r := request()
				r.Draw = uint64(i) * (1 << 54)
				if d := v.Decide(&r); !slices.Equal(d.Order, c.want) || d.Turn != "" {
					t.Fatalf("%v at turn %q", d.Order, d.Turn)
				}
			}
		})
	}
}

// More accounts than a decision has room for without an allocation.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	var accounts []routing.Account
	k := &known{figures: map[string]routing.Figures{}, health: map[string]routing.Health{}}
	s := &routing.RuleSet{Fallback: routing.Fallback{All: true}, Health: routing.HealthPolicy{Probe: 0.01}, Dynamic: []routing.DynamicRule{
		{Name: "share", When: routing.Condition{Methods: []paymux.MethodType{paymux.Alipay}}, Split: map[string]float64{}},
		{Name: "best", When: routing.Condition{Methods: []paymux.MethodType{paymux.Card}}, Score: &routing.Weights{Success: 1}, Explore: 0.1},
	}}
	for i := range 90 {
		name := fmt.Sprint("account", i)
		a := able(name)
		if i%5 == 0 {
			a.Down = "away"
		}
		accounts = append(accounts, a)
		k.figures[name] = routing.Figures{Success: float64(i*37%90) / 90}
		k.health[name] = []routing.Health{routing.Normal, routing.Abnormal, routing.Normal, routing.Probing}[i%4]
		s.Dynamic[0].Split[name] = float64(i % 7)
		s.Accounts = append(s.Accounts, routing.AccountRule{Name: name, Priority: i * 53 % 90})
	}
	f := &reference{set: s, accounts: accounts, know: k}
	p, err := routing.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	v := p.Bind(accounts, k)
	for i := range 300 {
		r := request()
		r.Method = []paymux.MethodType{paymux.Alipay, paymux.Card, paymux.PayPal}[i%3]
		r.Payer, r.Draw = fmt.Sprint("payer ", i), uint64(i)<<55
		want, why := f.explain(&r)
		got, said := v.Explain(&r)
		if diff := cmp.Diff(want, got) + cmp.Diff(why, said) + cmp.Diff(got, v.Decide(&r)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A decision allocates its result and nothing else.
func TestDecisionsAllocateTheirResultOnly(t *testing.T) {
	for _, order := range []routing.Order{routing.OrderListed, routing.OrderDynamic} {
		v, r := compiled(t, shop(100, order)), bought()
		if n := testing.AllocsPerRun(200, func() { v.Decide(&r) }); n > 1 {
			t.Errorf("%s: a decision makes %v allocations", order, n)
		}
		if n := testing.AllocsPerRun(200, func() { v.Explain(&r) }); n > 5 {
			t.Errorf("%s: an explained decision makes %v allocations", order, n)
		}
	}
}

func TestDrawsAreEven(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var high, parity int
	for i := range n {
		d := routing.DrawOf(paymux.PaymentID(fmt.Sprintf("pay_%026d", i)), i%3)
		if d != routing.DrawOf(paymux.PaymentID(fmt.Sprintf("pay_%026d", i)), i%3) {
			t.Fatal("drawn again it is another")
		}
		high, parity = high+int(d>>63), parity+int(d&1)
	}
	wantShare(t, "the highest bit", high, n, 0.5)
	wantShare(t, "the lowest bit", parity, n, 0.5)
}
