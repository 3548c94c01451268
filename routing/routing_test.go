package routing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

func takesAll(paymux.MethodType, paymux.Currency) bool { return true }

// able is an account that takes everything.
func able(name string) routing.Account {
	return routing.Account{Name: name, Channel: "at-" + name, Takes: takesAll, Features: routing.FeaturesOf(routing.AllFeatures()...)}
}

func request() routing.Request {
	return routing.Request{
		ID: "pay_1", At: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), Merchant: "mer_1", Method: paymux.WeChatPay,
		Money: paymux.Money{Amount: 1000, Currency: "CNY"}, Client: "CN", Draw: 1 << 63,
	}
}

func bind(t *testing.T, s *routing.RuleSet, accounts ...routing.Account) *routing.View {
	t.Helper()
	p, err := routing.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return p.Bind(accounts, nil)
}

func TestTheDesignationComesBeforeTheRulesAndTheseBeforeTheFallback(t *testing.T) {
	t.Parallel()
	s := &routing.RuleSet{
		Designated: []routing.Designation{{Name: "theirs", When: routing.Condition{Merchants: []paymux.MerchantID{"mer_2"}}, Account: "d"}},
		Static:     []routing.StaticRule{{Name: "dollars", When: routing.Condition{Currencies: []paymux.Currency{"USD"}}, Use: []string{"c", "b"}}},
		Dynamic:    []routing.DynamicRule{{Name: "cards", When: routing.Condition{Methods: []paymux.MethodType{paymux.Card}}, Split: map[string]float64{"b": 1, "a": 0}}},
		Fallback:   routing.Fallback{Use: []string{"a"}},
	}
	v := bind(t, s, able("a"), able("b"), able("c"), able("d"))
	for name, c := range map[string]struct {
		change func(*routing.Request)
		want   routing.Decision
	}{
		"the request's": {func(r *routing.Request) { r.Designated, r.Merchant = "b", "mer_2" }, routing.Decision{Order: []string{"b"}, Rule: "designated", Kind: paymux.RoutedDesignated, By: paymux.OrderedListed}},
		"the rules'":    {func(r *routing.Request) { r.Merchant, r.Money.Currency = "mer_2", "USD" }, routing.Decision{Order: []string{"d"}, Rule: "theirs", Kind: paymux.RoutedDesignated, By: paymux.OrderedListed}},
		"static":        {func(r *routing.Request) { r.Method, r.Money.Currency = paymux.Card, "USD" }, routing.Decision{Order: []string{"c", "b"}, Rule: "dollars", Kind: paymux.RoutedStatic, By: paymux.OrderedListed}},
		"dynamic":       {func(r *routing.Request) { r.Method = paymux.Card }, routing.Decision{Order: []string{"b", "a"}, Rule: "cards", Kind: paymux.RoutedDynamic, By: paymux.OrderedSplit}},
		"none":          {func(*routing.Request) {}, routing.Decision{Order: []string{"a"}, Rule: "fallback", Kind: paymux.RoutedFallback, By: paymux.OrderedPriority, Fallback: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			c.change(&r)
			if diff := cmp.Diff(c.want, v.Decide(&r)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}
