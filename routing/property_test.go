package routing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Everything is drawn from few words, so that rules and payments meet.
var (
	names      = []string{"a", "b", "c", "d", "e", "gone"} // the last is never configured
	someNames  = rapid.SliceOfN(rapid.SampledFrom(names), 0, 4)
	methods    = rapid.SampledFrom(paymux.MethodTypes()[:3])
	currencies = rapid.SampledFrom([]paymux.Currency{"CNY", "USD", "JPY"})
	merchants  = rapid.SampledFrom([]paymux.MerchantID{"mer_1", "mer_2", "mer_3", "mer_4"})
	places     = rapid.SampledFrom([]string{"CN", "DE", "FR", "ZZ", "eu", "far"})
	networks   = rapid.SampledFrom([]string{"visa", "amex"})
	features   = rapid.SampledFrom(routing.AllFeatures())
	bins       = rapid.SampledFrom([]routing.BINRange{"424242", "42424242", "400000-499999", "42424200-42424299", "555555", "5555550-5555554"})
	clocks     = rapid.SampledFrom([]string{"", "00:00", "08:00", "08:30", "17:45", "22:00"})
)

func few[T any](t *rapid.T, of *rapid.Generator[T], name string) []T {
	if rapid.IntRange(0, 2).Draw(t, name+" given") > 0 {
		return nil
	}
	return rapid.SliceOfN(of, 1, 3).Draw(t, name)
}

func drawRange(t *rapid.T) map[paymux.Currency]routing.Range {
	if rapid.IntRange(0, 2).Draw(t, "amounts given") > 0 {
		return nil
	}
	one := rapid.Custom(func(t *rapid.T) routing.Range {
		least := rapid.Int64Range(0, 40).Draw(t, "least")
		return rapid.SampledFrom([]routing.Range{{Min: least}, {Max: least}, {Min: least, Max: least + 10}}).Draw(t, "range")
	})
	return rapid.MapOfN(currencies, one, 1, 2).Draw(t, "amounts")
}

func drawHours(t *rapid.T) []routing.Window {
	var windows []routing.Window
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "windows") {
		w := routing.Window{From: clocks.Draw(t, "from"), To: clocks.Draw(t, "to"), Days: few(t, rapid.SampledFrom(routing.Weekdays()), "days")}
		if w.From != "" && w.From == w.To || w.To == "00:00" && w.From == "" {
			w.To = "23:59"
		}
		windows = append(windows, w)
	}
	return windows
}

func drawCondition(t *rapid.T, depth int) routing.Condition {
	w := routing.Condition{
		Merchants: few(t, merchants, "merchants"), Groups: few(t, rapid.SampledFrom([]string{"odd", "low", "none"}), "groups"), Methods: few(t, methods, "methods"),
		Currencies: few(t, currencies, "currencies"), Amounts: drawRange(t), Client: few(t, places, "client"), Object: few(t, places, "object"),
		Networks: few(t, networks, "networks"), BINs: few(t, bins, "bins"), Hours: drawHours(t),
		Manual: rapid.SampledFrom([]*bool{nil, nil, new(bool)}).Draw(t, "manual"),
	}
	if rapid.IntRange(0, 2).Draw(t, "metadata given") == 0 {
		w.Metadata = rapid.MapOfN(rapid.StringMatching(`[k-m]`), rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "*"}), 1, 2), 1, 2).Draw(t, "metadata")
	}
	if depth < 2 && rapid.IntRange(0, 3).Draw(t, "any given") == 0 {
		w.Any = []routing.Condition{drawCondition(t, depth+1), drawCondition(t, depth+1)}
	}
	if depth < 2 && rapid.IntRange(0, 3).Draw(t, "not given") == 0 {
		not := drawCondition(t, depth+1)
		w.Not = &not
	}
	return sparse(t, w)
}

// sparse leaves most of a condition out: what asks for everything is met by nothing.
func sparse(t *rapid.T, w routing.Condition) routing.Condition {
	keep := rapid.IntRange(0, 1<<13-1).Draw(t, "kept") & rapid.IntRange(0, 1<<13-1).Draw(t, "kept, too")
	for i, drop := range []func(){
		func() { w.Merchants = nil }, func() { w.Groups = nil }, func() { w.Methods = nil }, func() { w.Currencies = nil }, func() { w.Amounts = nil },
		func() { w.Client = nil }, func() { w.Object = nil }, func() { w.Networks = nil }, func() { w.BINs = nil }, func() { w.Hours = nil },
		func() { w.Metadata = nil }, func() { w.Manual = nil }, func() { w.Any = nil },
	} {
		if keep&(1<<i) == 0 {
			drop()
		}
	}
	return w
}

