package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// instances are a registry's directory.
type instances struct {
	list  []registry.Instance
	stale bool
}

func (i *instances) Instances() []registry.Instance { return i.list }
func (*instances) Changed() <-chan struct{}         { return nil }
func (i *instances) Stale() (time.Time, bool)       { return time.Time{}, i.stale }

func replica(t testing.TB, region, id string, number paymux.Region, change func(*registry.Instance, *relay.Detail)) registry.Instance {
	t.Helper()
	i := registry.Instance{ID: id, Role: registry.RoleNode, Name: region, State: registry.Ready, Rated: 100}
	d := relay.Detail{Number: number, Accounts: []string{"main"}, Channels: []string{"bank"}, Methods: []paymux.MethodType{paymux.Card}}
	if change != nil {
		change(&i, &d)
	}
	if err := d.Announce(&i, relay.Metered{Requests: i.Usage, Errors: d.Errors}); err != nil {
		t.Fatal(err)
	}
	return i
}

// A region is the sum of its replicas, and stays when they have gone.
func TestRegionsOfReplicas(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	of := &instances{}
	dir := relay.NewRegistered(of, func(region string) (relay.Node, bool, error) {
		if region == "unreachable" {
			return nil, false, errors.New("no")
		}
		return node{}, region == "a", nil
	}, slog.New(slog.NewTextHandler(&log, nil)))
	if got := dir.Regions(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	of.list = []registry.Instance{
		replica(t, "a", "a1", 1, func(i *registry.Instance, d *relay.Detail) {
			i.Usage, d.Errors, d.Queue, d.LatencyUS = 90, 0.1, 7, 3000
		}),
		replica(t, "a", "a2", 1, func(i *registry.Instance, d *relay.Detail) {
			i.Usage, d.Errors, d.Queue, d.LatencyUS, d.Accounts = 30, 0.5, 9, 2000, []string{"second"}
		}),
		replica(t, "a", "a3", 1, func(i *registry.Instance, _ *relay.Detail) { i.State, i.Usage = registry.Draining, 1000 }),
		replica(t, "b", "b1", 2, func(i *registry.Instance, _ *relay.Detail) { i.State = registry.Starting }),
		replica(t, "c", "c1", 3, func(i *registry.Instance, _ *relay.Detail) { i.Rated, i.Usage = 0, 50 }),
		{ID: "d1", Role: registry.RoleNode, Name: "d", State: registry.Ready, Detail: json.RawMessage(`[]`)},
		replica(t, "unreachable", "u1", 5, nil),
	}
	want := []relay.Region{
		{Number: 1, Name: "a", Weight: 1, Here: true, Usage: relay.Usage{Ratio: 0.6, Errors: 0.2, Queue: 9, Latency: 3 * time.Millisecond},
			Accounts: []string{"main", "second"}, Channels: []string{"bank"}, Methods: []paymux.MethodType{paymux.Card}},
		{Number: 2, Name: "b", Weight: 1, Down: "none of its nodes takes anything new"},
		{Number: 3, Name: "c", Weight: 1, Accounts: []string{"main"}, Channels: []string{"bank"}, Methods: []paymux.MethodType{paymux.Card}},
	}
	same := []cmp.Option{cmpopts.IgnoreFields(relay.Region{}, "Node"), cmpopts.EquateApprox(0, 1e-9)}
	if diff := cmp.Diff(want, dir.Regions(), same...); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(log.String(), "node.d.d1") || !strings.Contains(log.String(), "region=unreachable") {
		t.Errorf("logged: %s", log.String())
	}
	of.list = of.list[2:4]
	got := dir.Regions()
	if len(got) != 3 || got[0].Down == "" || got[0].Node == nil || got[2].Down != "none of its nodes is registered" || got[2].Node == nil {
		t.Errorf("%+v", got)
	}
}

// Whatever a replica says anew changes its region, and no other.
func TestNewsOfAReplica(t *testing.T) {
	t.Parallel()
	of := &instances{}
	dir := relay.NewRegistered(of, func(string) (relay.Node, bool, error) { return node{}, false, nil }, slog.New(slog.DiscardHandler))
	for name, change := range map[string]func(*registry.Instance, *relay.Detail){
		"state":  func(i *registry.Instance, _ *relay.Detail) { i.State = registry.Draining },
		"rated":  func(i *registry.Instance, _ *relay.Detail) { i.Rated = 50 },
		"usage":  func(i *registry.Instance, _ *relay.Detail) { i.Usage = 60 },
		"detail": func(_ *registry.Instance, d *relay.Detail) { d.Queue = 3 },
	} {
		busy := func(i *registry.Instance, _ *relay.Detail) { i.Usage = 20 }
		of.list = []registry.Instance{replica(t, "a", "a1", 1, busy), replica(t, "b", "b1", 2, busy)}
		before := dir.Regions()
		of.list = []registry.Instance{replica(t, "a", "a1", 1, func(i *registry.Instance, d *relay.Detail) { busy(i, d); change(i, d) }), of.list[1]}
		after := dir.Regions()
		if cmp.Equal(before[0], after[0], cmpopts.IgnoreFields(relay.Region{}, "Node")) || !cmp.Equal(before[1], after[1], cmpopts.IgnoreFields(relay.Region{}, "Node")) {
			t.Errorf("%s: %+v, then %+v", name, before, after)
		}
	}
}

// A configured region is known before any of its nodes is, and asked while nobody can say whether there is one.
func TestAConfiguredRegionIsKnownFromTheStart(t *testing.T) {
	t.Parallel()
	of := &instances{stale: true}
	dial := func(string) (relay.Node, bool, error) { return node{}, false, nil }
	dir := relay.NewRegistered(of, dial, slog.New(slog.DiscardHandler), relay.Region{Name: "a", Number: 7})
	for _, step := range []struct {
		what  string
		list  []registry.Instance
		stale bool
		down  string
	}{
		{what: "nobody can say", stale: true},
		{what: "there is none", down: "none of its nodes is registered"},
		{what: "there is one", list: []registry.Instance{replica(t, "a", "a1", 7, nil)}},
		{what: "it has gone", down: "none of its nodes is registered"},
		{what: "nobody can say any more", stale: true},
	} {
		of.list, of.stale = step.list, step.stale
		got := dir.Regions()
		if len(got) != 1 || got[0].Number != 7 || got[0].Node == nil || got[0].Down != step.down {
			t.Errorf("%s: %+v", step.what, got)
		}
	}
}

// documents are a view of the settings.
type documents struct{ d *registry.Document }

func (d *documents) Get(key string) (registry.Document, bool) {
	if d.d == nil || key != relay.ListKey {
		return registry.Document{}, false
	}
	return *d.d, true
}
func (*documents) Changed() <-chan struct{} { return nil }

func TestAListThatCannotBeUsedChangesNothing(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	of := &documents{}
	lists := relay.NewFollowed(of, slog.New(slog.NewTextHandler(&log, nil)))
	if l := lists.List(); l != nil {
		t.Errorf("%+v", l)
	}
	good, err := list(t, evenly(2)).Document()
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	of.d = &registry.Document{Key: relay.ListKey, Version: 7, Value: good, When: when}
	first := lists.List()
	if first == nil || first.Version != 7 || !first.Since.Equal(when) {
		t.Fatalf("%+v", first)
	}
	of.d = &registry.Document{Key: relay.ListKey, Version: 8, Value: json.RawMessage(`{"rules":[]}`), When: when}
	if l := lists.List(); l != first || !strings.Contains(log.String(), "version=8") {
		t.Errorf("%+v; %s", l, log.String())
	}
	of.d = nil
	if l := lists.List(); l != first {
		t.Errorf("%+v", l)
	}
}

// made waits until the journal's bucket is there.
func made(t testing.TB, conn *nats.Conn) *relay.NATSJournal {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		relay.KeepJournal(ctx, conn, "", 1, func(err error) { t.Error(err) })
	}()
	t.Cleanup(func() { cancel(); <-done })
	j := relay.NewNATSJournal(conn)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for start := time.Now(); ; <-look.C {
		if _, _, err := j.Get(t.Context(), "none"); errors.Is(err, relay.ErrNotWritten) {
			return j
		} else if time.Since(start) > 20*time.Second {
			t.Fatal(err)
		}
	}
}

