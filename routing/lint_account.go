package routing

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/boxes"
)

// known is what is known of an account: what the rules say, what it says itself, or both.
type known struct {
	rule  *AccountRule // nil: nothing
	open  *Account     // nil: it is not configured, or nobody knows
	takes []boxes.Box  // what it may take: at least all it does
}

// know puts together what is known of accounts.
func (l *linter) know(accounts []Account) {
	l.accounts = map[string]*known{}
	one := func(name string) *known {
		if l.accounts[name] == nil {
			l.accounts[name] = &known{}
		}
		return l.accounts[name]
	}
	for i := range accounts {
		one(accounts[i].Name).open = &accounts[i]
	}
	for i := range l.set.Accounts {
		one(l.set.Accounts[i].Name).rule = &l.set.Accounts[i]
	}
	for _, k := range l.accounts {
		k.takes = []boxes.Box{{}}
		if k.open != nil {
			k.takes = k.open.boxes()
		}
		if k.rule != nil {
			k.takes = boxes.Shared(k.takes, []boxes.Box{l.set.limits(k.rule)})
		}
	}
}

// boxes are what an account takes by what it says itself.
func (a *Account) boxes() (out []boxes.Box) {
	all := boxes.Box{}
	if !a.Features.Has(ManualCapture) {
		all, _ = all.With(aboutManual, manualNumbers(false))
	}
	if a.Takes == nil {
		return []boxes.Box{all}
	}
	currencies := slices.Sorted(maps.Keys(paymux.Currencies()))
	for _, m := range paymux.MethodTypes() {
		taken := slices.DeleteFunc(slices.Clone(currencies), func(c paymux.Currency) bool { return !a.Takes(m, c) })
		one, _ := all.With(aboutMethod, boxes.WordsOf([]paymux.MethodType{m}))
		if len(taken) < len(currencies) {
			one, _ = one.With(aboutMoney, moneyIn(taken))
		}
		if len(taken) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// limits are what the rules let an account take, at least; the box is void where they let it take nothing.
func (s *ground) limits(a *AccountRule) boxes.Box {
	c := Condition{Methods: a.Methods, Currencies: a.Currencies, Client: a.Client, Hours: a.Hours}
	b, _ := s.plain(&c) // each of these is there once
	sides := boxes.Box{}
	if len(a.Amounts) > 0 {
		sides = append(sides, boxes.Side{Of: aboutMoney, Part: moneyWithin(a.Amounts, anyAmount())})
	}
	for _, q := range a.Quotas {
		if q.Amount > 0 { // more than that never fits
			sides = append(sides, boxes.Side{Of: aboutMoney, Part: moneyWithin(map[paymux.Currency]Range{q.Currency: {Max: q.Amount}}, anyAmount())})
		}
	}
	if blocked := append(s.members(a.BlockedGroups), a.BlockedMerchants...); len(blocked) > 0 {
		sides = append(sides, boxes.Side{Of: aboutMerchant, Part: boxes.But(blocked...)})
	}
	b, ok := b.Meet(sides)
	if !ok {
		b = boxes.Box{{Of: aboutMethod, Part: boxes.WordsOf[string](nil)}}
	}
	return b
}

// accountRules looks at what the rules say of accounts.
func (l *linter) accountRules() {
	for i := range l.set.Accounts {
		a, path := &l.set.Accounts[i], at("accounts", i)
		k := l.accounts[a.Name]
		switch {
		case l.complete && k.open == nil:
			l.add(SeverityError, LintUnknownAccount, path+".name", l.configured(a.Name), "There is no account %s.", clip(a.Name))
		case len(k.takes) == 0 && !a.Disabled:
			l.add(SeverityError, LintAccountNever, path, "Widen its restrictions, or write disabled: true.", "The account %s can take nothing: %s.", clip(a.Name), l.why(k))
		default:
			l.idleLimits(a, path, k)
		}
		l.fees(a, path)
	}
}

// why an account takes nothing.
func (l *linter) why(k *known) string {
	if k.open == nil || len(boxes.Shared([]boxes.Box{{}}, []boxes.Box{l.set.limits(k.rule)})) == 0 {
		return "no amount is within both its limits and its quotas"
	}
	if own := k.open.boxes(); len(own) == 0 {
		return "it says that it takes no method in any currency"
	}
	return "its methods, currencies and amounts here have nothing in common with what it says it takes"
}

// idleLimits are restrictions that something else makes meaningless.
func (l *linter) idleLimits(a *AccountRule, path string, k *known) {
	for _, c := range sortedKeys(a.Amounts) {
		if len(a.Currencies) > 0 && !slices.Contains(a.Currencies, c) {
			l.add(SeverityWarning, LintNoEffect, path+".amounts."+string(c), "Remove it, or list the currency under currencies.", "The account does not take %s: this limit is never looked at.", c)
		}
	}
	for i, q := range a.Quotas {
		switch {
		case q.Amount == 0:
		case len(a.Currencies) > 0 && !slices.Contains(a.Currencies, q.Currency):
			l.add(SeverityWarning, LintNoEffect, at(path+".quotas", i), "Remove it, or list the currency under currencies.", "The account does not take %s: nothing is ever counted.", q.Currency)
		case q.Amount < a.Amounts[q.Currency].Min:
			l.add(SeverityError, LintQuota, at(path+".quotas", i), "Raise the quota, or lower the least amount.", "The quota of %d %s a day is below the least amount of one payment, %d.", q.Amount, q.Currency, a.Amounts[q.Currency].Min)
		}
	}
	for i, m := range a.Methods {
		if only, _ := (boxes.Box{}).With(aboutMethod, boxes.WordsOf([]paymux.MethodType{m})); !boxes.Cross(k.takes, []boxes.Box{only}) {
			l.add(SeverityWarning, LintNoEffect, at(path+".methods", i), "Remove it.", "The account does not take %s.", m)
		}
	}
}

// fees looks for fees that others before them leave nothing to.
func (l *linter) fees(a *AccountRule, path string) {
	var earlier []before
	for i := range a.Fees {
		f := &a.Fees[i]
		e := l.set.extentOf(&Condition{Methods: f.Methods, Currencies: f.Currencies, Networks: f.Networks, Client: f.Client})
		if left, _ := l.left(e.boxes, earlier); len(left) == 0 {
			l.add(SeverityWarning, LintUnreachableFee, at(path+".fees", i), "Move it up, or remove it.", "It is never charged: the fees before it apply to whatever it would.")
		}
		earlier = append(earlier, before{extent: e})
	}
}

// configured names the accounts there are, what may have been meant first.
func (l *linter) configured(name string) string {
	var names []string
	for _, one := range sortedKeys(l.accounts) {
		if l.accounts[one].open != nil {
			names = append(names, one)
		}
	}
	if len(names) == 0 {
		return "Configure it; there are no accounts at all."
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(likeness(name, a), likeness(name, b)) })
	return "Configure it, or name one of those there are, such as " + strings.Join(names[:min(5, len(names))], ", ") + "."
}
