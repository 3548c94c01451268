package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/registry"
)

func TestInstancesFindEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	early := h.open().Watch(registry.RoleGateway)
	r := h.open()
	i := gateway("card", "g1")
	i.Rated, i.Usage, i.Detail = 500, 20, json.RawMessage(`{"accounts":["main"]}`)
	lease := register(t, r, i)
	register(t, r, registry.Instance{ID: "n1", Role: registry.RoleNode, Name: "east"})
	late := h.open().Watch(registry.RoleGateway)
	for name, d := range map[string]*registry.Directory{"who watched before": early, "who came after": late} {
		await(t, name, d, has(d, "g1"))
		got, ok := d.Instance("g1")
		if !ok || cmp.Diff(lease.Instance(), got) != "" {
			t.Errorf("%s sees %t, %s", name, ok, cmp.Diff(lease.Instance(), got))
		}
		if _, ok := d.Instance("n1"); ok {
			t.Errorf("%s sees a node among gateways", name)
		}
		await(t, "fresh", d, fresh(d))
	}
	lease.Update(func(i *registry.Instance) { i.State, i.Name = registry.Draining, "other" })
	await(t, "an update", late, func() bool { i, _ := late.Instance("g1"); return i.State == registry.Draining && i.Name == "card" })
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
	for _, d := range []*registry.Directory{early, late} {
		await(t, "a release", d, has(d))
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Errorf("a second release: %v", err)
	}
}

func TestOneNameOfARole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	register(t, r, gateway("card", "c1"))
	register(t, r, gateway("cardx", "x1"))
	register(t, r, gateway("bank", "b1"))
	register(t, r, registry.Instance{ID: "n1", Role: registry.RoleNode, Name: "card"})
	d, all := r.Watch(registry.RoleGateway, "card", "bank"), r.Watch("")
	await(t, "two names", d, has(d, "b1", "c1"))
	await(t, "all", all, has(all, "b1", "c1", "x1", "n1"))
}

func TestWhatIsNoInstance(t *testing.T) {
	t.Parallel()
	r := newHouse(t).open()
	for _, i := range []registry.Instance{
		{}, gateway("a.b", "1"), gateway("*", "1"), gateway("card", ""), gateway("card", "a b"), gateway("card", ">"),
	} {
		if _, err := r.Register(t.Context(), i); !errors.Is(err, registry.ErrBadName) {
			t.Errorf("%q: %v", i.Key(), err)
		}
	}
	i := gateway("card", "1")
	i.Detail = json.RawMessage("{")
	if _, err := r.Register(t.Context(), i); err == nil {
		t.Error("a detail that is not JSON is registered")
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := r.Register(t.Context(), gateway("card", "1")); err == nil {
		t.Error("a stopped registry registers")
	}
}

// A process that dies says nothing: the others see it go within its TTL, and keep the living.
func TestTheDeadDisappear(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	dying := h.open()
	register(t, dying, gateway("card", "dead"))
	r := h.open()
	register(t, r, gateway("card", "alive"))
	d := r.Watch(registry.RoleGateway)
	await(t, "both", d, has(d, "alive", "dead"))
	dying.Conn.Close()
	died := time.Now()
	await(t, "the end of the dead", d, has(d, "alive"))
	if took := time.Since(died); took > 3*ttl {
		t.Errorf("it took %s, with a TTL of %s", took, ttl)
	}
	if _, stale := d.Stale(); stale {
		t.Error("the directory is stale")
	}
}

func TestTheLivingStay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	lease := register(t, r, gateway("card", "g1"))
	d := h.open().Watch(registry.RoleGateway)
	await(t, "the instance", d, has(d, "g1"))
	await(t, "the first reading", d, fresh(d)) // news of the instance may come before it is over
	changed := d.Changed()
	select {
	case <-changed:
		t.Errorf("something changed: %v", d.Instances())
	case <-time.After(4 * ttl): // renewals are no news
	}
	if !lease.Held() {
		t.Error("the lease is not held")
	}
}

