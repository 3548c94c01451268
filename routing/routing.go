// Package routing decides which accounts may carry a payment, in which order, and
// says why. It is pure: no I/O, no clock, no state. Rules are data; what it is given is
// all it knows. Compile makes a rule set ready, Bind joins it with the accounts there are. Start reading at
// Decide, then deciding.go; index.go is how one rule of ten thousand is found.
//
// The order of a decision (C5, C6): what the request designates, the rule set's designations, static rules,
// dynamic rules, the fallback. Restrictions drop accounts, then health comes before the order of the rule.
package routing

import "github.com/paymux/paymux"

// Decision is the ordered list of accounts to try. An empty Order means that nobody takes the payment.
type Decision struct {
	Order    []string
	Rule     string // as the explanation has it
	Kind     string // paymux.RoutedDesignated and so on
	By       string // paymux.OrderedListed and so on
	Turn     string // paymux.TurnExplore, paymux.TurnProbe or empty
	Fallback bool   // the order is the fallback's: nobody of the rule, or no rule, takes it
}

// Decide orders the accounts that take a payment. Nothing but the result is allocated.
func (v *View) Decide(r *Request) Decision {
	d := deciding{v: v, in: v.program.read(r)}
	d.decide()
	return d.decision()
}

// Explain decides the same, and says what of every account that was considered.
func (v *View) Explain(r *Request) (Decision, paymux.Routing) {
	d := deciding{v: v, in: v.program.read(r)}
	d.decide()
	return d.decision(), d.routing()
}
