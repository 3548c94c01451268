package accessregions_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

func TestChannelsOfAllRegions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	instances := []paymux.InstanceStatus{{ID: "host-1", State: "ready"}, {ID: "host-2", State: "ready"}}
	h.rooms["r1"].statuses = []paymux.ChannelStatus{
		{Channel: "bank", Accounts: []string{"b"}, Rollout: paymux.Rollout{Stable: "1"}, Down: "killed"},
		{Channel: "sandbox", Accounts: []string{"a", "c"}, Rollout: paymux.Rollout{Stable: "1"}, Shadow: &paymux.ShadowTally{Version: "2", Asked: 5, Differs: 1},
			Versions: []paymux.VersionStatus{{Version: "1", Part: "stable", Instances: instances, Tally: paymux.Tally{Calls: 10, Failed: 1, Payments: 4, Declined: 2}}}},
	}
	h.rooms["r2"].statuses = []paymux.ChannelStatus{
		{Channel: "bank", Accounts: []string{"b"}, Down: "killed"},
		{Channel: "sandbox", Accounts: []string{"b"}, StaleSince: noon, Shadow: &paymux.ShadowTally{Version: "2", Asked: 3, Differs: 2, Example: "op_1"},
			Versions: []paymux.VersionStatus{{Version: "0", Part: "withdrawn"}, {Version: "1", Part: "stable", Instances: instances[1:], Tally: paymux.Tally{Calls: 7, Payments: 7}}}},
	}
	h.rooms["r3"].statuses = []paymux.ChannelStatus{{Channel: "abroad", Accounts: []string{"x"}}}
	want := []paymux.ChannelStatus{
		{Channel: "abroad", Accounts: []string{"x"}},
		{Channel: "bank", Accounts: []string{"b"}, Rollout: paymux.Rollout{Stable: "1"}, Down: "r1: killed; r2: killed"},
		{Channel: "sandbox", Accounts: []string{"a", "b", "c"}, Rollout: paymux.Rollout{Stable: "1"}, StaleSince: noon, Shadow: &paymux.ShadowTally{Version: "2", Asked: 8, Differs: 3, Example: "op_1"},
			Versions: []paymux.VersionStatus{{Version: "0", Part: "withdrawn"}, {Version: "1", Part: "stable", Instances: instances, Tally: paymux.Tally{Calls: 17, Failed: 1, Payments: 11, Declined: 2}}}},
	}
	for range 2 { // nothing that a room has was changed
		got, err := h.Statuses(ctx())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v:\n%s", err, diff)
		}
	}
	h.away("r3")
	if got, err := h.Statuses(ctx()); err != nil || len(got) != 2 {
		t.Errorf("while one region is away: %+v, %v", got, err)
	}
}

// A decision is written once, by a region that is there.
func TestDecisions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.away("r1")
	h.away("r2")
	if _, err := h.Decide(ctx(), paymux.RolloutChange{Channel: "bank"}); err != nil {
		t.Error(err)
	}
	if asked := h.heard(); len(asked["r3"]) != 1 {
		t.Errorf("asked %v", asked)
	}
	h.back("r1")
	h.lost("r1", "Decide")
	if _, err := h.Decide(ctx(), paymux.RolloutChange{Channel: "bank"}); !errors.Is(err, paymux.OutcomeUnknown) || len(h.heard()["r3"]) > 0 {
		t.Errorf("one that may have been written is not written again: %v", err)
	}
}
