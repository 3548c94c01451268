package access_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

// rulebook is a node's rules in memory, versions newest first. Documents that say "broken" are.
type rulebook struct {
	versions []paymux.RuleSetVersion
	drafts   []paymux.RuleSetDraft
	told     any // the last change or question, as it came
}

func broken() error {
	e := paymux.Errorf(paymux.InvalidRequest, "The rule set cannot come into force; errors lists what is wrong with it.").At("document")
	e.Fields = []paymux.FieldError{{Location: "body.document", Message: "line 2, static[0]: is broken. Mend it."}}
	return e
}

func (b *book) RuleSetStatus(context.Context) (paymux.RuleSetStatus, error) {
	return paymux.RuleSetStatus{Source: paymux.RulesActivated, Active: b.rules.versions[0], Nodes: []paymux.RuleSetNode{{ID: "node-1", Version: 1, State: paymux.RuleSetRefused, Refused: 2, Error: "broken"}}}, nil
}
func (b *book) RuleSetVersions(_ context.Context, below int64, limit int) (list []paymux.RuleSetVersion, err error) {
	for _, v := range b.rules.versions {
		if (below == 0 || v.Version < below) && len(list) < limit {
			list = append(list, v)
		}
	}
	return list, nil
}
func (b *book) RuleSetVersion(_ context.Context, n int64) (paymux.RuleSetVersion, error) {
	return find(b, &b.rules.versions, func(v *paymux.RuleSetVersion) bool { return v.Version == n })
}
func (b *book) RuleSetDrafts(context.Context) ([]paymux.RuleSetDraft, error) {
	return b.rules.drafts, nil
}
func (b *book) RuleSetDraft(_ context.Context, name string) (paymux.RuleSetDraft, error) {
	return find(b, &b.rules.drafts, func(d *paymux.RuleSetDraft) bool { return d.Name == name })
}
func (b *book) PutRuleSetDraft(_ context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
	if b.rules.told = d; strings.Contains(d.Document, "broken") {
		return d, broken()
	}
	d.Fingerprint = "f"
	return d, nil
}
func (b *book) DeleteRuleSetDraft(ctx context.Context, name string) error {
	b.rules.told = name
	_, err := b.RuleSetDraft(ctx, name)
	return err
}
func (b *book) ActivateRuleSet(_ context.Context, a paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
	b.rules.told = a
	return paymux.RuleSetActivated{Active: paymux.RuleSetVersion{Version: 3, Who: a.Who, Why: a.Why}, Changed: true}, nil
}
func (b *book) LintRuleSet(_ context.Context, document string) (paymux.RuleSetReport, error) {
	b.rules.told = document
	return paymux.RuleSetReport{Findings: []paymux.RuleSetFinding{{Severity: paymux.FindingError, Line: 2}}}, nil
}
func (b *book) SimulateRouting(_ context.Context, s paymux.Simulation) (paymux.SimulationResult, error) {
	b.rules.told = s
	return paymux.SimulationResult{Order: []string{"main"}, Text: map[string]string{"en": "to main"}}, nil
}
func (b *book) ReplayRouting(_ context.Context, r paymux.RuleSetReplay) (paymux.RoutingReplay, error) {
	b.rules.told = r
	return paymux.RoutingReplay{Object: "routing_replay", RuleSet: "spring", Payments: 7}, nil
}
func (b *book) ExplainRouting(_ context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error) {
	p, err := find(b, &b.payments, func(p *paymux.Payment) bool { return p.ID == id })
	return paymux.RoutingExplanation{Payment: p.ID, Merchant: p.Merchant, Routing: p.Routing}, err
}
func (b *book) RoutingHealth(context.Context) ([]paymux.RouteHealth, error) {
	return []paymux.RouteHealth{{Account: "main", State: paymux.RouteAbnormal}}, nil
}
func (b *book) RoutingQuotas(context.Context) ([]paymux.QuotaStatus, error) {
	return []paymux.QuotaStatus{{Account: "main", Quota: "daily", Day: "2026-11-26", Used: 3, Limit: 5}}, nil
}
func (b *book) PinRoute(_ context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	b.rules.told = p
	return paymux.RouteHealth{Account: p.Account, State: p.State, Pin: &p}, nil
}

