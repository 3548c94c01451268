package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
)

// halls are the NATS of two regions and a third place, each one server, joined by what paymux nats init wrote.
type halls struct {
	t    *testing.T
	dir  string
	desk *desk
	each map[string]*hall // by cluster
}

func newHalls(t *testing.T, channels string) *halls {
	t.Helper()
	hs := &halls{t: t, dir: filepath.Join(t.TempDir(), "nats"), desk: newDesk(t, nil), each: map[string]*hall{}}
	names := []string{"east", "west", "witness"}
	var clusters []string
	for _, name := range names {
		clusters = append(clusters, fmt.Sprintf("%s=127.0.0.1:%d", name, freePorts(t)))
	}
	hs.desk.do("nats", "init", "--dir", hs.dir, "--channels", channels, "--clusters", strings.Join(clusters, ","))
	for _, name := range names {
		hs.each[name] = &hall{t: t, desk: hs.desk, dir: hs.dir}
		hs.start(name)
	}
	return hs
}

func (hs *halls) start(name string) {
	hs.t.Helper()
	s, err := natsserver.Serve(natsserver.ServerConfig{File: filepath.Join(hs.dir, name+"-1", "nats.conf"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		hs.t.Fatal(err)
	}
	hs.t.Cleanup(s.Stop)
	hs.each[name].server = s
}

// freePorts is a port that is free with those of the links above it, and that no other test is given. All are below those that
// package test chooses, which is tested at the same time.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port, free := 10000+rand.IntN(2900), true
		for _, above := range []int{0, routePort, gatewayPort} {
			_, taken := ports.LoadOrStore(port+above, true)
			socket, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+above))
			if free = free && !taken && err == nil; err == nil {
				socket.Close()
			}
		}
		if free {
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

// ports are those that were given out.
var ports sync.Map

// open is a party's registry at a cluster. Nodes make the buckets, in the third place.
func (hs *halls) open(g *guest) *registry.Registry {
	r := registry.New(registry.Config{Conn: g.conn, TTL: 2 * time.Second, Creates: g.name == "node", Cluster: "witness"})
	hs.t.Cleanup(func() { _ = r.Stop(hs.t.Context()) })
	return r
}

// eventually asks until it is answered: servers take a moment to tell each other who serves what, and an answer may
// be lost on the way until they have.
func eventually(t *testing.T, g *guest, subject string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		answer, err := g.askFor(nats.NewMsg(subject), time.Second)
		if err == nil {
			return string(answer.Data)
		}
		if time.Now().After(deadline) || !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, nats.ErrTimeout) {
			t.Fatalf("%s asks %s: %v", g.name, subject, err)
		}
	}
}

// sees waits until a directory has so many instances.
func sees(t *testing.T, d *registry.Directory, n int) {
	t.Helper()
	limit := time.After(patience)
	for len(d.Instances()) != n {
		select {
		case <-d.Changed():
		case <-limit:
			t.Fatalf("%d instances are seen, want %d: %v", len(d.Instances()), n, d.Instances())
		}
	}
}

// write puts a word into a bucket, as soon as it can be written to and says so.
func (g *guest) write(key, word string) {
	g.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		answer, err := g.askFor(&nats.Msg{Subject: "$KV." + key, Data: []byte(word)}, time.Second)
		if err == nil && strings.Contains(string(answer.Data), `"seq"`) {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("%s writes %s: %v, %v", g.name, key, answer, err)
		}
	}
}

func (g *guest) read(key string) string {
	g.t.Helper()
	bucket, _, _ := strings.Cut(key, ".")
	answer, err := g.ask(nats.NewMsg("$JS.API.DIRECT.GET.KV_" + bucket + ".$KV." + key))
	if err != nil {
		g.t.Fatalf("%s reads %s: %v", g.name, key, err)
	}
	return string(answer.Data)
}

