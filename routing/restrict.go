package routing

import (
	"fmt"
	"slices"
)

// drop is what excludes an account; 0: nothing does.
type drop uint8

const (
	dropUnknown drop = iota + 1
	dropTried
	dropNotAllowed
	dropNotTaken
	dropDown
	dropDisabled
	dropNoCapture
	dropNoTokens
	dropNoNumbers
	dropNeed
	dropMethod
	dropCurrency
	dropClient
	dropAmountBelow
	dropAmountAbove
	dropHours
	dropMerchant
	dropQuota
)

// drops say what excludes an account, for programs and for people.
var drops = [...]struct{ code, text string }{
	dropUnknown:     {DropUnknown, "not configured"},
	dropTried:       {DropTried, "already tried"},
	dropNotAllowed:  {DropNotAllowed, "not allowed for the merchant"},
	dropNotTaken:    {"not_taken", "does not take this method and currency"},
	dropDown:        {DropDown, "takes nothing just now"},
	dropDisabled:    {"disabled", "disabled by the rules"},
	dropNoCapture:   {"no_manual_capture", "has no manual capture"},
	dropNoTokens:    {"no_card_tokens", "takes no card tokens"},
	dropNoNumbers:   {"no_card_numbers", "takes no card numbers"},
	dropNeed:        {"feature_missing", "lacks what the rule needs"},
	dropMethod:      {"method_excluded", "the rules exclude this method there"},
	dropCurrency:    {"currency_excluded", "the rules exclude this currency there"},
	dropClient:      {"client_excluded", "the rules exclude payers of this country there"},
	dropAmountBelow: {"amount_below_limit", "the amount is below its limit"},
	dropAmountAbove: {"amount_above_limit", "the amount is above its limit"},
	dropHours:       {"outside_hours", "closed at this hour"},
	dropMerchant:    {"merchant_blocked", "blocked for the merchant"},
	dropQuota:       {DropQuota, "its quota of the day is used up"},
}

// dropText is a code for people; empty for what is none.
func dropText(code string) string {
	for _, d := range drops[1:] {
		if d.code == code {
			return d.text
		}
	}
	return ""
}

// DropCodes lists every code that a candidate in an explanation can have, in the order they are asked.
func DropCodes() []string {
	var codes []string
	for _, d := range drops[1:] {
		codes = append(codes, d.code)
	}
	return codes
}

// restriction says what keeps an account from taking the payment (C6).
func (d *deciding) restriction(one *candidate) drop {
	if one.account == nobody {
		return dropUnknown
	}
	r, a := d.in.r, &d.v.accounts[one.account]
	switch {
	case slices.Contains(r.Tried, a.Name):
		return dropTried
	case !allowed(r.Allowed, a.Name):
		return dropNotAllowed
	case !a.Takes(r.Method, r.Money.Currency):
		return dropNotTaken
	case a.Down != "":
		return dropDown
	case a.disabled:
		return dropDisabled
	}
	switch lacking := d.in.asked &^ a.Features; {
	case lacking == 0:
	case lacking.Has(ManualCapture):
		return dropNoCapture
	case lacking.Has(CardTokens):
		return dropNoTokens
	default:
		return dropNoNumbers
	}
	if one.about = string(missing(a.Features, d.needs)); one.about != "" {
		return dropNeed
	}
	return d.limits(one, a)
}

// missing is the first of what is needed that a set lacks.
func missing(set Features, needs []Feature) Feature {
	for _, f := range needs {
		if !set.Has(f) {
			return f
		}
	}
	return ""
}

// limits are what the rules say of the account itself.
func (d *deciding) limits(one *candidate, a *bound) drop {
	in := &d.in
	switch limit := a.limit(in); {
	case !a.methods.has(in.method):
		return dropMethod
	case !a.currencies.has(in.currency):
		return dropCurrency
	case !a.clients.has(in.client):
		return dropClient
	case in.amount < limit.Min:
		return dropAmountBelow
	case !limit.Has(in.amount):
		return dropAmountAbove
	case !openAt(a.hours, in):
		return dropHours
	case a.blocked.in(in.merchant.id) || a.terms.classes.in(in.merchant.class):
		return dropMerchant
	}
	if a.rationed && d.v.know != nil {
		if one.about = d.v.know.Full(a.Name, in.r.Money, in.date); one.about != "" {
			return dropQuota
		}
	}
	return 0
}

// said is what excluded a candidate: for people, for programs, and what about it.
func (d *deciding) said(one *candidate) (text, code, detail string) {
	r := d.in.r
	text, code = drops[one.drop].text, drops[one.drop].code
	if one.account == nobody {
		return text, code, ""
	}
	a := &d.v.accounts[one.account]
	switch limit := a.limit(&d.in); one.drop {
	case dropDown:
		text = a.Down
	case dropNotTaken:
		detail = string(r.Method) + " " + string(r.Money.Currency)
	case dropMethod:
		detail = string(r.Method)
	case dropCurrency:
		detail = string(r.Money.Currency)
	case dropClient:
		detail = country(r.Client)
	case dropAmountBelow:
		detail = fmt.Sprintf("%d < %d %s", r.Money.Amount, limit.Min, r.Money.Currency)
	case dropAmountAbove:
		detail = fmt.Sprintf("%d > %d %s", r.Money.Amount, limit.Max, r.Money.Currency)
	case dropHours:
		detail = r.At.In(d.v.program.zone).Format("Mon 15:04")
	case dropMerchant:
		detail = string(r.Merchant)
	case dropNeed, dropQuota:
		detail = one.about
	}
	return text, code, detail
}