func drawRules(t *rapid.T, most int) *routing.RuleSet {
	s := &routing.RuleSet{
		Name: "drawn", Version: 7, TimeZone: rapid.SampledFrom([]string{"", "Asia/Shanghai", "America/New_York"}).Draw(t, "zone"),
		Groups:   map[string][]paymux.MerchantID{"odd": {"mer_1", "mer_3"}, "low": {"mer_1", "mer_2"}, "none": nil},
		Areas:    map[string][]string{"eu": {"DE", "FR"}, "far": {"CN", "ZZ"}},
		Fallback: rapid.SampledFrom([]routing.Fallback{{All: true}, {Refuse: true}, {Use: []string{"b", "gone", "a", "b"}}}).Draw(t, "fallback"),
		Health:   routing.HealthPolicy{Probe: rapid.SampledFrom([]float64{0, 0.25, 0.5}).Draw(t, "probe")},
	}
	number := 0
	name := func() string { number++; return fmt.Sprint("rule ", number) }
	for range rapid.IntRange(0, 2).Draw(t, "designated") {
		s.Designated = append(s.Designated, routing.Designation{Name: name(), When: drawCondition(t, 0), Account: rapid.SampledFrom(names).Draw(t, "account")})
	}
	for range rapid.IntRange(0, most).Draw(t, "static") {
		r := routing.StaticRule{
			Name: name(), When: drawCondition(t, 0), Use: someNames.Draw(t, "use"), Channels: few(t, rapid.SampledFrom([]string{"red", "blue", "no"}), "channels"),
			Needs: few(t, features, "needs"), Order: rapid.SampledFrom([]routing.Order{"", "listed", "dynamic"}).Draw(t, "order"), Final: rapid.Bool().Draw(t, "final"),
		}
		r.Final = r.Final || len(r.Use)+len(r.Channels) == 0
		s.Static = append(s.Static, r)
	}
	for range rapid.IntRange(0, 3).Draw(t, "dynamic") {
		r := routing.DynamicRule{Name: name(), When: drawCondition(t, 0), Among: someNames.Draw(t, "among"), Needs: few(t, features, "needs"), Final: rapid.Bool().Draw(t, "final")}
		if rapid.Bool().Draw(t, "split") {
			r.Split = rapid.MapOfN(rapid.SampledFrom(names), rapid.SampledFrom([]float64{0, 1, 30, 70}), 1, 4).Draw(t, "shares")
			r.Split["c"] = 10
		} else {
			weight := rapid.SampledFrom([]float64{0, 0.1, 1})
			r.Score = &routing.Weights{Success: 1, Cost: weight.Draw(t, "cost"), Latency: weight.Draw(t, "latency")}
			r.Explore = rapid.SampledFrom([]float64{0, 0.2}).Draw(t, "explore")
		}
		s.Dynamic = append(s.Dynamic, r)
	}
	for _, account := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 5, rapid.ID[string]).Draw(t, "accounts") {
		s.Accounts = append(s.Accounts, drawTerms(t, account))
	}
	return s
}

func drawTerms(t *rapid.T, account string) routing.AccountRule {
	a := routing.AccountRule{
		Name: account, Country: rapid.SampledFrom([]string{"", "CN", "DE"}).Draw(t, "country"), Priority: rapid.SampledFrom([]int{0, 1, 100, 200}).Draw(t, "priority"),
		Disabled: rapid.IntRange(0, 7).Draw(t, "disabled") == 0,
	}
	switch rapid.IntRange(0, 6).Draw(t, "restricted by") {
	case 0:
		a.Methods = few(t, methods, "methods")
	case 1:
		a.Currencies = few(t, currencies, "currencies")
	case 2:
		a.Client = few(t, places, "client")
	case 3:
		a.Amounts = drawRange(t)
	case 4:
		a.Hours = drawHours(t)
	case 5:
		a.BlockedMerchants, a.BlockedGroups = few(t, merchants, "blocked"), few(t, rapid.SampledFrom([]string{"odd", "low"}), "blocked groups")
	case 6:
		a.Quotas = []routing.Quota{{Name: "daily", Count: 1}}
	}
	for range rapid.IntRange(0, 2).Draw(t, "fees") {
		a.Fees = append(a.Fees, routing.Fee{
			Methods: few(t, methods, "methods"), Currencies: few(t, currencies, "currencies"), Networks: few(t, networks, "networks"), Client: few(t, places, "client"),
			Percent: rapid.SampledFrom([]float64{0, 0.6, 2.9}).Draw(t, "percent"), Fixed: rapid.Int64Range(0, 3).Draw(t, "fixed"),
			Min: rapid.Int64Range(0, 2).Draw(t, "min"), Max: rapid.SampledFrom([]int64{0, 2, 5}).Draw(t, "max"),
		})
	}
	return a
}