// What is decided in docs/decisions/0011: any one place may be lost.
func TestSeveralRegions(t *testing.T) {
	t.Parallel()
	hs := newHalls(t, "stripe")
	east, west := hs.each["east"], hs.each["west"]
	eastNode, eastFront, westNode, westFront, westGateway := east.enter("node"), east.enter("frontend"), west.enter("node"), west.enter("frontend"), west.enter("gateway-stripe")
	seen := hs.open(eastFront).Watch("")
	for _, e := range []struct {
		g *guest
		i registry.Instance
	}{{eastNode, registry.Instance{ID: "n1", Role: "node", Name: "east"}}, {westNode, registry.Instance{ID: "n2", Role: "node", Name: "west"}}, {westGateway, registry.Instance{ID: "g1", Role: "gateway", Name: "stripe"}}} {
		if _, err := hs.open(e.g).Register(t.Context(), e.i); err != nil {
			t.Fatal(err)
		}
	}
	sees(t, seen, 3)
	makeJournal(t, eastNode)

	westNode.serves("paymux.node.west.pay")
	westGateway.serves("paymux.channel.stripe.v1.main")
	if got := eventually(t, eastFront, "paymux.node.west.pay"); got != "node" {
		t.Errorf("east's frontend asks west's node: %s", got)
	}
	if got := eventually(t, eastNode, "paymux.channel.stripe.v1.main"); got != "gateway-stripe" {
		t.Errorf("east's node asks west's gateway: %s", got)
	}
	if _, err := westGateway.ask(nats.NewMsg("paymux.node.west.pay")); !errors.Is(err, errRefused) {
		t.Errorf("a gateway asks a node: %v", err)
	}
	if _, err := eastFront.ask(nats.NewMsg("paymux.node.nowhere.pay")); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("nobody serves it in any region: %v", err)
	}
	news, err := westFront.hears("paymux.registry.settings.>")
	if err != nil {
		t.Fatal(err)
	}
	<-hs.open(eastNode).Settings().Watch("").Ready() // made by whoever follows it first
	eastNode.write("settings.rules", "one")
	if m := arrives(t, news); string(m.Data) != "one" {
		t.Errorf("the news are %s", m.Data)
	}
	eastFront.write("journal.k1", "east")
	if got := westFront.read("journal.k1"); got != "east" {
		t.Errorf("west reads %q in the journal", got)
	}

	took := make([]time.Duration, 200)
	for n := range took {
		from := time.Now()
		eastFront.write(fmt.Sprintf("journal.t%d", n), "east")
		took[n] = time.Since(from)
	}
	slices.Sort(took)
	t.Logf("a journal entry over the gateway: p50 %s, p99 %s", took[100], took[198])

	east.server.Stop()
	sees(t, hs.open(westFront).Watch("node"), 1)
	westFront.write("journal.k2", "west")
	if got := westFront.read("journal.k1"); got != "east" {
		t.Errorf("without east, west reads %q in the journal", got)
	}
	hs.start("east")
	eastFront = east.enter("frontend")
	if got := eventually(t, eastFront, "paymux.node.west.pay"); got != "node" {
		t.Errorf("east is back, and hears %s", got)
	}
	if got := eventually(t, eastFront, "$JS.API.DIRECT.GET.KV_journal.$KV.journal.k2"); got != "west" {
		t.Errorf("east is back, and reads %q", got)
	}

	hs.each["witness"].server.Stop()
	for range 20 {
		if got := eventually(t, eastFront, "paymux.node.west.pay"); got != "node" {
			t.Errorf("without the third place, east's frontend asks west's node: %s", got)
		}
	}
	hs.start("witness")
	westFront.write("journal.k3", "west")
	if got := eventually(t, eastFront, "$JS.API.DIRECT.GET.KV_journal.$KV.journal.k1"); got != "east" {
		t.Errorf("after the third place came back: %q", got)
	}
}

// A channel is added while everything runs: every server reads its file again, and its gateway may enter in any region.
func TestAChannelIsAddedToSeveralRegions(t *testing.T) {
	t.Parallel()
	hs := newHalls(t, "stripe")
	hs.desk.do("nats", "init", "--dir", hs.dir, "--add", "another")
	for name, h := range hs.each {
		if err := h.server.Reload(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	hs.each["west"].enter("gateway-another").serves("paymux.channel.another.v1.main")
	if got := eventually(t, hs.each["east"].enter("node"), "paymux.channel.another.v1.main"); got != "gateway-another" {
		t.Errorf("east's node asks west's new gateway: %s", got)
	}
}

// makeJournal has a node make the relay's bucket as relay.KeepJournal does.
func makeJournal(t *testing.T, node *guest) {
	t.Helper()
	var made struct {
		Error   any
		Cluster struct{ Name string }
	}
	for deadline := time.Now().Add(patience); ; {
		answer, err := node.ask(&nats.Msg{Subject: "paymux.make.journal", Data: []byte(
			`{"name":"KV_journal","subjects":["$KV.journal.>"],"storage":"file","allow_direct":true,"max_msgs_per_subject":1,"num_replicas":1,"placement":{"cluster":"witness"}}`)})
		if err == nil {
			if err := json.Unmarshal(answer.Data, &made); err != nil {
				t.Fatal(err)
			}
			if made.Error == nil {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the journal cannot be made: %v, %v, %v", answer, err, made.Error)
		}
	}
	if made.Cluster.Name != "witness" {
		t.Errorf("the journal is in %q", made.Cluster.Name)
	}
}
