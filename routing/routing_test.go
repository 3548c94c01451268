package routing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

func takesAll(paymux.MethodType, paymux.Currency) bool { return true }

// able is an account that takes everything.
func able(name string) routing.Account {
	return routing.Account{Name: name, Channel: "at-" + name, Takes: takesAll, ManualCapture: true, CardTokens: true, CardNumbers: true}
}

func request() routing.Request {
	return routing.Request{Merchant: "mer_1", Money: paymux.Money{Amount: 1000, Currency: "CNY"}, Method: paymux.WeChatPay}
}

// kept and dropped are what a decision says of an account.
func kept(name string) paymux.Candidate {
	return paymux.Candidate{Channel: "at-" + name, Account: name}
}

func dropped(name, why string) paymux.Candidate {
	c := kept(name)
	c.Dropped = why
	return c
}

func expect(t *testing.T, got, want routing.Decision) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

func TestTheDesignationComesBeforeTheRulesAndTheseBeforeAllAccounts(t *testing.T) {
	t.Parallel()
	accounts := []routing.Account{able("a"), able("b"), able("c")}
	rules := &routing.RuleSet{Name: "tuesday", Version: 7, Rules: []routing.Rule{
		{Name: "dollars", Currencies: []paymux.Currency{"USD"}, Accounts: []string{"a"}},
		{Name: "first", Accounts: []string{"c", "b"}},
		{Name: "second", Accounts: []string{"a"}},
	}}
	r := request()
	expect(t, routing.Decide(r, rules, accounts), routing.Decision{Order: []string{"c", "b"}, Routing: paymux.Routing{
		RuleSet: "tuesday", Version: 7, Rule: "first", Reason: "method=wechat_pay; first of 2",
		Candidates: []paymux.Candidate{kept("c"), kept("b")},
	}})
	rules.Rules = rules.Rules[:1]
	expect(t, routing.Decide(r, rules, accounts), routing.Decision{Order: []string{"a", "b", "c"}, Routing: paymux.Routing{
		RuleSet: "tuesday", Version: 7, Rule: "all accounts", Reason: "method=wechat_pay; first of 3",
		Candidates: []paymux.Candidate{kept("a"), kept("b"), kept("c")},
	}})
	r.Designated, r.Money.Currency = "b", "USD"
	expect(t, routing.Decide(r, rules, accounts), routing.Decision{Order: []string{"b"}, Routing: paymux.Routing{
		RuleSet: "tuesday", Version: 7, Rule: "designated", Reason: "method=wechat_pay; only one account takes it",
		Candidates: []paymux.Candidate{kept("b")},
	}})
}

func TestARuleMatchesByAllItsConditions(t *testing.T) {
	t.Parallel()
	whole := routing.Rule{
		Methods: []paymux.MethodType{paymux.Card, paymux.WeChatPay}, Currencies: []paymux.Currency{"CNY", "HKD"},
		Merchants: []paymux.MerchantID{"mer_1", "mer_2"}, MinAmount: 1000, MaxAmount: 2000,
	}
	for name, c := range map[string]struct {
		rule   routing.Rule
		change func(*routing.Request)
		want   bool
	}{
		"no condition":         {routing.Rule{}, func(*routing.Request) {}, true},
		"all of them":          {whole, func(*routing.Request) {}, true},
		"last of each list":    {whole, func(r *routing.Request) { r.Merchant, r.Money.Currency = "mer_2", "HKD" }, true},
		"another method":       {whole, func(r *routing.Request) { r.Method = paymux.Alipay }, false},
		"another currency":     {whole, func(r *routing.Request) { r.Money.Currency = "USD" }, false},
		"another merchant":     {whole, func(r *routing.Request) { r.Merchant = "mer_3" }, false},
		"one below the least":  {whole, func(r *routing.Request) { r.Money.Amount = 999 }, false},
		"the least":            {whole, func(r *routing.Request) { r.Money.Amount = 1000 }, true},
		"the most":             {whole, func(r *routing.Request) { r.Money.Amount = 2000 }, true},
		"one above the most":   {whole, func(r *routing.Request) { r.Money.Amount = 2001 }, false},
		"no most":              {routing.Rule{MinAmount: 1}, func(r *routing.Request) { r.Money.Amount = paymux.MaxAmount }, true},
		"no least":             {routing.Rule{MaxAmount: 5}, func(r *routing.Request) { r.Money.Amount = 1 }, true},
		"a most without least": {routing.Rule{MaxAmount: 5}, func(r *routing.Request) { r.Money.Amount = 6 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.rule.Name, c.rule.Accounts = "tried", []string{"b"}
			r, want := request(), "all accounts"
			c.change(&r)
			if c.want {
				want = "tried"
			}
			d := routing.Decide(r, &routing.RuleSet{Rules: []routing.Rule{c.rule}}, []routing.Account{able("a"), able("b")})
			if d.Routing.Rule != want {
				t.Errorf("%+v is routed by %q, want %q", r, d.Routing.Rule, want)
			}
		})
	}
}

