package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/paymux/paymux/channel/channelrpc"
)

// Policy says what the versions of one channel's package are given. The zero value: every
// version that runs, in proportion to the weights of its instances.
type Policy struct {
	Stable  string  `json:"stable,omitempty"`  // gets what the canary does not; empty: shares by weight
	Canary  string  `json:"canary,omitempty"`  // a version on trial
	Percent float64 `json:"percent,omitempty"` // of payments that the canary gets, 0 to 100
	Shadow  string  `json:"shadow,omitempty"`  // a version that is asked every query, too, and never believed
	Killed  string  `json:"killed,omitempty"`  // why the channel takes no new payments; empty: it does
	// Withdrawn are versions that get nothing any more, newest first.
	Withdrawn []Withdrawal `json:"withdrawn,omitempty"`
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

// settingsKey is where a channel's policy is kept.
func settingsKey(name string) string { return "channel." + name }

func parsePolicy(raw json.RawMessage) (Policy, error) {
	var p Policy
	if err := json.Unmarshal(raw, &p); err != nil {
		return Policy{}, fmt.Errorf("rollout: policy: %w", err)
	}
	return p, p.check()
}

// check refuses what cannot be meant.
func (p *Policy) check() error {
	for _, v := range []string{p.Stable, p.Canary, p.Shadow} {
		if v == "" {
			continue
		}
		if err := channelrpc.CheckVersion(v); err != nil {
			return fmt.Errorf("rollout: %w", err)
		}
	}
	switch {
	case p.Percent < 0 || p.Percent > 100:
		return fmt.Errorf("rollout: percent %v is not between 0 and 100", p.Percent)
	case p.Canary != "" && p.Canary == p.Stable:
		return fmt.Errorf("rollout: version %s is stable and cannot be on trial as well", p.Canary)
	case p.Canary != "" && p.withdrew(p.Canary):
		return fmt.Errorf("rollout: version %s was withdrawn; give a mended one another version", p.Canary)
	}
	return nil
}

func (p *Policy) withdrew(version string) bool {
	return slices.ContainsFunc(p.Withdrawn, func(w Withdrawal) bool { return w.Version == version })
}
