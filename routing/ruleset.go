package routing

import (
	"encoding/json"
	"time"

	"github.com/paymux/paymux"
)

// RuleSet is a version of the rules as people write it, in YAML or JSON. It is not changed once it is compiled.
type RuleSet struct {
	Name       string                         `yaml:"name,omitempty" json:"name,omitempty"`
	Version    int64                          `yaml:"-" json:"-"`                                     // given by who keeps it
	TimeZone   string                         `yaml:"time_zone,omitempty" json:"time_zone,omitempty"` // IANA; of hours, weekdays and quotas' days; empty: UTC
	Groups     map[string][]paymux.MerchantID `yaml:"groups,omitempty" json:"groups,omitempty"`
	Areas      map[string][]string            `yaml:"areas,omitempty" json:"areas,omitempty"`           // names for groups of countries
	Accounts   []AccountRule                  `yaml:"accounts,omitempty" json:"accounts,omitempty"`     // what is known of accounts beside what they say of themselves
	Designated []Designation                  `yaml:"designated,omitempty" json:"designated,omitempty"` // what a request designates comes before these
	Static     []StaticRule                   `yaml:"static,omitempty" json:"static,omitempty"`         // the first that matches
	Dynamic    []DynamicRule                  `yaml:"dynamic,omitempty" json:"dynamic,omitempty"`       // the first that matches, where no static rule does or where one leaves the order to them
	Fallback   Fallback                       `yaml:"fallback,omitempty" json:"fallback,omitzero"`
	Health     HealthPolicy                   `yaml:"health,omitempty" json:"health,omitzero"`
}

// Designation sends what it matches, merchants as a rule, to one account.
type Designation struct {
	Name    string    `yaml:"name,omitempty" json:"name,omitempty"`
	When    Condition `yaml:"when,omitempty" json:"when,omitzero"`
	Account string    `yaml:"account,omitempty" json:"account,omitempty"`
}

// StaticRule sends what it matches to accounts in order. One with neither Use nor Channels refuses, and says so by Final.
type StaticRule struct {
	Name     string    `yaml:"name,omitempty" json:"name,omitempty"`
	When     Condition `yaml:"when,omitempty" json:"when,omitzero"`
	Use      []string  `yaml:"use,omitempty" json:"use,omitempty"`           // accounts, in order
	Channels []string  `yaml:"channels,omitempty" json:"channels,omitempty"` // all accounts of these, in their configured order, after Use
	Needs    []Feature `yaml:"needs,omitempty" json:"needs,omitempty"`
	Order    Order     `yaml:"order,omitempty" json:"order,omitempty"`
	Final    bool      `yaml:"final,omitempty" json:"final,omitempty"` // no fallback: refuse when nobody is left
}

// Order is who orders a static rule's accounts.
type Order string

const (
	OrderListed  Order = "listed"  // the rule itself; empty is the same
	OrderDynamic Order = "dynamic" // the first dynamic rule that matches; listed where none does
)

// DynamicRule orders accounts by a draw or by what is known of them: it has a Split or a Score.
type DynamicRule struct {
	Name    string             `yaml:"name,omitempty" json:"name,omitempty"`
	When    Condition          `yaml:"when,omitempty" json:"when,omitzero"`
	Among   []string           `yaml:"among,omitempty" json:"among,omitempty"` // accounts; empty: those of the split, or all
	Needs   []Feature          `yaml:"needs,omitempty" json:"needs,omitempty"`
	Split   map[string]float64 `yaml:"split,omitempty" json:"split,omitempty"` // account to weight, percent or plain: each payer sticks to one
	Score   *Weights           `yaml:"score,omitempty" json:"score,omitempty"`
	Explore float64            `yaml:"explore,omitempty" json:"explore,omitempty"` // share of payments, 0 to 0.2, that go to another than the best to learn
	Final   bool               `yaml:"final,omitempty" json:"final,omitempty"`
}

// Weights make a score of what is expected of a payment:
// Success*probability - Cost*(fee/amount) - Latency*seconds.
type Weights struct {
	Success float64 `yaml:"success,omitempty" json:"success,omitempty"`
	Cost    float64 `yaml:"cost,omitempty" json:"cost,omitempty"`
	Latency float64 `yaml:"latency,omitempty" json:"latency,omitempty"`
}