func TestRestrictionsSayWhyAnAccountIsDropped(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*routing.Request, *routing.Account){
		"not allowed for the merchant": func(r *routing.Request, _ *routing.Account) { r.Allowed = []string{"b", "c"} },
		"does not take this method and currency": func(r *routing.Request, a *routing.Account) {
			a.Takes = func(m paymux.MethodType, c paymux.Currency) bool { return m != r.Method || c != r.Money.Currency }
		},
		"has no manual capture": func(r *routing.Request, a *routing.Account) { r.Manual, a.ManualCapture = true, false },
		"takes no card tokens":  func(r *routing.Request, a *routing.Account) { r.CardToken, a.CardTokens = true, false },
		"takes no card numbers": func(r *routing.Request, a *routing.Account) { r.CardNumber, a.CardNumbers = true, false },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			r, first := request(), able("a")
			change(&r, &first)
			expect(t, routing.Decide(r, &routing.RuleSet{}, []routing.Account{first, able("b")}), routing.Decision{
				Order: []string{"b"},
				Routing: paymux.Routing{
					Rule: "all accounts", Reason: "method=wechat_pay; only one account takes it",
					Candidates: []paymux.Candidate{dropped("a", why), kept("b")},
				},
			})
		})
	}
}

// What an account cannot do is no obstacle where nobody asks for it.
func TestAPlainRequestNeedsNoFeatures(t *testing.T) {
	t.Parallel()
	plain := routing.Account{Name: "a", Channel: "at-a", Takes: takesAll}
	if d := routing.Decide(request(), &routing.RuleSet{}, []routing.Account{plain}); len(d.Order) != 1 {
		t.Errorf("dropped: %+v", d.Routing.Candidates)
	}
}

func TestEmptyOrders(t *testing.T) {
	t.Parallel()
	unable := able("a")
	unable.Takes = func(paymux.MethodType, paymux.Currency) bool { return false }
	notTaken := dropped("a", "does not take this method and currency")
	nowhere := paymux.Candidate{Account: "gone", Dropped: "not configured"}
	for name, c := range map[string]struct {
		designated string
		rules      []routing.Rule
		accounts   []routing.Account
		want       []paymux.Candidate
	}{
		"no accounts":                 {want: []paymux.Candidate{}},
		"none that takes it":          {accounts: []routing.Account{unable}, want: []paymux.Candidate{notTaken}},
		"a designation nobody knows":  {designated: "gone", accounts: []routing.Account{able("a")}, want: []paymux.Candidate{nowhere}},
		"a rule over unknown and bad": {rules: []routing.Rule{{Accounts: []string{"gone", "a"}}}, accounts: []routing.Account{unable, able("b")}, want: []paymux.Candidate{nowhere, notTaken}},
		"a rule that names none":      {rules: []routing.Rule{{Accounts: nil}}, accounts: []routing.Account{able("a")}},
		"a rule with an empty list":   {rules: []routing.Rule{{Accounts: []string{}}}, accounts: []routing.Account{able("a")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			r.Designated = c.designated
			d := routing.Decide(r, &routing.RuleSet{Rules: c.rules}, c.accounts)
			if len(d.Order) != 0 || d.Routing.Reason != "no account takes wechat_pay in CNY" {
				t.Errorf("order %v, reason %q", d.Order, d.Routing.Reason)
			}
			if diff := cmp.Diff(c.want, d.Routing.Candidates); diff != "" {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnUnknownAccountIsPassedOverAndANameGivenTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	rules := &routing.RuleSet{Rules: []routing.Rule{{Name: "r", Accounts: []string{"b", "gone", "b", "a", "gone"}}}}
	expect(t, routing.Decide(request(), rules, []routing.Account{able("a"), able("b")}), routing.Decision{
		Order: []string{"b", "a"},
		Routing: paymux.Routing{Rule: "r", Reason: "method=wechat_pay; first of 2", Candidates: []paymux.Candidate{
			kept("b"), {Account: "gone", Dropped: "not configured"}, kept("a"),
		}},
	})
}