func TestNATSJournal(t *testing.T) {
	t.Parallel()
	s := wiretest.Serve(t)
	conn := s.Dial()
	early := relay.NewNATSJournal(conn)
	if _, err := early.Put(t.Context(), "k.1", []byte("a"), 0); err == nil || errors.Is(err, relay.ErrRewritten) {
		t.Errorf("without a bucket: %v", err)
	}
	if _, _, err := early.Get(t.Context(), "k.1"); err == nil || errors.Is(err, relay.ErrNotWritten) {
		t.Errorf("without a bucket: %v", err)
	}
	j := made(t, conn)
	rev, err := j.Put(t.Context(), "k.1", []byte("a"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, was := range []uint64{0, rev + 1} {
		if _, err := j.Put(t.Context(), "k.1", []byte("b"), was); !errors.Is(err, relay.ErrRewritten) {
			t.Errorf("over revision %d: %v", was, err)
		}
	}
	if rev, err = j.Put(t.Context(), "k.1", []byte("c"), rev); err != nil {
		t.Fatal(err)
	}
	if body, at, err := j.Get(t.Context(), "k.1"); string(body) != "c" || at != rev || err != nil {
		t.Errorf("%s, %d, %v; want revision %d", body, at, err, rev)
	}
	s.Stop() // a journal that a restarted server had forgotten would let keys go twice
	soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := j.Get(soon, "k.1"); err == nil || errors.Is(err, relay.ErrNotWritten) {
		t.Errorf("a server that is away says %v", err)
	}
	if _, err := j.Put(soon, "k.1", []byte("d"), rev); err == nil || errors.Is(err, relay.ErrRewritten) {
		t.Errorf("a server that is away says %v", err)
	}
	s.Start()
	if body, at, err := made(t, s.Dial()).Get(t.Context(), "k.1"); string(body) != "c" || at != rev || err != nil {
		t.Errorf("after a restart: %s, %d, %v", body, at, err)
	}
}

// Two frontends and two regions over a registry: nodes come and go, the list is changed, and all follow within a second (A15).
func TestFrontendsFollowTheRegistry(t *testing.T) {
	t.Parallel()
	messaging := wiretest.Serve(t)
	shared := messaging.Dial()
	made(t, shared)
	reg := registry.New(registry.Config{Conn: shared, Creates: true, TTL: 3 * time.Second})
	t.Cleanup(func() { _ = reg.Stop(context.Background()) })
	if _, err := reg.Settings().Get(t.Context(), relay.ListKey); !errors.Is(err, registry.ErrNotFound) { // it makes the bucket
		t.Fatal(err)
	}
	nodes := map[string]node{}
	for _, name := range []string{"a", "b"} {
		nodes[name] = node{create: func(paymux.CreatePayment) (paymux.Reply, error) { return paymux.Reply{Object: []byte(name)}, nil }}
		if _, err := reg.Register(t.Context(), replica(t, name, name+"1", paymux.Region(name[0]-'a'+1), nil)); err != nil {
			t.Fatal(err)
		}
	}
	var relays []*relay.Relay
	for range 2 {
		conn := messaging.Dial()
		own := registry.New(registry.Config{Conn: conn, TTL: 3 * time.Second})
		t.Cleanup(func() { _ = own.Stop(context.Background()) })
		dir, view := own.Watch(registry.RoleNode), own.Settings().Watch(relay.ListKey)
		<-dir.Ready()
		<-view.Ready()
		log := slog.New(slog.DiscardHandler)
		r, err := relay.Open(relay.Config{
			Directory: relay.NewRegistered(dir, func(region string) (relay.Node, bool, error) { return nodes[region], false, nil }, log),
			Lists:     relay.NewFollowed(view, log), Journal: relay.NewNATSJournal(conn), Default: "a",
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Stop(context.Background()) })
		relays = append(relays, r)
	}
	n := 0
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	goes := func(what, want string) {
		t.Helper()
		for _, r := range relays {
			for start := time.Now(); ; <-pace.C {
				n++
				reply, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", n)))
				if err != nil {
					t.Fatalf("%s: a payment failed: %v", what, err)
				}
				if string(reply.Object) == want {
					break
				}
				if time.Since(start) > time.Second {
					t.Fatalf("%s: still to %s after %s", what, reply.Object, time.Since(start))
				}
			}
		}
	}
	goes("without a list", "a")
	var d registry.Document
	for i, to := range []string{"b", "a", "b"} {
		value, err := list(t, strings.Replace(evenly(2), "{region: "+map[string]string{"a": "b", "b": "a"}[to]+"}", "{region: "+map[string]string{"a": "b", "b": "a"}[to]+", weight: 0}", 1)).Document()
		if err != nil {
			t.Fatal(err)
		}
		if d, err = reg.Settings().Put(t.Context(), registry.Document{Key: relay.ListKey, Version: d.Version, Value: value, Who: "test"}); err != nil {
			t.Fatal(err)
		}
		goes(fmt.Sprint("list ", i), to)
	}
	for i := range n { // whatever the list says now, and at either frontend: each key is where it was
		first, err := relays[0].Create(t.Context(), pay("mer_1", fmt.Sprint("k", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		if second, err := relays[1].Create(t.Context(), pay("mer_1", fmt.Sprint("k", i+1))); err != nil || string(second.Object) != string(first.Object) {
			t.Errorf("key %d: %s and %s, %v", i+1, first.Object, second.Object, err)
		}
	}
}

func BenchmarkNATSJournal(b *testing.B) {
	messaging := wiretest.Serve(b)
	j := made(b, messaging.Dial())
	for name, parallel := range map[string]int{"one": 1, "many": 64} {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(parallel)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := j.Put(b.Context(), relay.EntryName("mer_1", fmt.Sprint(time.Now().UnixNano(), p)), []byte(`{"region":1,"name":"cn-1","used":false}`), 0); err != nil && !errors.Is(err, relay.ErrRewritten) {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
