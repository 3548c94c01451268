package accessregions

import (
	"cmp"
	"context"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// Decide implements access.Channels. All regions go by the same policies, which are in the registry's settings: the own region writes the
// decision there or, where it is away, another one.
func (r *Regions) Decide(ctx context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.ChannelStatus, error) {
		return n.Channels.Decide(ctx, d)
	})
}

// Statuses implements access.Channels. What runs and what it is given are the same in all regions, for it is in the registry; what came of it is
// added over those that answer. Where not all say that a channel is down, who does is named.
func (r *Regions) Statuses(ctx context.Context) ([]paymux.ChannelStatus, error) {
	parts := relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) ([]paymux.ChannelStatus, error) {
		return n.Channels.Statuses(ctx)
	})
	if len(parts) == 1 {
		return parts[0].Value, parts[0].Err
	}
	if _, err := relay.Some(parts); err != nil {
		return nil, err
	}
	own := slices.IndexFunc(parts, func(p relay.Part[[]paymux.ChannelStatus]) bool { return p.Region == r.own })
	if own > 0 {
		parts[0], parts[own] = parts[own], parts[0]
	}
	var all []paymux.ChannelStatus
	for _, part := range parts {
		if part.Err != nil {
			continue
		}
		for _, s := range part.Value {
			if s.Down != "" {
				s.Down = part.Region + ": " + s.Down
			}
			at := slices.IndexFunc(all, func(a paymux.ChannelStatus) bool { return a.Channel == s.Channel })
			if at < 0 {
				s.Versions = slices.Clone(s.Versions)
				all = append(all, s)
				continue
			}
			addStatus(&all[at], &s)
		}
	}
	slices.SortFunc(all, func(a, b paymux.ChannelStatus) int { return cmp.Compare(a.Channel, b.Channel) })
	return all, nil
}

// addStatus adds what another region says of a channel.
func addStatus(to, s *paymux.ChannelStatus) {
	to.Accounts = union(to.Accounts, s.Accounts, func(name string) string { return name })
	for _, v := range s.Versions {
		at := slices.IndexFunc(to.Versions, func(had paymux.VersionStatus) bool { return had.Version == v.Version })
		if at < 0 {
			to.Versions = append(to.Versions, v)
			continue
		}
		had := &to.Versions[at]
		had.Instances = union(had.Instances, v.Instances, func(i paymux.InstanceStatus) string { return i.ID })
		had.Tally = paymux.Tally{
			Calls: had.Tally.Calls + v.Tally.Calls, Failed: had.Tally.Failed + v.Tally.Failed,
			Payments: had.Tally.Payments + v.Tally.Payments, Declined: had.Tally.Declined + v.Tally.Declined,
		}
	}
	slices.SortFunc(to.Versions, func(a, b paymux.VersionStatus) int { return cmp.Compare(a.Version, b.Version) })
	if s.Shadow != nil {
		sum := *s.Shadow
		if had := to.Shadow; had != nil && had.Version == s.Shadow.Version {
			sum.Asked, sum.Differs, sum.Example = sum.Asked+had.Asked, sum.Differs+had.Differs, cmp.Or(had.Example, sum.Example)
		}
		to.Shadow = &sum
	}
	if s.Down != "" && to.Down != "" {
		to.Down += "; "
	}
	to.Down += s.Down
	if to.StaleSince.IsZero() || !s.StaleSince.IsZero() && s.StaleSince.Before(to.StaleSince) {
		to.StaleSince = s.StaleSince
	}
}

// union adds what is not there yet, by name, in its order.
func union[T any](to, more []T, name func(T) string) []T {
	all := slices.Clone(to)
	for _, m := range more {
		if !slices.ContainsFunc(all, func(had T) bool { return name(had) == name(m) }) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	return all
}