func TestStopReleases(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	register(t, r, gateway("card", "g1"))
	mine := r.Watch(registry.RoleGateway)
	d := h.open().Watch(registry.RoleGateway)
	await(t, "the instance", d, has(d, "g1"))
	for range 2 {
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	mine.Stop()
	stopped := time.Now()
	await(t, "the release", d, has(d))
	if took := time.Since(stopped); took > ttl/2 {
		t.Errorf("the others learned of it after %s", took)
	}
}

func TestStartingWithoutARegistry(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Stop()
	r := h.open()
	d, v := r.Watch(registry.RoleGateway), r.Settings().Watch("")
	lease := register(t, r, gateway("card", "g1"))
	if since, stale := d.Stale(); !stale || len(d.Instances()) != 0 {
		t.Errorf("stale %t since %s, %v", stale, since, d.Instances())
	}
	if lease.Held() {
		t.Error("the lease is held by nobody")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := r.Settings().Put(ctx, document("a", 0)); err == nil {
		t.Error("a setting was put nowhere")
	}
	h.Start()
	await(t, "the instance", d, has(d, "g1"))
	await(t, "fresh", d, fresh(d))
	await(t, "fresh", v, fresh(v))
	for _, ready := range []<-chan struct{}{d.Ready(), v.Ready()} {
		select {
		case <-ready:
		case <-time.After(patience):
			t.Fatal("not ready")
		}
	}
}

// A directory that is first read when the registry comes back may lack whoever it has forgotten meanwhile, for one TTL.
func TestWhenADirectoryIsWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var ahead atomic.Int64 // of the clock
	slow := func(c *registry.Config) {
		c.TTL, c.Now = 10*time.Second, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}
	d := h.open(slow).Watch(registry.RoleGateway)
	await(t, "fresh", d, fresh(d))
	if !d.Settled() {
		t.Error("the registry was there all the time, and somebody may be missing")
	}
	h.Stop()
	late := h.open(slow).Watch(registry.RoleGateway)
	await(t, "stale", late, stale(late))
	if late.Settled() {
		t.Error("nobody was ever heard, and everybody is known")
	}
	h.Start()
	await(t, "fresh", late, fresh(late))
	if late.Settled() {
		t.Error("whoever was forgotten had no time to register again")
	}
	ahead.Store(int64(10 * time.Second))
	if !late.Settled() {
		t.Error("whoever did not register within a TTL may still be missing")
	}
}

// NATS restarts, and with it what was in memory is gone. Who was known is kept, and registers again.
func TestNATSRestarts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	lease := register(t, r, gateway("card", "g1"))
	dead := h.open()
	register(t, dead, gateway("card", "g2"))
	watcher := h.open(func(c *registry.Config) { c.Creates = false })
	d := watcher.Watch(registry.RoleGateway)
	await(t, "both", d, has(d, "g1", "g2"))
	h.Stop()
	await(t, "stale", d, stale(d))
	dead.Conn.Close() // dies while the registry is away
	select {
	case <-time.After(2 * ttl): // longer than anything lives that is not renewed
	case <-d.Changed():
		t.Errorf("while the registry is away: %v", d.Instances())
	}
	if !has(d, "g1", "g2")() {
		t.Errorf("while the registry is away: %v", d.Instances())
	}
	h.Start()
	await(t, "fresh", d, fresh(d))
	await(t, "the living alone", d, has(d, "g1"))
	lease.Update(func(i *registry.Instance) { i.Weight = 7 })
	await(t, "an update after the restart", d, func() bool { i, _ := d.Instance("g1"); return i.Weight == 7 })
}

// A frozen process goes on where it was.
func TestABucketThatIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	register(t, r, gateway("card", "g1"))
	d := h.open().Watch(registry.RoleGateway)
	await(t, "the instance", d, has(d, "g1"))
	reply, err := r.Conn.Request("$JS.API.STREAM.DELETE.KV_instances", nil, patience)
	if err != nil {
		t.Fatal(err)
	}
	var done struct{ Success bool }
	if err := json.Unmarshal(reply.Data, &done); err != nil || !done.Success {
		t.Fatalf("%s, %v", reply.Data, err)
	}
	late := h.open(func(c *registry.Config) { c.Creates = false }).Watch(registry.RoleGateway)
	await(t, "the instance, for a newcomer", late, has(late, "g1"))
	if !has(d, "g1")() {
		t.Errorf("who knew it has %v", d.Instances())
	}
}
