// Package routingtest draws rule sets, accounts, what is known of them, and payments, for property tests of what goes by
// decisions: each set can be compiled, and its rules, restrictions, healths and turns all happen often. Start reading at DrawWorld.
package routingtest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// World is accounts and what is known of them.
type World struct {
	Accounts []routing.Account
	Known    map[string]Known // by account
}

// Known is what is known of an account, whatever the payment.
type Known struct {
	Figures routing.Figures
	Health  routing.Health
	Full    string // quota that has no room
}

// Figures implements routing.Knowledge.
func (w *World) Figures(account string, _ routing.Kind) routing.Figures {
	return w.Known[account].Figures
}

// Health implements routing.Knowledge.
func (w *World) Health(_ paymux.MerchantID, account string) routing.Health {
	return w.Known[account].Health
}

// Full implements routing.Knowledge.
func (w *World) Full(account string, _ paymux.Money, _ int32) string { return w.Known[account].Full }

// names of accounts, one that is hard to tell from the sentence around it among them.
var names = []string{"a1", "b2", "c_3", "d-4", "e; score 9", "六"}

// DrawWorld draws two to six accounts.
func DrawWorld(rt *rapid.T) *World {
	w := &World{}
	for _, name := range names[:rapid.IntRange(2, len(names)).Draw(rt, "accounts")] {
		takes := rapid.SliceOfN(rapid.SampledFrom(paymux.MethodTypes()), 1, 5).Draw(rt, name+" takes")
		w.Accounts = append(w.Accounts, routing.Account{
			Name: name, Channel: rapid.SampledFrom([]string{"one", "two"}).Draw(rt, name+" channel"),
			Takes: func(m paymux.MethodType, _ paymux.Currency) bool {
				return m == paymux.Card || slices.Contains(takes, m)
			},
			Features: routing.FeaturesOf(rapid.SliceOfN(rapid.SampledFrom(routing.AllFeatures()), 4, 10).Draw(rt, name+" features")...),
			Down:     rapid.SampledFrom([]string{"", "", "", "", "", "switched off by an operator"}).Draw(rt, name+" down"),
		})
	}
	w.Learn(rt)
	return w
}

// Learn draws what is known anew.
func (w *World) Learn(rt *rapid.T) {
	w.Known = map[string]Known{}
	for _, a := range w.Accounts {
		w.Known[a.Name] = Known{
			Figures: routing.Figures{
				// Few values, so that scores are equal now and then.
				Success: rapid.SampledFrom([]float64{0, 0.5, 0.85, 0.85, 0.912345678901, 0.912345678902, 1}).Draw(rt, a.Name+" success"),
				Trials:  rapid.SampledFrom([]float64{0, 1, 12.25, 1000}).Draw(rt, a.Name+" trials"),
				Latency: time.Duration(rapid.SampledFrom([]int{0, 80, 80, 1500}).Draw(rt, a.Name+" latency")) * time.Millisecond,
			},
			Health: rapid.SampledFrom([]routing.Health{routing.Normal, routing.Normal, routing.Normal, routing.Probing, routing.Abnormal}).Draw(rt, a.Name+" health"),
			Full:   rapid.SampledFrom([]string{"", "", "", "day"}).Draw(rt, a.Name+" full"),
		}
	}
}

// DrawSet draws a rule set for the accounts.
func DrawSet(rt *rapid.T, w *World) *routing.RuleSet {
	all := make([]string, 0, len(w.Accounts)+1)
	for _, a := range w.Accounts {
		all = append(all, a.Name)
	}
	d := drawer{rt, append(all, "gone")}
	s := &routing.RuleSet{
		Name: "set", Version: 3, TimeZone: "Asia/Shanghai",
		Groups: map[string][]paymux.MerchantID{"some": {"mer_1", "mer_2"}}, Areas: map[string][]string{"nordic": {"SE", "NO"}},
		Health: routing.HealthPolicy{Probe: rapid.SampledFrom([]float64{0, 0.3}).Draw(rt, "probe")},
	}
	for i, a := range w.Accounts {
		s.Accounts = append(s.Accounts, d.account(a.Name, i))
	}
	for i := range rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(rt, "designations") {
		s.Designated = append(s.Designated, routing.Designation{Name: fmt.Sprintf("designation %d", i), When: d.condition(true), Account: d.one()})
	}
	for i := range rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(rt, "static") {
		s.Static = append(s.Static, d.static(i))
	}
	for i := range rapid.SampledFrom([]int{2, 1, 3, 0}).Draw(rt, "dynamic") {
		s.Dynamic = append(s.Dynamic, d.dynamic(i))
	}
	s.Fallback = rapid.SampledFrom([]routing.Fallback{{All: true}, {All: true}, {Use: d.some()}, {Refuse: true}}).Draw(rt, "fallback")
	return s
}

type drawer struct {
	rt  *rapid.T
	all []string
}

func (d *drawer) one() string { return rapid.SampledFrom(d.all).Draw(d.rt, "account") }

// some are accounts, each once.
func (d *drawer) some() []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(d.all), 1, len(d.all), rapid.ID).Draw(d.rt, "accounts")
}

func (d *drawer) often(label string) bool { return rapid.IntRange(0, 2).Draw(d.rt, label) == 0 }

