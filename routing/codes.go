package routing

// Codes of what excludes an account that others act on.
const (
	DropUnknown    = "not_configured"
	DropTried      = "already_tried"
	DropNotAllowed = "not_allowed"
	DropDown       = "down"
	DropQuota      = "quota_full"
)

// DesignatedByRequest is the rule of what a request designates.
const DesignatedByRequest = "designated"

// Priced reports whether the rules have a fee for a payment at an account, be it nothing.
func (p *Program) Priced(account string, r *Request) bool {
	t := p.accounts[account]
	if t == nil {
		return false
	}
	in := p.read(r)
	return t.charge(&in) != nil
}
