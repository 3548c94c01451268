package paymux_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

// Merchants see which accounts were considered and why not another; what accounts cost, and how they do, is the operators'.
func TestMerchantsSeeNoFigures(t *testing.T) {
	t.Parallel()
	candidates := []paymux.Candidate{
		{Channel: "c", Account: "a", Place: 1, Priority: 7, Share: 0.71, Success: 0.72, Trials: 73, Cost: 74, LatencyMS: 75, Score: 0.76},
		{Channel: "c", Account: "b", Dropped: "closed at this hour", Code: "outside_hours", Detail: "08:00", Cost: 74},
	}
	whole := paymux.Routing{
		RuleSet: "r", Version: 3, Rule: "x", Reason: "why", Payer: "p71", Draw: "d71", Explore: 0.77, Probe: 0.78, Candidates: candidates,
		Failovers: []paymux.Failover{{From: "a", To: "b", Why: "declined", Payer: "p71", Draw: "d71", Candidates: candidates}},
	}
	p := paymux.Payment{Routing: &whole}
	kept := string(p.AppendKept(nil))
	seen := string(p.AppendShown(nil))
	for _, secret := range []string{"0.7", "73", "74", "75", "p71", "d71"} {
		if strings.Contains(seen, secret) || !strings.Contains(kept, secret) {
			t.Errorf("%s: kept is\n%s\nand merchants see\n%s", secret, kept, seen)
		}
	}
	left := []paymux.Candidate{{Channel: "c", Account: "a", Place: 1}, {Channel: "c", Account: "b", Dropped: "closed at this hour", Code: "outside_hours", Detail: "08:00"}}
	want := paymux.Routing{RuleSet: "r", Version: 3, Rule: "x", Reason: "why", Candidates: left, Failovers: []paymux.Failover{{From: "a", To: "b", Why: "declined", Candidates: left}}}
	if diff := cmp.Diff(&want, whole.Shown()); diff != "" {
		t.Error(diff)
	}
	if whole.Candidates[0].Cost != 74 || whole.Failovers[0].Candidates[0].Score != 0.76 || (*paymux.Routing)(nil).Shown() != nil {
		t.Error("what is kept has changed")
	}
}
