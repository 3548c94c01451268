package routing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// drawConfigured are accounts that take some methods and currencies and can do some things.
func drawConfigured(t *rapid.T) (out []routing.Account) {
	for _, name := range docAccounts {
		methods := rapid.SliceOfN(docMethods, 1, 4).Draw(t, "methods of "+name)
		euros := rapid.Bool().Draw(t, "euros")
		a := able(name)
		a.Features = routing.FeaturesOf(rapid.SliceOf(rapid.SampledFrom(routing.AllFeatures())).Draw(t, "features")...)
		a.Takes = func(m paymux.MethodType, c paymux.Currency) bool {
			return slices.Contains(methods, m) && (c == "EUR") == euros
		}
		out = append(out, a)
	}
	return out
}

// empty knows that nothing has been paid yet: a quota has no room for what is above the whole of it.
type empty struct{ p *routing.Program }

func (empty) Figures(string, routing.Kind) routing.Figures             { return routing.Figures{} }
func (empty) Health(paymux.MerchantID, string) (health routing.Health) { return health }

func (e empty) Full(account string, m paymux.Money, _ int32) string {
	for _, q := range e.p.Quotas(account) {
		if q.Amount > 0 && q.Currency == m.Currency && m.Amount > q.Amount {
			return q.Name
		}
	}
	return ""
}

// never is what a finding says can never be: nothing decided by the rule, or no use of the account by it, or by any rule.
type never struct{ rule, account string }

func nevers(s *routing.RuleSet, found []routing.Finding) (out []never) {
	for _, f := range found {
		rule, account := named(s, f.Path)
		switch {
		case f.Code == routing.LintUnreachable, f.Code == routing.LintNeverMatches && (strings.HasSuffix(f.Path, ".when") || strings.Count(f.Path, ".") == 2 && f.Severity == routing.SeverityError):
			out = append(out, never{rule: rule})
		case f.Code == routing.LintCandidateNever, f.Code == routing.LintAccountNever, f.Code == routing.LintDisabled:
			out = append(out, never{rule, account})
		}
	}
	return out
}

// named are the rule and the account that a path is about.
func named(s *routing.RuleSet, path string) (rule, account string) {
	var i, j int
	scan := func(format string, into ...any) bool {
		n, _ := fmt.Sscanf(path, format, into...)
		return n == len(into)
	}
	switch {
	case strings.HasSuffix(path, ".account") && scan("designated[%d]", &i):
		return s.Designated[i].Name, s.Designated[i].Account
	case scan("static[%d].use[%d]", &i, &j):
		return s.Static[i].Name, s.Static[i].Use[j]
	case scan("dynamic[%d].among[%d]", &i, &j):
		return s.Dynamic[i].Name, s.Dynamic[i].Among[j]
	case strings.Contains(path, ".split.") && scan("dynamic[%d]", &i):
		return s.Dynamic[i].Name, path[strings.LastIndex(path, ".")+1:]
	case scan("fallback.use[%d]", &j):
		return paymux.RoutedFallback, s.Fallback.Use[j]
	case scan("accounts[%d]", &i):
		return "", s.Accounts[i].Name
	case scan("designated[%d]", &i):
		return s.Designated[i].Name, ""
	case scan("static[%d]", &i):
		return s.Static[i].Name, ""
	case scan("dynamic[%d]", &i):
		return s.Dynamic[i].Name, ""
	}
	return "", ""
}

