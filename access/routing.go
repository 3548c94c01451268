package access

import (
	"context"
	"net/http"
	"regexp"
	"strconv"

	"github.com/paymux/paymux"
)

const routingDoc = "Rule sets say which accounts a payment may go to, and in which order. A draft is nothing but a text that could come into force; activating it makes a version of it, which " +
	"every node routes by within a second, and says so. What cannot be read, or contradicts itself, is refused with line, path and remedy."

func (s *Server) routingRoutes() []route {
	draft, version, activated := schemaFor[paymux.RuleSetDraft]("RuleSetDraft"), schemaFor[paymux.RuleSetVersion]("RuleSetVersion"), schemaFor[paymux.RuleSetActivated]("RuleSetActivated")
	const path, one = "/ops/v1/routing", "/ops/v1/routing/drafts/{name}"
	return []route{
		{method: http.MethodGet, path: path, id: "opsGetRouting", summary: "Retrieve the rule set in force", doc: routingDoc, reply: schemaFor[paymux.RuleSetStatus]("RuleSetStatus"), serve: s.ruleSetStatus},
		{method: http.MethodGet, path: path + "/versions", id: "opsListRuleSetVersions", summary: "List versions of the rule set", doc: "Every version that was ever in force, newest first, without documents.", query: []param{cursorParam(), limitParam()}, reply: schemaFor[page[paymux.RuleSetVersion]]("RuleSetVersionList"), serve: s.listRuleSetVersions},
		{method: http.MethodGet, path: path + "/versions/{version}", id: "opsGetRuleSetVersion", summary: "Retrieve a version of the rule set", reply: version, serve: s.getRuleSetVersion},
		{method: http.MethodGet, path: path + "/drafts", id: "opsListRuleSetDrafts", summary: "List drafts of rule sets", reply: schemaFor[page[paymux.RuleSetDraft]]("RuleSetDraftList"), serve: s.listRuleSetDrafts},
		{method: http.MethodGet, path: one, id: "opsGetRuleSetDraft", summary: "Retrieve a draft", reply: draft, serve: s.getRuleSetDraft},
		{method: http.MethodPut, path: one, id: "opsPutRuleSetDraft", summary: "Write a draft", doc: "In place of what it was. What could not come into force is refused, and nothing is kept of it.", body: schemaFor[draftBody]("RuleSetDraftWrite"), limit: ruleSetLimit, reply: draft, serve: s.putRuleSetDraft},
		{method: http.MethodDelete, path: one, id: "opsDeleteRuleSetDraft", summary: "Remove a draft", reply: schemaFor[draftDeleted]("RuleSetDraftDeleted"), serve: s.deleteRuleSetDraft},
		{method: http.MethodPost, path: path + "/lint", id: "opsLintRuleSet", summary: "Look for what is wrong with a rule set", body: schemaFor[lintBody]("RuleSetLint"), limit: ruleSetLimit, reply: schemaFor[paymux.RuleSetReport]("RuleSetReport"), serve: s.lintRuleSet},
		{method: http.MethodPost, path: path + "/simulate", id: "opsSimulateRouting", summary: "Route a payment that nobody makes", doc: "Nothing comes of it: nobody is asked, and nothing is kept.", body: schemaFor[simulateBody]("RoutingSimulation"), limit: ruleSetLimit, reply: schemaFor[paymux.SimulationResult]("RoutingSimulated"), serve: s.simulateRouting},
		s.routingReplayRoute(),
		{method: http.MethodPost, path: path + "/activate", id: "opsActivateRuleSet", summary: "Bring a draft into force", doc: "As a new version. The answer waits, for some seconds at most, until every node says that it routes by it, and tells which do not. What says the same as the version in force changes nothing, so that the request may be repeated.", body: schemaFor[activateBody]("RuleSetActivate"), reply: activated, serve: s.activateRuleSet},
		{method: http.MethodPost, path: path + "/rollback", id: "opsRollbackRuleSet", summary: "Go back to an earlier version", doc: "As a new version, which says what that one did.", body: schemaFor[rollbackBody]("RuleSetRollback"), reply: activated, serve: s.rollbackRuleSet},
		{method: http.MethodGet, path: path + "/health", id: "opsListRoutingHealth", summary: "List how accounts do", reply: schemaFor[page[paymux.RouteHealth]]("RouteHealthList"), serve: s.listRoutingHealth},
		{method: http.MethodPut, path: path + "/health/{account}", id: "opsPinRoute", summary: "Pin how an account does", doc: "Until it is taken back: without state.", body: schemaFor[pinBody]("RoutePinWrite"), reply: schemaFor[paymux.RouteHealth]("RouteHealth"), serve: s.pinRoute},
		{method: http.MethodGet, path: path + "/quotas", id: "opsListRoutingQuotas", summary: "List what is taken of quotas today", doc: "Those of the rules in force, and those that rules in force earlier today have taken from. Each region counts for itself.", reply: schemaFor[page[paymux.QuotaStatus]]("QuotaStatusList"), serve: s.listRoutingQuotas},
		{method: http.MethodGet, path: "/ops/v1/payments/{id}/routing", id: "opsExplainRouting", summary: "Explain where a payment went", prefix: paymux.PrefixPayment, reply: schemaFor[paymux.RoutingExplanation]("RoutingExplanation"), serve: s.explainRouting},
	}
}