// condition is one that about half of all payments meet; with any, it is never empty.
func (d *drawer) condition(any bool) (c routing.Condition) {
	switch kind := rapid.IntRange(0, 9).Draw(d.rt, "condition"); kind {
	case 0:
		c.Merchants = []paymux.MerchantID{"mer_1"}
	case 1:
		c.Groups = []string{"some"}
	case 2:
		c.Amounts = map[paymux.Currency]routing.Range{"CNY": {Max: 50_000}, "EUR": {Min: 100}}
	case 3:
		c.Client = []string{"CN", "nordic", routing.Unknown}
	case 4:
		c.Networks = []string{"visa"}
	case 5:
		c.Not = &routing.Condition{Object: []string{"DE"}}
	case 6:
		c.Hours = []routing.Window{{From: "22:00", To: "13:00"}}
	case 7:
		c.Metadata = map[string][]string{"tier": {"gold"}}
	default:
		if any {
			c.Methods = []paymux.MethodType{paymux.Card}
		}
	}
	return c
}

func (d *drawer) account(name string, i int) routing.AccountRule {
	a := routing.AccountRule{Name: name, Priority: rapid.SampledFrom([]int{0, 0, 10, 100}).Draw(d.rt, "priority"), Country: []string{"CN", "DE"}[i%2]}
	if d.often("limited") {
		a.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: 500, Max: 80_000}}
	}
	if d.often("quotas") {
		a.Quotas = []routing.Quota{{Name: "day", Count: 10}}
	}
	if d.often("blocks") {
		a.BlockedMerchants = []paymux.MerchantID{"mer_2"}
	}
	if !d.often("free") {
		a.Fees = []routing.Fee{{Percent: rapid.SampledFrom([]float64{0.6, 2, 2.9}).Draw(d.rt, "percent"), Fixed: 30}}
	}
	a.Disabled = rapid.IntRange(0, 9).Draw(d.rt, "disabled") == 0
	return a
}

func (d *drawer) static(i int) routing.StaticRule {
	s := routing.StaticRule{Name: fmt.Sprintf("static %d", i), When: d.condition(false), Use: d.some(), Final: d.often("final")}
	if d.often("channels") {
		s.Channels = []string{"two"}
	}
	if d.often("needs") {
		s.Needs = []routing.Feature{routing.Refund}
	}
	if d.often("dynamic order") {
		s.Order = routing.OrderDynamic
	}
	return s
}

func (d *drawer) dynamic(i int) routing.DynamicRule {
	r := routing.DynamicRule{Name: fmt.Sprintf("dynamic %d", i), When: d.condition(false), Final: d.often("final")}
	if d.often("split") {
		r.Split = map[string]float64{}
		for _, account := range d.some() {
			r.Split[account] = rapid.SampledFrom([]float64{10, 30, 70}).Draw(d.rt, "weight")
		}
		return r
	}
	r.Score = &routing.Weights{Success: 1, Cost: rapid.SampledFrom([]float64{0, 1, 5}).Draw(d.rt, "cost"), Latency: rapid.SampledFrom([]float64{0, 0.01}).Draw(d.rt, "latency")}
	if d.often("among") {
		r.Among = d.some()
	}
	r.Explore = rapid.SampledFrom([]float64{0.2, 0.2, 0}).Draw(d.rt, "explore")
	return r
}

// draws are twentieths of all draws: those that decide turns are among the first eight.
var draws = []uint64{0, 1, 2, 3, 5, 7, 12, 19}

// DrawRequest draws a payment. Its time is after a moment of November 2026.
func DrawRequest(rt *rapid.T, w *World) routing.Request {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, label) }
	r := routing.Request{
		ID: paymux.PaymentID("pay_" + pick("id", "1", "2", "3", "4", "5")), At: time.Unix(1_793_600_000+rapid.Int64Range(0, 400_000).Draw(rt, "second"), 0).UTC(),
		Merchant: paymux.MerchantID(pick("merchant", "mer_1", "mer_2", "mer_3")),
		Money:    paymux.Money{Amount: rapid.SampledFrom([]int64{1, 400, 9_999, 60_000, 90_000}).Draw(rt, "amount"), Currency: paymux.Currency(pick("currency", "CNY", "EUR"))},
		Method:   rapid.SampledFrom([]paymux.MethodType{paymux.Card, paymux.Card, paymux.Alipay}).Draw(rt, "method"),
		Manual:   rapid.IntRange(0, 4).Draw(rt, "manual") == 0, Client: pick("client", "", "CN", "SE", "US"),
		Payer: pick("payer", "", "p1", "p2", "p3"), Draw: rapid.SampledFrom(draws).Draw(rt, "twentieth")*(1<<64/20) + rapid.Uint64Range(0, 1<<59).Draw(rt, "draw"), Metadata: map[string]string{"tier": pick("tier", "gold", "tin")},
	}
	if r.Method == paymux.Card {
		r.BIN, r.Network = "424242", "visa"
		r.CardNumber = rapid.Bool().Draw(rt, "number")
		r.CardToken = !r.CardNumber
	}
	if rapid.IntRange(0, 9).Draw(rt, "designated") == 0 {
		r.Designated = rapid.SampledFrom(w.Accounts).Draw(rt, "by request").Name
	}
	return r
}
