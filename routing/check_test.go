package routing_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// sound is a rule set that Compile takes; each test spoils one thing.
func sound() *routing.RuleSet {
	return &routing.RuleSet{
		TimeZone: "Europe/Berlin", Groups: map[string][]paymux.MerchantID{"vip": {"mer_1"}}, Areas: map[string][]string{"eu": {"DE", "FR"}},
		Accounts:   []routing.AccountRule{{Name: "a", Quotas: []routing.Quota{{Name: "daily", Count: 1}}, Fees: []routing.Fee{{Percent: 1}}}, {Name: "b"}},
		Designated: []routing.Designation{{Name: "d", Account: "a"}},
		Static:     []routing.StaticRule{{Name: "s", Use: []string{"a"}, Needs: []routing.Feature{routing.Refund}, Order: routing.OrderListed}},
		Dynamic:    []routing.DynamicRule{{Name: "y", Split: map[string]float64{"a": 1}}, {Name: "z", Score: &routing.Weights{Success: 1}, Explore: 0.2}},
		Fallback:   routing.Fallback{Use: []string{"a"}},
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	when := func(w routing.Condition) func(*routing.RuleSet) {
		return func(s *routing.RuleSet) { s.Static[0].When = w }
	}
	window := func(w routing.Window) func(*routing.RuleSet) {
		return when(routing.Condition{Hours: []routing.Window{w}})
	}
	bin := func(b routing.BINRange) func(*routing.RuleSet) {
		return when(routing.Condition{BINs: []routing.BINRange{b}})
	}
	limit := func(r routing.Range) func(*routing.RuleSet) {
		return when(routing.Condition{Amounts: map[paymux.Currency]routing.Range{"CNY": r}})
	}
	deep := routing.Condition{}
	for range 20 {
		inner := deep
		deep = routing.Condition{Not: &inner}
	}
	for name, c := range map[string]struct {
		spoil func(*routing.RuleSet)
		path  string
		code  string
	}{
		"time zone":                 {func(s *routing.RuleSet) { s.TimeZone = "Moon/Sea" }, "time_zone", "bad_time_zone"},
		"nameless merchant":         {func(s *routing.RuleSet) { s.Groups["vip"] = append(s.Groups["vip"], " ") }, "groups.vip[1]", "empty"},
		"area like a country":       {func(s *routing.RuleSet) { s.Areas["EU"] = nil }, "areas.EU", "bad_area"},
		"area of areas":             {func(s *routing.RuleSet) { s.Areas["all"] = []string{"eu"} }, "areas.all[0]", "bad_country"},
		"nameless account":          {func(s *routing.RuleSet) { s.Accounts[0].Name = "" }, "accounts[0].name", "empty"},
		"account twice":             {func(s *routing.RuleSet) { s.Accounts[1].Name = "a" }, "accounts[1].name", "name_taken"},
		"account's country":         {func(s *routing.RuleSet) { s.Accounts[0].Country = "de" }, "accounts[0].country", "bad_country"},
		"priority":                  {func(s *routing.RuleSet) { s.Accounts[0].Priority = -1 }, "accounts[0].priority", "bad_priority"},
		"blocked group":             {func(s *routing.RuleSet) { s.Accounts[0].BlockedGroups = []string{"vips"} }, "accounts[0].blocked_groups[0]", "unknown_group"},
		"quota of nothing":          {func(s *routing.RuleSet) { s.Accounts[0].Quotas[0].Count = 0 }, "accounts[0].quotas[0]", "bad_quota"},
		"quota without currency":    {func(s *routing.RuleSet) { s.Accounts[0].Quotas[0].Amount = 5 }, "accounts[0].quotas[0]", "bad_quota"},
		"currency without amount":   {func(s *routing.RuleSet) { s.Accounts[0].Quotas[0].Currency = "CNY" }, "accounts[0].quotas[0]", "bad_quota"},
		"quota's name":              {func(s *routing.RuleSet) { s.Accounts[0].Quotas[0].Name = "" }, "accounts[0].quotas[0].name", "empty"},
		"fee":                       {func(s *routing.RuleSet) { s.Accounts[0].Fees[0].Percent = 101 }, "accounts[0].fees[0]", "bad_fee"},
		"fee that is no number":     {func(s *routing.RuleSet) { s.Accounts[0].Fees[0].Percent = math.NaN() }, "accounts[0].fees[0]", "bad_fee"},
		"fee that nobody can pay":   {func(s *routing.RuleSet) { s.Accounts[0].Fees[0].Fixed = math.MaxInt64 }, "accounts[0].fees[0]", "bad_fee"},
		"fee's bounds":              {func(s *routing.RuleSet) { s.Accounts[0].Fees[0].Min, s.Accounts[0].Fees[0].Max = 3, 2 }, "accounts[0].fees[0]", "bad_fee"},
		"designation to nobody":     {func(s *routing.RuleSet) { s.Designated[0].Account = "" }, "designated[0].account", "empty"},
		"nameless rule":             {func(s *routing.RuleSet) { s.Static[0].Name = "" }, "static[0].name", "empty"},
		"two rules of a name":       {func(s *routing.RuleSet) { s.Dynamic[0].Name = "s" }, "dynamic[0].name", "name_taken"},
		"no accounts":               {func(s *routing.RuleSet) { s.Static[0].Use = nil }, "static[0]", "no_accounts"},
		"feature":                   {func(s *routing.RuleSet) { s.Static[0].Needs = []routing.Feature{"teleport"} }, "static[0].needs[0]", "unknown_feature"},
		"order":                     {func(s *routing.RuleSet) { s.Static[0].Order = "random" }, "static[0].order", "bad_order"},
		"neither split nor score":   {func(s *routing.RuleSet) { s.Dynamic[0].Split = nil }, "dynamic[0]", "split_or_score"},
		"split and score":           {func(s *routing.RuleSet) { s.Dynamic[0].Score = &routing.Weights{Cost: 1} }, "dynamic[0]", "split_or_score"},
		"negative share":            {func(s *routing.RuleSet) { s.Dynamic[0].Split["b"] = -1 }, "dynamic[0].split.b", "bad_weight"},
		"endless share":             {func(s *routing.RuleSet) { s.Dynamic[0].Split["b"] = math.Inf(1) }, "dynamic[0].split.b", "bad_weight"},
		"shares of nothing":         {func(s *routing.RuleSet) { s.Dynamic[0].Split["a"] = 0 }, "dynamic[0].split", "bad_weight"},
		"weights of nothing":        {func(s *routing.RuleSet) { s.Dynamic[1].Score = &routing.Weights{} }, "dynamic[1].score", "bad_weight"},
		"weight":                    {func(s *routing.RuleSet) { s.Dynamic[1].Score.Cost = math.NaN() }, "dynamic[1].score.cost", "bad_weight"},
		"exploring too much":        {func(s *routing.RuleSet) { s.Dynamic[1].Explore = 0.21 }, "dynamic[1].explore", "bad_share"},
		"a split that explores":     {func(s *routing.RuleSet) { s.Dynamic[0].Explore = 0.1 }, "dynamic[0].explore", "bad_share"},
		"no fallback":               {func(s *routing.RuleSet) { s.Fallback = routing.Fallback{} }, "fallback", "bad_fallback"},
		"two fallbacks":             {func(s *routing.RuleSet) { s.Fallback.All = true }, "fallback", "bad_fallback"},
		"health's share":            {func(s *routing.RuleSet) { s.Health.Fail = 1.5 }, "health.fail", "bad_share"},
		"recovering before failing": {func(s *routing.RuleSet) { s.Health.Fail, s.Health.Recover = 0.9, 0.5 }, "health.recover", "bad_share"},
		"health's window":           {func(s *routing.RuleSet) { s.Health.Window = -1 }, "health.window", "bad_duration"},
		"health's count":            {func(s *routing.RuleSet) { s.Health.Least = -1 }, "health", "bad_count"},
		"group":                     {when(routing.Condition{Groups: []string{"vip", "vips"}}), "static[0].when.groups[1]", "unknown_group"},
		"method":                    {when(routing.Condition{Methods: []paymux.MethodType{"cash"}}), "static[0].when.methods[0]", "unknown_method"},
		"currency":                  {when(routing.Condition{Currencies: []paymux.Currency{"CNY", "XXX"}}), "static[0].when.currencies[1]", "unknown_currency"},
		"amounts of no currency":    {when(routing.Condition{Amounts: map[paymux.Currency]routing.Range{"yuan": {}}}), "static[0].when.amounts.yuan", "unknown_currency"},
		"area":                      {when(routing.Condition{Client: []string{"eu", "asia"}}), "static[0].when.client[1]", "unknown_area"},
		"object":                    {when(routing.Condition{Object: []string{"cn"}}), "static[0].when.object[0]", "unknown_area"},
		"network in capitals":       {when(routing.Condition{Networks: []string{"VISA"}}), "static[0].when.networks[0]", "unknown_network"},
		"key without values":        {when(routing.Condition{Metadata: map[string][]string{"k": nil}}), "static[0].when.metadata.k", "empty"},
		"inside any":                {when(routing.Condition{Any: []routing.Condition{{}, {Groups: []string{"vips"}}}}), "static[0].when.any[1].groups[0]", "unknown_group"},
		"inside not":                {when(routing.Condition{Not: &routing.Condition{Client: []string{"asia"}}}), "static[0].when.not.client[0]", "unknown_area"},
		"too deep":                  {when(deep), "static[0].when" + strings.Repeat(".not", 17), "too_deep"},
		"five digits":               {bin("42424"), "static[0].when.bins[0]", "bad_bin"},
		"nine digits":               {bin("424242424"), "static[0].when.bins[0]", "bad_bin"},
		"letters":                   {bin("42424x"), "static[0].when.bins[0]", "bad_bin"},
		"a sign":                    {bin("+42424"), "static[0].when.bins[0]", "bad_bin"},
		"backwards":                 {bin("500000-400000"), "static[0].when.bins[0]", "bad_bin"},
		"two lengths":               {bin("400000-42424242"), "static[0].when.bins[0]", "bad_bin"},
		"three numbers":             {bin("400000-410000-420000"), "static[0].when.bins[0]", "bad_bin"},
		"hour":                      {window(routing.Window{From: "24:01"}), "static[0].when.hours[0]", "bad_hours"},
		"minute":                    {window(routing.Window{To: "08:60"}), "static[0].when.hours[0]", "bad_hours"},
		"short hour":                {window(routing.Window{From: "8:00"}), "static[0].when.hours[0]", "bad_hours"},
		"day":                       {window(routing.Window{Days: []string{"monday"}}), "static[0].when.hours[0]", "bad_hours"},
		"no time":                   {window(routing.Window{From: "08:00", To: "08:00"}), "static[0].when.hours[0]", "bad_hours"},
		"from midnight to it":       {window(routing.Window{From: "24:00", To: "06:00"}), "static[0].when.hours[0]", "bad_hours"},
		"least above most":          {limit(routing.Range{Min: 2, Max: 1}), "static[0].when.amounts.CNY", "bad_range"},
		"negative amount":           {limit(routing.Range{Min: -1}), "static[0].when.amounts.CNY", "bad_range"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sound()
			c.spoil(s)
			_, err := routing.Compile(s)
			var faults routing.Faults
			if !errors.As(err, &faults) || len(faults) != 1 {
				t.Fatalf("%v", err)
			}
			if f := faults[0]; f.Path != c.path || f.Code != c.code || f.Message == "" || f.Remedy == "" {
				t.Errorf("%+v", f)
			}
			if !strings.Contains(err.Error(), c.path+": ") {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := routing.Compile(sound()); err != nil {
		t.Error(err)
	}
}

func TestAllFaultsAreSaid(t *testing.T) {
	t.Parallel()
	s := sound()
	s.TimeZone, s.Fallback.All, s.Static[0].Use = "?", true, nil
	var faults routing.Faults
	if _, err := routing.Compile(s); !errors.As(err, &faults) || len(faults) != 3 || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("%v", err)
	}
}

func TestARuleSetIsTheSameInJSONAndYAML(t *testing.T) {
	t.Parallel()
	s := sound()
	s.Health = routing.HealthPolicy{Window: 90 * time.Second, Least: 5, Fail: 0.4, Recover: 0.9, Latency: 1500 * time.Millisecond, Probe: 0.01, ProbeAfter: time.Minute, Successes: 2}
	s.Static[0].When = routing.Condition{
		Hours: []routing.Window{{From: "08:00", Days: []string{"mon"}}}, Amounts: map[paymux.Currency]routing.Range{"CNY": {Max: 5}}, BINs: []routing.BINRange{"424242"},
		Manual: &no, Not: &routing.Condition{Client: []string{"eu"}}, Any: []routing.Condition{{Metadata: map[string][]string{"k": {"*"}}}},
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"window":"1m30s"`, `"latency":"1.5s"`, `"time_zone":"Europe/Berlin"`, `"manual":false`, `"probe_after":"1m0s"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	var fromJSON, fromYAML, jsonAsYAML routing.RuleSet
	other, err := yaml.Marshal(s)
	if err = errors.Join(err, json.Unmarshal(text, &fromJSON), yaml.Unmarshal(other, &fromYAML), yaml.Unmarshal(text, &jsonAsYAML)); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]*routing.RuleSet{"JSON": &fromJSON, "YAML": &fromYAML, "JSON read as YAML": &jsonAsYAML} {
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if empty, err := json.Marshal(&routing.RuleSet{}); err != nil || string(empty) != "{}" {
		t.Errorf("%s, %v", empty, err)
	}
	var h routing.HealthPolicy
	if err := json.Unmarshal([]byte(`{"window":"soon"}`), &h); err == nil {
		t.Error("a window of soon is taken")
	}
}

func TestHealthHasDefaults(t *testing.T) {
	t.Parallel()
	if got := (routing.HealthPolicy{}).OrDefault(); got != routing.DefaultHealth() {
		t.Errorf("%+v", got)
	}
	own := routing.HealthPolicy{Window: 1, Least: 2, Fail: 0.3, Recover: 0.4, Latency: 5, Probe: 0.6, ProbeAfter: 7, Successes: 8}
	if got := own.OrDefault(); got != own {
		t.Errorf("%+v", got)
	}
}

func TestFeesAndQuotasAndDays(t *testing.T) {
	t.Parallel()
	s := sound()
	s.TimeZone = "America/New_York"
	s.Accounts[1].Fees = []routing.Fee{
		{Methods: []paymux.MethodType{paymux.Card}, Networks: []string{"amex"}, Percent: 3.5, Fixed: 30}, {Currencies: []paymux.Currency{"CNY"}, Client: []string{"eu"}, Percent: 0.05, Min: 4, Max: 9},
	}
	p, err := routing.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*routing.Request)
		want   int64
	}{
		{func(r *routing.Request) { r.Method, r.Network = paymux.Card, "amex" }, 65},
		{func(r *routing.Request) { r.Method, r.Network, r.Money.Amount = paymux.Card, "amex", 14 }, 30},  // 0.49 rounded
		{func(r *routing.Request) { r.Method, r.Network, r.Money.Amount = paymux.Card, "amex", 15 }, 31},  // 0.525 rounded
		{func(r *routing.Request) { r.Method, r.Network, r.Money.Amount = paymux.Card, "amex", 100 }, 34}, // 3.5 rounded
		{func(r *routing.Request) { r.Client = "DE" }, 4},
		{func(r *routing.Request) { r.Client, r.Money.Amount = "DE", 12_000 }, 6},
		{func(r *routing.Request) { r.Client, r.Money.Amount = "DE", 1_000_000 }, 9},
		{func(*routing.Request) {}, 0},
	} {
		r := request()
		c.change(&r)
		if got := p.Fee("b", &r); got != c.want {
			t.Errorf("%d for %+v, want %d", got, r, c.want)
		}
	}
	if r := request(); p.Fee("gone", &r) != 0 || p.Fee("a", &r) != 10 {
		t.Error("the fees of others are wrong")
	}
	if q := p.Quotas("a"); len(q) != 1 || q[0].Name != "daily" || p.Quotas("b") != nil || p.Quotas("gone") != nil {
		t.Errorf("%+v", q)
	}
	for at, want := range map[string]int32{"1970-01-01T05:00:00Z": 0, "1970-01-01T04:59:59Z": -1, "2026-07-02T03:59:59Z": 20635, "2026-07-02T04:00:00Z": 20636} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Day(moment); got != want {
			t.Errorf("day %d at %s, want %d", got, at, want)
		}
	}
}

// Every code is one that a test of restrictions, or of names that are not configured, has seen.
func TestCodes(t *testing.T) {
	t.Parallel()
	codes := routing.DropCodes()
	want := []string{
		"not_configured", "already_tried", "not_allowed", "not_taken", "down", "disabled", "no_manual_capture", "no_card_tokens", "no_card_numbers", "feature_missing", "method_excluded",
		"currency_excluded", "client_excluded", "amount_below_limit", "amount_above_limit", "outside_hours", "merchant_blocked", "quota_full",
	}
	if !slices.Equal(codes, want) {
		t.Errorf("%v", codes)
	}
	for i, f := range routing.AllFeatures() {
		if set := routing.FeaturesOf(f); set != 1<<i || !set.Has(f) || routing.FeaturesOf("teleport") != 0 || set.Has("teleport") {
			t.Errorf("%s is %b", f, set)
		}
	}
}
