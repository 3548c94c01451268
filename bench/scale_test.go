package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

func TestSlopesAreFound(t *testing.T) {
	t.Parallel()
	var all []sample
	for _, at := range [][]float64{{1, 1}, {2, 1}, {4, 3}, {8, 1}, {8, 3}} {
		all = append(all, sample{at, 5 + 3*at[0] - 0.5*at[1]})
	}
	got, base, err := fit(all)
	if err != nil || math.Abs(base-5) > 1e-9 || math.Abs(got[0]-3) > 1e-9 || math.Abs(got[1]+0.5) > 1e-9 {
		t.Errorf("%v + %v, %v", base, got, err)
	}
	for name, few := range map[string][]sample{
		"none": nil, "one size": all[:1], "both grow together": {{[]float64{1, 1}, 1}, {[]float64{2, 2}, 2}, {[]float64{3, 3}, 3}},
	} {
		if _, _, err := fit(few); !errors.Is(err, errTooFew) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is the same in all systems is left out, and what grows with the square is told from what grows with nodes.
func TestIdleFiguresAreFitted(t *testing.T) {
	t.Parallel()
	var all []idleFigures
	for _, nodes := range []int{1, 2, 4, 8} {
		all = append(all, idleFigures{fleet: fleet{Regions: nodes, Replicas: 1, Frontends: 3}, Nodes: nodes, In: 7 + 2*float64(nodes) + 2.5*float64(nodes*(nodes-1))})
	}
	got := slopes(all, false)["nats_in_per_second"]
	if math.Abs(got.PerNode-2) > 1e-6 || math.Abs(got.PerQuestion-2.5) > 1e-6 || math.Abs(got.Base-7) > 1e-6 || got.PerFrontend != 0 || got.Fault != "" {
		t.Errorf("%+v", got)
	}
	if got := slopes(all[:1], false)["nats_in_per_second"]; got.Base != 9 || got.Fault != "" {
		t.Errorf("one size: %+v", got)
	}
}

func TestScaleFlags(t *testing.T) {
	t.Parallel()
	p, err := parseScale([]string{"--parts", "idle,journal", "--nodes", "1,16", "--watchers", "7"})
	if err != nil || len(p.parts) != 2 || len(p.nodes) != 2 || p.nodes[1] != 16 || p.watchers[0] != 7 || len(p.frontends) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, args := range [][]string{{"--parts", "other"}, {"--nodes", "0"}, {"--nodes", "5000"}, {"--watchers", "x"}, {"--store", "other"}} {
		if err := runScale(t.Context(), append(args, "--for", "1ms")); err == nil {
			t.Errorf("%v is measured", args)
		}
	}
}

// The crowd hears of what is announced, each member once, and tells how long it took.
func TestACrowdSeesChanges(t *testing.T) {
	t.Parallel()
	m, err := natsserver.Open(natsserver.Config{Dir: t.TempDir(), Config: natsclient.Config{Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := registry.New(registry.Config{Conn: m.Conn, Creates: true})
	const members = 3
	all := &crowd{took: map[string][]time.Duration{}}
	var marked *registry.Lease
	for n := range 12 {
		l, err := r.Register(ctx, nodeInstance(nameOf(n), n))
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			marked = l
		}
	}
	for range members {
		of := registry.New(registry.Config{Conn: m.Conn})
		t.Cleanup(func() { _ = of.Stop(context.WithoutCancel(ctx)) })
		all.follow(of)
	}
	if err := all.complete(ctx, 12); err != nil {
		t.Fatal(err)
	}
	marked.Update(func(i *registry.Instance) { i.Trouble = time.Now().UTC().Format(time.RFC3339Nano) })
	if _, err := r.Settings().Set(ctx, registry.Document{Key: relay.ListKey, Value: []byte(`{}`), Who: "bench"}); err != nil {
		t.Fatal(err)
	}
	for all.noted("instance") < members || all.noted("list") < members {
		select {
		case <-ctx.Done():
			t.Fatalf("seen: %d instances, %d lists", all.noted("instance"), all.noted("list"))
		case <-time.After(time.Millisecond):
		}
	}
	got, err := all.told(ctx, struct{}{})
	if err != nil || got["instance"].Times != members || got["list"].Times != members || got["list"].P99 <= 0 || got["instance"].P99 > 20_000 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A system of two regions is started as the bench starts it, makes payments, and tells what it spends.
func TestAFleetIsStartedAndPays(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and starts six processes")
	}
	t.Parallel()
	ctx := t.Context()
	b, err := newBuilding(ctx, plan{scenario: "scale", store: "sqlite", dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.startFleet(ctx, fleet{Regions: 2, Replicas: 1, Frontends: 1}, "fleet")
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	if err := s.assign(ctx, 2); err != nil {
		t.Fatal(err)
	}
	heard, err := s.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer heard.stop()
	before, err := readVarz(ctx, "http://"+s.monitor)
	if err != nil {
		t.Fatal(err)
	}
	used := s.spent()
	merchant, err := openShop(ctx, "http://"+s.front)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := merchant.pay(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	after, err := readVarz(ctx, "http://"+s.monitor)
	if v := after.since(before, time.Second); err != nil || v.In < 40 || after.Connections < 6 {
		t.Errorf("%+v: payments take two messages and more each; %v", v, err)
	}
	for name, ns := range s.spent() {
		if kind := kindOf(name); (kind == "frontend" || kind == "nats") && ns <= used[name] {
			t.Errorf("%s has used no processor time", name)
		}
	}
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for heard.rate("node", time.Second) < 2 || heard.rate("frontend", time.Second) < 1 {
		if err := wait(within, 10*time.Millisecond); err != nil {
			t.Fatal("no announcements are heard")
		}
	}
}

func nameOf(n int) string {
	if n == 0 {
		return marked
	}
	return "node-" + strconv.Itoa(n)
}
