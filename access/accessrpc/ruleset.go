package accessrpc

import (
	"context"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// versionsQuery asks for a page of versions.
type versionsQuery struct {
	Below int64
	Limit int
}

func serveRuleSets(s *server, r access.RuleSets, t access.RuleSetTrials, w access.Routes) {
	read(s, "rule_set_status", func(ctx context.Context, _ *nothing) (paymux.RuleSetStatus, error) { return r.RuleSetStatus(ctx) })
	list(s, "rule_set_versions", func(ctx context.Context, q *versionsQuery) ([]paymux.RuleSetVersion, error) {
		return r.RuleSetVersions(ctx, q.Below, q.Limit)
	})
	read(s, "rule_set_version", func(ctx context.Context, n *int64) (paymux.RuleSetVersion, error) { return r.RuleSetVersion(ctx, *n) })
	list(s, "rule_set_drafts", func(ctx context.Context, _ *nothing) ([]paymux.RuleSetDraft, error) { return r.RuleSetDrafts(ctx) })
	read(s, "rule_set_draft", func(ctx context.Context, name *string) (paymux.RuleSetDraft, error) {
		return r.RuleSetDraft(ctx, *name)
	})
	change(s, "put_rule_set_draft", func(ctx context.Context, d *paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
		return r.PutRuleSetDraft(ctx, *d)
	})
	write(s, "delete_rule_set_draft", func(ctx context.Context, name *string) error { return r.DeleteRuleSetDraft(ctx, *name) })
	change(s, "activate_rule_set", func(ctx context.Context, a *paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
		return r.ActivateRuleSet(ctx, *a)
	})
	read(s, "lint_rule_set", func(ctx context.Context, text *string) (paymux.RuleSetReport, error) {
		return t.LintRuleSet(ctx, *text)
	})
	read(s, "simulate_routing", func(ctx context.Context, q *paymux.Simulation) (paymux.SimulationResult, error) {
		return t.SimulateRouting(ctx, *q)
	})
	read(s, "replay_routing", func(ctx context.Context, q *paymux.RuleSetReplay) (paymux.RoutingReplay, error) {
		return t.ReplayRouting(ctx, *q)
	})
	read(s, "explain_routing", func(ctx context.Context, id *paymux.PaymentID) (paymux.RoutingExplanation, error) {
		return w.ExplainRouting(ctx, *id)
	})
	list(s, "routing_health", func(ctx context.Context, _ *nothing) ([]paymux.RouteHealth, error) { return w.RoutingHealth(ctx) })
	list(s, "routing_quotas", func(ctx context.Context, _ *nothing) ([]paymux.QuotaStatus, error) { return w.RoutingQuotas(ctx) })
	change(s, "pin_route", func(ctx context.Context, p *paymux.RoutePin) (paymux.RouteHealth, error) { return w.PinRoute(ctx, *p) })
}

// RuleSetStatus is what the answering node routes by, and what all nodes say they do.
func (c *Client) RuleSetStatus(ctx context.Context) (paymux.RuleSetStatus, error) {
	return ask[paymux.RuleSetStatus](ctx, c, "rule_set_status", nothing{})
}

// RuleSetVersions lists versions, newest first.
func (c *Client) RuleSetVersions(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error) {
	return whole(ctx, c, "rule_set_versions", versionsQuery{below, limit}, func(q *versionsQuery, last *paymux.RuleSetVersion, n int) {
		q.Below, q.Limit = last.Version, q.Limit-n
	})
}

// RuleSetVersion returns a version.
func (c *Client) RuleSetVersion(ctx context.Context, version int64) (paymux.RuleSetVersion, error) {
	return ask[paymux.RuleSetVersion](ctx, c, "rule_set_version", version)
}

// RuleSetDrafts lists drafts by name.
func (c *Client) RuleSetDrafts(ctx context.Context) ([]paymux.RuleSetDraft, error) {
	return whole[paymux.RuleSetDraft](ctx, c, "rule_set_drafts", nothing{}, nil)
}

// RuleSetDraft returns a draft.
func (c *Client) RuleSetDraft(ctx context.Context, name string) (paymux.RuleSetDraft, error) {
	return ask[paymux.RuleSetDraft](ctx, c, "rule_set_draft", name)
}

// PutRuleSetDraft keeps a draft.
func (c *Client) PutRuleSetDraft(ctx context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
	return tell[paymux.RuleSetDraft](ctx, c, "put_rule_set_draft", d)
}

// DeleteRuleSetDraft removes a draft.
func (c *Client) DeleteRuleSetDraft(ctx context.Context, name string) error {
	return put(ctx, c, "delete_rule_set_draft", name)
}

// ActivateRuleSet brings a draft or a version into force.
func (c *Client) ActivateRuleSet(ctx context.Context, a paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
	return tell[paymux.RuleSetActivated](ctx, c, "activate_rule_set", a)
}

// LintRuleSet looks at a document as an activation would.
func (c *Client) LintRuleSet(ctx context.Context, document string) (paymux.RuleSetReport, error) {
	return ask[paymux.RuleSetReport](ctx, c, "lint_rule_set", document)
}

// SimulateRouting asks how a payment would be routed.
func (c *Client) SimulateRouting(ctx context.Context, s paymux.Simulation) (paymux.SimulationResult, error) {
	return ask[paymux.SimulationResult](ctx, c, "simulate_routing", s)
}

// replayLimit is how long a replay may take where its context says nothing: a million payments are read for it.
const replayLimit = 10 * time.Minute

// ReplayRouting asks what would have become of past payments.
func (c *Client) ReplayRouting(ctx context.Context, r paymux.RuleSetReplay) (paymux.RoutingReplay, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, replayLimit)
		defer cancel()
	}
	return ask[paymux.RoutingReplay](ctx, c, "replay_routing", r)
}

// ExplainRouting tells how a payment was routed, and why.
func (c *Client) ExplainRouting(ctx context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error) {
	return ask[paymux.RoutingExplanation](ctx, c, "explain_routing", id)
}

// RoutingHealth lists how accounts do.
func (c *Client) RoutingHealth(ctx context.Context) ([]paymux.RouteHealth, error) {
	return whole[paymux.RouteHealth](ctx, c, "routing_health", nothing{}, nil)
}

// RoutingQuotas is what is taken of the quotas of today.
func (c *Client) RoutingQuotas(ctx context.Context) ([]paymux.QuotaStatus, error) {
	return whole[paymux.QuotaStatus](ctx, c, "routing_quotas", nothing{}, nil)
}

// PinRoute keeps an operator's word about an account.
func (c *Client) PinRoute(ctx context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	return tell[paymux.RouteHealth](ctx, c, "pin_route", p)
}
