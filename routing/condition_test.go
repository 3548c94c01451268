package routing_test

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

var yes, no = true, false

// Each row is a condition, what is different about a payment, and whether it is met.
func TestConditions(t *testing.T) {
	t.Parallel()
	set := routing.RuleSet{
		TimeZone: "Asia/Shanghai", // the payment is made on Thursday, 20:00 there
		Groups:   map[string][]paymux.MerchantID{"vip": {"mer_1", "mer_9"}, "new": {"mer_9"}, "none": nil},
		Areas:    map[string][]string{"asia": {"CN", "JP"}, "dark": {"ZZ"}},
		Accounts: []routing.AccountRule{{Name: "a", Country: "CN"}, {Name: "b", Country: "CN"}, {Name: "c", Country: "DE"}},
		Fallback: routing.Fallback{All: true},
	}
	type change = func(*routing.Request)
	same := func(*routing.Request) {}
	hours := func(w ...routing.Window) routing.Condition { return routing.Condition{Hours: w} }
	at := func(hour, minute int) change { // in Shanghai
		return func(r *routing.Request) { r.At = time.Date(2026, 11, 26, hour-8, minute, 0, 0, time.UTC) }
	}
	cny := func(least, most int64) routing.Condition {
		return routing.Condition{Amounts: map[paymux.Currency]routing.Range{"CNY": {Min: least, Max: most}}}
	}
	bins := func(list ...routing.BINRange) routing.Condition { return routing.Condition{BINs: list} }
	bin := func(bin string) change { return func(r *routing.Request) { r.BIN = bin } }
	metadata := func(m map[string][]string) routing.Condition { return routing.Condition{Metadata: m} }
	told := func(m map[string]string) change { return func(r *routing.Request) { r.Metadata = m } }
	from := func(country string) change { return func(r *routing.Request) { r.Client = country } }
	for name, c := range map[string]struct {
		when   routing.Condition
		change change
		want   bool
	}{
		"empty":                         {routing.Condition{}, same, true},
		"merchant":                      {routing.Condition{Merchants: []paymux.MerchantID{"mer_2", "mer_1"}}, same, true},
		"another merchant":              {routing.Condition{Merchants: []paymux.MerchantID{"mer_2"}}, same, false},
		"group":                         {routing.Condition{Groups: []string{"new", "vip"}}, same, true},
		"another group":                 {routing.Condition{Groups: []string{"new"}}, same, false},
		"group of nobody":               {routing.Condition{Groups: []string{"none"}}, same, false},
		"merchant and group":            {routing.Condition{Groups: []string{"vip"}, Merchants: []paymux.MerchantID{"mer_9"}}, same, false},
		"method":                        {routing.Condition{Methods: []paymux.MethodType{paymux.Card, paymux.WeChatPay}}, same, true},
		"another method":                {routing.Condition{Methods: []paymux.MethodType{paymux.Card}}, same, false},
		"currency":                      {routing.Condition{Currencies: []paymux.Currency{"HKD", "CNY"}}, same, true},
		"another currency":              {routing.Condition{Currencies: []paymux.Currency{"USD"}}, same, false},
		"the least":                     {cny(1000, 2000), same, true},
		"below the least":               {cny(1001, 2000), same, false},
		"the most":                      {cny(1, 1000), same, true},
		"above the most":                {cny(1, 999), same, false},
		"no most":                       {cny(1000, 0), same, true},
		"amounts of another currency":   {routing.Condition{Amounts: map[paymux.Currency]routing.Range{"USD": {}}}, same, false},
		"amounts of two currencies":     {routing.Condition{Amounts: map[paymux.Currency]routing.Range{"USD": {Min: 5000}, "CNY": {Max: 1000}}}, same, true},
		"amounts of a currency not met": {routing.Condition{Currencies: []paymux.Currency{"USD"}, Amounts: map[paymux.Currency]routing.Range{"CNY": {}}}, same, false},
		"country":                       {routing.Condition{Client: []string{"DE", "CN"}}, same, true},
		"another country":               {routing.Condition{Client: []string{"DE"}}, same, false},
		"area":                          {routing.Condition{Client: []string{"asia"}}, from("JP"), true},
		"outside the area":              {routing.Condition{Client: []string{"asia"}}, from("KR"), false},
		"unknown country":               {routing.Condition{Client: []string{"ZZ"}}, from(""), true},
		"unknown country by its area":   {routing.Condition{Client: []string{"dark"}}, from("ZZ"), true},
		"no country at all":             {routing.Condition{Client: []string{"asia"}}, from("atlantis"), false},
		"object":                        {routing.Condition{Object: []string{"DE"}}, func(r *routing.Request) { r.Object = "DE" }, true},
		"what all accounts have":        {routing.Condition{Object: []string{"CN"}}, func(r *routing.Request) { r.Allowed = []string{"a", "b"} }, true},
		"accounts of two countries":     {routing.Condition{Object: []string{"CN"}}, same, false},
		"two countries are unknown":     {routing.Condition{Object: []string{"ZZ"}}, same, true},
		"network":                       {routing.Condition{Networks: []string{"amex", "visa"}}, func(r *routing.Request) { r.Network = "visa" }, true},
		"another network":               {routing.Condition{Networks: []string{"amex"}}, func(r *routing.Request) { r.Network = "visa" }, false},
		"no card":                       {routing.Condition{Networks: []string{"amex"}}, same, false},
		"six digits":                    {bins("424242"), bin("42424299"), true},
		"another six digits":            {bins("424242"), bin("42424300"), false},
		"eight digits":                  {bins("42424242"), bin("42424242"), true},
		"more is known than asked":      {bins("424242"), bin("4242421"), true},
		"less is known than asked":      {bins("42424242"), bin("424242"), false},
		"all that is not known is in":   {bins("42424200-42424299"), bin("424242"), true},
		"first of a range":              {bins("400000-499999"), bin("40000000"), true},
		"last of a range":               {bins("400000-499999"), bin("49999999"), true},
		"after a range":                 {bins("400000-499999"), bin("50000000"), false},
		"one of several ranges":         {bins("300000-309999", "510000-559999"), bin("55000000"), true},
		"no number":                     {bins("400000-499999"), same, false},
		"by day":                        {hours(routing.Window{From: "08:00", To: "22:00"}), same, true},
		"just when it begins":           {hours(routing.Window{From: "08:00", To: "22:00"}), at(8, 0), true},
		"a minute before":               {hours(routing.Window{From: "08:00", To: "22:00"}), at(7, 59), false},
		"just when it ends":             {hours(routing.Window{From: "08:00", To: "22:00"}), at(22, 0), false},
		"on its day":                    {hours(routing.Window{Days: []string{"thu"}}), same, true},
		"on another day":                {hours(routing.Window{Days: []string{"fri", "wed"}}), same, false},
		"over midnight":                 {hours(routing.Window{From: "22:00", To: "06:00", Days: []string{"wed"}}), at(5, 59), true},
		"over midnight, ended":          {hours(routing.Window{From: "22:00", To: "06:00", Days: []string{"wed"}}), at(6, 0), false},
		"over midnight, the day after":  {hours(routing.Window{From: "22:00", To: "06:00", Days: []string{"thu"}}), at(5, 0), false},
		"until midnight":                {hours(routing.Window{From: "22:00", To: "24:00"}), at(23, 59), true},
		"the second window":             {hours(routing.Window{To: "06:00"}, routing.Window{From: "20:00"}), same, true},
		"a value":                       {metadata(map[string][]string{"tier": {"gold", "silver"}}), told(map[string]string{"tier": "silver"}), true},
		"another value":                 {metadata(map[string][]string{"tier": {"gold"}}), told(map[string]string{"tier": "silver"}), false},
		"no such key":                   {metadata(map[string][]string{"tier": {"gold"}}), same, false},
		"any value":                     {metadata(map[string][]string{"tier": {"*"}}), told(map[string]string{"tier": ""}), true},
		"any value of no key":           {metadata(map[string][]string{"tier": {"*"}}), told(map[string]string{"rank": "gold"}), false},
		"two keys":                      {metadata(map[string][]string{"tier": {"gold"}, "shop": {"*"}}), told(map[string]string{"tier": "gold", "shop": "1"}), true},
		"one key of two":                {metadata(map[string][]string{"tier": {"gold"}, "shop": {"*"}}), told(map[string]string{"tier": "gold"}), false},
		"manual":                        {routing.Condition{Manual: &yes}, func(r *routing.Request) { r.Manual = true }, true},
		"not manual":                    {routing.Condition{Manual: &yes}, same, false},
		"automatic":                     {routing.Condition{Manual: &no}, same, true},
		"one of any":                    {routing.Condition{Any: []routing.Condition{cny(2000, 0), {Client: []string{"CN"}}}}, same, true},
		"none of any":                   {routing.Condition{Any: []routing.Condition{cny(2000, 0), {Client: []string{"DE"}}}}, same, false},
		"any and the rest":              {routing.Condition{Manual: &yes, Any: []routing.Condition{{}}}, same, false},
		"not":                           {routing.Condition{Not: &routing.Condition{Client: []string{"DE"}}}, same, true},
		"not, and it is":                {routing.Condition{Not: &routing.Condition{Client: []string{"CN"}}}, same, false},
		"listed and excluded":           {routing.Condition{Client: []string{"asia"}, Not: &routing.Condition{Client: []string{"CN"}}}, same, false},
		"listed and another excluded":   {routing.Condition{Client: []string{"asia"}, Not: &routing.Condition{Client: []string{"CN"}}}, from("JP"), true},
		"not both, one is":              {routing.Condition{Not: &routing.Condition{Client: []string{"CN"}, Manual: &yes}}, same, true},
		"not what is never met":         {routing.Condition{Not: &routing.Condition{Groups: []string{"none"}}}, same, true},
		"not everything":                {routing.Condition{Not: &routing.Condition{}}, same, false},
		"not not":                       {routing.Condition{Not: &routing.Condition{Not: &routing.Condition{Client: []string{"CN"}}}}, same, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s, want := request(), set, "fallback"
			c.change(&r)
			s.Static = []routing.StaticRule{{Name: "tried", When: c.when, Use: []string{"b"}}}
			if c.want {
				want = "tried"
			}
			if d := bind(t, &s, able("a"), able("b"), able("c")).Decide(&r); d.Rule != want {
				t.Errorf("%+v is routed by %q, want %q", r, d.Rule, want)
			}
		})
	}
}
