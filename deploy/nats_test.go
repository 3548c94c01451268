package deploy_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/paymux/paymux/internal/natsserver"
)

// natsPath is where a server's folder is on its machine.
const natsPath = "/etc/paymux/nats"

// natsServers are the servers that secrets.sh has made in dir, as nats-server itself reads their files, by their names.
func natsServers(t *testing.T, dir string) map[string]*server.Options {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "nats", "*", "nats.conf"))
	if err != nil || len(files) != 9 {
		t.Fatal(files, err)
	}
	all := map[string]*server.Options{}
	for _, file := range files {
		there, name := t.TempDir(), filepath.Base(filepath.Dir(file))
		for _, from := range []string{"nats.conf", "links.conf", "permissions.conf"} {
			write(t, filepath.Join(there, from), strings.ReplaceAll(read(t, filepath.Join(filepath.Dir(file), from)), `"`+natsPath+"/", `"`+dir+"/nats/"))
		}
		o, err := server.ProcessConfigFile(filepath.Join(there, "nats.conf"))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[name] = o
	}
	return all
}

// Three clusters of three, each server with streams, so that losing any place leaves the others a majority; everybody lists everybody, and
// is who the others call.
func TestNATSServersFitTogether(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{secretsDir, clusterDir} {
		all := natsServers(t, dir)
		for name, o := range all {
			place := name[:strings.LastIndex(name, "-")]
			if o.Cluster.Name != place || o.Gateway.Name != place || o.ServerName != name {
				t.Errorf("%s: server %q of cluster %q, gateway %q", name, o.ServerName, o.Cluster.Name, o.Gateway.Name)
			}
			if !o.JetStream || o.StoreDir != "/var/lib/paymux/jetstream" || o.MaxPayload != natsserver.MaxPayload {
				t.Errorf("%s: streams: %t in %s, max_payload %d", name, o.JetStream, o.StoreDir, o.MaxPayload)
			}
			if o.TLSConfig == nil || o.Cluster.TLSConfig == nil || o.Gateway.TLSConfig == nil || !o.Gateway.RejectUnknown || len(o.Nkeys) == 0 || o.NoAuthUser != "" {
				t.Errorf("%s: anybody may come, or listen in", name)
			}
			if o.HTTPHost != "127.0.0.1" || o.HTTPPort != 8222 {
				t.Errorf("%s answers whether it is well at %s:%d", name, o.HTTPHost, o.HTTPPort)
			}
			if len(o.Routes) != 3 || len(o.Gateway.Gateways) != 3 {
				t.Errorf("%s: routes %v, gateways %v", name, o.Routes, o.Gateway.Gateways)
			}
			checkNames(t, dir, place, o.Routes)
			for _, g := range o.Gateway.Gateways {
				checkNames(t, dir, g.Name, g.URLs)
			}
		}
	}
}

// checkNames: addresses are of the servers of a place, each of which has a certificate for its own.
func checkNames(t *testing.T, dir, place string, urls []*url.URL) {
	t.Helper()
	if len(urls) != 3 {
		t.Errorf("%s is reached by %v", place, urls)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(read(t, filepath.Join(dir, "nats", "ca.pem"))))
	for i, u := range urls {
		name := fmt.Sprintf("%s-%d", place, i+1)
		block, _ := pem.Decode([]byte(read(t, filepath.Join(dir, "nats", name, "server.pem"))))
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{DNSName: u.Hostname(), Roots: roots}); err != nil {
			t.Errorf("%s is called %s: %v", name, u, err)
		}
	}
}

// clientURLs are the servers that a configuration names.
func clientURLs(t *testing.T, name, conf string) (urls []*url.URL) {
	t.Helper()
	for _, text := range strings.Split(text(at(documents(t, name, conf)[0], "nats", "url")), ",") {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "tls" || u.Port() != "4222" {
			t.Errorf("%s: nats.url has %q: %v", name, text, err)
			continue
		}
		urls = append(urls, u)
	}
	return urls
}

// Processes call the servers of their region by the names that these have certificates for.
func TestProcessesReachNATS(t *testing.T) {
	t.Parallel()
	for _, file := range append(regionFiles(t), "compose/gateway-sandbox-east.yaml", "compose/gateway-sandbox-west.yaml") {
		region := filepath.Base(filepath.Dir(file))
		if region == "compose" {
			region = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "gateway-sandbox-"), ".yaml")
		}
		checkNames(t, secretsDir, region, clientURLs(t, file, read(t, file)))
	}
}

// Each server is started with its own folder, where its files say that it is, and keeps its streams.
func TestServersHaveTheirFolders(t *testing.T) {
	t.Parallel()
	started := 0
	for name, s := range services(t, "compose/compose.yaml") {
		server, ok := strings.CutPrefix(name, "nats-")
		if !ok {
			continue
		}
		started++
		want := natsPath + "/" + server
		if s.mounts[want] != filepath.Join(secretsDir, "nats", server) || len(s.mounts) != 1 || !slices.Contains(s.command, want+"/nats.conf") || !slices.Contains(s.kept, "/var/lib/paymux") {
			t.Errorf("%s: %v with %v, keeps %v", name, s.command, s.mounts, s.kept)
		}
		for line := range strings.Lines(everything(t, s.mounts[want])) {
			if strings.Contains(line, natsPath) && !strings.Contains(line, want+"/") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	if started != 9 {
		t.Errorf("%d servers are started", started)
	}
	if unit := units(t)["paymux-nats@.service"]; !strings.HasSuffix(unit["ExecStart"][0], natsPath+"/%i/nats.conf") || unit["StateDirectory"][0] != "paymux" {
		t.Errorf("%v", unit)
	}
}
