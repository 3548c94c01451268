package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The whole system over paymux nats serve, by what paymux nats init wrote.
func TestServingOverNATS(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nats")
	d := newDesk(t, nil)
	d.do("nats", "init", "--dir", dir, "--channels", "sandbox")
	bus := d.begin("nats", "serve", "-c", filepath.Join(dir, "nats.conf"), "--listen", "127.0.0.1:0")
	bus.await(t, `"msg":"ready"`)
	address := regexp.MustCompile(`"listen":"([^"]+)"`).FindStringSubmatch(bus.String())[1]
	text := `
sandbox: {enabled: true}
nats: {url: "tls://%s", ca: "file:%s", credentials: "file:%s"}
`
	conf := func(name, seed string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, fmt.Appendf(nil, text, address, filepath.Join(dir, "ca.pem"), seed), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := conf("paymux.yaml", filepath.Join(dir, "node.nk"))
	d.begin("serve", "-c", good).await(t, `"msg":"ready"`)
	if found := d.fails("doctor", "-c", good); !strings.Contains(found, "ok   nats           connected") {
		t.Errorf("%s", found)
	}
	bad := conf("stranger.yaml", filepath.Join(dir, "ca.key"))
	if found := d.fails("doctor", "-c", bad); !strings.Contains(found, "BAD  nats           the credentials for NATS are not an nkey seed") {
		t.Errorf("%s", found)
	}
	gone := conf("gone.yaml", filepath.Join(dir, "gone.nk"))
	if found := d.fails("doctor", "-c", gone); !strings.Contains(found, "nats.credentials: read secret") {
		t.Errorf("%s", found)
	}
}
