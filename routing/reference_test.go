package routing_test

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// reference is the rules read one after the other, the long way: what the engine is held to.
type reference struct {
	set      *routing.RuleSet
	accounts []routing.Account
	know     routing.Knowledge
}

// seen is an account the reference looked at.
type seen struct {
	paymux.Candidate
	tier routing.Health
}

func (f *reference) explain(r *routing.Request) (routing.Decision, paymux.Routing) {
	out := paymux.Routing{RuleSet: f.set.Name, Version: f.set.Version, At: r.At, BIN: r.BIN, Network: r.Network, Payer: r.Payer}
	switch {
	case r.CardNumber:
		out.Card = "number"
	case r.CardToken:
		out.Card = "token"
	}
	object := f.object(r)
	if f.asksObject() && object != "ZZ" {
		out.Object = object
	}
	names, needs, final, ranker := f.rule(r, object, &out)
	var all []seen
	for _, name := range names {
		if !slices.ContainsFunc(all, func(s seen) bool { return s.Account == name }) {
			all = append(all, f.look(r, name, needs, len(all)+1))
		}
	}
	spare := false
	if !final && !slices.ContainsFunc(all, func(s seen) bool { return s.Code == "" }) {
		spare, ranker, out.By, out.Ranker = true, nil, "priority", ""
		all = f.fallBack(r, all)
	}
	kept := f.ordered(r, all, ranker, &out)
	d := routing.Decision{Rule: out.Rule, Kind: out.Kind, By: out.By, Turn: out.Turn, Fallback: spare && len(kept) > 0}
	out.Candidates = []paymux.Candidate{}
	for _, s := range kept {
		d.Order = append(d.Order, s.Account)
		out.Candidates = append(out.Candidates, s.Candidate)
	}
	for _, s := range all {
		if s.Code != "" {
			out.Candidates = append(out.Candidates, s.Candidate)
		}
	}
	switch out.Reason = fmt.Sprintf("method=%s; first of %d by %s", r.Method, len(kept), out.By); len(kept) {
	case 0:
		out.Reason = fmt.Sprintf("no account takes %s in %s", r.Method, r.Money.Currency)
	case 1:
		out.Reason = fmt.Sprintf("method=%s; only one account takes it", r.Method)
	}
	return d, out
}

// rule finds what applies and notes it.
func (f *reference) rule(r *routing.Request, object string, out *paymux.Routing) (names []string, needs []routing.Feature, final bool, ranker *routing.DynamicRule) {
	out.By = "listed"
	if r.Designated != "" {
		out.Rule, out.Kind = "designated", "designated"
		return []string{r.Designated}, nil, true, nil
	}
	for _, d := range f.set.Designated {
		if f.holds(d.When, r, object) {
			out.Rule, out.Kind = d.Name, "designated"
			return []string{d.Account}, nil, false, nil
		}
	}
	var dynamic *routing.DynamicRule
	for i := range f.set.Dynamic {
		if d := &f.set.Dynamic[i]; dynamic == nil && f.holds(d.When, r, object) {
			dynamic = d
		}
	}
	rank := func() {
		if ranker = dynamic; ranker != nil && ranker.Score != nil {
			out.By = "score"
		} else if ranker != nil {
			out.By = "split"
		}
	}
	for _, s := range f.set.Static {
		if !f.holds(s.When, r, object) {
			continue
		}
		out.Rule, out.Kind, names = s.Name, "static", slices.Clone(s.Use)
		for _, c := range s.Channels {
			for _, a := range f.accounts {
				if a.Channel == c {
					names = append(names, a.Name)
				}
			}
		}
		if s.Order == "dynamic" {
			if rank(); ranker != nil {
				out.Ranker = ranker.Name
			}
		}
		return names, s.Needs, s.Final, ranker
	}
	if dynamic != nil {
		rank()
		out.Rule, out.Kind, names = dynamic.Name, "dynamic", dynamic.Among
		if len(names) == 0 && len(dynamic.Split) > 0 {
			names = slices.Sorted(maps.Keys(dynamic.Split))
		} else if len(names) == 0 {
			names = f.everyone()
		}
		return names, dynamic.Needs, dynamic.Final, ranker
	}
	out.Rule, out.Kind, out.By = "fallback", "fallback", "priority"
	return nil, nil, false, nil
}

func (f *reference) everyone() (names []string) {
	for _, a := range f.accounts {
		names = append(names, a.Name)
	}
	return names
}

