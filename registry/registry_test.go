package registry_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/registry"
)

// patience is how long a test waits for what has to become true.
const patience = 20 * time.Second

// ttl is short, so that tests see leases end.
const ttl = 600 * time.Millisecond

// house is a NATS server that can be stopped and started again.
type house struct {
	*wiretest.Server
	t *testing.T
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return &house{wiretest.Serve(t), t}
}

// open is one process's registry with a connection of its own.
func (h *house) open(change ...func(*registry.Config)) *registry.Registry {
	h.t.Helper()
	c := registry.Config{Conn: h.Dial(), TTL: ttl, Creates: true, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	r := registry.New(c)
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = r.Stop(ctx) // the server may be gone
	})
	return r
}

func gateway(name, id string) registry.Instance {
	return registry.Instance{ID: id, Role: registry.RoleGateway, Name: name, Version: "1.0.0", Weight: 1, State: registry.Ready}
}

func register(t *testing.T, r *registry.Registry, i registry.Instance) *registry.Lease {
	t.Helper()
	l, err := r.Register(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// changing is a directory or a view.
type changing interface{ Changed() <-chan struct{} }

// await returns when yes is true, asking again after every change.
func await(t *testing.T, what string, d changing, yes func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		changed := d.Changed()
		if yes() {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("%s did not come true within %s", what, patience)
		}
	}
}

func has(d *registry.Directory, ids ...string) func() bool {
	return func() bool {
		all := d.Instances()
		if len(all) != len(ids) {
			return false
		}
		for n, i := range all {
			if i.ID != ids[n] {
				return false
			}
		}
		return true
	}
}

func fresh(d interface{ Stale() (time.Time, bool) }) func() bool {
	return func() bool { _, stale := d.Stale(); return !stale }
}

func stale(d interface{ Stale() (time.Time, bool) }) func() bool {
	return func() bool { since, stale := d.Stale(); return stale && !since.IsZero() }
}
