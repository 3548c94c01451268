package paymux

import "time"

// RoutingReplay is what a rule set would have done with past payments, beside what was done (C8). All of it is about
// first attempts: failovers are left out on both sides.
type RoutingReplay struct {
	Object   string     `json:"object"` // always "routing_replay"
	RuleSet  string     `json:"ruleset" doc:"its name, as its document says" example:"default"`
	Version  int64      `json:"version,omitempty" doc:"of the set that was replayed; none: it is a draft" example:"7"`
	Merchant MerchantID `json:"merchant,omitempty" doc:"whose payments were replayed; none: everybody's"`
	From     time.Time  `json:"from,omitzero" doc:"of the payments' creation"`
	To       time.Time  `json:"to,omitzero" doc:"of the payments' creation, exclusive"`
	Next     PaymentID  `json:"next,omitempty" doc:"send as after to go on: there are more payments; none: these were all"`

	Payments int64 `json:"payments" doc:"that were replayed" example:"20000"`
	Unrouted int64 `json:"unrouted" doc:"others of that time, which were never sent to an institution" example:"310"`
	Moved    int64 `json:"moved" doc:"of the replayed: would have gone to another account first" example:"1830"`
	Refused  int64 `json:"refused" doc:"of the moved: to none" example:"0"`
	Unknown  int64 `json:"unknown" doc:"of the moved: to where nobody has paid like this before, so that nothing is expected of them" example:"12"`
	Pooled   int64 `json:"pooled" doc:"of the moved: judged by more than their own kind, of which there was too little" example:"95"`

	Now      ReplaySide      `json:"now" doc:"what was done"`
	Then     ReplaySide      `json:"then" doc:"what the replayed set would have done"`
	Accounts []ReplayAccount `json:"accounts" doc:"by name"`
	Flows    []ReplayFlow    `json:"flows" doc:"from which account to which payments would move, the most first"`
	Moves    []ReplayMove    `json:"moves" doc:"the first payments that would move"`

	Assumed []string `json:"assumed" doc:"what was assumed, as words: docs/routing.md says what they mean"`
}

// ReplaySide is what came of payments, or is expected of them.
type ReplaySide struct {
	Payments int64        `json:"payments" doc:"whose first attempt was, or would be, there" example:"8120"`
	Share    float64      `json:"share" doc:"of all that were replayed, 0 to 1" example:"0.406"`
	Judged   int64        `json:"judged" doc:"that success and costs are of: they ended, or are expected to" example:"8043"`
	Success  *Estimate    `json:"success,omitempty" doc:"share of the judged, 0 to 1; none where nothing is known"`
	Costs    []ReplayCost `json:"costs,omitempty" doc:"by currency"`
}

// ReplayCost is what institutions take of the payments that succeed, by the fees of the replayed set on both sides.
type ReplayCost struct {
	Currency Currency `json:"currency"`
	Cost     Estimate `json:"cost" doc:"of all, in minor units"`
	Amount   float64  `json:"amount" doc:"received, in minor units" example:"4120500"`
	Rate     float64  `json:"rate" doc:"cost in basis points of the amount" example:"62.5"`
	Unpriced int64    `json:"unpriced" doc:"payments for which the set has no fee: they count as free" example:"0"`
}

// Estimate is a value with the interval that holds the true one in 95 of 100 cases.
type Estimate struct {
	Value float64 `json:"value" doc:"what is expected"`
	Low   float64 `json:"low" doc:"the true value is above it and below high in 95 of 100 cases"`
	High  float64 `json:"high" doc:"see low"`
}

// ReplayAccount is both sides of an account; empty: of what is refused.
type ReplayAccount struct {
	Account string     `json:"account" doc:"its name; empty: what is refused" example:"cards-main"`
	Now     ReplaySide `json:"now" doc:"what was done"`
	Then    ReplaySide `json:"then" doc:"what the replayed set would have done"`
}

// ReplayFlow is how many payments would move from an account to another.
type ReplayFlow struct {
	From     string `json:"from" doc:"the account that was tried first" example:"cards-main"`
	To       string `json:"to" doc:"the account that would have been; empty: refused" example:"cards-backup"`
	Payments int64  `json:"payments" doc:"how many" example:"1712"`
}

// ReplayMove is one payment that would move.
type ReplayMove struct {
	Payment  PaymentID  `json:"payment"`
	Merchant MerchantID `json:"merchant"`
	Amount   int64      `json:"amount" doc:"in minor units" example:"1250"`
	Currency Currency   `json:"currency"`
	Method   MethodType `json:"method"`
	From     string     `json:"from" doc:"the account that was tried first" example:"cards-main"`
	To       string     `json:"to" doc:"the account that would have been; empty: refused" example:"cards-backup"`
	Rule     string     `json:"rule" doc:"that would have chosen it" example:"best"`
	Kind     string     `json:"kind" doc:"of the rule: designated, static, dynamic, fallback" example:"dynamic"`
	Code     string     `json:"code" doc:"why it would not have stayed, as a word: that of a candidate, not_named or outranked" example:"outranked"`
	Detail   string     `json:"detail,omitempty" doc:"what about it" example:"score"`
	Why      string     `json:"why" doc:"the same for people" example:"another has a better score"`
}
