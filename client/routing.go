package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/paymux/paymux"
)

// SimulateRequest asks how a payment that nobody makes would be routed: by a document, a draft, a version or, with none
// of them, by what is in force.
type SimulateRequest struct {
	Document string           `json:"document,omitempty"`
	Draft    string           `json:"draft,omitempty"`
	Version  int64            `json:"version,omitempty"`
	Payment  SimulatedPayment `json:"payment"`
}

// SimulatedPayment is what routing looks at. Only Amount, Currency and Method have to be given; see [paymux.SimulatedPayment].
type SimulatedPayment struct {
	Merchant   paymux.MerchantID `json:"merchant,omitempty"`
	Amount     int64             `json:"amount"`
	Currency   paymux.Currency   `json:"currency"`
	Method     paymux.MethodType `json:"method"`
	Manual     bool              `json:"manual_capture,omitempty"`
	CardToken  bool              `json:"card_token,omitempty"`
	CardNumber bool              `json:"card_number,omitempty"`
	Network    string            `json:"network,omitempty"`
	BIN        string            `json:"bin,omitempty"`
	Account    string            `json:"account,omitempty"`
	Accounts   []string          `json:"accounts,omitempty"`
	Client     string            `json:"client_country,omitempty"`
	Object     string            `json:"object_country,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Payer      string            `json:"payer,omitempty"`
	Tried      []string          `json:"tried,omitempty"`
	At         time.Time         `json:"at,omitzero"`
}

// PinRequest is an operator's word about an account, or a merchant there; without State what is seen decides again.
type PinRequest struct {
	State    paymux.RouteState `json:"state,omitempty"`
	Merchant paymux.MerchantID `json:"merchant,omitempty"`
	Reason   string            `json:"reason"`
}

// draftRequest writes a draft, or asks what is wrong with one.
type draftRequest struct {
	Document string `json:"document"`
	Reason   string `json:"reason,omitempty"`
}

type activateRequest struct {
	Draft   string `json:"draft,omitempty"`
	Version int64  `json:"version,omitempty"`
	Reason  string `json:"reason"`
}

const routingPath = "/ops/v1/routing"

// Routing tells which rules are in force, and what every node routes by.
func (o *Operator) Routing(ctx context.Context, opts ...Option) (*paymux.RuleSetStatus, error) {
	return one[paymux.RuleSetStatus](ctx, o.c, http.MethodGet, routingPath, nil, opts)
}

// RuleSetVersions lists what was ever in force, newest first, without documents.
func (o *Operator) RuleSetVersions(ctx context.Context, opts ...Option) iter.Seq2[paymux.RuleSetVersion, error] {
	return pages[paymux.RuleSetVersion](ctx, o.c, routingPath+"/versions", nil, opts)
}

// RuleSetVersion reads one version with its document.
func (o *Operator) RuleSetVersion(ctx context.Context, version int64, opts ...Option) (*paymux.RuleSetVersion, error) {
	return one[paymux.RuleSetVersion](ctx, o.c, http.MethodGet, at("ops", "v1", "routing", "versions", strconv.FormatInt(version, 10)), nil, opts)
}

// RuleSetDrafts lists drafts by name, without documents.
func (o *Operator) RuleSetDrafts(ctx context.Context, opts ...Option) ([]paymux.RuleSetDraft, error) {
	got, err := page[paymux.RuleSetDraft](ctx, o.c, routingPath+"/drafts", url.Values{}, "", opts)
	return got.Data, err
}

// RuleSetDraft reads one draft with its document.
func (o *Operator) RuleSetDraft(ctx context.Context, name string, opts ...Option) (*paymux.RuleSetDraft, error) {
	return one[paymux.RuleSetDraft](ctx, o.c, http.MethodGet, at("ops", "v1", "routing", "drafts", name), nil, opts)
}

// PutRuleSetDraft writes a draft in place of what it was. What could not come into force is refused, with all that is wrong in [Error].
func (o *Operator) PutRuleSetDraft(ctx context.Context, name, document, reason string, opts ...Option) (*paymux.RuleSetDraft, error) {
	return one[paymux.RuleSetDraft](ctx, o.c, http.MethodPut, at("ops", "v1", "routing", "drafts", name), draftRequest{document, reason}, opts)
}

// DeleteRuleSetDraft removes a draft.
func (o *Operator) DeleteRuleSetDraft(ctx context.Context, name string, opts ...Option) error {
	return o.Call(ctx, http.MethodDelete, at("ops", "v1", "routing", "drafts", name), nil, nil, opts...)
}

// LintRuleSet tells what is wrong, or doubtful, with a document.
func (o *Operator) LintRuleSet(ctx context.Context, document string, opts ...Option) (*paymux.RuleSetReport, error) {
	return one[paymux.RuleSetReport](ctx, o.c, http.MethodPost, routingPath+"/lint", draftRequest{Document: document}, opts)
}

// SimulateRouting tells where a payment would go, and why. Nothing comes of it.
func (o *Operator) SimulateRouting(ctx context.Context, r SimulateRequest, opts ...Option) (*paymux.SimulationResult, error) {
	return one[paymux.SimulationResult](ctx, o.c, http.MethodPost, routingPath+"/simulate", r, opts)
}

// ActivateDraft brings a draft into force and tells which nodes route by it. It may be repeated: nothing is activated twice.
func (o *Operator) ActivateDraft(ctx context.Context, draft, reason string, opts ...Option) (*paymux.RuleSetActivated, error) {
	return one[paymux.RuleSetActivated](ctx, o.c, http.MethodPost, routingPath+"/activate", activateRequest{Draft: draft, Reason: reason}, opts)
}

// RollBackRuleSet brings what an earlier version said into force again, as a new version.
func (o *Operator) RollBackRuleSet(ctx context.Context, version int64, reason string, opts ...Option) (*paymux.RuleSetActivated, error) {
	return one[paymux.RuleSetActivated](ctx, o.c, http.MethodPost, routingPath+"/rollback", activateRequest{Version: version, Reason: reason}, opts)
}

// RoutingHealth lists how accounts do.
func (o *Operator) RoutingHealth(ctx context.Context, opts ...Option) ([]paymux.RouteHealth, error) {
	got, err := page[paymux.RouteHealth](ctx, o.c, routingPath+"/health", url.Values{}, "", opts)
	return got.Data, err
}

// RoutingQuotas lists what is taken of the quotas of today, region by region.
func (o *Operator) RoutingQuotas(ctx context.Context, opts ...Option) ([]paymux.QuotaStatus, error) {
	got, err := page[paymux.QuotaStatus](ctx, o.c, routingPath+"/quotas", url.Values{}, "", opts)
	return got.Data, err
}

// PinRoute says how an account does until that is taken back, and returns how it does.
func (o *Operator) PinRoute(ctx context.Context, account string, r PinRequest, opts ...Option) (*paymux.RouteHealth, error) {
	return one[paymux.RouteHealth](ctx, o.c, http.MethodPut, at("ops", "v1", "routing", "health", account), r, opts)
}

// ExplainRouting tells how a payment was routed, and why.
func (o *Operator) ExplainRouting(ctx context.Context, id paymux.PaymentID, opts ...Option) (*paymux.RoutingExplanation, error) {
	return one[paymux.RoutingExplanation](ctx, o.c, http.MethodGet, at("ops", "v1", "payments", string(id), "routing"), nil, opts)
}