// What lint says can never be, is not, whatever is paid.
func TestNeverIsNever(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		s, accounts := drawDocument(t), drawConfigured(t)
		found := routing.Lint(s, accounts)
		for _, f := range found {
			seen[f.Code]++
		}
		p, err := routing.Compile(s)
		if err != nil {
			t.Fatal(err)
		}
		v := p.Bind(accounts, empty{p})
		for range 40 {
			r := drawPayment(t)
			d := v.Decide(&r)
			ranker := ""
			if _, why := v.Explain(&r); why.Ranker != "" {
				ranker = why.Ranker
			}
			for _, n := range nevers(s, found) {
				if n.account == "" && (d.Rule == n.rule || ranker == n.rule) {
					t.Fatalf("%+v is decided by %s, ranked by %q; found\n%s", r, d.Rule, ranker, listing(found))
				}
				if n.account != "" && slices.Contains(d.Order, n.account) && (n.rule == "" || d.Rule == n.rule && !d.Fallback) {
					t.Fatalf("%+v goes to %v by %s; found\n%s", r, d.Order, d.Rule, listing(found))
				}
			}
		}
	})
	for _, code := range []string{routing.LintUnreachable, routing.LintNeverMatches, routing.LintCandidateNever, routing.LintDisabled} {
		if seen[code] == 0 {
			t.Errorf("nothing is %s: that shows nothing", code)
		}
	}
}

// Rules that decide one of all payments there are of few words are never reported, and all others of simple conditions are.
func TestUnreachableIsFoundWhereverItIs(t *testing.T) {
	t.Parallel()
	methods := []paymux.MethodType{paymux.Card, paymux.Alipay, "other"}
	rapid.Check(t, func(t *rapid.T) {
		s := &routing.RuleSet{Fallback: routing.Fallback{All: true}}
		for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
			c := routing.Condition{Methods: sometimes(t, "methods", rapid.SampledFrom(methods[:2])), Manual: rapid.SampledFrom([]*bool{nil, new(bool)}).Draw(t, "manual")}
			if rapid.Bool().Draw(t, "limited") {
				c.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: rapid.Int64Range(0, 3).Draw(t, "min"), Max: rapid.Int64Range(3, 5).Draw(t, "max")}}
			}
			if rapid.IntRange(0, 2).Draw(t, "inverted") == 0 {
				inner := c
				c = routing.Condition{Not: &inner}
			}
			s.Static = append(s.Static, routing.StaticRule{Name: fmt.Sprint(i), When: c, Use: []string{"a"}})
		}
		decides := map[string]bool{}
		v := bindDrawn(t, s)
		for _, m := range methods {
			for amount := range int64(8) {
				for _, c := range []paymux.Currency{"CNY", "USD"} {
					for _, manual := range []bool{false, true} {
						r := request()
						r.Method, r.Money, r.Manual = m, paymux.Money{Amount: amount, Currency: c}, manual
						decides[v.Decide(&r).Rule] = true
					}
				}
			}
		}
		reported := map[string]bool{}
		found := routing.Lint(s, nil)
		for _, n := range nevers(s, found) {
			reported[n.rule] = true
		}
		for i := range s.Static {
			if name := s.Static[i].Name; decides[name] == reported[name] {
				t.Fatalf("the rule %s decides something: %v; found\n%s", name, decides[name], listing(found))
			}
		}
	})
}

func bindDrawn(t *rapid.T, s *routing.RuleSet) *routing.View {
	p, err := routing.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return p.Bind([]routing.Account{able("a")}, nil)
}

// Of a condition that is too complicated to compute with, nothing is said that might be wrong.
func TestWhatIsTooComplicatedIsNotReported(t *testing.T) {
	t.Parallel()
	var many []routing.Condition
	for i := range 70 {
		many = append(many, routing.Condition{Merchants: []paymux.MerchantID{paymux.MerchantID(fmt.Sprintf("mer_%d", i))}, Amounts: map[paymux.Currency]routing.Range{"CNY": {Min: int64(i)}}})
	}
	for name, first := range map[string]routing.Condition{"any": {Any: many}, "not": {Not: &routing.Condition{Any: many}}} {
		s := &routing.RuleSet{Fallback: routing.Fallback{All: true}}
		s.Static = []routing.StaticRule{{Name: "first", When: first, Use: []string{"a"}}, {Name: "second", Use: []string{"a"}}}
		if found := routing.Lint(s, nil); len(found) > 0 {
			t.Errorf("%s: found\n%s", name, listing(found))
		}
	}
}
