// Package routing decides which accounts may carry a payment, in which order, and
// says why. It is pure: no I/O, no clock, no state. Rules are data; what it is given is
// all it knows. Compile makes a rule set ready, Bind joins it with the accounts there are. Start reading at Decide.
//
// The order of a decision (C5, C6): what the request designates, the rule set's designations, static rules,
// dynamic rules, the fallback. Restrictions drop accounts, then health comes before the order of the rule.
package routing

import (
	"github.com/paymux/paymux"
)

// View is a Program over the accounts there are. It is never changed, and safe for concurrent use.
type View struct {
	program  *Program
	accounts []bound
	named    map[string]int
	know     Knowledge
}

// bound is an account with what the rules say of it.
type bound struct {
	Account
	rule AccountRule
}

// Bind joins the program with accounts, which have names of their own, in their configured order, and with what
// is known of them; nil: nothing is. It is cheap, and done again when the accounts change.
func (p *Program) Bind(accounts []Account, k Knowledge) *View {
	v := &View{program: p, named: make(map[string]int, len(accounts)), know: k}
	for i, a := range accounts {
		v.named[a.Name] = i
		b := bound{Account: a}
		if rule := p.accounts[a.Name]; rule != nil {
			b.rule = *rule
		}
		v.accounts = append(v.accounts, b)
	}
	return v
}

// Program is what the view decides by.
func (v *View) Program() *Program { return v.program }

// Decision is the ordered list of accounts to try. An empty Order means that nobody takes the payment.
type Decision struct {
	Order    []string
	Rule     string // as the explanation has it
	Kind     string // paymux.RoutedDesignated and so on
	By       string // paymux.OrderedListed and so on
	Turn     string // paymux.TurnExplore, paymux.TurnProbe or empty
	Fallback bool   // the order is the fallback's: nobody of the rule, or no rule, takes it
}

// Decide orders the accounts that take a payment.
func (v *View) Decide(r *Request) Decision {
	c := v.considered(r)
	return c.decision()
}

// Explain decides, and says what of every account that was considered.
func (v *View) Explain(r *Request) (Decision, paymux.Routing) {
	c := v.considered(r)
	return c.decision(), c.routing()
}

// considered is a decision being made.
type considered struct {
	v      *View
	r      *Request
	object string
	pick   pick
	kept   []candidate
	lost   []candidate
	turn   string
	spare  bool // kept are the fallback's
}

func (v *View) considered(r *Request) *considered {
	c := &considered{v: v, r: r, object: v.object(r)}
	c.pick = c.choose()
	for _, name := range c.pick.names {
		c.consider(name, c.pick.needs)
	}
	if len(c.kept) == 0 && !c.pick.final {
		c.fallBack()
	}
	c.order()
	return c
}

// fallBack considers the fallback's accounts. What excluded an account already, a need of
// the rule's own aside, excludes it here, too.
func (c *considered) fallBack() {
	c.spare, c.pick.by, c.pick.ranker = true, paymux.OrderedPriority, nil
	for _, name := range c.v.fallback() {
		excluded := false
		for i := range c.lost {
			excluded = excluded || c.lost[i].name == name && c.lost[i].why.code != dropNeed
		}
		if !excluded {
			c.consider(name, nil)
		}
	}
}

func (v *View) fallback() []string {
	if f := v.program.Set.Fallback; !f.All {
		return f.Use
	}
	return v.all()
}

func (v *View) all() []string {
	var names []string
	for i := range v.accounts {
		names = append(names, v.accounts[i].Name)
	}
	return names
}

// consider keeps an account or drops it. One that is named again had its turn.
func (c *considered) consider(name string, needs []Feature) {
	for _, list := range [][]candidate{c.kept, c.lost} {
		for i := range list {
			if list[i].name == name && list[i].spare == c.spare {
				return
			}
		}
	}
	one := candidate{name: name, place: len(c.kept) + len(c.lost) + 1, spare: c.spare}
	if i, ok := c.v.named[name]; ok {
		one.account = &c.v.accounts[i]
	}
	if one.why = c.restriction(one.account, name, needs); one.why.code != "" {
		c.lost = append(c.lost, one)
		return
	}
	c.kept = append(c.kept, one)
}

func (c *considered) decision() Decision {
	d := Decision{Rule: c.pick.rule, Kind: c.pick.kind, By: c.pick.by, Turn: c.turn, Fallback: c.spare && len(c.kept) > 0}
	for i := range c.kept {
		d.Order = append(d.Order, c.kept[i].name)
	}
	return d
}