// fallBack looks at the fallback's accounts, except at those whose exclusion has nothing to do with the rule.
func (f *reference) fallBack(r *routing.Request, all []seen) []seen {
	names := f.set.Fallback.Use
	if f.set.Fallback.All {
		names = f.everyone()
	}
	rule := slices.Clone(all)
	for n, name := range names {
		if slices.Contains(names[:n], name) || slices.ContainsFunc(rule, func(s seen) bool { return s.Account == name && s.Code != "feature_missing" }) {
			continue
		}
		s := f.look(r, name, nil, len(all)+1)
		s.Fallback = true
		all = append(all, s)
	}
	return all
}

// look considers an account.
func (f *reference) look(r *routing.Request, name string, needs []routing.Feature, place int) seen {
	s := seen{Candidate: paymux.Candidate{Account: name, Place: place}}
	i := slices.IndexFunc(f.accounts, func(a routing.Account) bool { return a.Name == name })
	if i < 0 {
		s.Code, s.Dropped = "not_configured", "not configured"
		return s
	}
	a, terms := f.accounts[i], f.terms(name)
	s.Channel, s.Priority = a.Channel, terms.Priority
	if s.Code, s.Detail = f.excludes(r, a, terms, needs); s.Code != "" {
		s.Dropped = texts[s.Code]
		if s.Code == "down" {
			s.Dropped = a.Down
		}
		return s
	}
	if f.know != nil {
		s.tier = f.know.Health(r.Merchant, name)
		s.Health = []string{"", "probing", "abnormal"}[s.tier]
	}
	return s
}

var texts = map[string]string{
	"already_tried": "already tried", "not_allowed": "not allowed for the merchant", "not_taken": "does not take this method and currency",
	"disabled": "disabled by the rules", "no_manual_capture": "has no manual capture", "no_card_tokens": "takes no card tokens",
	"no_card_numbers": "takes no card numbers", "feature_missing": "lacks what the rule needs", "method_excluded": "the rules exclude this method there",
	"currency_excluded": "the rules exclude this currency there", "client_excluded": "the rules exclude payers of this country there",
	"amount_below_limit": "the amount is below its limit", "amount_above_limit": "the amount is above its limit", "outside_hours": "closed at this hour",
	"merchant_blocked": "blocked for the merchant", "quota_full": "its quota of the day is used up",
}

func (f *reference) terms(account string) routing.AccountRule {
	for _, a := range f.set.Accounts {
		if a.Name == account {
			return a
		}
	}
	return routing.AccountRule{}
}

func (f *reference) excludes(r *routing.Request, a routing.Account, terms routing.AccountRule, needs []routing.Feature) (code, detail string) {
	money := fmt.Sprint(r.Money.Amount)
	limit := terms.Amounts[r.Money.Currency]
	switch {
	case slices.Contains(r.Tried, a.Name):
		return "already_tried", ""
	case len(r.Allowed) > 0 && !slices.Contains(r.Allowed, a.Name):
		return "not_allowed", ""
	case !a.Takes(r.Method, r.Money.Currency):
		return "not_taken", string(r.Method) + " " + string(r.Money.Currency)
	case a.Down != "":
		return "down", ""
	case terms.Disabled:
		return "disabled", ""
	case r.Manual && !a.Features.Has("manual_capture"):
		return "no_manual_capture", ""
	case r.CardToken && !a.Features.Has("card_tokens"):
		return "no_card_tokens", ""
	case r.CardNumber && !a.Features.Has("card_numbers"):
		return "no_card_numbers", ""
	}
	for _, need := range needs {
		if !a.Features.Has(need) {
			return "feature_missing", string(need)
		}
	}
	switch {
	case len(terms.Methods) > 0 && !slices.Contains(terms.Methods, r.Method):
		return "method_excluded", string(r.Method)
	case len(terms.Currencies) > 0 && !slices.Contains(terms.Currencies, r.Money.Currency):
		return "currency_excluded", string(r.Money.Currency)
	case len(terms.Client) > 0 && !f.lies(r.Client, terms.Client):
		return "client_excluded", cmp.Or(r.Client, "ZZ")
	case r.Money.Amount < limit.Min:
		return "amount_below_limit", money + " < " + fmt.Sprint(limit.Min) + " " + string(r.Money.Currency)
	case limit.Max != 0 && r.Money.Amount > limit.Max:
		return "amount_above_limit", money + " > " + fmt.Sprint(limit.Max) + " " + string(r.Money.Currency)
	case len(terms.Hours) > 0 && !f.open(terms.Hours, r.At):
		return "outside_hours", r.At.In(f.zone()).Format("Mon 15:04")
	case slices.Contains(terms.BlockedMerchants, r.Merchant) || f.belongs(r.Merchant, terms.BlockedGroups):
		return "merchant_blocked", string(r.Merchant)
	}
	if len(terms.Quotas) > 0 && f.know != nil {
		local := r.At.In(f.zone())
		day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
		if full := f.know.Full(a.Name, r.Money, int32(day)); full != "" {
			return "quota_full", full
		}
	}
	return "", ""
}

