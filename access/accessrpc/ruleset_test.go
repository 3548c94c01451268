package accessrpc_test

import (
	"context"

	"github.com/paymux/paymux"
)

func (r *room) RuleSetStatus(ctx context.Context) (paymux.RuleSetStatus, error) {
	return answer[paymux.RuleSetStatus](ctx, r, "RuleSetStatus")
}
func (r *room) RuleSetVersions(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error) {
	return answer[[]paymux.RuleSetVersion](ctx, r, "RuleSetVersions", below, limit)
}
func (r *room) RuleSetVersion(ctx context.Context, version int64) (paymux.RuleSetVersion, error) {
	return answer[paymux.RuleSetVersion](ctx, r, "RuleSetVersion", version)
}
func (r *room) RuleSetDrafts(ctx context.Context) ([]paymux.RuleSetDraft, error) {
	return answer[[]paymux.RuleSetDraft](ctx, r, "RuleSetDrafts")
}
func (r *room) RuleSetDraft(ctx context.Context, name string) (paymux.RuleSetDraft, error) {
	return answer[paymux.RuleSetDraft](ctx, r, "RuleSetDraft", name)
}
func (r *room) PutRuleSetDraft(ctx context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
	return answer[paymux.RuleSetDraft](ctx, r, "PutRuleSetDraft", d)
}
func (r *room) DeleteRuleSetDraft(ctx context.Context, name string) error {
	return done(ctx, r, "DeleteRuleSetDraft", name)
}
func (r *room) ActivateRuleSet(ctx context.Context, a paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
	return answer[paymux.RuleSetActivated](ctx, r, "ActivateRuleSet", a)
}
func (r *room) LintRuleSet(ctx context.Context, document string) (paymux.RuleSetReport, error) {
	return answer[paymux.RuleSetReport](ctx, r, "LintRuleSet", document)
}
func (r *room) SimulateRouting(ctx context.Context, s paymux.Simulation) (paymux.SimulationResult, error) {
	return answer[paymux.SimulationResult](ctx, r, "SimulateRouting", s)
}
func (r *room) ReplayRouting(ctx context.Context, q paymux.RuleSetReplay) (paymux.RoutingReplay, error) {
	return answer[paymux.RoutingReplay](ctx, r, "ReplayRouting", q)
}
func (r *room) ExplainRouting(ctx context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error) {
	return answer[paymux.RoutingExplanation](ctx, r, "ExplainRouting", id)
}
func (r *room) RoutingHealth(ctx context.Context) ([]paymux.RouteHealth, error) {
	return answer[[]paymux.RouteHealth](ctx, r, "RoutingHealth")
}
func (r *room) RoutingQuotas(ctx context.Context) ([]paymux.QuotaStatus, error) {
	return answer[[]paymux.QuotaStatus](ctx, r, "RoutingQuotas")
}
func (r *room) PinRoute(ctx context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	return answer[paymux.RouteHealth](ctx, r, "PinRoute", p)
}
