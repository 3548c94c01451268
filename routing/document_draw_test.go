package routing_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// The words of drawn documents are few, so that what is drawn meets.
var (
	docGroups   = map[string][]paymux.MerchantID{"g": {"mer_1", "mer_2"}, "h": {"mer_2", "mer_3"}}
	docAreas    = map[string][]string{"east": {"CN", "JP"}, "west": {"DE", "US"}}
	docAccounts = []string{"a", "b", "c"}

	docMerchants  = rapid.SampledFrom([]paymux.MerchantID{"mer_1", "mer_2", "mer_3", "mer_4"})
	docMethods    = rapid.SampledFrom(paymux.MethodTypes())
	docCurrencies = rapid.SampledFrom([]paymux.Currency{"CNY", "USD", "JPY"})
	docCountries  = rapid.SampledFrom([]string{"CN", "JP", "DE", "US", "ZZ"})
	docPlaces     = rapid.SampledFrom([]string{"CN", "JP", "DE", "US", "ZZ", "east", "west"})
	docNetworks   = rapid.SampledFrom([]string{"visa", "amex", "unionpay"})
	docBINs       = rapid.SampledFrom([]routing.BINRange{"424242", "42424200-42424249", "42424250-42424299", "400000-499999", "4242420", "4242421-4242429"})
	docTimes      = rapid.SampledFrom([]string{"", "08:00", "12:30", "22:00"})
	docDays       = rapid.SampledFrom(routing.Weekdays())
	docValues     = rapid.SampledFrom([]string{"x", "y", "*", "1", "true", "null", "~", "2020-01-01", "ü 中"})
	docNames      = rapid.SliceOfNDistinct(rapid.SampledFrom(docAccounts), 0, 3, rapid.ID)
	docFeatures   = rapid.SliceOfNDistinct(rapid.SampledFrom(routing.AllFeatures()), 0, 2, rapid.ID)
)

// sometimes is now and then a list, and otherwise nothing.
func sometimes[T comparable](t *rapid.T, label string, g *rapid.Generator[T]) []T {
	if rapid.IntRange(0, 3).Draw(t, label+"?") > 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(g, 1, 2, rapid.ID).Draw(t, label)
}

func drawOneRange(t *rapid.T) routing.Range {
	r := routing.Range{Min: rapid.Int64Range(0, 40).Draw(t, "min")}
	if rapid.Bool().Draw(t, "limited") {
		r.Max = rapid.Int64Range(max(1, r.Min), 60).Draw(t, "max")
	}
	return r
}

func drawAmounts(t *rapid.T) map[paymux.Currency]routing.Range {
	if rapid.IntRange(0, 3).Draw(t, "amounts?") > 0 {
		return nil
	}
	return rapid.MapOfN(docCurrencies, rapid.Custom(drawOneRange), 1, 2).Draw(t, "amounts")
}

func drawWindows(t *rapid.T) []routing.Window {
	if rapid.IntRange(0, 4).Draw(t, "hours?") > 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) routing.Window {
		return routing.Window{From: docTimes.Draw(t, "from"), To: docTimes.Draw(t, "to"), Days: sometimes(t, "days", docDays)}
	}).Filter(func(w routing.Window) bool { return w.From != w.To || w.From == "" }), 1, 2).Draw(t, "hours")
}

// drawWhen is a condition that has others within it, so deep at most.
func drawWhen(depth int) *rapid.Generator[routing.Condition] {
	return rapid.Custom(func(t *rapid.T) routing.Condition {
		c := routing.Condition{
			Merchants: sometimes(t, "merchants", docMerchants), Groups: sometimes(t, "groups", rapid.SampledFrom([]string{"g", "h"})),
			Methods: sometimes(t, "methods", docMethods), Currencies: sometimes(t, "currencies", docCurrencies), Amounts: drawAmounts(t),
			Client: sometimes(t, "client", docPlaces), Object: sometimes(t, "object", docPlaces), Networks: sometimes(t, "networks", docNetworks),
			BINs: sometimes(t, "bins", docBINs), Hours: drawWindows(t),
		}
		if rapid.IntRange(0, 4).Draw(t, "metadata?") == 0 {
			c.Metadata = map[string][]string{rapid.SampledFrom([]string{"k", "l"}).Draw(t, "key"): rapid.SliceOfN(docValues, 1, 2).Draw(t, "values")}
		}
		if rapid.IntRange(0, 4).Draw(t, "manual?") == 0 {
			c.Manual = new(bool)
			*c.Manual = rapid.Bool().Draw(t, "manual")
		}
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "any?") == 0 {
			c.Any = rapid.SliceOfN(drawWhen(depth-1), 1, 3).Draw(t, "any")
		}
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "not?") == 0 {
			not := drawWhen(depth-1).Draw(t, "not")
			c.Not = &not
		}
		return c
	})
}

