package relay_test

import (
	"testing"
	"time"

	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// What may change where requests go is told at once; what only trembles is not, and small changes do not add up unheard.
func TestWhatIsWorthTellingAtOnce(t *testing.T) {
	t.Parallel()
	type change = func(*registry.Instance, *relay.Detail)
	busy := func(i *registry.Instance, d *relay.Detail) {
		i.Rated, i.Usage, d.Errors, d.Queue, d.LatencyUS = 1000, 500, 0.05, 4000, 40_000
	}
	unrated := func(i *registry.Instance, d *relay.Detail) { busy(i, d); i.Rated = 0 }
	none := func(*registry.Instance, *relay.Detail) {}
	for name, c := range map[string]struct {
		was, is     change
		soon, later bool
	}{
		"nothing":                      {busy, none, false, false},
		"idle":                         {none, none, false, false},
		"a few requests":               {busy, func(i *registry.Instance, _ *relay.Detail) { i.Usage = 520 }, false, true},
		"3 % of the rated":             {busy, func(i *registry.Instance, _ *relay.Detail) { i.Usage = 530 }, true, true},
		"3 % of the rated less":        {busy, func(i *registry.Instance, _ *relay.Detail) { i.Usage = 470 }, true, true},
		"a tenth, not rated":           {unrated, func(i *registry.Instance, _ *relay.Detail) { i.Usage = 550 }, false, true},
		"an eighth, not rated":         {unrated, func(i *registry.Instance, _ *relay.Detail) { i.Usage = 563 }, true, true},
		"one fault":                    {busy, func(_ *registry.Instance, d *relay.Detail) { d.Errors = 0.055 }, false, true},
		"faults":                       {busy, func(_ *registry.Instance, d *relay.Detail) { d.Errors = 0.07 }, true, true},
		"no more faults":               {busy, func(_ *registry.Instance, d *relay.Detail) { d.Errors = 0 }, true, true},
		"tasks":                        {busy, func(_ *registry.Instance, d *relay.Detail) { d.Queue = 4100 }, false, true},
		"many tasks":                   {busy, func(_ *registry.Instance, d *relay.Detail) { d.Queue = 4600 }, true, true},
		"a disk a little slower":       {busy, func(_ *registry.Instance, d *relay.Detail) { d.LatencyUS = 43_000 }, false, true},
		"a slow disk":                  {busy, func(_ *registry.Instance, d *relay.Detail) { d.LatencyUS = 90_000 }, true, true},
		"an account more":              {none, func(_ *registry.Instance, d *relay.Detail) { d.Accounts = append(d.Accounts, "other") }, true, true},
		"another account":              {none, func(_ *registry.Instance, d *relay.Detail) { d.Accounts = []string{"other"} }, true, true},
		"a channel less":               {none, func(_ *registry.Instance, d *relay.Detail) { d.Channels = nil }, true, true},
		"it is leaving":                {none, func(i *registry.Instance, _ *relay.Detail) { i.State = registry.Draining }, true, true},
		"it is not well":               {none, func(i *registry.Instance, _ *relay.Detail) { i.Trouble = "disk full" }, true, true},
		"another rating":               {busy, func(i *registry.Instance, _ *relay.Detail) { i.Rated = 1001 }, true, true},
		"what was told cannot be read": {none, func(i *registry.Instance, _ *relay.Detail) {}, true, true},
	} {
		told := replica(t, "a", "n1", 1, c.was)
		is := replica(t, "a", "n1", 1, func(i *registry.Instance, d *relay.Detail) { c.was(i, d); c.is(i, d) })
		if name == "what was told cannot be read" {
			told.Detail = []byte("[]")
		}
		if got := relay.Notable(told, is, time.Second); got != c.soon {
			t.Errorf("%s: at once %v, want %v", name, got, c.soon)
		}
		if got := relay.Notable(told, is, 10*time.Second); got != c.later {
			t.Errorf("%s: after a while %v, want %v", name, got, c.later)
		}
	}
}

// What frontends say has no quantities that tremble.
func TestAllNewsOfAFrontendIsTold(t *testing.T) {
	t.Parallel()
	told := registry.Instance{ID: "f1", Role: registry.RoleFrontend, Name: "a", State: registry.Ready, Detail: []byte(`{"assignment":1}`)}
	is := told
	if relay.Notable(told, is, time.Hour) {
		t.Error("nothing is news")
	}
	if is.Detail = []byte(`{"assignment":2}`); !relay.Notable(told, is, 0) {
		t.Error("another list is none")
	}
}