// Fallback is who is asked where no rule matches, or nobody is left of one that is not final. Exactly one member is set.
type Fallback struct {
	Use    []string `yaml:"use,omitempty" json:"use,omitempty"` // these accounts, by priority
	All    bool     `yaml:"all,omitempty" json:"all,omitempty"` // all accounts, by priority
	Refuse bool     `yaml:"refuse,omitempty" json:"refuse,omitempty"`
}

// HealthPolicy says when an account, and a merchant at an account, is abnormal. Zero members are [DefaultHealth]'s.
type HealthPolicy struct {
	Window     time.Duration `yaml:"window,omitempty"`      // how far outcomes count
	Least      int           `yaml:"least,omitempty"`       // outcomes there must be before anything is said
	Fail       float64       `yaml:"fail,omitempty"`        // abnormal: a success rate at or below
	Recover    float64       `yaml:"recover,omitempty"`     // normal again: a success rate at or above
	Latency    time.Duration `yaml:"latency,omitempty"`     // abnormal: slower than this
	Probe      float64       `yaml:"probe,omitempty"`       // share of payments that go to a probing account first
	ProbeAfter time.Duration `yaml:"probe_after,omitempty"` // how long an abnormal account is left alone
	Successes  int           `yaml:"successes,omitempty"`   // probes that must succeed in a row
}

// DefaultHealth is the policy of a rule set that says nothing of it.
func DefaultHealth() HealthPolicy {
	return HealthPolicy{
		Window: 2 * time.Minute, Least: 20, Fail: 0.5, Recover: 0.8, Latency: 10 * time.Second,
		Probe: 0.02, ProbeAfter: 30 * time.Second, Successes: 5,
	}
}

// OrDefault fills zero members in.
func (h HealthPolicy) OrDefault() HealthPolicy {
	d := DefaultHealth()
	for _, one := range []struct{ into, from *time.Duration }{{&h.Window, &d.Window}, {&h.Latency, &d.Latency}, {&h.ProbeAfter, &d.ProbeAfter}} {
		if *one.into == 0 {
			*one.into = *one.from
		}
	}
	for _, one := range []struct{ into, from *float64 }{{&h.Fail, &d.Fail}, {&h.Recover, &d.Recover}, {&h.Probe, &d.Probe}} {
		if *one.into == 0 {
			*one.into = *one.from
		}
	}
	if h.Least == 0 {
		h.Least = d.Least
	}
	if h.Successes == 0 {
		h.Successes = d.Successes
	}
	return h
}

// healthJSON has durations as people write them: "2m0s".
type healthJSON struct {
	Window     string  `json:"window,omitempty"`
	Least      int     `json:"least,omitempty"`
	Fail       float64 `json:"fail,omitempty"`
	Recover    float64 `json:"recover,omitempty"`
	Latency    string  `json:"latency,omitempty"`
	Probe      float64 `json:"probe,omitempty"`
	ProbeAfter string  `json:"probe_after,omitempty"`
	Successes  int     `json:"successes,omitempty"`
}

// MarshalJSON writes durations as text.
func (h HealthPolicy) MarshalJSON() ([]byte, error) {
	j := healthJSON{Least: h.Least, Fail: h.Fail, Recover: h.Recover, Probe: h.Probe, Successes: h.Successes}
	for text, d := range map[*string]time.Duration{&j.Window: h.Window, &j.Latency: h.Latency, &j.ProbeAfter: h.ProbeAfter} {
		if d != 0 {
			*text = d.String()
		}
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *HealthPolicy) UnmarshalJSON(b []byte) error {
	var j healthJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*h = HealthPolicy{Least: j.Least, Fail: j.Fail, Recover: j.Recover, Probe: j.Probe, Successes: j.Successes}
	for text, d := range map[*string]*time.Duration{&j.Window: &h.Window, &j.Latency: &h.Latency, &j.ProbeAfter: &h.ProbeAfter} {
		if *text == "" {
			continue
		}
		var err error
		if *d, err = time.ParseDuration(*text); err != nil {
			return err
		}
	}
	return nil
}