func drawAccountRule(t *rapid.T, name string) routing.AccountRule {
	a := routing.AccountRule{
		Name: name, Priority: rapid.IntRange(0, 3).Draw(t, "priority"), Disabled: rapid.IntRange(0, 5).Draw(t, "disabled") == 0,
		Methods: sometimes(t, "methods", docMethods), Currencies: sometimes(t, "currencies", docCurrencies), Client: sometimes(t, "client", docPlaces),
		Amounts: drawAmounts(t), Hours: drawWindows(t), BlockedMerchants: sometimes(t, "blocked", docMerchants), BlockedGroups: sometimes(t, "groups", rapid.SampledFrom([]string{"g"})),
	}
	if rapid.Bool().Draw(t, "placed") {
		a.Country = docCountries.Draw(t, "country")
	}
	if rapid.Bool().Draw(t, "limited") {
		a.Quotas = []routing.Quota{{Name: "q", Count: rapid.Int64Range(1, 9).Draw(t, "count")}, {Name: "r", Currency: "CNY", Amount: rapid.Int64Range(1, 99).Draw(t, "sum")}}
	}
	if rapid.Bool().Draw(t, "charges") {
		a.Fees = []routing.Fee{{Methods: sometimes(t, "of methods", docMethods), Percent: rapid.SampledFrom([]float64{0, 0.6, 2.9}).Draw(t, "percent"), Fixed: 30, Min: 1, Max: 500}}
	}
	return a
}

// drawDocument is a rule set that Parse accepts.
func drawDocument(t *rapid.T) *routing.RuleSet {
	s := &routing.RuleSet{
		Name: rapid.SampledFrom([]string{"", "drawn", "规则 1", "yes", "null", "1.5"}).Draw(t, "name"), Groups: docGroups, Areas: docAreas,
		TimeZone: rapid.SampledFrom([]string{"", "UTC", "Asia/Shanghai", "America/New_York"}).Draw(t, "zone"), Fallback: drawFallback(t), Health: drawHealth(t),
	}
	for _, name := range docAccounts[:rapid.IntRange(0, 2).Draw(t, "accounts")] {
		s.Accounts = append(s.Accounts, drawAccountRule(t, name))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "designations") {
		s.Designated = append(s.Designated, routing.Designation{Name: fmt.Sprintf("d%d", i), When: drawWhen(1).Draw(t, "when"), Account: rapid.SampledFrom(docAccounts).Draw(t, "account")})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		r := routing.StaticRule{Name: fmt.Sprintf("s%d", i), When: drawWhen(2).Draw(t, "when"), Use: docNames.Draw(t, "use"), Needs: docFeatures.Draw(t, "needs"), Final: rapid.Bool().Draw(t, "final")}
		r.Final = r.Final || len(r.Use) == 0
		r.Order = rapid.SampledFrom([]routing.Order{"", routing.OrderListed, routing.OrderDynamic}).Draw(t, "order")
		s.Static = append(s.Static, r)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "ranking") {
		r := routing.DynamicRule{Name: fmt.Sprintf("r%d", i), When: drawWhen(1).Draw(t, "when"), Among: docNames.Draw(t, "among"), Needs: docFeatures.Draw(t, "needs"), Final: rapid.Bool().Draw(t, "final")}
		if rapid.Bool().Draw(t, "splits") {
			r.Split = rapid.MapOfN(rapid.SampledFrom(docAccounts), rapid.SampledFrom([]float64{0.5, 1, 30, 33.3}), 1, 3).Draw(t, "split")
		} else {
			r.Score, r.Explore = &routing.Weights{Success: 1, Cost: rapid.Float64Range(0, 2).Draw(t, "cost")}, rapid.Float64Range(0, 0.2).Draw(t, "explore")
		}
		s.Dynamic = append(s.Dynamic, r)
	}
	return s
}

func drawFallback(t *rapid.T) routing.Fallback {
	return rapid.SampledFrom([]routing.Fallback{{All: true}, {Refuse: true}, {Use: []string{"a", "b"}}}).Draw(t, "fallback")
}

func drawHealth(t *rapid.T) routing.HealthPolicy {
	return rapid.SampledFrom([]routing.HealthPolicy{{}, {Window: 90 * time.Second, Least: 5, Latency: 1500 * time.Millisecond}, {Fail: 0.4, Recover: 0.9, Probe: 0.05, ProbeAfter: time.Hour, Successes: 2}}).Draw(t, "health")
}

func drawPayment(t *rapid.T) routing.Request {
	return routing.Request{
		ID: "pay_1", At: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 7*24*60-1).Draw(t, "minute")) * time.Minute),
		Merchant: docMerchants.Draw(t, "merchant"), Method: docMethods.Draw(t, "method"), Manual: rapid.Bool().Draw(t, "manual"),
		Money:  paymux.Money{Amount: rapid.Int64Range(1, 70).Draw(t, "amount"), Currency: rapid.SampledFrom([]paymux.Currency{"CNY", "USD", "JPY", "EUR"}).Draw(t, "currency")},
		Client: rapid.SampledFrom([]string{"", "CN", "JP", "DE", "US", "FR"}).Draw(t, "client"), Object: rapid.SampledFrom([]string{"CN", "DE", "ZZ"}).Draw(t, "object"),
		Network:  rapid.SampledFrom([]string{"", "visa", "amex", "jcb"}).Draw(t, "network"),
		BIN:      rapid.SampledFrom([]string{"", "424242", "4242420", "4242421", "42424210", "42424260", "500000"}).Draw(t, "bin"),
		Metadata: rapid.SampledFrom([]map[string]string{nil, {"k": "x"}, {"l": "y"}, {"k": "z", "l": "x"}, {"k": ""}}).Draw(t, "metadata"),
		Draw:     rapid.Uint64().Draw(t, "draw"),
	}
}
