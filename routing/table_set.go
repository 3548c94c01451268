package routing

import (
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/document"
)

// ruleSet is the document.
func (t *table) ruleSet() document.Value[RuleSet] {
	countries := document.Set(t.country, maxListed)
	fallback := document.Mapping("Fallback",
		document.In("use", "these accounts, by priority", document.Set(t.name, maxListed), func(f *Fallback) *[]string { return &f.Use }),
		document.In("all", "all accounts, by priority", document.Truth(), func(f *Fallback) *bool { return &f.All }),
		document.In("refuse", "nobody: the payment is refused", document.Truth(), func(f *Fallback) *bool { return &f.Refuse }),
	)
	return document.Mapping("RuleSet",
		document.In("name", "what explanations call it", t.name, func(s *RuleSet) *string { return &s.Name }),
		document.In("time_zone", "IANA name of the time zone of hours, weekdays and quotas' days; UTC without it", document.Form[string](`UTC|[A-Za-z_]{2,20}(/[A-Za-z0-9+_-]{2,30}){1,2}`, "Write an IANA name, such as Asia/Shanghai."), func(s *RuleSet) *string { return &s.TimeZone }),
		document.In("groups", "names for groups of merchants", document.Map(t.name, document.Set(t.merchant, maxMembers), maxListed), func(s *RuleSet) *map[string][]paymux.MerchantID { return &s.Groups }),
		document.In("areas", "names for groups of countries", document.Map(t.area, countries, maxListed), func(s *RuleSet) *map[string][]string { return &s.Areas }),
		document.In("accounts", "what is known of accounts beside what they say of themselves, and what restricts them", document.List(t.account(), maxListed), func(s *RuleSet) *[]AccountRule { return &s.Accounts }),
		document.In("designated", "rules that name one account; the first that matches", document.List(t.designation(), maxRules), func(s *RuleSet) *[]Designation { return &s.Designated }),
		document.In("static", "rules that name accounts in order; the first that matches", document.List(t.static(), maxRules), func(s *RuleSet) *[]StaticRule { return &s.Static }),
		document.In("dynamic", "rules that rank accounts; the first that matches, where no static rule does or where one has order: dynamic", document.List(t.dynamic(), maxRules), func(s *RuleSet) *[]DynamicRule { return &s.Dynamic }),
		document.In("fallback", "who is asked where no rule matches or nobody is left of one that is not final: use, all or refuse", fallback, func(s *RuleSet) *Fallback { return &s.Fallback }).Needed(),
		document.In("health", "when an account is abnormal, and how it is tried again", t.health(), func(s *RuleSet) *HealthPolicy { return &s.Health }),
	)
}

func (t *table) account() document.Value[AccountRule] {
	return document.Mapping("Account",
		document.In("name", "the account's name in the configuration", t.name, func(a *AccountRule) *string { return &a.Name }).Needed(),
		document.In("country", "where the account is: the transaction object's country", t.country, func(a *AccountRule) *string { return &a.Country }),
		document.In("priority", "the lower is preferred among equals; 100 without it", document.Whole(1, 1_000_000), func(a *AccountRule) *int { return &a.Priority }),
		document.In("disabled", "takes nothing", document.Truth(), func(a *AccountRule) *bool { return &a.Disabled }),
		document.In("methods", "takes these methods only", document.Set(t.method, maxListed), func(a *AccountRule) *[]paymux.MethodType { return &a.Methods }),
		document.In("currencies", "takes these currencies only", document.Set(t.currency, maxListed), func(a *AccountRule) *[]paymux.Currency { return &a.Currencies }),
		document.In("client", "takes payers of these countries or areas only", document.Set(t.place, maxListed), func(a *AccountRule) *[]string { return &a.Client }),
		document.In("amounts", "limits of a payment's amount; a currency that is not listed has none", t.amounts, func(a *AccountRule) *map[paymux.Currency]Range { return &a.Amounts }),
		document.In("hours", "takes payments at these times only", t.windows, func(a *AccountRule) *[]Window { return &a.Hours }),
		document.In("blocked_merchants", "takes nothing of these merchants", document.Set(t.merchant, maxMembers), func(a *AccountRule) *[]paymux.MerchantID { return &a.BlockedMerchants }),
		document.In("blocked_groups", "takes nothing of the merchants of these groups", document.Set(t.name, maxListed), func(a *AccountRule) *[]string { return &a.BlockedGroups }),
		document.In("quotas", "what it takes in a day", document.List(t.quota(), 100), func(a *AccountRule) *[]Quota { return &a.Quotas }),
		document.In("fees", "what its institution takes; the first that matches", document.List(t.fee(), maxListed), func(a *AccountRule) *[]Fee { return &a.Fees }),
	)
}

func (t *table) quota() document.Value[Quota] {
	return document.Mapping("Quota",
		document.In("name", "what explanations call it", t.name, func(q *Quota) *string { return &q.Name }).Needed(),
		document.In("count", "payments in a day", document.Whole[int64](1, 1_000_000_000), func(q *Quota) *int64 { return &q.Count }),
		document.In("currency", "of amount", t.currency, func(q *Quota) *paymux.Currency { return &q.Currency }),
		document.In("amount", "their sum in a day, in minor units", document.Whole[int64](1, maxQuotaSum), func(q *Quota) *int64 { return &q.Amount }),
	)
}

