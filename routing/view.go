package routing

import (
	"maps"
	"slices"
)

// View is a Program over the accounts there are. It is never changed, and safe for concurrent use.
type View struct {
	program  *Program
	accounts []bound
	know     Knowledge

	places     []place // of all rules, one after the other
	designated []stretch
	static     []stretch
	dynamic    []stretch
	fallback   stretch
}

// bound is an account with what the rules say of it.
type bound struct {
	Account
	*terms
	hash uint64 // of its name
}

// place is an account as a rule names it; nobody, where there is none of that name.
type place struct {
	account int
	name    string
}

const nobody = -1

// stretch is a rule's part of the places.
type stretch struct{ from, to int }

// Bind joins the program with accounts, which have names of their own, in their configured order, and with what
// is known of them; nil: nothing is. It is done again when the accounts change.
func (p *Program) Bind(accounts []Account, k Knowledge) *View {
	v := &View{program: p, know: k}
	named := make(map[string]int, len(accounts))
	for i, a := range accounts {
		named[a.Name] = i
		b := bound{Account: a, terms: p.accounts[a.Name], hash: hashed(a.Name)}
		if b.terms == nil {
			b.terms = plain()
		}
		v.accounts = append(v.accounts, b)
	}
	all := make([]string, len(accounts))
	for i := range accounts {
		all[i] = accounts[i].Name
	}
	for i := range p.Set.Designated {
		v.designated = append(v.designated, v.seat(named, []string{p.Set.Designated[i].Account}))
	}
	for i := range p.Set.Static {
		v.static = append(v.static, v.seat(named, v.members(&p.Set.Static[i])))
	}
	for i := range p.Set.Dynamic {
		v.dynamic = append(v.dynamic, v.seat(named, among(&p.Set.Dynamic[i], all)))
	}
	if p.Set.Fallback.All {
		v.fallback = v.seat(named, all)
	} else {
		v.fallback = v.seat(named, p.Set.Fallback.Use)
	}
	return v
}

// Program is what the view decides by.
func (v *View) Program() *Program { return v.program }

// seat adds the places of names; one that is named again had its turn.
func (v *View) seat(named map[string]int, names []string) stretch {
	s := stretch{len(v.places), len(v.places)}
	for _, name := range names {
		i, ok := named[name]
		if !ok {
			i = nobody
		}
		if slices.ContainsFunc(v.places[s.from:], func(p place) bool { return p.account == i && (ok || p.name == name) }) {
			continue
		}
		v.places = append(v.places, place{i, name})
	}
	s.to = len(v.places)
	return s
}

// members are the accounts a static rule names.
func (v *View) members(s *StaticRule) []string {
	if len(s.Channels) == 0 {
		return s.Use
	}
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
func among(d *DynamicRule, all []string) []string {
	switch {
	case len(d.Among) > 0:
		return d.Among
	case len(d.Split) > 0:
		return slices.Sorted(maps.Keys(d.Split))
	}
	return all
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
		if r.Designated != "" && a.Name != r.Designated || !allowed(r.Allowed, a.Name) || !a.Takes(r.Method, r.Money.Currency) {
			continue
		}
		if a.rule.Country == "" || common != "" && common != a.rule.Country {
			return Unknown
		}
		common = a.rule.Country
	}
	return country(common)
}

// allowed reports whether a list has a name; an empty one has them all.
func allowed(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

// country is where nobody knows for what is empty.
func country(c string) string {
	if c == "" {
		return Unknown
	}
	return c
}
