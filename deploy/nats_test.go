package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/paymux/paymux/internal/natsserver"
)

// parsed reads a configuration with the server's own parser: it is at file, and what paymux nats init has made is in dir.
func parsed(t *testing.T, name, conf, file, dir string) *server.Options {
	t.Helper()
	root := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(file)} {
		if err := os.MkdirAll(root+d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, made := range []string{"ca.pem", "server.pem", "server.key", "permissions.conf"} {
		write(t, filepath.Join(root+dir, made), read(t, filepath.Join(secretsDir, "nats", made)))
	}
	write(t, filepath.Join(root+dir, "nats_ca.pem"), read(t, filepath.Join(secretsDir, "nats", "ca.pem")))
	o, err := server.ProcessConfigFile(write(t, root+file, strings.ReplaceAll(conf, `"`+dir, `"`+root+dir)))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return nil
	}
	return o
}

// site is what a NATS server's configuration says about its place among the others.
type site struct {
	name    string
	options *server.Options
	servers int
}

// checkSites holds the clusters of a deployment to each other: everybody lists everybody, and one alone has streams.
func checkSites(t *testing.T, sites []site) {
	t.Helper()
	streams := 0
	for _, s := range sites {
		o := s.options
		if o == nil {
			continue
		}
		if o.Cluster.Name != s.name || o.Gateway.Name != s.name || !strings.Contains(o.ServerName, s.name) {
			t.Errorf("%s: server %q of cluster %q, gateway %q", s.name, o.ServerName, o.Cluster.Name, o.Gateway.Name)
		}
		if len(o.Routes) != s.servers {
			t.Errorf("%s: %d routes for %d servers", s.name, len(o.Routes), s.servers)
		}
		if o.MaxPayload != natsserver.MaxPayload {
			t.Errorf("%s: max_payload is %d", s.name, o.MaxPayload)
		}
		if o.TLSConfig == nil || o.Cluster.TLSConfig == nil || o.Gateway.TLSConfig == nil || !o.Gateway.RejectUnknown {
			t.Errorf("%s: TLS is missing, or unknown clusters are let in", s.name)
		}
		if len(o.Nkeys) == 0 || o.NoAuthUser != "" {
			t.Errorf("%s: nobody has credentials, or anybody may come", s.name)
		}
		if o.JetStream {
			streams++
		}
		known := map[string]string{}
		for _, g := range o.Gateway.Gateways {
			known[g.Name] = fmt.Sprint(g.URLs)
		}
		for _, other := range sites {
			if known[other.name] == "" {
				t.Errorf("%s does not know the gateway of %s", s.name, other.name)
			}
			if other.options == nil {
				continue
			}
			for _, g := range other.options.Gateway.Gateways {
				if known[g.Name] != fmt.Sprint(g.URLs) {
					t.Errorf("%s reaches %s by %s, %s by %v", s.name, g.Name, known[g.Name], other.name, g.URLs)
				}
			}
		}
		if len(known) != len(sites) {
			t.Errorf("%s knows %v", s.name, known)
		}
	}
	if streams != 1 || !sites[len(sites)-1].options.JetStream {
		t.Errorf("%d clusters have streams; the third place is to have them, alone", streams)
	}
}

func TestExampleNATSConfigurationsFitTogether(t *testing.T) {
	var sites []site
	for _, name := range []string{"east", "west", "witness"} {
		t.Setenv("PAYMUX_NATS_NAME", name+"-1")
		o := parsed(t, name, read(t, "config/nats/"+name+".conf"), "/etc/paymux/nats/nats.conf", "/etc/paymux/nats")
		sites = append(sites, site{name, o, 3})
	}
	checkSites(t, sites)
}
