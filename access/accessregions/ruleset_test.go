package accessregions_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

func (r *room) RuleSetStatus(context.Context) (paymux.RuleSetStatus, error) {
	return paymux.RuleSetStatus{}, r.enter("RuleSetStatus")
}
func (r *room) RuleSetVersions(_ context.Context, below int64, limit int) (list []paymux.RuleSetVersion, err error) {
	for _, v := range r.versions {
		if (below == 0 || v.Version < below) && len(list) < limit {
			list = append(list, v)
		}
	}
	return list, r.enter("RuleSetVersions")
}
func (r *room) RuleSetVersion(_ context.Context, version int64) (paymux.RuleSetVersion, error) {
	return of(r, "RuleSetVersion", r.versions, func(v *paymux.RuleSetVersion) bool { return v.Version == version })
}
func (r *room) RuleSetDrafts(context.Context) ([]paymux.RuleSetDraft, error) {
	return nil, r.enter("RuleSetDrafts")
}
func (r *room) RuleSetDraft(context.Context, string) (paymux.RuleSetDraft, error) {
	return paymux.RuleSetDraft{}, r.enter("RuleSetDraft")
}
func (r *room) PutRuleSetDraft(_ context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
	return d, r.enter("PutRuleSetDraft")
}
func (r *room) DeleteRuleSetDraft(context.Context, string) error {
	return r.enter("DeleteRuleSetDraft")
}
func (r *room) ActivateRuleSet(context.Context, paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
	return paymux.RuleSetActivated{}, r.enter("ActivateRuleSet")
}
func (r *room) LintRuleSet(context.Context, string) (paymux.RuleSetReport, error) {
	return paymux.RuleSetReport{}, r.enter("LintRuleSet")
}
func (r *room) SimulateRouting(context.Context, paymux.Simulation) (paymux.SimulationResult, error) {
	return paymux.SimulationResult{}, r.enter("SimulateRouting")
}
func (r *room) ReplayRouting(context.Context, paymux.RuleSetReplay) (paymux.RoutingReplay, error) {
	return paymux.RoutingReplay{}, r.enter("ReplayRouting")
}
func (r *room) ExplainRouting(_ context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error) {
	return paymux.RoutingExplanation{Payment: id}, r.enter("ExplainRouting")
}
func (r *room) RoutingHealth(context.Context) ([]paymux.RouteHealth, error) {
	return nil, r.enter("RoutingHealth")
}
func (r *room) RoutingQuotas(context.Context) ([]paymux.QuotaStatus, error) {
	return r.quotas, r.enter("RoutingQuotas")
}
func (r *room) PinRoute(_ context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	return paymux.RouteHealth{Account: p.Account}, r.enter("PinRoute")
}

func version(n int64) paymux.RuleSetVersion {
	return paymux.RuleSetVersion{Version: n, Fingerprint: "f"}
}

// A region that was away while a version was in force lacks it; the history of all has it, each version once, also while a region is away.
func TestVersionsOfAllRegions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.rooms["r1"].versions = []paymux.RuleSetVersion{version(5), version(3)}
	h.rooms["r2"].versions = []paymux.RuleSetVersion{version(5), version(4), version(3), version(2), version(1)}
	page := func(below int64, want ...int64) {
		t.Helper()
		got, err := h.RuleSetVersions(ctx(), below, 3)
		var numbers []int64
		for _, v := range got {
			numbers = append(numbers, v.Version)
		}
		if diff := cmp.Diff(want, numbers); diff != "" || err != nil {
			t.Errorf("below %d: %v\n%s", below, err, diff)
		}
	}
	page(0, 5, 4, 3)
	page(3, 2, 1)
	if v, err := h.RuleSetVersion(ctx(), 4); err != nil || v.Version != 4 {
		t.Errorf("version 4, which the own region lacks: %v, %v", v, err)
	}
	if _, err := h.RuleSetVersion(ctx(), 9); !errors.Is(err, paymux.NotFound) {
		t.Errorf("a version that never was: %v", err)
	}
	h.away("r2")
	page(0, 5, 3)
	if _, err := h.RuleSetVersion(ctx(), 4); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("a version that a region which is away may have: %v", err)
	}
}

// Each region counts its quotas for itself: all are shown, or none.
func TestQuotasOfAllRegions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	quota := func(account, region string) paymux.QuotaStatus {
		return paymux.QuotaStatus{Account: account, Quota: "daily", Region: region, Used: 1, Limit: 2}
	}
	h.rooms["r1"].quotas = []paymux.QuotaStatus{quota("cards", "r1"), quota("wallet", "r1")}
	h.rooms["r2"].quotas = []paymux.QuotaStatus{quota("cards", "r2")}
	got, err := h.RoutingQuotas(ctx())
	if diff := cmp.Diff([]paymux.QuotaStatus{quota("cards", "r1"), quota("cards", "r2"), quota("wallet", "r1")}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	h.away("r2")
	if got, err := h.RoutingQuotas(ctx()); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("without a region: %v, %v", got, err)
	}
}

// A replay is of one region's payments: that of its number, that of the payment it goes on behind, or the own.
func TestAReplayIsOfOneRegion(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		number, after int
		want          string
	}{{0, 0, "r1"}, {3, 0, "r3"}, {0, 2, "r2"}, {9, 0, ""}} {
		h := newHouse(t, 3)
		q := paymux.RuleSetReplay{}
		if x.number > 0 {
			q.Region = strconv.Itoa(x.number)
		}
		if x.after > 0 {
			q.After = paymux.PaymentID(h.id(paymux.Region(x.after), paymux.PrefixPayment))
		}
		_, err := h.ReplayRouting(ctx(), q)
		asked := h.heard()
		if x.want == "" && !errors.Is(err, paymux.InvalidRequest) || x.want != "" && (err != nil || len(asked[x.want]) != 1) || len(asked["r1"])+len(asked["r2"])+len(asked["r3"]) > 1 {
			t.Errorf("%+v: %v, asked %v", q, err, asked)
		}
	}
}

// There is one version in force for all regions: it is written in one of them, and in no second one if that may have been done.
func TestAnActivationIsWrittenOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.away("r1")
	if _, err := h.ActivateRuleSet(ctx(), paymux.RuleSetActivation{Draft: "spring"}); err != nil || len(h.heard()["r2"])+len(h.heard()["r3"]) != 1 {
		t.Errorf("with the own region away: %v, asked %v", err, h.heard())
	}
	h = newHouse(t, 3)
	h.lost("r1", "ActivateRuleSet")
	if _, err := h.ActivateRuleSet(ctx(), paymux.RuleSetActivation{Draft: "spring"}); !errors.Is(err, paymux.OutcomeUnknown) || len(h.heard()["r2"])+len(h.heard()["r3"]) != 0 {
		t.Errorf("with the answer lost: %v, asked %v", err, h.heard())
	}
}
