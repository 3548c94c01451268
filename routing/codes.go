package routing

import "slices"

// Codes of what excludes an account that others act on.
const (
	DropUnknown    = dropUnknown
	DropTried      = dropTried
	DropNotAllowed = dropNotAllowed
	DropDown       = dropDown
	DropQuota      = dropQuota
)

// DesignatedByRequest is the rule of what a request designates.
const DesignatedByRequest = "designated"

// Priced reports whether the rules have a fee for a payment at an account, be it nothing.
func (p *Program) Priced(account string, r *Request) bool {
	a := p.accounts[account]
	return a != nil && slices.ContainsFunc(a.Fees, func(f Fee) bool { return p.charges(&f, r) })
}
