package routing

import (
	"math"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// Program is a rule set made ready to decide. It is never changed, and safe for concurrent use.
type Program struct {
	Set    *RuleSet     // nobody changes it any more
	Health HealthPolicy // with its defaults filled in

	zone     *time.Location
	accounts map[string]*AccountRule
}

// Compile makes a rule set ready. The error is a Faults with all that is wrong with it. The time zone is
// looked up where Go looks for them; nothing else outside s is read.
func Compile(s *RuleSet) (*Program, error) {
	if faults := check(s); len(faults) > 0 {
		return nil, faults
	}
	p := &Program{Set: s, Health: s.Health.OrDefault(), accounts: make(map[string]*AccountRule, len(s.Accounts))}
	p.zone, _ = time.LoadLocation(s.TimeZone) // check has seen that there is one
	for i := range s.Accounts {
		p.accounts[s.Accounts[i].Name] = &s.Accounts[i]
	}
	return p, nil
}

// Quotas are those of an account.
func (p *Program) Quotas(account string) []Quota {
	if a := p.accounts[account]; a != nil {
		return a.Quotas
	}
	return nil
}

// Day is the number of days since 1970 in the rule set's time zone: quotas are counted by it.
func (p *Program) Day(at time.Time) int32 {
	at = at.In(p.zone)
	_, offset := at.Zone()
	seconds := at.Unix() + int64(offset)
	return int32((seconds - (seconds%86400+86400)%86400) / 86400)
}

// Fee is what an account's institution is expected to take of a payment, in minor units; 0 where the rules have no fee for it.
func (p *Program) Fee(account string, r *Request) int64 {
	a := p.accounts[account]
	if a == nil {
		return 0
	}
	for i := range a.Fees {
		if f := &a.Fees[i]; p.charges(f, r) {
			return f.of(r.Money.Amount)
		}
	}
	return 0
}

func (p *Program) charges(f *Fee, r *Request) bool {
	return has(f.Methods, r.Method) && has(f.Currencies, r.Money.Currency) && has(f.Networks, r.Network) && p.located(f.Client, r.Client)
}

// of is the fee of an amount, rounded to the nearest minor unit.
func (f *Fee) of(amount int64) int64 {
	fee := max(int64(math.Round(float64(amount)*f.Percent/100))+f.Fixed, f.Min)
	if f.Max > 0 {
		fee = min(fee, f.Max)
	}
	return fee
}

func has[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// located reports whether a country is among places; empty places are everywhere.
func (p *Program) located(places []string, country string) bool {
	if country == "" {
		country = Unknown
	}
	return len(places) == 0 || slices.ContainsFunc(places, func(place string) bool {
		return place == country || slices.Contains(p.Set.Areas[place], country)
	})
}

func (p *Program) member(groups []string, m paymux.MerchantID) bool {
	return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(p.Set.Groups[g], m) })
}

// matches reports whether a condition is met. object is the country of the transaction object.
func (p *Program) matches(w *Condition, r *Request, object string) bool {
	if !has(w.Merchants, r.Merchant) || len(w.Groups) > 0 && !p.member(w.Groups, r.Merchant) ||
		!has(w.Methods, r.Method) || !has(w.Currencies, r.Money.Currency) || !has(w.Networks, r.Network) ||
		!p.located(w.Client, r.Client) || !p.located(w.Object, object) || w.Manual != nil && *w.Manual != r.Manual {
		return false
	}
	if len(w.Amounts) > 0 {
		if limits, listed := w.Amounts[r.Money.Currency]; !listed || !limits.Has(r.Money.Amount) {
			return false
		}
	}
	if len(w.BINs) > 0 {
		bin, known := binBounds(r.BIN)
		if !known || !slices.ContainsFunc(w.BINs, func(b BINRange) bool { of, _ := b.bounds(); return of.holds(bin) }) {
			return false
		}
	}
	if !p.open(w.Hours, r.At) {
		return false
	}
	for key, values := range w.Metadata {
		value, given := r.Metadata[key]
		if !given || !slices.Contains(values, value) && !slices.Contains(values, "*") {
			return false
		}
	}
	if len(w.Any) > 0 && !slices.ContainsFunc(w.Any, func(one Condition) bool { return p.matches(&one, r, object) }) {
		return false
	}
	return w.Not == nil || !p.matches(w.Not, r, object)
}

// open reports whether a moment is in one of the windows; none are always.
func (p *Program) open(windows []Window, moment time.Time) bool {
	local := moment.In(p.zone)
	return len(windows) == 0 || slices.ContainsFunc(windows, func(w Window) bool {
		s, _ := w.span()
		return s.holds(int(local.Weekday()), local.Hour()*60+local.Minute())
	})
}
