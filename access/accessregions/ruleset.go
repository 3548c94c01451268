package accessregions

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// RuleSetStatus implements access.RuleSets. There is one version for all regions, which is in the registry's settings: the own region tells or,
// where it is away, another one.
func (r *Regions) RuleSetStatus(ctx context.Context) (paymux.RuleSetStatus, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.RuleSetStatus, error) {
		return n.RuleSets.RuleSetStatus(ctx)
	})
}

// RuleSetVersions implements access.RuleSets: each region keeps what was in force there, which for one that was away lacks something.
// Those that answer are joined.
func (r *Regions) RuleSetVersions(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error) {
	lists, err := relay.Some(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) ([]paymux.RuleSetVersion, error) {
		return n.RuleSets.RuleSetVersions(ctx, below, limit)
	}))
	if err != nil {
		return nil, err
	}
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b paymux.RuleSetVersion) int { return cmp.Compare(b.Version, a.Version) })
	all = slices.CompactFunc(all, func(a, b paymux.RuleSetVersion) bool { return a.Version == b.Version })
	return all[:min(len(all), limit)], nil
}

// RuleSetVersion implements access.RuleSets. What the own region has not had in force another may.
func (r *Regions) RuleSetVersion(ctx context.Context, version int64) (got paymux.RuleSetVersion, err error) {
	for i, region := range r.nearFirst() {
		answer, fault := relay.In(ctx, r.reads, region, func(ctx context.Context, n *accessrpc.Node) (paymux.RuleSetVersion, error) {
			return n.RuleSets.RuleSetVersion(ctx, version)
		})
		if fault == nil || !missing(fault) && !errors.Is(fault, paymux.NotFound) {
			return answer, fault
		}
		if i == 0 || missing(fault) {
			err = fault // one that is away may have it
		}
	}
	return got, err
}

// RuleSetDrafts implements access.RuleSets.
func (r *Regions) RuleSetDrafts(ctx context.Context) ([]paymux.RuleSetDraft, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) ([]paymux.RuleSetDraft, error) {
		return n.RuleSets.RuleSetDrafts(ctx)
	})
}

// RuleSetDraft implements access.RuleSets.
func (r *Regions) RuleSetDraft(ctx context.Context, name string) (paymux.RuleSetDraft, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.RuleSetDraft, error) {
		return n.RuleSets.RuleSetDraft(ctx, name)
	})
}

// PutRuleSetDraft implements access.RuleSets.
func (r *Regions) PutRuleSetDraft(ctx context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.RuleSetDraft, error) {
		return n.RuleSets.PutRuleSetDraft(ctx, d)
	})
}

// DeleteRuleSetDraft implements access.RuleSets.
func (r *Regions) DeleteRuleSetDraft(ctx context.Context, name string) error {
	_, err := nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.RuleSets.DeleteRuleSetDraft(ctx, name)
	})
	return err
}

// ActivateRuleSet implements access.RuleSets: written once, for all regions.
func (r *Regions) ActivateRuleSet(ctx context.Context, a paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.RuleSetActivated, error) {
		return n.RuleSets.ActivateRuleSet(ctx, a)
	})
}

// LintRuleSet implements access.RuleSetTrials, over the accounts of the own region or, where it is away, another's.
func (r *Regions) LintRuleSet(ctx context.Context, document string) (paymux.RuleSetReport, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.RuleSetReport, error) {
		return n.RuleSetTrials.LintRuleSet(ctx, document)
	})
}

// SimulateRouting implements access.RuleSetTrials, in the own region or, where it is away, another.
func (r *Regions) SimulateRouting(ctx context.Context, s paymux.Simulation) (paymux.SimulationResult, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.SimulationResult, error) {
		return n.RuleSetTrials.SimulateRouting(ctx, s)
	})
}

// ReplayRouting implements access.RuleSetTrials, in the region that is asked for, by its number or by the payment to go on behind; in the own region
// where there is none, or in another one that answers.
func (r *Regions) ReplayRouting(ctx context.Context, q paymux.RuleSetReplay) (got paymux.RoutingReplay, err error) {
	replay := func(ctx context.Context, n *accessrpc.Node) (paymux.RoutingReplay, error) {
		return n.RuleSetTrials.ReplayRouting(ctx, q)
	}
	if q.After != "" {
		return relay.ByID(ctx, r.reads, string(q.After), replay)
	}
	if q.Region == "" {
		return nearest(ctx, r, replay)
	}
	number, err := strconv.ParseUint(q.Region, 10, 12)
	name := r.reads.Name(paymux.Region(number))
	if err != nil || name == "" {
		return got, paymux.Errorf(paymux.InvalidRequest, "There is no region of the number %q.", q.Region).At("region")
	}
	return relay.In(ctx, r.reads, name, replay)
}

// ExplainRouting implements access.Routes.
func (r *Regions) ExplainRouting(ctx context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) (paymux.RoutingExplanation, error) {
		return n.Routes.ExplainRouting(ctx, id)
	})
}

// RoutingHealth implements access.Routes. What one node sees all know, in all regions.
func (r *Regions) RoutingHealth(ctx context.Context) ([]paymux.RouteHealth, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) ([]paymux.RouteHealth, error) {
		return n.Routes.RoutingHealth(ctx)
	})
}

// RoutingQuotas implements access.Routes: every region counts for itself, and a list without one would look complete.
func (r *Regions) RoutingQuotas(ctx context.Context) ([]paymux.QuotaStatus, error) {
	lists, err := relay.Whole(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) ([]paymux.QuotaStatus, error) {
		return n.Routes.RoutingQuotas(ctx)
	}))
	if err != nil {
		return nil, err
	}
	return relay.Weave(lists, 0, func(a, b *paymux.QuotaStatus) bool { return a.Compare(b) < 0 }), nil
}

// PinRoute implements access.Routes: written once, for all regions.
func (r *Regions) PinRoute(ctx context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	return nearest(ctx, r, func(ctx context.Context, n *accessrpc.Node) (paymux.RouteHealth, error) {
		return n.Routes.PinRoute(ctx, p)
	})
}