// ordered are the accounts that were kept, as they are tried.
func (f *reference) ordered(r *routing.Request, all []seen, ranker *routing.DynamicRule, out *paymux.Routing) []seen {
	var kept []seen
	for _, s := range all {
		if s.Code == "" {
			f.rate(r, &s, ranker)
			kept = append(kept, s)
		}
	}
	if out.By == "split" {
		out.Payer = cmp.Or(r.Payer, string(r.ID))
	}
	probing := slices.DeleteFunc(slices.Clone(kept), func(s seen) bool { return s.tier != routing.Probing })
	slices.SortStableFunc(kept, func(a, b seen) int {
		byHealth := cmp.Compare(a.tier, b.tier)
		if out.By == "listed" {
			return byHealth
		}
		return cmp.Or(byHealth, cmp.Compare(b.Score, a.Score), cmp.Compare(cmp.Or(a.Priority, 100), cmp.Or(b.Priority, 100)))
	})
	explore := 0.0
	if ranker != nil {
		explore = ranker.Explore
	}
	if len(kept) > 1 && (len(probing) > 0 || explore > 0) {
		out.Draw, out.Explore = strconv.FormatUint(r.Draw, 16), explore
		if len(probing) > 0 {
			out.Probe = f.set.Health.OrDefault().Probe
		}
	}
	return f.turns(r, kept, probing, explore, out)
}

// turns lets another come first: each probing account as often as the policy says, then the explored.
func (f *reference) turns(r *routing.Request, kept, probing []seen, explore float64, out *paymux.Routing) []seen {
	u := (float64(r.Draw>>11) + 0.5) / (1 << 53)
	used, front, turn := 0.0, -1, ""
	for _, p := range probing {
		if u >= used && u < used+f.set.Health.OrDefault().Probe {
			front, turn = slices.IndexFunc(kept, func(s seen) bool { return s.Account == p.Account }), "probe"
		}
		used += f.set.Health.OrDefault().Probe
	}
	well := len(slices.DeleteFunc(slices.Clone(kept), func(s seen) bool { return s.tier != routing.Normal }))
	if turn == "" && well > 1 && u >= used && u < used+explore {
		front, turn = 1+int(mixed(r.Draw)%uint64(well-1)), "explore"
	}
	if front > 0 {
		one := kept[front]
		kept, out.Turn = slices.Insert(slices.Delete(kept, front, front+1), 0, one), turn
	}
	return kept
}

func (f *reference) rate(r *routing.Request, s *seen, ranker *routing.DynamicRule) {
	switch {
	case ranker == nil:
	case ranker.Score != nil:
		if f.know != nil {
			k := f.know.Figures(s.Account, routing.Kind{Method: r.Method, Currency: r.Money.Currency, Client: cmp.Or(r.Client, "ZZ")})
			s.Success, s.Trials, s.LatencyMS = k.Success, k.Trials, k.Latency.Milliseconds()
		}
		s.Cost = f.fee(r, s.Account)
		s.Score = ranker.Score.Success*s.Success - ranker.Score.Cost*(float64(s.Cost)/float64(r.Money.Amount)) - ranker.Score.Latency*(float64(s.LatencyMS)/1000)
	default:
		sum := 0.0
		for _, name := range slices.Sorted(maps.Keys(ranker.Split)) {
			sum += ranker.Split[name]
		}
		if s.Share = ranker.Split[s.Account] / sum; s.Share > 0 {
			u := mixed(fnv1a(ranker.Name) ^ mixed(fnv1a(cmp.Or(r.Payer, string(r.ID)))^mixed(fnv1a(s.Account))))
			s.Score = s.Share / -math.Log((float64(u>>11)+0.5)/(1<<53))
		}
	}
}

