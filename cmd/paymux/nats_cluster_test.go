package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
)

// Three servers, as the comments in nats.conf have it, and each party at another one: what is true of one server is true of them.
func TestACluster(t *testing.T) {
	t.Parallel()
	h := newHall(t, "stripe,sandbox") // for its directory
	var routes []string
	for range 3 {
		socket, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		routes = append(routes, socket.Addr().String())
		socket.Close()
	}
	servers := make([]*natsserver.Server, 3)
	for n := range servers {
		conf := strings.Replace(h.read("nats.conf"), "paymux-1", fmt.Sprintf("paymux-%d", n), 1)
		conf = strings.Replace(conf, h.dir+"/jetstream", fmt.Sprintf("%s/jetstream%d", h.dir, n), 1)
		conf += fmt.Sprintf("cluster: {name: paymux, listen: %q, routes: [\"nats://%s\"], tls: {cert_file: \"%[3]s/server.pem\", key_file: \"%[3]s/server.key\", ca_file: \"%[3]s/ca.pem\", verify: true}}\n",
			routes[n], strings.Join(routes, `", "nats://`), h.dir)
		file := filepath.Join(h.dir, fmt.Sprintf("nats%d.conf", n))
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		servers[n], err = natsserver.Serve(natsserver.ServerConfig{File: file, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(servers[n].Stop)
	}
	enter := func(party string, n int) *guest {
		h.server = servers[n]
		return h.enter(party)
	}
	node, gateway, frontend, other := enter("node", 0), enter("gateway-stripe", 1), enter("frontend", 2), enter("gateway-sandbox", 2)
	open := func(g *guest) *registry.Registry {
		r := registry.New(registry.Config{Conn: g.conn, TTL: 2 * time.Second, Creates: g.name == "node", Replicas: 3})
		t.Cleanup(func() { _ = r.Stop(t.Context()) })
		return r
	}
	leases := map[string]*registry.Lease{}
	for _, i := range []registry.Instance{{ID: "n1", Role: "node", Name: "east"}, {ID: "g1", Role: "gateway", Name: "stripe"}} {
		lease, err := open(map[string]*guest{"node": node, "gateway": gateway}[i.Role]).Register(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		leases[i.ID] = lease
	}
	d := open(frontend).Watch("")
	limit := time.After(patience)
	for seen := 0; seen != 2; seen = len(d.Instances()) {
		select {
		case <-d.Changed():
		case <-limit:
			t.Fatalf("the frontend sees %v", d.Instances())
		}
	}
	if err := leases["g1"].Release(t.Context()); err != nil {
		t.Error(err)
	}
	for len(d.Instances()) != 1 {
		<-d.Changed()
	}
	gateway.serves("paymux.channel.stripe.v1.main")
	spied, err := other.hears("_INBOX.>")
	if err != nil {
		t.Fatal(err)
	}
	for answer, err := node.ask(nats.NewMsg("paymux.channel.stripe.v1.main")); ; answer, err = node.ask(nats.NewMsg("paymux.channel.stripe.v1.main")) {
		if errors.Is(err, nats.ErrNoResponders) { // the servers have not told each other yet
			continue
		}
		if err != nil || string(answer.Data) != "gateway-stripe" {
			t.Errorf("%v, %v", answer, err)
		}
		break
	}
	if _, err := node.ask(nats.NewMsg("paymux.channel.sandbox.v1.main")); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("nobody serves it: %v", err)
	}
	if _, err := other.ask(nats.NewMsg("paymux.channel.stripe.v1.main")); !errors.Is(err, errRefused) {
		t.Errorf("a gateway asks another: %v", err)
	}
	body, _ := json.Marshal("evil")
	if _, err := other.ask(&nats.Msg{Subject: "$KV.instances.gateway.stripe.g1", Data: body}); !errors.Is(err, errRefused) {
		t.Errorf("a gateway registers as another: %v", err)
	}
	select {
	case m := <-spied:
		t.Errorf("a gateway hears %s", m.Subject)
	default:
	}
}
