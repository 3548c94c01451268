package relay_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

const atlas = `
regions:
  - {name: asia, number: 1, countries: [CN, JP]}
  - {name: europe, number: 2, countries: [DE, FR]}
  - {name: europe-2, number: 3, countries: [FR], weight: 3}
  - {name: spare, number: 4}
areas:
  nordic: [NO, SE]
accounts:
  - {name: alipay-main, channel: alipay, country: CN, methods: [alipay]}
  - {name: card-de, channel: bank-a, country: DE, methods: [card]}
  - {name: card-fr, channel: bank-a, country: FR, methods: [card]}
rules:
  - {name: pinned, merchants: [mer_vip], to: [{region: spare}]}
  - {name: north, client: [nordic], to: [{region: europe}]}
  - {name: unknown, client: [ZZ], methods: [paypal], to: [{region: spare}]}
  - {name: bank, channels: [bank-a], client: [US], to: [{region: europe-2}]}
  - {name: object, methods: [alipay, card], by: object, rematch: rule}
  - {name: client, by: client}
  - {name: rest, to: [{region: asia, weight: 30%}, {region: europe, weight: 70%}], rematch: any}
`

func list(t testing.TB, text string) *relay.List {
	t.Helper()
	l, err := relay.ParseList([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func well(string) relay.Standing { return relay.Standing{Serves: true} }

// The rules are tried in order; jurisdiction is over the client (A8) or the transaction object (A9).
func TestRulesDecideInOrder(t *testing.T) {
	t.Parallel()
	plan := relay.PlanOf(list(t, atlas))
	for name, c := range map[string]struct {
		ask  relay.Request
		rule string
		to   string // empty: any of the rule's
	}{
		"merchant":                         {relay.Request{Merchant: "mer_vip", Country: "CN", Method: "alipay"}, "pinned", "spare"},
		"area":                             {relay.Request{Merchant: "mer_1", Country: "SE"}, "north", "europe"},
		"nobody knows where":               {relay.Request{Merchant: "mer_1", Country: "ZZ", Method: "paypal"}, "unknown", "spare"},
		"not told where":                   {relay.Request{Merchant: "mer_1", Method: "paypal"}, "unknown", "spare"},
		"channel of a method":              {relay.Request{Merchant: "mer_1", Country: "US", Method: "card"}, "bank", "europe-2"},
		"channel of an account":            {relay.Request{Merchant: "mer_1", Country: "US", Account: "card-de"}, "bank", "europe-2"},
		"object of a method":               {relay.Request{Merchant: "mer_1", Country: "DE", Method: "alipay"}, "object", "asia"},
		"object of an account":             {relay.Request{Merchant: "mer_1", Country: "CN", Method: "card", Account: "card-de"}, "object", "europe"},
		"a method with objects everywhere": {relay.Request{Merchant: "mer_1", Country: "JP", Method: "card"}, "client", "asia"},
		"an account nobody has listed":     {relay.Request{Merchant: "mer_1", Country: "JP", Method: "card", Account: "else"}, "client", "asia"},
		"client":                           {relay.Request{Merchant: "mer_1", Country: "CN"}, "client", "asia"},
		"client, of two regions":           {relay.Request{Merchant: "mer_1", Country: "FR"}, "client", ""},
		"no jurisdiction":                  {relay.Request{Merchant: "mer_1", Country: "BR"}, "rest", ""},
		"unknown without a rule":           {relay.Request{Merchant: "mer_1", Country: "ZZ"}, "rest", ""},
	} {
		c.ask.Service = paymux.ServicePay
		d := plan.Decide(c.ask, well)
		if d.Rule != c.rule || c.to != "" && d.To != c.to || d.To == "" || d.Home != d.To || d.Outage {
			t.Errorf("%s: %+v, want rule %s to %s", name, d, c.rule, c.to)
		}
		if !strings.Contains(d.Why, "to region "+d.To) || !strings.Contains(d.Why, fmt.Sprintf("%q", c.rule)) {
			t.Errorf("%s: the timeline would say %q", name, d.Why)
		}
		if home := plan.Home(c.ask); home != d.Home {
			t.Errorf("%s: home is %s and %s", name, d.Home, home)
		}
	}
}

// Within 2 % over 100,000 requests, for rules of either kind.
func TestRulesKeepTheirWeights(t *testing.T) {
	t.Parallel()
	plan := relay.PlanOf(list(t, atlas))
	for country, want := range map[string]map[string]float64{
		"BR": {"asia": 0.3, "europe": 0.7},
		"FR": {"europe": 0.25, "europe-2": 0.75},
	} {
		const n = 100_000
		got := map[string]float64{}
		for i := range n {
			got[plan.Decide(relay.Request{Merchant: paymux.MerchantID(fmt.Sprintf("mer_%d", i)), Service: paymux.ServicePay, Country: country}, well).To] += 1.0 / n
		}
		for region, share := range want {
			if math.Abs(got[region]-share) > 0.02*share {
				t.Errorf("%s: %s takes %.4f, want %.4f", country, region, got[region], share)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v", country, got)
		}
	}
}

// What cannot be used is replaced: by the rule's, then by who serves the same (A13), and the line says why.
func TestRematch(t *testing.T) {
	t.Parallel()
	plan := relay.PlanOf(list(t, atlas))
	down, unfit := relay.Standing{Down: "it is down", Serves: true}, relay.Standing{Unfit: "it is full", Serves: true}
	serves := relay.Standing{Serves: true}
	rest := relay.Request{Merchant: "mer_1", Service: paymux.ServicePay, Country: "BR"}
	china := relay.Request{Merchant: "mer_1", Service: paymux.ServicePay, Country: "DE", Method: "alipay"}
	home := plan.Home(rest)
	other := map[string]string{"asia": "europe", "europe": "asia"}[home]
	for name, c := range map[string]struct {
		ask    relay.Request
		stands map[string]relay.Standing // others are down
		to     string
		outage bool
		why    string
	}{
		"well":                        {rest, map[string]relay.Standing{home: serves}, home, false, "by hash"},
		"full, and the rule's other":  {rest, map[string]relay.Standing{home: unfit, other: {}}, other, false, "it is full"},
		"down, and the rule's other":  {rest, map[string]relay.Standing{home: down, other: {}}, other, true, "it is down"},
		"the rule's other lacks it":   {rest, map[string]relay.Standing{home: down, other: {Lacking: true}, "spare": serves}, "spare", true, "serves the same"},
		"nobody says what they serve": {rest, map[string]relay.Standing{home: down, "spare": {}}, "", true, "there is no other"},
		"full, and so is the other":   {rest, map[string]relay.Standing{home: unfit, other: unfit}, home, false, "although it is full"},
		"down, and the other full":    {rest, map[string]relay.Standing{home: down, other: unfit}, other, true, "it is down"},
		"down, and all the others":    {rest, map[string]relay.Standing{}, "", true, "there is no other"},
		"full, and nobody else":       {rest, map[string]relay.Standing{home: unfit}, home, false, "although it is full"},
		"the rule's only one is down": {china, map[string]relay.Standing{"asia": down, "spare": serves}, "", true, "it is down"},
		"the rule's only one is full": {china, map[string]relay.Standing{"asia": unfit, "spare": serves}, "asia", false, "it is full"},
	} {
		d := plan.Decide(c.ask, func(region string) relay.Standing {
			if s, ok := c.stands[region]; ok {
				return s
			}
			return down
		})
		if d.To != c.to || d.Outage != c.outage || !strings.Contains(d.Why, c.why) || d.Home == "" {
			t.Errorf("%s: %+v, want to %q, outage %t, %q", name, d, c.to, c.outage, c.why)
		}
	}
}

func TestARuleMayForbidRematching(t *testing.T) {
	t.Parallel()
	l := list(t, atlas)
	l.Rules[len(l.Rules)-1].Rematch = relay.RematchNever
	plan := relay.PlanOf(l)
	q := relay.Request{Merchant: "mer_1", Service: paymux.ServicePay, Country: "BR"}
	home := plan.Home(q)
	d := plan.Decide(q, func(region string) relay.Standing {
		if region == home {
			return relay.Standing{Down: "it is down"}
		}
		return relay.Standing{Serves: true}
	})
	if d.To != "" || !d.Outage {
		t.Errorf("%+v", d)
	}
}

// Whatever stands however: the decision is the same each time, home depends on the list and the request alone, and what
// is down is never chosen.
func TestDecisionsHold(t *testing.T) {
	t.Parallel()
	plan := relay.PlanOf(list(t, atlas))
	regions := []string{"asia", "europe", "europe-2", "spare"}
	rapid.Check(t, func(t *rapid.T) {
		q := relay.Request{
			Merchant: paymux.MerchantID("mer_" + rapid.StringMatching(`[a-z0-9]{1,4}`).Draw(t, "merchant")), Service: paymux.ServicePay,
			Country: rapid.SampledFrom([]string{"", "ZZ", "CN", "FR", "NO", "US", "BR"}).Draw(t, "country"),
			Account: rapid.SampledFrom([]string{"", "card-de", "alipay-main", "none"}).Draw(t, "account"),
			Method:  rapid.SampledFrom([]paymux.MethodType{"", "card", "alipay", "paypal"}).Draw(t, "method"),
		}
		stands := map[string]relay.Standing{}
		for _, g := range regions {
			stands[g] = relay.Standing{
				Down:    rapid.SampledFrom([]string{"", "down"}).Draw(t, g+" down"),
				Unfit:   rapid.SampledFrom([]string{"", "unfit"}).Draw(t, g+" unfit"),
				Lacking: rapid.Bool().Draw(t, g+" lacks"), Serves: rapid.Bool().Draw(t, g+" serves"),
			}
		}
		look := func(g string) relay.Standing { return stands[g] }
		d := plan.Decide(q, look)
		if again := plan.Decide(q, look); again != d {
			t.Fatalf("first %+v, then %+v", d, again)
		}
		if d.Home != plan.Home(q) || d.Home != plan.Decide(q, well).To {
			t.Fatalf("home is %s, and elsewhere %s", d.Home, plan.Home(q))
		}
		home := stands[d.Home]
		switch {
		case d.To != "" && stands[d.To].Down != "":
			t.Fatalf("goes to what is down: %+v", d)
		case d.To == "" && home.Down == "":
			t.Fatalf("goes nowhere although home is there: %+v", d)
		case home.Down == "" && home.Unfit == "" && d.To != d.Home:
			t.Fatalf("leaves a home that is well: %+v", d)
		case d.To != d.Home && d.To != "" && home.Down == "" && stands[d.To].Unfit != "":
			t.Fatalf("leaves a full home for what is full, too: %+v", d)
		case d.Outage != (home.Down != ""):
			t.Fatalf("outage is wrong: %+v", d)
		}
	})
}
