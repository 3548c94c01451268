package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
)

// Statuses lists the channels, by name.
func (c *Channels) Statuses(context.Context) ([]paymux.ChannelStatus, error) {
	list := map[string]*paymux.ChannelStatus{}
	of := func(name string) *paymux.ChannelStatus {
		if list[name] == nil {
			list[name] = &paymux.ChannelStatus{Channel: name}
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
	out := make([]paymux.ChannelStatus, 0, len(list))
	for _, s := range list {
		slices.SortFunc(s.Versions, func(a, b paymux.VersionStatus) int { return cmp.Compare(a.Version, b.Version) })
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b paymux.ChannelStatus) int { return cmp.Compare(a.Channel, b.Channel) })
	return out, nil
}

func (p *packages) describe(s *paymux.ChannelStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Rollout = p.fleet.Load().policy
	s.Shadow = p.shadow.tally(s.Rollout.Shadow)
	for name, t := range p.tallies {
		s.Versions = append(s.Versions, paymux.VersionStatus{Version: name, Tally: t.tally(), Part: part(&s.Rollout, name)})
	}
}

// part is what a rollout has a version for.
func part(r *paymux.Rollout, version string) string {
	switch {
	case version == r.Stable:
		return "stable"
	case version == r.Canary:
		return "canary"
	case r.Withdrew(version):
		return "withdrawn"
	case version == r.Shadow:
		return "shadow"
	}
	return ""
}

func (c *Channels) addInstances(of func(string) *paymux.ChannelStatus) {
	if c.instances == nil {
		return
	}
	since, stale := c.instances.Stale()
	for _, i := range c.instances.Instances() {
		s := of(i.Name)
		if stale {
			s.StaleSince = since
		}
		at := slices.IndexFunc(s.Versions, func(v paymux.VersionStatus) bool { return v.Version == i.Version })
		if at < 0 {
			at = len(s.Versions)
			s.Versions = append(s.Versions, paymux.VersionStatus{Version: i.Version, Part: part(&s.Rollout, i.Version)})
		}
		var caps channelrpc.Capabilities
		_ = json.Unmarshal(i.Detail, &caps) // what cannot be read was reported when it came
		s.Versions[at].Instances = append(s.Versions[at].Instances, paymux.InstanceStatus{ID: i.ID, State: string(i.State), Since: i.Since, UnknownCodes: caps.UnknownCodes})
	}
}
