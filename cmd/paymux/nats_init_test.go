package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
)

// contents are a directory's files by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v, %v", e.Name(), info, err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func TestInitMakesNothingTwice(t *testing.T) {
	t.Parallel()
	d, dir := newDesk(t, nil), filepath.Join(t.TempDir(), "nats")
	first := d.do("nats", "init", "--dir", dir, "--channels", "sandbox")
	is := contents(t, dir)
	for _, name := range []string{"ca.pem", "ca.key", "server.pem", "server.key", "nats.conf", "permissions.conf", "node.nk", "node.pub", "gateway-sandbox.nk"} {
		if is[name] == "" || !strings.Contains(first, "+ "+filepath.Join(dir, name)) {
			t.Errorf("%s was not made", name)
		}
	}
	for name, text := range is {
		if strings.HasSuffix(name, ".nk") && strings.Contains(first+is["permissions.conf"]+is["nats.conf"], strings.TrimSpace(text)) {
			t.Errorf("the secret %s is shown", name)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "nats.conf"), []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	is["nats.conf"] = "# mine\n"
	for range 2 {
		if again := d.do("nats", "init", "--dir", dir, "--channels", "sandbox"); !strings.Contains(again, "Everything was there already") {
			t.Errorf("%s", again)
		}
	}
	if diff := cmp.Diff(is, contents(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Secrets belong where they are used, and not where they were made.
func TestInitWithSecretsMovedAway(t *testing.T) {
	t.Parallel()
	d, dir := newDesk(t, nil), filepath.Join(t.TempDir(), "nats")
	d.do("nats", "init", "--dir", dir, "--channels", "sandbox")
	for _, name := range []string{"node.nk", "gateway-sandbox.nk", "ca.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	is := contents(t, dir)
	d.do("nats", "init", "--dir", dir, "--add", "another", "--hosts", "elsewhere")
	now := contents(t, dir)
	for _, name := range []string{"node.nk", "gateway-sandbox.nk", "ca.key"} {
		if _, ok := now[name]; ok {
			t.Errorf("%s was made again", name)
		}
	}
	for name, text := range is {
		if name != "permissions.conf" && now[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	if !strings.Contains(now["permissions.conf"], "paymux.channel.another.>") || !strings.Contains(now["permissions.conf"], strings.TrimSpace(is["gateway-sandbox.pub"])) {
		t.Errorf("%s", now["permissions.conf"])
	}
}

func TestInitReissuesTheServersCertificate(t *testing.T) {
	t.Parallel()
	d, dir := newDesk(t, nil), filepath.Join(t.TempDir(), "nats")
	d.do("nats", "init", "--dir", dir)
	before := contents(t, dir)
	d.do("nats", "init", "--dir", dir, "--hosts", "nats1.internal,10.0.0.7")
	after := contents(t, dir)
	if before["server.key"] != after["server.key"] || before["ca.pem"] != after["ca.pem"] || before["server.pem"] == after["server.pem"] {
		t.Error("a key was changed, or the certificate was not")
	}
	block, _ := pem.Decode([]byte(after["server.pem"]))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(after["ca.pem"]))
	for _, host := range []string{"nats1.internal", "10.0.0.7"} {
		if _, err := cert.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Error(err)
		}
	}
}

// A channel comes while everything runs: nobody is disconnected, and its gateway may enter at once.
func TestAChannelIsAddedInFlight(t *testing.T) {
	t.Parallel()
	h := newHall(t, "sandbox")
	node := h.enter("node")
	lost := node.conn.StatusChanged(nats.RECONNECTING)
	h.desk.do("nats", "init", "--dir", h.dir, "--add", "another")
	if _, err := natsserver.Open(h.config("gateway-another")); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("before the file is read again: %v", err)
	}
	if err := h.server.Reload(); err != nil {
		t.Fatal(err)
	}
	h.enter("gateway-another").serves("paymux.channel.another.v1.main")
	answer, err := node.ask(nats.NewMsg("paymux.channel.another.v1.main"))
	if err != nil || string(answer.Data) != "gateway-another" {
		t.Errorf("%v, %v", answer, err)
	}
	select {
	case <-lost:
		t.Error("the node was disconnected")
	default:
	}
	if err := os.WriteFile(filepath.Join(h.dir, "permissions.conf"), []byte("accounts {"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.server.Reload(); err == nil {
		t.Error("a broken file is taken")
	}
	if _, err := node.ask(nats.NewMsg("paymux.channel.another.v1.main")); err != nil {
		t.Errorf("after a broken file: %v", err)
	}
}

// A seed was stolen: it is of no use any more once there is another.
func TestASeedIsReplaced(t *testing.T) {
	t.Parallel()
	h := newHall(t, "sandbox")
	old := h.config("node")
	thief := h.enter("node")
	out := thief.conn.StatusChanged(nats.RECONNECTING)
	for _, name := range []string{"node.nk", "node.pub"} {
		if err := os.Remove(filepath.Join(h.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	h.desk.do("nats", "init", "--dir", h.dir)
	if err := h.server.Reload(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out:
	case <-time.After(patience):
		t.Error("the thief stays connected")
	}
	if _, err := natsserver.Open(old); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("the old seed: %v", err)
	}
	h.enter("node")
}

// The registry over the wire: each role with no more rights than its own.
func TestRegistryOverTheWire(t *testing.T) {
	t.Parallel()
	h := newHall(t, "sandbox")
	open := func(party string, creates bool) *registry.Registry {
		r := registry.New(registry.Config{Conn: h.enter(party).conn, TTL: time.Second, Creates: creates})
		t.Cleanup(func() { _ = r.Stop(t.Context()) })
		return r
	}
	gateway, frontend, node := open("gateway-sandbox", false), open("frontend", false), open("node", true)
	lease, err := gateway.Register(t.Context(), registry.Instance{ID: "g1", Role: registry.RoleGateway, Name: "sandbox", Detail: json.RawMessage(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.Register(t.Context(), registry.Instance{ID: "n1", Role: registry.RoleNode, Name: "east"}); err != nil {
		t.Fatal(err)
	}
	seen := frontend.Watch(registry.RoleGateway)
	rules := gateway.Settings().Watch("")
	if _, err := node.Settings().Put(t.Context(), registry.Document{Key: "rules", Value: json.RawMessage("1"), Who: "operator"}); err != nil {
		t.Fatal(err)
	}
	limit := time.After(patience)
	for len(seen.Instances()) != 1 || len(rules.Documents()) != 1 || !lease.Held() {
		select {
		case <-seen.Changed():
		case <-rules.Changed():
		case <-time.After(10 * time.Millisecond): // the lease tells nobody
		case <-limit:
			t.Fatalf("%v, %v, held: %t", seen.Instances(), rules.Documents(), lease.Held())
		}
	}
	if _, err := gateway.Settings().Get(t.Context(), "rules"); err != nil {
		t.Error(err)
	}
}
