package routing

import (
	"fmt"
	"slices"
)

// Codes of what excludes an account, as [paymux.Candidate] has them.
const (
	dropUnknown     = "not_configured"
	dropTried       = "already_tried"
	dropNotAllowed  = "not_allowed"
	dropNotTaken    = "not_taken"
	dropDown        = "down"
	dropDisabled    = "disabled"
	dropNoCapture   = "no_manual_capture"
	dropNoTokens    = "no_card_tokens"
	dropNoNumbers   = "no_card_numbers"
	dropNeed        = "feature_missing"
	dropMethod      = "method_excluded"
	dropCurrency    = "currency_excluded"
	dropClient      = "client_excluded"
	dropAmountBelow = "amount_below_limit"
	dropAmountAbove = "amount_above_limit"
	dropHours       = "outside_hours"
	dropMerchant    = "merchant_blocked"
	dropQuota       = "quota_full"
)

// dropTexts say for people what the codes say for programs.
var dropTexts = map[string]string{
	dropUnknown:     "not configured",
	dropTried:       "already tried",
	dropNotAllowed:  "not allowed for the merchant",
	dropNotTaken:    "does not take this method and currency",
	dropDown:        "takes nothing just now",
	dropDisabled:    "disabled by the rules",
	dropNoCapture:   "has no manual capture",
	dropNoTokens:    "takes no card tokens",
	dropNoNumbers:   "takes no card numbers",
	dropNeed:        "lacks what the rule needs",
	dropMethod:      "the rules exclude this method there",
	dropCurrency:    "the rules exclude this currency there",
	dropClient:      "the rules exclude payers of this country there",
	dropAmountBelow: "the amount is below its limit",
	dropAmountAbove: "the amount is above its limit",
	dropHours:       "closed at this hour",
	dropMerchant:    "blocked for the merchant",
	dropQuota:       "its quota of the day is used up",
}

// DropCodes lists every code that an explanation can have.
func DropCodes() []string {
	codes := make([]string, 0, len(dropTexts))
	for code := range dropTexts {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// reason is what excludes an account; without a code nothing does.
type reason struct {
	code   string
	text   string // where the code alone does not say it
	detail string
}

// restriction says what keeps an account from taking the payment (C6).
func (c *considered) restriction(a *bound, name string, needs []Feature) reason {
	r := c.r
	switch {
	case a == nil:
		return reason{code: dropUnknown}
	case slices.Contains(r.Tried, name):
		return reason{code: dropTried}
	case !has(r.Allowed, name):
		return reason{code: dropNotAllowed}
	case !a.Takes(r.Method, r.Money.Currency):
		return reason{code: dropNotTaken, detail: string(r.Method) + " " + string(r.Money.Currency)}
	case a.Down != "":
		return reason{code: dropDown, text: a.Down}
	case a.rule.Disabled:
		return reason{code: dropDisabled}
	case r.Manual && !a.Features.Has(ManualCapture):
		return reason{code: dropNoCapture}
	case r.CardToken && !a.Features.Has(CardTokens):
		return reason{code: dropNoTokens}
	case r.CardNumber && !a.Features.Has(CardNumbers):
		return reason{code: dropNoNumbers}
	}
	for _, f := range needs {
		if !a.Features.Has(f) {
			return reason{code: dropNeed, detail: string(f)}
		}
	}
	return c.limits(&a.rule)
}

// limits are what the rules say of the account itself.
func (c *considered) limits(a *AccountRule) reason {
	r, p := c.r, c.v.program
	switch limit := a.Amounts[r.Money.Currency]; {
	case !has(a.Methods, r.Method):
		return reason{code: dropMethod, detail: string(r.Method)}
	case !has(a.Currencies, r.Money.Currency):
		return reason{code: dropCurrency, detail: string(r.Money.Currency)}
	case !p.located(a.Client, r.Client):
		return reason{code: dropClient, detail: country(r.Client)}
	case r.Money.Amount < limit.Min:
		return reason{code: dropAmountBelow, detail: fmt.Sprintf("%d < %d %s", r.Money.Amount, limit.Min, r.Money.Currency)}
	case !limit.Has(r.Money.Amount):
		return reason{code: dropAmountAbove, detail: fmt.Sprintf("%d > %d %s", r.Money.Amount, limit.Max, r.Money.Currency)}
	case !p.open(a.Hours, r.At):
		return reason{code: dropHours, detail: r.At.In(p.zone).Format("Mon 15:04")}
	case slices.Contains(a.BlockedMerchants, r.Merchant) || p.member(a.BlockedGroups, r.Merchant):
		return reason{code: dropMerchant, detail: string(r.Merchant)}
	}
	return c.quota(a)
}

func (c *considered) quota(a *AccountRule) reason {
	if len(a.Quotas) == 0 || c.v.know == nil {
		return reason{}
	}
	if full := c.v.know.Full(a.Name, c.r.Money, c.v.program.Day(c.r.At)); full != "" {
		return reason{code: dropQuota, detail: full}
	}
	return reason{}
}

func country(c string) string {
	if c == "" {
		return Unknown
	}
	return c
}

// said is the reason for people.
func (w reason) said() string {
	if w.text != "" {
		return w.text
	}
	return dropTexts[w.code]
}
