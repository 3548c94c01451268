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

// Several clusters: one run makes a folder for each server, with all that it needs and no more secrets than its own.
func TestInitOfSeveralClusters(t *testing.T) {
	t.Parallel()
	d, dir := newDesk(t, nil), filepath.Join(t.TempDir(), "nats")
	clusters := "east=nats1.east.internal+nats2.east.internal,west=10.0.2.1,witness=nats.third.internal:5222"
	out := d.do("nats", "init", "--dir", dir, "--channels", "sandbox", "--clusters", clusters)
	if again := d.do("nats", "init", "--dir", dir, "--channels", "sandbox", "--clusters", clusters); !strings.Contains(again, "Everything was there already") {
		t.Errorf("%s", again)
	}
	for name, wants := range map[string][]string{
		"east-1": {`server_name: east-1`, `listen: "0.0.0.0:4222"`, `routes: ["nats://nats1.east.internal:6222", "nats://nats2.east.internal:6222"]`,
			`{name: "witness", urls: ["nats://nats.third.internal:8222"]}`, `reject_unknown_cluster: true`, `advertise: "nats1.east.internal:7222"`},
		"east-2":    {`server_name: east-2`, `advertise: "nats2.east.internal:7222"`},
		"west-1":    {`listen: "10.0.2.1:4222"`, `listen: "10.0.2.1:6222"`, `listen: "10.0.2.1:7222"`, `sync_interval: always`},
		"witness-1": {`listen: "0.0.0.0:5222"`, `name: "witness"`, `urls: ["nats://nats1.east.internal:7222", "nats://nats2.east.internal:7222"]`},
	} {
		is := contents(t, filepath.Join(dir, name))
		for _, want := range wants {
			if !strings.Contains(is["nats.conf"]+is["links.conf"], want) {
				t.Errorf("%s does not have %s:\n%s%s", name, want, is["nats.conf"], is["links.conf"])
			}
		}
		if is["server.pem"] == "" || is["ca.pem"] == "" || is["ca.key"] != "" || len(is) != 6 {
			t.Errorf("%s has %d files", name, len(is))
		}
		if !strings.Contains(out, filepath.Join(dir, name, "nats.conf")) {
			t.Errorf("%s is not shown", name)
		}
	}
	if is := contents(t, filepath.Join(dir, "east-1")); strings.Contains(is["nats.conf"], "sync_interval") {
		t.Error("a server that is not alone waits for its disk")
	}
	if _, err := os.Stat(filepath.Join(dir, "nats.conf")); err == nil {
		t.Error("there is a server beside the clusters")
	}
	before := contents(t, filepath.Join(dir, "west-1"))
	d.do("nats", "init", "--dir", dir, "--add", "another")
	after := contents(t, filepath.Join(dir, "west-1"))
	if !strings.Contains(after["permissions.conf"], "paymux.channel.another.>") {
		t.Error("a channel that is added is not known in every cluster")
	}
	after["permissions.conf"] = before["permissions.conf"]
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	// A region more: who is joined is written anew, and what is the operator's is not.
	d.do("nats", "init", "--dir", dir, "--clusters", clusters+",south=nats.south.internal")
	south := contents(t, filepath.Join(dir, "west-1"))
	if !strings.Contains(south["links.conf"], "nats://nats.south.internal:7222") || south["nats.conf"] != before["nats.conf"] || south["server.pem"] != before["server.pem"] {
		t.Errorf("%s", south["links.conf"])
	}
}

// What is made in one place names files where they will be.
func TestInitForAnotherPlace(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for folder, args := range map[string][]string{"": nil, "east-1": {"--clusters", "east=nats1.internal,west=nats2.internal"}} {
		dir := filepath.Join(t.TempDir(), "nats")
		d.do(append([]string{"nats", "init", "--dir", dir, "--at", "/etc/paymux/nats"}, args...)...)
		is := contents(t, filepath.Join(dir, folder))
		conf := is["nats.conf"] + is["links.conf"]
		if want := filepath.Join("/etc/paymux/nats", folder, "server.pem"); !strings.Contains(conf, want) || strings.Contains(conf, dir) || is["server.pem"] == "" {
			t.Errorf("%s does not name %s:\n%s", folder, want, conf)
		}
	}
	if said := d.fails("nats", "init", "--dir", t.TempDir(), "--at", "etc"); !strings.Contains(said, "the whole path") {
		t.Error(said)
	}
}

func TestClustersThatCannotBe(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for clusters, want := range map[string]string{
		"east=a":                "names one cluster",
		"east=a,east=b":         "give each cluster once",
		"east=a,West=b":         "give each cluster once",
		"east=a,west":           "give each cluster once",
		"east=a,west=b:70000":   `"b:70000" is not a host`,
		"east=a,west=b:63000":   `"b:63000" is not a host`,
		"east=a,west=b+":        `"" is not a host`,
		`east=a,west=b\c`:       "is not a host",
		"east=a,west=b --hosts": "",
	} {
		args := []string{"nats", "init", "--dir", filepath.Join(t.TempDir(), "nats"), "--clusters", strings.TrimSuffix(clusters, " --hosts")}
		if want == "" {
			args, want = append(args, "--hosts", "c"), "none of the others can be"
		}
		if said := d.fails(args...); !strings.Contains(said, want) {
			t.Errorf("%s: %s", clusters, said)
		}
	}
}