func (b *book) fillRules(n int) {
	for i := range n {
		b.rules.versions = append(b.rules.versions, paymux.RuleSetVersion{Version: int64(n - i), Fingerprint: "f", Who: "operator"})
	}
	b.rules.drafts = []paymux.RuleSetDraft{{Name: "spring", Fingerprint: "f", Document: "fallback: {all: true}"}}
}

// Versions come in pages, each of them once.
func TestVersionsOfRulesInPages(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.book.fillRules(5)
	var got []int64
	target, pages := "/ops/v1/routing/versions?limit=2", 0
	for cursor := ""; ; pages++ {
		var page struct {
			Data       []paymux.RuleSetVersion
			HasMore    bool   `json:"has_more"`
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(f.ask(t, "GET", target+cursor, "").body), &page); err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Data {
			got = append(got, v.Version)
		}
		if page.HasMore != (page.NextCursor != "") {
			t.Fatalf("has_more %t, next_cursor %q", page.HasMore, page.NextCursor)
		}
		if cursor = "&cursor=" + page.NextCursor; !page.HasMore {
			break
		}
	}
	if diff := cmp.Diff([]int64{5, 4, 3, 2, 1}, got); diff != "" || pages != 2 {
		t.Errorf("after %d pages more (-want +got):\n%s", pages, diff)
	}
}

// What operators say of rules reaches the rulebook as it was said, and who said it.
func TestRulesAreToldAsTheyCame(t *testing.T) {
	t.Parallel()
	merchant := newFront(t).gate.merchant.ID
	for _, x := range []struct {
		method, target, body string
		want                 any
	}{
		{"PUT", "/drafts/spring", `{"document":"static:\n\t- {}\n","reason":"why"}`, paymux.RuleSetDraft{Name: "spring", Document: "static:\n\t- {}\n", Who: "operator", Why: "why"}},
		{"DELETE", "/drafts/spring", "", "spring"},
		{"POST", "/lint", `{"document":"x"}`, "x"},
		{"POST", "/activate", `{"draft":"spring","reason":"why"}`, paymux.RuleSetActivation{Draft: "spring", Who: "operator", Why: "why"}},
		{"POST", "/activate", `{"version":2,"reason":"why"}`, paymux.RuleSetActivation{Version: 2, Who: "operator", Why: "why"}},
		{"POST", "/rollback", `{"version":2,"reason":"why"}`, paymux.RuleSetActivation{Version: 2, Who: "operator", Why: "why"}},
		{"PUT", "/health/main", `{"state":"abnormal","merchant":"` + string(merchant) + `","reason":"why"}`, paymux.RoutePin{Account: "main", Merchant: merchant, State: paymux.RouteAbnormal, Who: "operator", Why: "why", At: frontTime}},
		{"PUT", "/health/main", `{"reason":"over"}`, paymux.RoutePin{Account: "main", Who: "operator", Why: "over", At: frontTime}},
		{"POST", "/replay", `{"draft":"spring","region":"1","merchant":"` + string(merchant) + `","mode":"live","from":"2026-11-21T06:20:31Z","to":"2026-11-22T06:20:31Z","payments":5,"moves":3}`,
			paymux.RuleSetReplay{Rules: paymux.RuleSetChoice{Draft: "spring"}, Region: "1", Merchant: merchant, Mode: "live", From: frontTime.AddDate(0, 0, -1), To: frontTime, Payments: 5, Moves: 3}},
		{"POST", "/simulate", `{"draft":"spring","payment":{"amount":5,"currency":"CNY","method":"card","manual_capture":true,"network":"visa","bin":"424242","accounts":["a"],"client_country":"DE","metadata":{"a":"b"},"tried":["b"],"at":"2026-11-22T06:20:31Z"}}`,
			paymux.Simulation{Rules: paymux.RuleSetChoice{Draft: "spring"}, Payment: paymux.SimulatedPayment{Amount: 5, Currency: "CNY", Method: paymux.Card, Manual: true, Network: "visa", BIN: "424242", Accounts: []string{"a"}, Client: "DE", Metadata: map[string]string{"a": "b"}, Tried: []string{"b"}, At: frontTime}}},
	} {
		f := newFront(t)
		f.book.fillRules(2)
		if got := f.ask(t, x.method, "/ops/v1/routing"+x.target, x.body); got.status != 200 {
			t.Errorf("%s %s %s: %d %s", x.method, x.target, x.body, got.status, got.body)
		}
		if diff := cmp.Diff(x.want, f.book.rules.told); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", x.method, x.target, diff)
		}
	}
}

