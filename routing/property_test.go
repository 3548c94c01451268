package routing_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

var (
	names      = []string{"a", "b", "c", "d", "e", "gone"} // the last is never configured
	methods    = rapid.SampledFrom(paymux.MethodTypes())
	currencies = rapid.SampledFrom([]paymux.Currency{"CNY", "USD", "JPY"})
	merchants  = rapid.SampledFrom([]paymux.MerchantID{"mer_1", "mer_2", "mer_3"})
	amounts    = rapid.Int64Range(1, 50)
	someNames  = rapid.SliceOfN(rapid.SampledFrom(names), 0, 4)
)

func drawRequest(t *rapid.T) routing.Request {
	return routing.Request{
		Merchant: merchants.Draw(t, "merchant"), Method: methods.Draw(t, "method"),
		Money:  paymux.Money{Amount: amounts.Draw(t, "amount"), Currency: currencies.Draw(t, "currency")},
		Manual: rapid.Bool().Draw(t, "manual"), CardToken: rapid.Bool().Draw(t, "token"), CardNumber: rapid.Bool().Draw(t, "number"),
		Designated: rapid.SampledFrom([]string{"", "", "a", "gone"}).Draw(t, "designated"),
		Allowed:    someNames.Draw(t, "allowed"),
	}
}

func drawRules(t *rapid.T) *routing.RuleSet {
	rule := rapid.Custom(func(t *rapid.T) routing.Rule {
		return routing.Rule{
			Name:       rapid.StringMatching(`[a-z]{3}`).Draw(t, "name"),
			Methods:    rapid.SliceOfN(methods, 0, 3).Draw(t, "methods"),
			Currencies: rapid.SliceOfN(currencies, 0, 2).Draw(t, "currencies"),
			Merchants:  rapid.SliceOfN(merchants, 0, 2).Draw(t, "merchants"),
			MinAmount:  rapid.Int64Range(0, 30).Draw(t, "least"),
			MaxAmount:  rapid.Int64Range(0, 60).Draw(t, "most"),
			Accounts:   someNames.Draw(t, "accounts"),
		}
	})
	return &routing.RuleSet{Name: "drawn", Version: 1, Rules: rapid.SliceOfN(rule, 0, 6).Draw(t, "rules")}
}

func drawAccounts(t *rapid.T) []routing.Account {
	var accounts []routing.Account
	for _, name := range rapid.Permutation(names[:5]).Draw(t, "accounts") {
		takes := rapid.SliceOfN(methods, 0, 5).Draw(t, "takes")
		accounts = append(accounts, routing.Account{
			Name: name, Channel: "at-" + name,
			Takes:         func(m paymux.MethodType, _ paymux.Currency) bool { return slices.Contains(takes, m) },
			ManualCapture: rapid.Bool().Draw(t, "captures"), CardTokens: rapid.Bool().Draw(t, "tokens"), CardNumbers: rapid.Bool().Draw(t, "numbers"),
		})
	}
	return accounts
}

func TestADecisionIsItsExplanation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, rules, accounts := drawRequest(t), drawRules(t), drawAccounts(t)
		d := routing.Decide(r, rules, accounts)
		var undropped []string
		seen := map[string]bool{}
		for _, c := range d.Routing.Candidates {
			if seen[c.Account] {
				t.Fatalf("%s is considered twice: %+v", c.Account, d.Routing.Candidates)
			}
			seen[c.Account] = true
			if c.Dropped == "" {
				undropped = append(undropped, c.Account)
			}
		}
		if !slices.Equal(d.Order, undropped) {
			t.Fatalf("the order is %v, and %v were not dropped", d.Order, undropped)
		}
		for _, name := range considered(r, rules, accounts) {
			if !seen[name] {
				t.Fatalf("%s is not explained: %+v", name, d.Routing.Candidates)
			}
			delete(seen, name)
		}
		if len(seen) > 0 {
			t.Fatalf("%v were not to be considered", seen)
		}
		if again := routing.Decide(r, rules, accounts); !cmp.Equal(d, again) {
			t.Fatalf("decided again:\n%s", cmp.Diff(d, again))
		}
	})
}

// considered is what a decision has to look at, written the long way.
func considered(r routing.Request, rules *routing.RuleSet, accounts []routing.Account) (all []string) {
	if r.Designated != "" {
		return []string{r.Designated}
	}
	in := func(n int, found bool) bool { return n == 0 || found }
	for _, rule := range rules.Rules {
		if in(len(rule.Methods), slices.Contains(rule.Methods, r.Method)) && in(len(rule.Currencies), slices.Contains(rule.Currencies, r.Money.Currency)) &&
			in(len(rule.Merchants), slices.Contains(rule.Merchants, r.Merchant)) && rule.MinAmount <= r.Money.Amount &&
			in(int(rule.MaxAmount), r.Money.Amount <= rule.MaxAmount) {
			return slices.Compact(slices.Sorted(slices.Values(rule.Accounts)))
		}
	}
	for _, a := range accounts {
		all = append(all, a.Name)
	}
	return all
}

func TestNobodyIsChosenWhoMayNotOrCannot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, accounts := drawRequest(t), drawAccounts(t)
		for _, name := range routing.Decide(r, drawRules(t), accounts).Order {
			if len(r.Allowed) > 0 && !slices.Contains(r.Allowed, name) {
				t.Fatalf("%s is chosen; the merchant may use %v", name, r.Allowed)
			}
			i := slices.IndexFunc(accounts, func(a routing.Account) bool { return a.Name == name })
			if i < 0 {
				t.Fatalf("%s is chosen and not configured", name)
			}
			a := accounts[i]
			if !a.Takes(r.Method, r.Money.Currency) || r.Manual && !a.ManualCapture || r.CardToken && !a.CardTokens || r.CardNumber && !a.CardNumbers {
				t.Fatalf("%+v is chosen for %+v", a, r)
			}
		}
	})
}

// A node decides once a payment; the last of the rules is the one that matches.
func BenchmarkDecide(b *testing.B) {
	rules := &routing.RuleSet{Name: "large", Version: 1}
	var accounts []routing.Account
	for i := range 20 {
		accounts = append(accounts, able(fmt.Sprintf("account%d", i)))
	}
	for i := range 100 {
		rules.Rules = append(rules.Rules, routing.Rule{
			Name: fmt.Sprintf("rule%d", i), Methods: []paymux.MethodType{paymux.Card, paymux.WeChatPay}, Currencies: []paymux.Currency{"CNY"},
			MinAmount: int64(99-i) * 10, Accounts: []string{"account3", "account19", "account7"},
		})
	}
	r := request()
	r.Money.Amount = 5
	b.ReportAllocs()
	for b.Loop() {
		if d := routing.Decide(r, rules, accounts); len(d.Order) != 3 || d.Routing.Rule != "rule99" {
			b.Fatal(d)
		}
	}
}
