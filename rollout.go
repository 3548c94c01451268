package paymux

import (
	"slices"
	"time"
)

// Rollout says what the versions of one channel's service package are given (X6). The zero
// value: every version that runs, in proportion to the weights of its instances.
type Rollout struct {
	Stable  string `json:"stable,omitempty"`  // gets what the canary does not; empty: shares by weight
	Canary  string `json:"canary,omitempty"`  // a version on trial
	Percent int    `json:"percent,omitempty"` // of payments that the canary gets, 0 to 100
	Shadow  string `json:"shadow,omitempty"`  // a version that is asked every query, too, and never believed
	Killed  string `json:"killed,omitempty"`  // why the channel takes no new payments; empty: it does
	// Withdrawn are versions that get nothing any more, newest first.
	Withdrawn []Withdrawal `json:"withdrawn,omitempty"`
}

// Withdrew reports whether a version gets nothing any more.
func (r *Rollout) Withdrew(version string) bool {
	return slices.ContainsFunc(r.Withdrawn, func(w Withdrawal) bool { return w.Version == version })
}

// Withdrawal is a version that was rolled back, and on what grounds.
type Withdrawal struct {
	Version string    `json:"version"`
	When    time.Time `json:"when"`
	Who     string    `json:"who"` // an operator, or "paymux" where the numbers spoke
	Reason  string    `json:"reason"`
	Canary  Tally     `json:"canary"` // what the decision was made on
	Stable  Tally     `json:"stable"`
}

// Tally is what became of calls to one version. Failed are those whose outcome is not known
// or that were not taken up; declined are payments.
type Tally struct {
	Calls    int64 `json:"calls"`
	Failed   int64 `json:"failed"`
	Payments int64 `json:"payments"`
	Declined int64 `json:"declined"`
}

// RolloutChange is an operator's decision about a channel's package.
type RolloutChange struct {
	Channel string        `json:"channel"`
	Action  RolloutAction `json:"action"`
	Version string        `json:"version,omitempty"` // it is about: of try, promote, withdraw and shadow
	Stable  string        `json:"stable,omitempty"`  // try: the version that keeps the rest; empty: the one that is stable now
	Percent int           `json:"percent,omitempty"` // try: the canary's share of payments
	Who     string        `json:"who"`
	Reason  string        `json:"reason,omitempty"`
}

// RolloutAction is what an operator decides.
type RolloutAction string

const (
	RolloutTry      RolloutAction = "try"      // put a version on trial, as the canary
	RolloutPromote  RolloutAction = "promote"  // make a version the stable one
	RolloutWithdraw RolloutAction = "withdraw" // take everything from a version; of the canary: roll it back
	RolloutKill     RolloutAction = "kill"     // no new payments over the channel
	RolloutRevive   RolloutAction = "revive"   // payments again
	RolloutShadow   RolloutAction = "shadow"   // ask a version every query, too; without version: end that
)

// RolloutActions lists every action.
func RolloutActions() []RolloutAction {
	return []RolloutAction{RolloutTry, RolloutPromote, RolloutWithdraw, RolloutKill, RolloutRevive, RolloutShadow}
}

// ChannelStatus is a channel as operators see it: what runs, what it is given, and what came of it.
type ChannelStatus struct {
	Channel  string          `json:"channel"`
	Accounts []string        `json:"accounts"`
	Versions []VersionStatus `json:"versions,omitempty"`
	Rollout  Rollout         `json:"rollout"`
	Shadow   *ShadowTally    `json:"shadow,omitempty"`
	Down     string          `json:"down,omitempty"` // why it takes no new payments
	// StaleSince is since when the registry is away; what is shown is what was known then.
	StaleSince time.Time `json:"stale_since,omitzero"`
}

// VersionStatus is one version that runs, or ran while the answering node counted.
type VersionStatus struct {
	Version   string           `json:"version"`
	Part      string           `json:"part,omitempty"` // stable, canary, shadow or withdrawn
	Instances []InstanceStatus `json:"instances,omitempty"`
	Tally     Tally            `json:"tally"` // as the answering node counted, since the trial began or it started
}

// InstanceStatus is one process of a package.
type InstanceStatus struct {
	ID           string           `json:"id"`
	State        string           `json:"state"` // starting, ready or draining
	Since        time.Time        `json:"since"`
	UnknownCodes map[string]int64 `json:"unknown_codes,omitempty"` // codes of the institution that it does not know, and how often they came
}

// ShadowTally compares a shadow's answers with those that counted.
type ShadowTally struct {
	Version string `json:"version"`
	Asked   int64  `json:"asked"`
	Differs int64  `json:"differs"`           // another state, money, transaction ID or kind of error
	Example string `json:"example,omitempty"` // of the last difference: operation and both states
}