func TestRulesRefused(t *testing.T) {
	t.Parallel()
	const pay = `"payment":{"amount":5,"currency":"CNY","method":"card"}`
	for _, x := range []struct {
		method, target, body string
		status               int
		has                  string
	}{
		{"PUT", "/drafts/Spring", `{"document":"x"}`, 400, "path.name"},
		{"PUT", "/drafts/spring", `{"document":"broken"}`, 400, "line 2, static[0]: is broken. Mend it."},
		{"PUT", "/drafts/spring", `{"document":""}`, 400, "1 to 1048576 characters"},
		{"PUT", "/drafts/spring", `{"document":"x","why":"y"}`, 400, "body.why"},
		{"PUT", "/drafts/spring", `{"document":"` + strings.Repeat("x", 1<<20+1) + `"}`, 400, "1048576"},
		{"PUT", "/drafts/spring", `{"document":"a\u0001"}`, 400, "control characters"},
		{"GET", "/drafts/winter", "", 404, "not_found"},
		{"DELETE", "/drafts/winter", "", 404, "not_found"},
		{"GET", "/versions/9", "", 404, "not_found"},
		{"GET", "/versions/01", "", 400, "path.version"},
		{"GET", "/versions?cursor=x", "", 400, "query.cursor"},
		{"POST", "/activate", `{"reason":"y"}`, 400, "which draft, or which version"},
		{"POST", "/activate", `{"draft":"a","version":2,"reason":"y"}`, 400, "which draft, or which version"},
		{"POST", "/activate", `{"draft":"a.b","reason":"y"}`, 400, "body.draft"},
		{"POST", "/activate", `{"draft":"spring"}`, 400, "body.reason"},
		{"POST", "/rollback", `{"reason":"y"}`, 400, "body.version"},
		{"POST", "/rollback", `{"version":0,"reason":"y"}`, 400, "body.version"},
		{"POST", "/simulate", `{"draft":"a","version":2,` + pay + `}`, 400, "Only one of"},
		{"POST", "/simulate", `{"payment":{"amount":5,"currency":"CNY"}}`, 400, "body.payment.method"},
		{"POST", "/simulate", `{"payment":{"amount":5,"currency":"CNY","method":"card","client":"DE"}}`, 400, "body.payment.client"},
		{"POST", "/replay", `{"draft":"a","version":2}`, 400, "Only one of"},
		{"POST", "/replay", `{"from":"2026-11-22T06:20:31Z","to":"2026-11-22T06:20:31Z"}`, 400, "from has to be before to"},
		{"POST", "/replay", `{"mode":"both"}`, 400, "body.mode"},
		{"POST", "/replay", `{"after":"pay_1"}`, 400, "body.after"},
		{"PUT", "/health/main", `{"state":"probing","reason":"y"}`, 400, "must be one of normal or abnormal"},
		{"PUT", "/health/main", `{"merchant":"mer_1","reason":"y"}`, 400, "body.merchant"},
		{"PUT", "/health/ma.in", `{"reason":"y"}`, 400, "path.account"},
	} {
		f := newFront(t)
		f.book.fillRules(2)
		if got := f.ask(t, x.method, "/ops/v1/routing"+x.target, x.body); got.status != x.status || !strings.Contains(got.body, x.has) {
			t.Errorf("%s %s %s: %d %s\nwant %s with %s", x.method, x.target, x.body[:min(len(x.body), 80)], got.status, got.body, strconv.Itoa(x.status), x.has)
		}
	}
}
