package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// Each of the operator's words about routing is one request.
func TestRoutingRequests(t *testing.T) {
	t.Parallel()
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = fmt.Sprintf("%s %s %s", r.Method, r.URL, body)
		io.WriteString(w, `{"data":[{"version":3,"account":"main","name":"spring"}],"active":{"version":3},"version":3,"name":"spring","fine":true,"order":["main"],"account":"main","payment":"pay_1"}`)
	}))
	defer server.Close()
	o, err := client.NewOperator(client.Config{BaseURL: server.URL, Key: "ops"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for want, do := range map[string]func() (bool, error){
		"GET /ops/v1/routing ": func() (bool, error) { s, err := o.Routing(ctx); return err == nil && s.Active.Version == 3, err },
		"GET /ops/v1/routing/versions ": func() (bool, error) {
			for v, err := range o.RuleSetVersions(ctx) {
				return v.Version == 3, err
			}
			return false, nil
		},
		"GET /ops/v1/routing/versions/3 ": func() (bool, error) { v, err := o.RuleSetVersion(ctx, 3); return err == nil && v.Version == 3, err },
		"GET /ops/v1/routing/drafts ":     func() (bool, error) { d, err := o.RuleSetDrafts(ctx); return len(d) == 1, err },
		"GET /ops/v1/routing/drafts/spring ": func() (bool, error) {
			d, err := o.RuleSetDraft(ctx, "spring")
			return err == nil && d.Name == "spring", err
		},
		`PUT /ops/v1/routing/drafts/spring {"document":"x","reason":"why"}`: func() (bool, error) {
			d, err := o.PutRuleSetDraft(ctx, "spring", "x", "why")
			return err == nil && d.Name == "spring", err
		},
		"DELETE /ops/v1/routing/drafts/spring ":      func() (bool, error) { return true, o.DeleteRuleSetDraft(ctx, "spring") },
		`POST /ops/v1/routing/lint {"document":"x"}`: func() (bool, error) { r, err := o.LintRuleSet(ctx, "x"); return err == nil && r.Fine, err },
		`POST /ops/v1/routing/simulate {"draft":"spring","payment":{"amount":5,"currency":"CNY","method":"card","client_country":"DE"}}`: func() (bool, error) {
			r, err := o.SimulateRouting(ctx, client.SimulateRequest{Draft: "spring", Payment: client.SimulatedPayment{Amount: 5, Currency: "CNY", Method: paymux.Card, Client: "DE"}})
			return err == nil && len(r.Order) == 1, err
		},
		`POST /ops/v1/routing/activate {"draft":"spring","reason":"why"}`: func() (bool, error) {
			a, err := o.ActivateDraft(ctx, "spring", "why")
			return err == nil && a.Active.Version == 3, err
		},
		`POST /ops/v1/routing/rollback {"version":2,"reason":"why"}`: func() (bool, error) {
			a, err := o.RollBackRuleSet(ctx, 2, "why")
			return err == nil && a.Active.Version == 3, err
		},
		"GET /ops/v1/routing/health ": func() (bool, error) { h, err := o.RoutingHealth(ctx); return len(h) == 1, err },
		"GET /ops/v1/routing/quotas ": func() (bool, error) { q, err := o.RoutingQuotas(ctx); return len(q) == 1, err },
		`PUT /ops/v1/routing/health/main {"state":"abnormal","reason":"why"}`: func() (bool, error) {
			h, err := o.PinRoute(ctx, "main", client.PinRequest{State: paymux.RouteAbnormal, Reason: "why"})
			return err == nil && h.Account == "main", err
		},
		"GET /ops/v1/payments/pay_1/routing ": func() (bool, error) {
			e, err := o.ExplainRouting(ctx, "pay_1")
			return err == nil && e.Payment == "pay_1", err
		},
	} {
		if ok, err := do(); err != nil || !ok {
			t.Errorf("%s: the answer is not read: %v", want, err)
		}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Error(diff)
		}
	}
}
