package paymux

import "time"

// RoutingReplay is what a rule set would have done with past payments, beside what was done (C8). All of it is about
// first attempts: failovers are left out on both sides.
type RoutingReplay struct {
	Object   string     `json:"object"` // always "routing_replay"
	RuleSet  string     `json:"ruleset"`
	Version  int64      `json:"version,omitempty"` // of the set that was replayed; absent: a draft
	Merchant MerchantID `json:"merchant,omitempty"`
	From     time.Time  `json:"from,omitzero"` // of the payments' creation
	To       time.Time  `json:"to,omitzero"`   // exclusive
	Next     PaymentID  `json:"next,omitempty"`

	Payments int64 `json:"payments"` // that were replayed
	Unrouted int64 `json:"unrouted"` // others of that time that were never sent to an institution
	Moved    int64 `json:"moved"`    // would have gone to another account first
	Refused  int64 `json:"refused"`  // of these: to none
	Unknown  int64 `json:"unknown"`  // of these: to where nobody has paid like this before, so that nothing is expected of them
	Pooled   int64 `json:"pooled"`   // of these: judged by more than their own kind, of which there was too little

	Now      ReplaySide      `json:"now"`
	Then     ReplaySide      `json:"then"`
	Accounts []ReplayAccount `json:"accounts"` // by name
	Flows    []ReplayFlow    `json:"flows"`    // who moves whereto, the most first
	Moves    []ReplayMove    `json:"moves"`    // the first of those that would move

	Assumed []string `json:"assumed"` // what was assumed, as words: see docs/routing.md
}

// ReplaySide is what came of payments, or is expected of them.
type ReplaySide struct {
	Payments int64        `json:"payments"`
	Share    float64      `json:"share"`             // of all that were replayed, 0 to 1
	Judged   int64        `json:"judged"`            // payments that success and costs are of: ended, or expected to
	Success  *Estimate    `json:"success,omitempty"` // share of Judged, 0 to 1
	Costs    []ReplayCost `json:"costs,omitempty"`   // by currency
}

// ReplayCost is what institutions take of the payments that succeed, by the fees of the replayed set on both sides.
type ReplayCost struct {
	Currency Currency `json:"currency"`
	Cost     Estimate `json:"cost"`     // minor units, of all
	Amount   float64  `json:"amount"`   // minor units that are received
	Rate     float64  `json:"rate"`     // Cost in basis points of Amount
	Unpriced int64    `json:"unpriced"` // payments for which the set has no fee: they count as free
}

// Estimate is a value with the interval that holds the true one in 95 of 100 cases.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// ReplayAccount is both sides of an account; empty: of what is refused.
type ReplayAccount struct {
	Account string     `json:"account"`
	Now     ReplaySide `json:"now"`
	Then    ReplaySide `json:"then"`
}

// ReplayFlow is how many payments would move from an account to another.
type ReplayFlow struct {
	From     string `json:"from"`
	To       string `json:"to"` // empty: refused
	Payments int64  `json:"payments"`
}

// ReplayMove is one payment that would move.
type ReplayMove struct {
	Payment  PaymentID  `json:"payment"`
	Merchant MerchantID `json:"merchant"`
	Amount   int64      `json:"amount"`
	Currency Currency   `json:"currency"`
	Method   MethodType `json:"method"`
	From     string     `json:"from"`
	To       string     `json:"to"` // empty: refused
	Rule     string     `json:"rule"`
	Kind     string     `json:"kind"`             // of the rule
	Code     string     `json:"code"`             // why not From, as a word: that of a Candidate, not_named or outranked
	Detail   string     `json:"detail,omitempty"` // what about it
	Why      string     `json:"why"`              // the same for people
}
