package routing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Each row excludes account a, says why, and leaves b.
func TestRestrictions(t *testing.T) {
	t.Parallel()
	full := &known{full: map[string]int32{"a": 20783}} // 26 November 2026
	for code, c := range map[string]struct {
		change func(*routing.Request, *routing.Account, *routing.AccountRule)
		text   string
		detail string
	}{
		"already_tried": {func(r *routing.Request, _ *routing.Account, _ *routing.AccountRule) { r.Tried = []string{"c", "a"} }, "already tried", ""},
		"not_allowed":   {func(r *routing.Request, _ *routing.Account, _ *routing.AccountRule) { r.Allowed = []string{"b", "c"} }, "not allowed for the merchant", ""},
		"not_taken": {func(r *routing.Request, a *routing.Account, _ *routing.AccountRule) {
			a.Takes = func(m paymux.MethodType, c paymux.Currency) bool { return m != r.Method || c != r.Money.Currency }
		}, "does not take this method and currency", "wechat_pay CNY"},
		"down": {func(_ *routing.Request, a *routing.Account, _ *routing.AccountRule) {
			a.Down = "its package is being exchanged"
		}, "its package is being exchanged", ""},
		"disabled":          {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) { t.Disabled = true }, "disabled by the rules", ""},
		"no_manual_capture": {func(r *routing.Request, a *routing.Account, _ *routing.AccountRule) { r.Manual, a.Features = true, 0 }, "has no manual capture", ""},
		"no_card_tokens": {func(r *routing.Request, a *routing.Account, _ *routing.AccountRule) {
			r.CardToken, a.Features = true, 0
		}, "takes no card tokens", ""},
		"no_card_numbers": {func(r *routing.Request, a *routing.Account, _ *routing.AccountRule) {
			r.CardNumber, a.Features = true, 0
		}, "takes no card numbers", ""},
		"feature_missing": {func(_ *routing.Request, a *routing.Account, _ *routing.AccountRule) {
			a.Features = routing.FeaturesOf(routing.Refund, routing.Query)
		}, "lacks what the rule needs", "partial_refund"},
		"method_excluded": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.Methods = []paymux.MethodType{paymux.Card}
		}, "the rules exclude this method there", "wechat_pay"},
		"currency_excluded": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.Currencies = []paymux.Currency{"USD"}
		}, "the rules exclude this currency there", "CNY"},
		"client_excluded": {func(r *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			r.Client, t.Client = "", []string{"CN", "europe"}
		}, "the rules exclude payers of this country there", "ZZ"},
		"amount_below_limit": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: 1001}}
		}, "the amount is below its limit", "1000 < 1001 CNY"},
		"amount_above_limit": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: 1, Max: 999}}
		}, "the amount is above its limit", "1000 > 999 CNY"},
		"outside_hours": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.Hours = []routing.Window{{From: "08:00", To: "20:00"}}
		}, "closed at this hour", "Thu 20:00"},
		"merchant_blocked": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.BlockedGroups = []string{"banned"}
		}, "blocked for the merchant", "mer_1"},
		"quota_full": {func(_ *routing.Request, _ *routing.Account, t *routing.AccountRule) {
			t.Quotas = []routing.Quota{{Name: "daily", Count: 100}}
		}, "its quota of the day is used up", "daily"},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			r, a, terms := request(), able("a"), routing.AccountRule{Name: "a"}
			c.change(&r, &a, &terms)
			p, err := routing.Compile(&routing.RuleSet{
				TimeZone: "Asia/Shanghai", Accounts: []routing.AccountRule{terms}, Fallback: routing.Fallback{Refuse: true},
				Groups: map[string][]paymux.MerchantID{"banned": {"mer_1"}}, Areas: map[string][]string{"europe": {"DE"}},
				Static: []routing.StaticRule{{Name: "both", Use: []string{"a", "b"}, Needs: []routing.Feature{routing.Refund, routing.PartialRefund}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			d, why := p.Bind([]routing.Account{a, able("b")}, full).Explain(&r)
			want := []paymux.Candidate{
				{Channel: "at-b", Account: "b", Place: 2},
				{Channel: "at-a", Account: "a", Place: 1, Dropped: c.text, Code: code, Detail: c.detail},
			}
			if diff := cmp.Diff(want, why.Candidates); diff != "" || len(d.Order) != 1 {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
			if why.Reason != "method=wechat_pay; only one account takes it" {
				t.Errorf("reason %q", why.Reason)
			}
		})
	}
}

func TestAnAccountClosesAtTheMinute(t *testing.T) {
	t.Parallel()
	s := &routing.RuleSet{Accounts: []routing.AccountRule{{Name: "a", Hours: []routing.Window{{From: "22:00", To: "06:00", Days: []string{"wed"}}}}}, Fallback: routing.Fallback{All: true}}
	v := bind(t, s, able("a"))
	for hour, open := range map[string]bool{"25T21:59": false, "25T22:00": true, "26T05:59": true, "26T06:00": false, "26T22:00": false} {
		r := request()
		var err error
		if r.At, err = time.Parse(time.RFC3339, "2026-11-"+hour+":00Z"); err != nil {
			t.Fatal(err)
		}
		if d := v.Decide(&r); (len(d.Order) == 1) != open {
			t.Errorf("at %s it is open: %t", hour, len(d.Order) == 1)
		}
	}
}

// What an account cannot do, or has no limit for, is no obstacle where nobody asks for it.
func TestAPlainRequestNeedsNothing(t *testing.T) {
	t.Parallel()
	plain := routing.Account{Name: "a", Channel: "at-a", Takes: takesAll}
	s := &routing.RuleSet{
		Accounts: []routing.AccountRule{{Name: "a", Amounts: map[paymux.Currency]routing.Range{"USD": {Max: 1}}, BlockedMerchants: []paymux.MerchantID{"mer_2"}, Quotas: []routing.Quota{{Name: "daily", Count: 1}}}},
		Fallback: routing.Fallback{All: true},
	}
	r := request()
	if d, why := bind(t, s, plain).Explain(&r); len(d.Order) != 1 {
		t.Errorf("dropped: %+v", why.Candidates)
	}
}

func TestTheFallbackIsConsideredOnlyWhereTheRuleLeavesNobody(t *testing.T) {
	t.Parallel()
	poor := able("poor")
	poor.Features = 0
	down := able("down")
	down.Down = "away"
	for name, c := range map[string]struct {
		rule  routing.StaticRule
		order []string
		seen  []string // what was dropped, and by whom it was considered
	}{
		"somebody is left":         {routing.StaticRule{Use: []string{"down", "a"}}, []string{"a"}, []string{"down"}},
		"nobody is left":           {routing.StaticRule{Use: []string{"down", "gone"}}, []string{"poor", "a"}, []string{"down", "gone"}},
		"a need of the rule's own": {routing.StaticRule{Use: []string{"poor"}, Needs: []routing.Feature{routing.Refund}}, []string{"poor", "a"}, []string{"poor", "fallback down"}},
		"final":                    {routing.StaticRule{Use: []string{"down"}, Final: true}, nil, []string{"down"}},
		"refuses":                  {routing.StaticRule{Final: true}, nil, nil},
		"a channel of nobody":      {routing.StaticRule{Channels: []string{"no"}}, []string{"poor", "a"}, []string{"fallback down"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.rule.Name = "tried"
			s := &routing.RuleSet{Static: []routing.StaticRule{c.rule}, Fallback: routing.Fallback{All: true}, Accounts: []routing.AccountRule{{Name: "a", Priority: 101}}}
			r := request()
			d, why := bind(t, s, able("a"), down, poor).Explain(&r)
			if diff := cmp.Diff(c.order, d.Order); diff != "" || why.Rule != "tried" || why.Kind != paymux.RoutedStatic {
				t.Errorf("order of %s (-want +got):\n%s", why.Rule, diff)
			}
			var seen []string
			for _, one := range why.Candidates {
				if one.Dropped != "" {
					seen = append(seen, map[bool]string{true: "fallback "}[one.Fallback]+one.Account)
				}
			}
			if diff := cmp.Diff(c.seen, seen); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
			if wantBy := map[bool]string{true: "priority", false: "listed"}[d.Fallback]; why.By != wantBy {
				t.Errorf("ordered by %s", why.By)
			}
		})
	}
}

func TestADesignationHasNoFallbackAndAnUnknownNameIsSaid(t *testing.T) {
	t.Parallel()
	s := &routing.RuleSet{Fallback: routing.Fallback{All: true}, Designated: []routing.Designation{{Name: "theirs", Account: "gone"}}}
	v := bind(t, s, able("a"))
	r := request()
	if d := v.Decide(&r); d.Rule != "theirs" || !cmp.Equal(d.Order, []string{"a"}) { // the rule set's has one
		t.Errorf("%+v", d)
	}
	r.Designated = "nobody"
	d, why := v.Explain(&r)
	want := []paymux.Candidate{{Account: "nobody", Place: 1, Dropped: "not configured", Code: "not_configured"}}
	if diff := cmp.Diff(want, why.Candidates); diff != "" || len(d.Order) > 0 || why.Reason != "no account takes wechat_pay in CNY" {
		t.Errorf("%+v %s\n%s", d, why.Reason, diff)
	}
}
