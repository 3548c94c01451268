package routing_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

func cards(name string, use ...string) routing.StaticRule {
	return routing.StaticRule{Name: name, When: routing.Condition{Methods: []paymux.MethodType{paymux.Card}}, Use: use}
}

func TestDiffInWords(t *testing.T) {
	t.Parallel()
	big := cards("big", "a", "b")
	big.When.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: 20_000}}
	bigger := big
	bigger.When.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: 50_000}, "EUR": {Max: 7}}
	bigger.Use = []string{"b", "a"}
	account := routing.AccountRule{Name: "a", Client: []string{"CN", "HK"}, Quotas: []routing.Quota{{Name: "day", Count: 10}}}
	wider := routing.AccountRule{Name: "a", Client: []string{"CN", "SG"}, Quotas: []routing.Quota{{Name: "day", Count: 20}}}
	cases := []struct {
		name     string
		from, to routing.RuleSet
		want     string
	}{
		{"the same but for the version", routing.RuleSet{Version: 1, Name: "x"}, routing.RuleSet{Version: 2, Name: "x"}, ""},
		{"a new rule and one that is gone", routing.RuleSet{Static: []routing.StaticRule{cards("old", "a")}}, routing.RuleSet{Static: []routing.StaticRule{cards("new one", "a")}}, `
Static rule old is gone
Static rule "new one" is new: {"name":"new one","use":["a"],"when":{"methods":["card"]}}`},
		{"one rule before the others", routing.RuleSet{Static: []routing.StaticRule{cards("x"), cards("y"), cards("z")}},
			routing.RuleSet{Static: []routing.StaticRule{cards("z"), cards("x"), cards("y")}}, `
Static rule z moved from place 3 to 1`},
		{"conditions and order", routing.RuleSet{Static: []routing.StaticRule{big}}, routing.RuleSet{Static: []routing.StaticRule{bigger}}, `
Static rule big: when.amounts.CNY.min is 50000, was 20000
Static rule big: when.amounts.EUR has {"max":7}, new
Static rule big: use is ["b","a"], was ["a","b"]`},
		{"accounts", routing.RuleSet{Accounts: []routing.AccountRule{account}}, routing.RuleSet{Accounts: []routing.AccountRule{wider}}, `
Account a: client no longer has HK
Account a: client has SG, new
Account a: quotas[0].count is 20, was 10`},
		{"the set itself", routing.RuleSet{TimeZone: "Asia/Shanghai", Fallback: routing.Fallback{All: true}}, routing.RuleSet{Fallback: routing.Fallback{Refuse: true}}, `
The set: time_zone no longer has Asia/Shanghai
The set: fallback.all no longer has true
The set: fallback.refuse has true, new`},
		{"rules without names", routing.RuleSet{Dynamic: []routing.DynamicRule{{Split: map[string]float64{"a": 70, "b": 30}}}},
			routing.RuleSet{Dynamic: []routing.DynamicRule{{Split: map[string]float64{"a": 50, "b": 50}}}}, `
Dynamic rule "#1": split.a is 50, was 70
Dynamic rule "#1": split.b is 50, was 30`},
		{"groups", routing.RuleSet{Groups: map[string][]paymux.MerchantID{"vip": {"m1"}}}, routing.RuleSet{Groups: map[string][]paymux.MerchantID{"vip": {"m1", "m2"}, "new": {"m3"}}}, `
Group new is new: ["m3"]
Group vip: merchants has m2, new`},
	}
	for _, c := range cases {
		changes, err := routing.Diff(&c.from, &c.to)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if d := cmp.Diff(strings.TrimPrefix(c.want, "\n"), strings.TrimSuffix(routing.Tell(changes, "en"), "\n")); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		chinese := routing.Tell(changes, "zh-CN")
		if strings.Count(chinese, "\n") != len(changes) {
			t.Errorf("%s: %d changes are told as %q", c.name, len(changes), chinese)
		}
		for line := range strings.Lines(chinese) {
			if !strings.ContainsFunc(line, func(r rune) bool { return r >= 0x4e00 }) {
				t.Errorf("%s: %q is not in Chinese", c.name, line)
			}
		}
	}
}

func drawSet(rt *rapid.T, label string) *routing.RuleSet {
	name := rapid.SampledFrom([]string{"", "r1", "r2", "r3", "r4"})
	accounts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3)
	s := &routing.RuleSet{Name: "set", Fallback: routing.Fallback{All: rapid.Bool().Draw(rt, label+" all")}}
	for i := range rapid.IntRange(0, 4).Draw(rt, label+" rules") {
		rule := routing.StaticRule{Name: name.Draw(rt, "name"), Use: accounts.Draw(rt, "use"), Final: rapid.Bool().Draw(rt, "final")}
		if i%2 == 0 {
			rule.When.Not = &routing.Condition{Client: accounts.Draw(rt, "client")}
		}
		s.Static = append(s.Static, rule)
	}
	for _, account := range rapid.SliceOfNDistinct(name.Filter(func(s string) bool { return s != "" }), 0, 3, rapid.ID).Draw(rt, label+" accounts") {
		s.Accounts = append(s.Accounts, routing.AccountRule{
			Name: account, Priority: rapid.IntRange(0, 2).Draw(rt, "priority"),
			Fees: rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 2), func(n int64) routing.Fee { return routing.Fee{Fixed: n} }), 0, 3).Draw(rt, "fees"),
		})
	}
	return s
}

// TestDiffIsEmptyForTheSameAlone: no difference stays untold, and nothing is told of what is the same.
func TestDiffIsEmptyForTheSameAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, b := drawSet(rt, "a"), drawSet(rt, "b")
		changes, err := routing.Diff(a, b)
		if err != nil {
			rt.Fatal(err)
		}
		if same := ordered(a) == ordered(b); same != (len(changes) == 0) {
			rt.Fatalf("the same: %t; told: %v\n%s\n%s", same, changes, ordered(a), ordered(b))
		}
		if again, _ := routing.Diff(a, a); len(again) > 0 {
			rt.Fatalf("a set differs from itself: %v", again)
		}
	})
}

// ordered is a set as JSON, its accounts by name: their order says nothing.
func ordered(s *routing.RuleSet) string {
	sorted := *s
	sorted.Accounts = slices.Clone(s.Accounts)
	slices.SortStableFunc(sorted.Accounts, func(x, y routing.AccountRule) int { return strings.Compare(x.Name, y.Name) })
	text, _ := json.Marshal(&sorted)
	return string(text)
}