func drawAccounts(t *rapid.T) []routing.Account {
	var accounts []routing.Account
	for _, name := range rapid.Permutation(names[:5]).Draw(t, "accounts") {
		not := methods.Draw(t, "not taken")
		accounts = append(accounts, routing.Account{
			Name: name, Channel: rapid.SampledFrom([]string{"red", "blue"}).Draw(t, "channel"),
			Takes:    func(m paymux.MethodType, _ paymux.Currency) bool { return m != not },
			Features: routing.FeaturesOf(rapid.SliceOfN(features, 4, 12).Draw(t, "features")...),
			Down:     rapid.SampledFrom([]string{"", "", "", "", "under repair"}).Draw(t, "down"),
		})
	}
	return accounts[:rapid.IntRange(1, 5).Draw(t, "open")]
}

// known is knowledge that says what it was given.
type known struct {
	figures map[string]routing.Figures
	health  map[string]routing.Health
	full    map[string]int32 // account to the day on which it is
}

func (k *known) Figures(account string, of routing.Kind) routing.Figures {
	f := k.figures[account]
	f.Success -= float64(len(of.Client)+len(of.Method)+len(of.Currency)) / 1000
	return f
}
func (k *known) Health(m paymux.MerchantID, account string) routing.Health {
	if m == "mer_4" {
		return routing.Normal
	}
	return k.health[account]
}
func (k *known) Full(account string, m paymux.Money, day int32) string {
	if k.full[account] == day && m.Amount > 5 {
		return "daily"
	}
	return ""
}

func drawKnowledge(t *rapid.T) routing.Knowledge {
	if rapid.IntRange(0, 3).Draw(t, "ignorant") == 0 {
		return nil
	}
	k := &known{figures: map[string]routing.Figures{}, health: map[string]routing.Health{}, full: map[string]int32{}}
	for _, name := range names {
		k.figures[name] = routing.Figures{
			Success: rapid.SampledFrom([]float64{0.5, 0.9, 0.95}).Draw(t, "success"), Trials: 10,
			Latency: rapid.SampledFrom([]time.Duration{0, 1500 * time.Microsecond, 2 * time.Second}).Draw(t, "latency"),
		}
		k.health[name] = rapid.SampledFrom([]routing.Health{routing.Normal, routing.Normal, routing.Probing, routing.Abnormal}).Draw(t, "health")
		k.full[name] = rapid.Int32Range(20780, 20790).Draw(t, "full on")
	}
	return k
}

func drawRequest(t *rapid.T) routing.Request {
	return routing.Request{
		ID: paymux.PaymentID(rapid.StringMatching(`pay_[0-9]{6}`).Draw(t, "id")), At: time.Unix(rapid.Int64Range(1795651200, 1796256000).Draw(t, "at"), 0).UTC(),
		Merchant: merchants.Draw(t, "merchant"), Money: paymux.Money{Amount: rapid.Int64Range(1, 50).Draw(t, "amount"), Currency: currencies.Draw(t, "currency")},
		Method: methods.Draw(t, "method"), Manual: rapid.Bool().Draw(t, "manual"), CardToken: rapid.Bool().Draw(t, "token"), CardNumber: rapid.Bool().Draw(t, "number"),
		Designated: rapid.SampledFrom([]string{"", "", "", "", "", "a", "gone"}).Draw(t, "designated"), Allowed: few(t, rapid.SampledFrom(names), "allowed"),
		Client: rapid.SampledFrom([]string{"", "CN", "DE", "FR", "US", "ZZ"}).Draw(t, "client"), Object: rapid.SampledFrom([]string{"", "", "CN", "DE"}).Draw(t, "object"),
		Network: rapid.SampledFrom([]string{"", "visa", "amex", "other"}).Draw(t, "network"), BIN: rapid.SampledFrom([]string{"", "424242", "42424250", "5555555", "411111"}).Draw(t, "bin"),
		Metadata: rapid.MapOfN(rapid.StringMatching(`[k-m]`), rapid.SampledFrom([]string{"x", "y", "z", "*"}), 0, 3).Draw(t, "metadata"),
		Payer:    rapid.SampledFrom([]string{"", "somebody"}).Draw(t, "payer"), Draw: rapid.Uint64().Draw(t, "draw") << 10, Tried: few(t, rapid.SampledFrom(names), "tried"),
	}
}