// operatorName is who an operator is as far as the token tells.
const operatorName = "operator"

func (s *Server) ruleSetStatus(ctx context.Context, _ *call) (answer, error) {
	return answered(s.ruleSets.RuleSetStatus(ctx))
}

// answered answers with what was got.
func answered[T any](got T, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, got)
}

// listed answers with a whole list.
func listed[T any](got []T, err error) (answer, error) { return answered(pageOf(got), err) }

func (s *Server) listRuleSetVersions(ctx context.Context, c *call) (answer, error) {
	p := askedPage(c)
	below := int64(0)
	if p.After != "" {
		var err error
		if below, err = versionOf(p.After, "query.cursor"); err != nil {
			return answer{}, err
		}
	}
	list, err := s.ruleSets.RuleSetVersions(ctx, below, p.Limit+1)
	if err != nil {
		return answer{}, err
	}
	out := pageOf(list[:min(len(list), p.Limit)])
	if out.HasMore = len(list) > p.Limit; out.HasMore {
		out.NextCursor = strconv.FormatInt(list[p.Limit-1].Version, 10)
	}
	return answerWith(http.StatusOK, out)
}

// versionOf reads the number of a version.
func versionOf(text, location string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, at(paymux.Errorf(paymux.InvalidRequest, "A version is a whole number from 1 on."), location)
	}
	return n, nil
}

func (s *Server) getRuleSetVersion(ctx context.Context, c *call) (answer, error) {
	n, err := versionOf(c.r.PathValue("version"), "path.version")
	if err != nil {
		return answer{}, err
	}
	return answered(s.ruleSets.RuleSetVersion(ctx, n))
}

func (s *Server) listRuleSetDrafts(ctx context.Context, _ *call) (answer, error) {
	return listed(s.ruleSets.RuleSetDrafts(ctx))
}

var plainName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// named reads a name of the path.
func named(c *call, part string) (string, error) {
	name := c.r.PathValue(part)
	if !plainName.MatchString(name) {
		return "", at(paymux.Errorf(paymux.InvalidRequest, "A name has 1 to 64 lower case letters, digits, - and _."), "path."+part)
	}
	return name, nil
}

func (s *Server) getRuleSetDraft(ctx context.Context, c *call) (answer, error) {
	name, err := named(c, "name")
	if err != nil {
		return answer{}, err
	}
	return answered(s.ruleSets.RuleSetDraft(ctx, name))
}

func (s *Server) putRuleSetDraft(ctx context.Context, c *call) (answer, error) {
	b, err := decode[draftBody](c.body)
	if err != nil {
		return answer{}, err
	}
	name, err := named(c, "name")
	if err != nil {
		return answer{}, err
	}
	return answered(s.ruleSets.PutRuleSetDraft(ctx, paymux.RuleSetDraft{Name: name, Document: b.Document, Who: operatorName, Why: b.Reason}))
}

type draftDeleted struct {
	Name    string `json:"name" example:"spring"`
	Deleted bool   `json:"deleted" doc:"always true"`
}

