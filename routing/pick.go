package routing

import (
	"maps"
	"slices"

	"github.com/paymux/paymux"
)

// pick is the rule that applies: the accounts it names, what it wants of them and how it orders them.
type pick struct {
	rule, kind, by string
	names          []string
	needs          []Feature
	final          bool
	ranker         *DynamicRule
}

// choose finds the rule.
func (c *considered) choose() pick {
	set, p := c.v.program.Set, c.v.program
	if c.r.Designated != "" {
		return pick{rule: "designated", kind: paymux.RoutedDesignated, by: paymux.OrderedListed, names: []string{c.r.Designated}, final: true}
	}
	for i := range set.Designated {
		if d := &set.Designated[i]; p.matches(&d.When, c.r, c.object) {
			return pick{rule: d.Name, kind: paymux.RoutedDesignated, by: paymux.OrderedListed, names: []string{d.Account}}
		}
	}
	for i := range set.Static {
		if s := &set.Static[i]; p.matches(&s.When, c.r, c.object) {
			k := pick{rule: s.Name, kind: paymux.RoutedStatic, by: paymux.OrderedListed, names: c.v.members(s), needs: s.Needs, final: s.Final}
			if s.Order == OrderDynamic {
				k.rankedBy(c.dynamic())
			}
			return k
		}
	}
	if d := c.dynamic(); d != nil {
		k := pick{rule: d.Name, kind: paymux.RoutedDynamic, names: c.v.among(d), needs: d.Needs, final: d.Final}
		k.rankedBy(d)
		return k
	}
	return pick{rule: paymux.RoutedFallback, kind: paymux.RoutedFallback, by: paymux.OrderedPriority}
}

// dynamic is the first dynamic rule that matches, nil where none does.
func (c *considered) dynamic() *DynamicRule {
	set := c.v.program.Set
	for i := range set.Dynamic {
		if d := &set.Dynamic[i]; c.v.program.matches(&d.When, c.r, c.object) {
			return d
		}
	}
	return nil
}

func (k *pick) rankedBy(d *DynamicRule) {
	switch {
	case d == nil:
	case d.Score != nil:
		k.ranker, k.by = d, paymux.OrderedScore
	default:
		k.ranker, k.by = d, paymux.OrderedSplit
	}
}

// members are the accounts a static rule names.
func (v *View) members(s *StaticRule) []string {
	names := slices.Clone(s.Use)
	for _, channel := range s.Channels {
		for i := range v.accounts {
			if v.accounts[i].Channel == channel {
				names = append(names, v.accounts[i].Name)
			}
		}
	}
	return names
}

// among are the accounts a dynamic rule ranks.
func (v *View) among(d *DynamicRule) []string {
	switch {
	case len(d.Among) > 0:
		return d.Among
	case len(d.Split) > 0:
		return slices.Sorted(maps.Keys(d.Split))
	}
	return v.all()
}

// object is the country of the transaction object: the request's, the designated account's, or what all accounts
// that take the payment have in common.
func (v *View) object(r *Request) string {
	if r.Object != "" {
		return r.Object
	}
	common := ""
	for i := range v.accounts {
		a := &v.accounts[i]
		if r.Designated != "" && a.Name != r.Designated || !has(r.Allowed, a.Name) || !a.Takes(r.Method, r.Money.Currency) {
			continue
		}
		if a.rule.Country == "" || common != "" && common != a.rule.Country {
			return Unknown
		}
		common = a.rule.Country
	}
	if common == "" {
		return Unknown
	}
	return common
}
