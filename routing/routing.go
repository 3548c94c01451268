// Package routing decides which accounts may carry a payment, in which order,
// and says why. It is pure: no I/O, no clock, no state. Rules are data; what it is
// given is all it knows. Start reading at Decide.
package routing

import (
	"fmt"
	"slices"

	"github.com/paymux/paymux"
)

// Request is what a decision depends on.
type Request struct {
	Merchant   paymux.MerchantID
	Money      paymux.Money
	Method     paymux.MethodType
	Manual     bool     // needs a later capture
	CardToken  bool     // comes with an institution's token
	CardNumber bool     // comes with a card number
	Designated string   // account named by the application; empty: rules decide
	Allowed    []string // accounts the merchant may use; empty: all
}

// Account is what routing knows of an account.
type Account struct {
	Name    string
	Channel string
	// Takes reports whether the account handles a method in a currency.
	Takes         func(paymux.MethodType, paymux.Currency) bool
	ManualCapture bool
	CardTokens    bool
	CardNumbers   bool
	Down          string // why it takes nothing just now; empty: it does
}

// RuleSet is a version of the static rules: the first rule that matches names the accounts.
type RuleSet struct {
	Name    string `yaml:"name" json:"name"`
	Version int64  `yaml:"version" json:"version"`
	Rules   []Rule `yaml:"rules" json:"rules"`
}

// Rule sends what matches all its conditions to its accounts, in order, and to no others:
// one without accounts refuses what it matches. An empty condition matches everything.
type Rule struct {
	Name       string              `yaml:"name" json:"name"`
	Methods    []paymux.MethodType `yaml:"methods" json:"methods,omitempty"`
	Currencies []paymux.Currency   `yaml:"currencies" json:"currencies,omitempty"`
	Merchants  []paymux.MerchantID `yaml:"merchants" json:"merchants,omitempty"`
	MinAmount  int64               `yaml:"min_amount" json:"min_amount,omitempty"` // minor units, inclusive
	MaxAmount  int64               `yaml:"max_amount" json:"max_amount,omitempty"` // minor units, inclusive; 0: none
	Accounts   []string            `yaml:"accounts" json:"accounts"`
}

// Decision is the ordered list of accounts to try, and why. An empty Order means that nobody takes the payment.
type Decision struct {
	Order   []string
	Routing paymux.Routing
}

// Decide applies the designation, then the static rules, then every account in
// its configured order (C5), drops what the restrictions exclude (C6), and explains (X4).
func Decide(r Request, rules *RuleSet, accounts []Account) Decision {
	rule, names, all := choose(r, rules)
	d := Decision{Routing: paymux.Routing{RuleSet: rules.Name, Version: rules.Version, Rule: rule}}
	consider := func(a *Account) {
		dropped := restriction(r, a)
		d.Routing.Candidates = append(d.Routing.Candidates, paymux.Candidate{Channel: a.Channel, Account: a.Name, Dropped: dropped})
		if dropped == "" {
			d.Order = append(d.Order, a.Name)
		}
	}
	if all {
		d.Routing.Candidates = make([]paymux.Candidate, 0, len(accounts))
		for i := range accounts {
			consider(&accounts[i])
		}
	}
	for n, name := range names {
		if slices.Contains(names[:n], name) { // named again: it had its turn
			continue
		}
		i := slices.IndexFunc(accounts, func(a Account) bool { return a.Name == name })
		if i < 0 {
			d.Routing.Candidates = append(d.Routing.Candidates, paymux.Candidate{Account: name, Dropped: "not configured"})
			continue
		}
		consider(&accounts[i])
	}
	d.Routing.Reason = reason(r, &d)
	return d
}

// choose returns the rule that applies and the accounts it names, or that all are meant.
func choose(r Request, rules *RuleSet) (rule string, names []string, all bool) {
	if r.Designated != "" {
		return "designated", []string{r.Designated}, false
	}
	for i := range rules.Rules {
		if rules.Rules[i].matches(r) {
			return rules.Rules[i].Name, rules.Rules[i].Accounts, false
		}
	}
	return "all accounts", nil, true
}

func (rule *Rule) matches(r Request) bool {
	return has(rule.Methods, r.Method) && has(rule.Currencies, r.Money.Currency) && has(rule.Merchants, r.Merchant) &&
		r.Money.Amount >= rule.MinAmount && (rule.MaxAmount == 0 || r.Money.Amount <= rule.MaxAmount)
}

func has[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// restriction says what keeps an account from taking the payment; empty: nothing.
func restriction(r Request, a *Account) string {
	switch {
	case !has(r.Allowed, a.Name):
		return "not allowed for the merchant"
	case !a.Takes(r.Method, r.Money.Currency):
		return "does not take this method and currency"
	case a.Down != "":
		return a.Down
	case r.Manual && !a.ManualCapture:
		return "has no manual capture"
	case r.CardToken && !a.CardTokens:
		return "takes no card tokens"
	case r.CardNumber && !a.CardNumbers:
		return "takes no card numbers"
	}
	return ""
}

func reason(r Request, d *Decision) string {
	switch len(d.Order) {
	case 0:
		return fmt.Sprintf("no account takes %s in %s", r.Method, r.Money.Currency)
	case 1:
		return "method=" + string(r.Method) + "; only one account takes it"
	}
	return fmt.Sprintf("method=%s; first of %d", r.Method, len(d.Order))
}