func (s *Server) deleteRuleSetDraft(ctx context.Context, c *call) (answer, error) {
	name, err := named(c, "name")
	if err != nil {
		return answer{}, err
	}
	return answered(draftDeleted{name, true}, s.ruleSets.DeleteRuleSetDraft(ctx, name))
}

func (s *Server) lintRuleSet(ctx context.Context, c *call) (answer, error) {
	b, err := decode[lintBody](c.body)
	if err != nil {
		return answer{}, err
	}
	return answered(s.ruleSetTrials.LintRuleSet(ctx, b.Document))
}

// chosenRules are the rules that a request means by at most one of three ways; none: those in force.
func chosenRules(document, draft string, version int64) (paymux.RuleSetChoice, error) {
	if err := oneOf("document, draft and version", document != "", draft != "", version != 0); err != nil {
		return paymux.RuleSetChoice{}, err
	}
	return paymux.RuleSetChoice{Document: document, Draft: draft, Version: version}, draftNamed(draft)
}

func (s *Server) simulateRouting(ctx context.Context, c *call) (answer, error) {
	b, err := decode[simulateBody](c.body)
	if err != nil {
		return answer{}, err
	}
	rules, err := chosenRules(b.Document, b.Draft, b.Version)
	if err != nil {
		return answer{}, err
	}
	return answered(s.ruleSetTrials.SimulateRouting(ctx, paymux.Simulation{
		Rules: rules, Payment: paymux.SimulatedPayment(b.Payment),
	}))
}

// oneOf refuses a request that says several things of which it may say one.
func oneOf(names string, there ...bool) error {
	n := 0
	for _, is := range there {
		if is {
			n++
		}
	}
	if n > 1 {
		return paymux.Errorf(paymux.InvalidRequest, "Only one of %s can be given.", names)
	}
	return nil
}

func draftNamed(name string) error {
	if name != "" && !plainName.MatchString(name) {
		return at(paymux.Errorf(paymux.InvalidRequest, "A name has 1 to 64 lower case letters, digits, - and _."), "body.draft")
	}
	return nil
}

func (s *Server) activateRuleSet(ctx context.Context, c *call) (answer, error) {
	b, err := decode[activateBody](c.body)
	if err != nil {
		return answer{}, err
	}
	if (b.Draft == "") == (b.Version == 0) {
		return answer{}, at(paymux.Errorf(paymux.InvalidRequest, "Say which draft, or which version, is to come into force."), "body.draft")
	}
	if err := draftNamed(b.Draft); err != nil {
		return answer{}, err
	}
	return answered(s.ruleSets.ActivateRuleSet(ctx, paymux.RuleSetActivation{Draft: b.Draft, Version: b.Version, Who: operatorName, Why: b.Reason}))
}

func (s *Server) rollbackRuleSet(ctx context.Context, c *call) (answer, error) {
	b, err := decode[rollbackBody](c.body)
	if err != nil {
		return answer{}, err
	}
	return answered(s.ruleSets.ActivateRuleSet(ctx, paymux.RuleSetActivation{Version: b.Version, Who: operatorName, Why: b.Reason}))
}

func (s *Server) listRoutingHealth(ctx context.Context, _ *call) (answer, error) {
	return listed(s.routesSeen.RoutingHealth(ctx))
}

func (s *Server) listRoutingQuotas(ctx context.Context, _ *call) (answer, error) {
	return listed(s.routesSeen.RoutingQuotas(ctx))
}

func (s *Server) pinRoute(ctx context.Context, c *call) (answer, error) {
	b, err := decode[pinBody](c.body)
	if err != nil {
		return answer{}, err
	}
	account, err := named(c, "account")
	if err != nil {
		return answer{}, err
	}
	if b.Merchant != "" {
		if err := s.ids.Check(paymux.PrefixMerchant, string(b.Merchant)); err != nil {
			return answer{}, at(err, "body.merchant")
		}
	}
	return answered(s.routesSeen.PinRoute(ctx, paymux.RoutePin{Account: account, Merchant: b.Merchant, State: paymux.RouteState(b.State), Who: operatorName, Why: b.Reason, At: s.now().UTC()}))
}

func (s *Server) explainRouting(ctx context.Context, c *call) (answer, error) {
	return answered(s.routesSeen.ExplainRouting(ctx, paymux.PaymentID(c.id)))
}
