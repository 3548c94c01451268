package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/registry"
)

// What several directories know is counted once, and only what somebody follows.
func TestSeenCountsEachInstanceOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	register(t, r, gateway("card", "c1"))
	draining := gateway("card", "c2")
	draining.State = registry.Draining
	register(t, r, draining)
	register(t, r, registry.Instance{ID: "n1", Role: registry.RoleNode, Name: "east", State: registry.Ready})
	watcher := h.open()
	if s := watcher.Seen(); s.Stale != 0 || len(s.Instances) != 0 {
		t.Errorf("who follows nothing sees %+v", s)
	}
	all, cards := watcher.Watch(registry.RoleGateway), watcher.Watch(registry.RoleGateway, "card")
	await(t, "gateways", all, has(all, "c1", "c2"))
	await(t, "cards", cards, has(cards, "c1", "c2"))
	await(t, "fresh", all, fresh(all))
	await(t, "fresh", cards, fresh(cards))
	want := registry.Seen{Instances: map[string]map[registry.State]int{registry.RoleGateway: {registry.Ready: 1, registry.Draining: 1}}}
	if diff := cmp.Diff(want, watcher.Seen()); diff != "" {
		t.Error(diff)
	}
	cards.Stop()
	all.Stop()
	if s := watcher.Seen(); len(s.Instances) != 0 {
		t.Errorf("who follows nothing any more sees %+v", s)
	}
}
