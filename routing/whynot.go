package routing

import "github.com/paymux/paymux"

// Why an account that nothing excludes is not the first.
const (
	NotNamed  = "not_named" // the rule does not name it
	Outranked = "outranked" // others come before it
)

// WhyNot tells why an account is not the first of a route, as a word, and what about it; "" where it is the first.
func WhyNot(r *paymux.Routing, account string) (code, detail string) {
	code, detail = NotNamed, r.Rule
	for i := range r.Candidates {
		switch c := &r.Candidates[i]; {
		case c.Account != account:
		case c.Code != "":
			code, detail = c.Code, c.Detail
		case i == 0:
			return "", ""
		case c.Health != "" && c.Health != r.Candidates[0].Health:
			return Outranked, c.Health
		case r.Turn != "":
			return Outranked, r.Turn
		default:
			return Outranked, r.By
		}
	}
	return code, detail
}

// Because says a code of WhyNot, or of a candidate that was dropped, for people: en, zh-CN.
func Because(code, detail, language string) string {
	t := teller{lang: languageOf(language)}
	switch code {
	case NotNamed:
		return t.say("not named", name(detail))
	case Outranked:
		return t.say("outranked by " + detail)
	case "":
		return ""
	}
	return t.why(&paymux.Candidate{Code: code, Dropped: dropText(code), Detail: detail})
}
