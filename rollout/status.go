package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/registry"
)

// Status is a channel as operators see it.
type Status struct {
	Channel  string          `json:"channel"`
	Accounts []string        `json:"accounts"`
	Versions []VersionStatus `json:"versions"`
	Policy   Policy          `json:"policy"`
	Shadow   *ShadowTally    `json:"shadow,omitempty"`
	Down     string          `json:"down,omitempty"` // why it takes no new payments
	// StaleSince is when the registry was last heard, where it is away; what is shown is what was known then.
	StaleSince time.Time `json:"stale_since,omitzero"`
}

// VersionStatus is one version that runs, or ran while this process counted.
type VersionStatus struct {
	Version   string           `json:"version"`
	Instances []InstanceStatus `json:"instances,omitempty"`
	Tally     Tally            `json:"tally"` // as this process counted, since the trial began or it started
	Role      string           `json:"role,omitempty"`
}

// InstanceStatus is one process.
type InstanceStatus struct {
	ID           string           `json:"id"`
	State        registry.State   `json:"state"`
	Since        time.Time        `json:"since"`
	UnknownCodes map[string]int64 `json:"unknown_codes,omitempty"`
}

// Statuses lists the channels, by name.
func (c *Channels) Statuses(context.Context) ([]Status, error) {
	list := map[string]*Status{}
	of := func(name string) *Status {
		if list[name] == nil {
			list[name] = &Status{Channel: name}
		}
		return list[name]
	}
	for _, a := range c.Accounts().All() {
		s := of(a.Driver.Name)
		s.Accounts = append(s.Accounts, a.Name)
		s.Down = cmp.Or(s.Down, a.Down)
	}
	c.mu.Lock()
	for name, p := range c.packages {
		p.describe(of(name))
	}
	c.mu.Unlock()
	c.addInstances(of)
	out := make([]Status, 0, len(list))
	for _, s := range list {
		slices.SortFunc(s.Versions, func(a, b VersionStatus) int { return cmp.Compare(a.Version, b.Version) })
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Status) int { return cmp.Compare(a.Channel, b.Channel) })
	return out, nil
}

func (p *packages) describe(s *Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Policy = p.fleet.Load().policy
	s.Shadow = p.shadow.tally(s.Policy.Shadow)
	for name, t := range p.tallies {
		s.Versions = append(s.Versions, VersionStatus{Version: name, Tally: t.tally(), Role: s.Policy.role(name)})
	}
}

func (p *Policy) role(version string) string {
	switch {
	case version == p.Stable:
		return "stable"
	case version == p.Canary:
		return "canary"
	case p.withdrew(version):
		return "withdrawn"
	case version == p.Shadow:
		return "shadow"
	}
	return ""
}

func (c *Channels) addInstances(of func(string) *Status) {
	if c.instances == nil {
		return
	}
	since, stale := c.instances.Stale()
	for _, i := range c.instances.Instances() {
		s := of(i.Name)
		if stale {
			s.StaleSince = since
		}
		at := slices.IndexFunc(s.Versions, func(v VersionStatus) bool { return v.Version == i.Version })
		if at < 0 {
			at = len(s.Versions)
			s.Versions = append(s.Versions, VersionStatus{Version: i.Version, Role: s.Policy.role(i.Version)})
		}
		var caps channelrpc.Capabilities
		_ = json.Unmarshal(i.Detail, &caps) // what cannot be read was reported when it came
		s.Versions[at].Instances = append(s.Versions[at].Instances, InstanceStatus{ID: i.ID, State: i.State, Since: i.Since, UnknownCodes: caps.UnknownCodes})
	}
}