// The engine says of every payment what rules say that are read one after the other; Decide and Explain agree.
func TestTheEngineIsTheRulesReadOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int{3, 3, 3, 150}).Draw(t, "most rules")
		f := &reference{set: drawRules(t, most), accounts: drawAccounts(t), know: drawKnowledge(t)}
		p, err := routing.Compile(f.set)
		if err != nil {
			t.Fatal(err)
		}
		v := p.Bind(f.accounts, f.know)
		for range 20 {
			r := drawRequest(t)
			want, why := f.explain(&r)
			got, said := v.Explain(&r)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("decision (-want +got):\n%s%+v", diff, said)
			}
			if diff := cmp.Diff(why, said); diff != "" {
				t.Fatalf("explanation (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, v.Decide(&r)); diff != "" {
				t.Fatalf("Decide and Explain (-explained +decided):\n%s", diff)
			}
			agrees(t, got, said)
		}
	})
}

// agrees holds an explanation to what it has to be, whatever the rules: the order first, every account once by the rule and once by the fallback.
func agrees(t *rapid.T, d routing.Decision, said paymux.Routing) {
	var kept []string
	seen := map[string]bool{}
	for i, c := range said.Candidates {
		if (c.Dropped == "") != (c.Code == "") || c.Dropped == "" && i != len(kept) {
			t.Fatalf("%+v at %d", c, i)
		}
		if c.Dropped == "" {
			kept = append(kept, c.Account)
		} else if !slices.Contains(routing.DropCodes(), c.Code) {
			t.Fatalf("%q is no code", c.Code)
		}
		if id := fmt.Sprint(c.Account, c.Fallback); seen[id] {
			t.Fatalf("%s is considered twice: %+v", c.Account, said.Candidates)
		} else {
			seen[id] = true
		}
	}
	if !slices.Equal(kept, d.Order) || d.Rule != said.Rule || d.Kind != said.Kind || d.By != said.By || d.Turn != said.Turn {
		t.Fatalf("%+v is explained as %+v", d, said)
	}
}

// The same with so many rules that rows are sparse, most of them for merchants of their own.
func TestTheEngineFindsOneRuleOfThousands(t *testing.T) {
	t.Parallel()
	static := rapid.Custom(func(t *rapid.T) routing.StaticRule {
		w := drawCondition(t, 0)
		switch rapid.IntRange(0, 500).Draw(t, "of") % 4 {
		case 0:
			w.Merchants = []paymux.MerchantID{paymux.MerchantID(fmt.Sprint("mer_", rapid.IntRange(0, 60).Draw(t, "merchant")))}
			w.Metadata = map[string][]string{"store": {fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "store"))}}
		case 1:
			least := rapid.Int64Range(1, 100_000).Draw(t, "least")
			w.Amounts = map[paymux.Currency]routing.Range{currencies.Draw(t, "currency"): {Min: least, Max: least + 50}}
		case 2:
			w.BINs = []routing.BINRange{routing.BINRange(fmt.Sprint(rapid.IntRange(100_000, 999_999).Draw(t, "bin")))}
		case 3:
			w.Metadata = map[string][]string{fmt.Sprint("key", rapid.IntRange(0, 40).Draw(t, "key")): {"*"}}
		}
		return routing.StaticRule{When: w, Use: someNames.Draw(t, "use"), Final: true}
	})
	set := &routing.RuleSet{
		Groups: map[string][]paymux.MerchantID{"odd": {"mer_1", "mer_3"}, "low": {"mer_1", "mer_2"}, "none": nil},
		Areas:  map[string][]string{"eu": {"DE", "FR"}, "far": {"CN", "ZZ"}}, Fallback: routing.Fallback{All: true},
	}
	for i := range 3000 {
		rule := static.Example(i)
		rule.Name = fmt.Sprint("rule ", i)
		set.Static = append(set.Static, rule)
	}
	f := &reference{set: set, accounts: rapid.Custom(drawAccounts).Example(1)}
	p, err := routing.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	v := p.Bind(f.accounts, nil)
	late := 0
	for i := range 600 {
		r := rapid.Custom(drawRequest).Example(i)
		r.Designated, r.Merchant = "", paymux.MerchantID(fmt.Sprint("mer_", i%70))
		r.Money.Amount, r.BIN = int64(i)*167+1, fmt.Sprint(100_000+i*1500)
		switch i % 3 {
		case 0:
			r.Metadata = map[string]string{"store": fmt.Sprint(i % 40)}
		case 1:
			r.Metadata = map[string]string{fmt.Sprint("key", i%80): "x"}
		}
		want, why := f.explain(&r)
		got, said := v.Explain(&r)
		if diff := cmp.Diff(want, got) + cmp.Diff(why, said); diff != "" {
			t.Fatalf("of %+v (-want +got):\n%s", r, diff)
		}
		if n := slices.IndexFunc(set.Static, func(s routing.StaticRule) bool { return s.Name == got.Rule }); n > 100 || n < 0 {
			late++
		}
	}
	if late < 100 {
		t.Errorf("%d payments met a rule that is not among the first hundred", late)
	}
}