func (t *table) fee() document.Value[Fee] {
	amount := document.Whole[int64](0, paymux.MaxAmount)
	return document.Mapping("Fee",
		document.In("methods", "of these methods", document.Set(t.method, maxListed), func(f *Fee) *[]paymux.MethodType { return &f.Methods }),
		document.In("currencies", "of these currencies", document.Set(t.currency, maxListed), func(f *Fee) *[]paymux.Currency { return &f.Currencies }),
		document.In("networks", "of these card networks", document.Set(t.network, maxListed), func(f *Fee) *[]string { return &f.Networks }),
		document.In("client", "of payers of these countries or areas", document.Set(t.place, maxListed), func(f *Fee) *[]string { return &f.Client }),
		document.In("percent", "of the amount", document.Number(0, 100), func(f *Fee) *float64 { return &f.Percent }),
		document.In("fixed", "and this, in minor units of the payment's currency", amount, func(f *Fee) *int64 { return &f.Fixed }),
		document.In("min", "and at least this", amount, func(f *Fee) *int64 { return &f.Min }),
		document.In("max", "and at most this; no limit without it", amount, func(f *Fee) *int64 { return &f.Max }),
	)
}

func (t *table) designation() document.Value[Designation] {
	return document.Mapping("Designation",
		document.In("name", "what explanations call it", t.name, func(d *Designation) *string { return &d.Name }).Needed(),
		document.In("when", "all of this; anything without it", t.condition, func(d *Designation) *Condition { return &d.When }),
		document.In("account", "the account", t.name, func(d *Designation) *string { return &d.Account }).Needed(),
	)
}

func (t *table) static() document.Value[StaticRule] {
	return document.Mapping("StaticRule",
		document.In("name", "what explanations call it", t.name, func(s *StaticRule) *string { return &s.Name }).Needed(),
		document.In("when", "all of this; anything without it", t.condition, func(s *StaticRule) *Condition { return &s.When }),
		document.In("use", "accounts, in order", document.Set(t.name, maxListed), func(s *StaticRule) *[]string { return &s.Use }),
		document.In("channels", "all accounts of these channels, in their configured order, after use", document.Set(t.name, maxListed), func(s *StaticRule) *[]string { return &s.Channels }),
		document.In("needs", "what the institution must be able to do", document.Set(t.feature, maxListed), func(s *StaticRule) *[]Feature { return &s.Needs }),
		document.In("order", "listed, or dynamic: the first dynamic rule that matches ranks them", document.Word("Order", OrderListed, OrderDynamic), func(s *StaticRule) *Order { return &s.Order }),
		document.In("final", "no fallback: refuse when nobody is left", document.Truth(), func(s *StaticRule) *bool { return &s.Final }),
	)
}

func (t *table) dynamic() document.Value[DynamicRule] {
	weight := document.Number(0, 1e6)
	score := document.Mapping("Weights",
		document.In("success", "of the expected share of payments that succeed", weight, func(w *Weights) *float64 { return &w.Success }),
		document.In("cost", "of the fee, as a share of the amount", weight, func(w *Weights) *float64 { return &w.Cost }),
		document.In("latency", "of a second of waiting", weight, func(w *Weights) *float64 { return &w.Latency }),
	)
	return document.Mapping("DynamicRule",
		document.In("name", "what explanations call it; a split draws by it", t.name, func(r *DynamicRule) *string { return &r.Name }).Needed(),
		document.In("when", "all of this; anything without it", t.condition, func(r *DynamicRule) *Condition { return &r.When }),
		document.In("among", "accounts; those of the split, or all, without it", document.Set(t.name, maxListed), func(r *DynamicRule) *[]string { return &r.Among }),
		document.In("needs", "what the institution must be able to do", document.Set(t.feature, maxListed), func(r *DynamicRule) *[]Feature { return &r.Needs }),
		document.In("split", "account: its share of the payments, in percent or as a plain weight; each payer sticks to one", document.Map(t.name, document.Share(), maxListed), func(r *DynamicRule) *map[string]float64 { return &r.Split }),
		document.In("score", "success*probability - cost*(fee/amount) - latency*seconds; the best is first", document.Pointer(score), func(r *DynamicRule) **Weights { return &r.Score }),
		document.In("explore", "share of payments, 0 to 0.2, that go to another than the best, to learn", document.Number(0, 0.2), func(r *DynamicRule) *float64 { return &r.Explore }),
		document.In("final", "no fallback: refuse when nobody is left", document.Truth(), func(r *DynamicRule) *bool { return &r.Final }),
	)
}

func (t *table) health() document.Value[HealthPolicy] {
	span := document.Span()
	ratio := document.Number(0.001, 1) // 0 is the default, so nobody writes it
	many := document.Whole(1, 1_000_000)
	return document.Mapping("Health",
		document.In("window", "how far back outcomes count, such as 2m", span, func(h *HealthPolicy) *time.Duration { return &h.Window }),
		document.In("least", "outcomes there must be before anything is said", many, func(h *HealthPolicy) *int { return &h.Least }),
		document.In("fail", "abnormal at this success rate or below", ratio, func(h *HealthPolicy) *float64 { return &h.Fail }),
		document.In("recover", "normal again at this success rate or above", ratio, func(h *HealthPolicy) *float64 { return &h.Recover }),
		document.In("latency", "abnormal when slower than this", span, func(h *HealthPolicy) *time.Duration { return &h.Latency }),
		document.In("probe", "share of payments that go to a probing account first", ratio, func(h *HealthPolicy) *float64 { return &h.Probe }),
		document.In("probe_after", "how long an abnormal account is left alone", span, func(h *HealthPolicy) *time.Duration { return &h.ProbeAfter }),
		document.In("successes", "probes that must succeed in a row", many, func(h *HealthPolicy) *int { return &h.Successes }),
	)
}