func fnv1a(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// mixed is splitmix64.
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

func (f *reference) fee(r *routing.Request, account string) int64 {
	for _, fee := range f.terms(account).Fees {
		if (len(fee.Methods) == 0 || slices.Contains(fee.Methods, r.Method)) && (len(fee.Currencies) == 0 || slices.Contains(fee.Currencies, r.Money.Currency)) &&
			(len(fee.Networks) == 0 || slices.Contains(fee.Networks, r.Network)) && (len(fee.Client) == 0 || f.lies(r.Client, fee.Client)) {
			total := int64(math.Round(float64(r.Money.Amount)*fee.Percent/100)) + fee.Fixed
			if total < fee.Min {
				total = fee.Min
			}
			if fee.Max != 0 && total > fee.Max {
				total = fee.Max
			}
			return total
		}
	}
	return 0
}

func (f *reference) holds(w routing.Condition, r *routing.Request, object string) bool {
	if len(w.Merchants) > 0 && !slices.Contains(w.Merchants, r.Merchant) || len(w.Groups) > 0 && !f.belongs(r.Merchant, w.Groups) ||
		len(w.Methods) > 0 && !slices.Contains(w.Methods, r.Method) || len(w.Currencies) > 0 && !slices.Contains(w.Currencies, r.Money.Currency) ||
		len(w.Client) > 0 && !f.lies(r.Client, w.Client) || len(w.Object) > 0 && !f.lies(object, w.Object) ||
		len(w.Networks) > 0 && !slices.Contains(w.Networks, r.Network) || w.Manual != nil && *w.Manual != r.Manual ||
		len(w.Hours) > 0 && !f.open(w.Hours, r.At) {
		return false
	}
	if limit, ok := w.Amounts[r.Money.Currency]; len(w.Amounts) > 0 && (!ok || r.Money.Amount < limit.Min || limit.Max != 0 && r.Money.Amount > limit.Max) {
		return false
	}
	if len(w.BINs) > 0 && !slices.ContainsFunc(w.BINs, func(b routing.BINRange) bool { return binIn(r.BIN, string(b)) }) {
		return false
	}
	for key, values := range w.Metadata {
		if value, ok := r.Metadata[key]; !ok || !slices.Contains(values, "*") && !slices.Contains(values, value) {
			return false
		}
	}
	if len(w.Any) > 0 && !slices.ContainsFunc(w.Any, func(one routing.Condition) bool { return f.holds(one, r, object) }) {
		return false
	}
	return w.Not == nil || !f.holds(*w.Not, r, object)
}

// binIn reports whether every card number that begins with bin lies in a range, as texts compare.
func binIn(bin, within string) bool {
	from, to, _ := strings.Cut(within, "-")
	to = cmp.Or(to, from)
	pad := func(s, with string) string { return s + strings.Repeat(with, 8-len(s)) }
	return bin != "" && pad(bin, "0") >= pad(from, "0") && pad(bin, "9") <= pad(to, "9")
}

func (f *reference) belongs(m paymux.MerchantID, groups []string) bool {
	for _, g := range groups {
		if slices.Contains(f.set.Groups[g], m) {
			return true
		}
	}
	return false
}

func (f *reference) lies(country string, places []string) bool {
	country = cmp.Or(country, "ZZ")
	for _, p := range places {
		if p == country || slices.Contains(f.set.Areas[p], country) {
			return true
		}
	}
	return false
}

func (f *reference) zone() *time.Location {
	zone, _ := time.LoadLocation(f.set.TimeZone)
	return zone
}

// open walks through the windows that began today and yesterday.
func (f *reference) open(windows []routing.Window, at time.Time) bool {
	local := at.In(f.zone())
	now := local.Format("15:04")
	for _, w := range windows {
		from, to := cmp.Or(w.From, "00:00"), cmp.Or(w.To, "24:00")
		today, yesterday := begins(w, local.Weekday()), begins(w, (local.Weekday()+6)%7)
		if from < to && today && from <= now && now < to || from > to && (today && from <= now || yesterday && now < to) {
			return true
		}
	}
	return false
}

func begins(w routing.Window, day time.Weekday) bool {
	return len(w.Days) == 0 || slices.Contains(w.Days, strings.ToLower(day.String()[:3]))
}

func (f *reference) asksObject() bool {
	asks := false
	var look func(routing.Condition)
	look = func(w routing.Condition) {
		asks = asks || len(w.Object) > 0
		for _, one := range w.Any {
			look(one)
		}
		if w.Not != nil {
			look(*w.Not)
		}
	}
	for _, d := range f.set.Designated {
		look(d.When)
	}
	for _, s := range f.set.Static {
		look(s.When)
	}
	for _, d := range f.set.Dynamic {
		look(d.When)
	}
	return asks
}

// object is what the accounts that take the payment, or the designated one, have in common.
func (f *reference) object(r *routing.Request) string {
	if r.Object != "" {
		return r.Object
	}
	found := map[string]bool{}
	for _, a := range f.accounts {
		if (r.Designated == "" || r.Designated == a.Name) && (len(r.Allowed) == 0 || slices.Contains(r.Allowed, a.Name)) && a.Takes(r.Method, r.Money.Currency) {
			found[f.terms(a.Name).Country] = true
		}
	}
	if len(found) != 1 || found[""] {
		return "ZZ"
	}
	return slices.Collect(maps.Keys(found))[0]
}
