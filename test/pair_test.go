package test_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/pgcluster"
)

// pair is a split system in which nobody who serves requests is alone: two frontends of one group, two nodes on one
// database, two processes of one package.
type pair struct {
	*split
	fronts   [2]*door
	nodes    [2]*part
	packages [2]*part
	b        *bank
	cluster  *pgcluster.Cluster
	key      paymux.Secret // of a merchant
}

// door is a frontend.
type door struct {
	*part
	url string
}

// newPair starts everything. weights are the nodes'.
func newPair(t *testing.T, weights ...int) *pair {
	t.Helper()
	cluster := newCluster(t)
	return newPairOn(t, cluster, cluster.URL("paymux"), weights...)
}

// newPairOn is newPair with nodes that reach their database by a URL.
func newPairOn(t *testing.T, cluster *pgcluster.Cluster, database string, weights ...int) *pair {
	t.Helper()
	crowds <- struct{}{}
	t.Cleanup(func() { <-crowds })
	s := &split{t: t, dir: t.TempDir(), gateways: map[string]*part{}, store: "store: {engine: postgres, url: env:TEST_DATABASE}"}
	s.env = []string{"TEST_OPS_TOKEN=" + opsToken, "TEST_IDS_KEY=" + idsKey, "TEST_DATABASE=" + database}
	p := &pair{split: s, cluster: cluster}
	natsAddress, credentials := freeAddress(t), filepath.Join(s.dir, "nats")
	s.run("nats", "init", "--dir", credentials, "--channels", "sandbox", "--listen", natsAddress)
	s.at = "tls://" + natsAddress
	s.nats = s.part("nats", "nats", "serve", "-c", filepath.Join(credentials, "nats.conf"))
	s.nats.start()
	s.keys = s.role("keys", "keys", "roles: [keys]")
	s.keys.start()
	s.run("keys", "generate", "jwe", "--kind", "ecdsa", "--owner", "platform", "--caller", "frontend", "--key-id", "jwe-1", "--activate", "-c", s.dir+"/keys.yaml")
	for i := range p.nodes {
		weight := "node: {}"
		if i < len(weights) {
			weight = fmt.Sprintf("node: {weight: %d}", weights[i])
		}
		p.nodes[i] = s.role(fmt.Sprint("node-", i), "node", "roles: [node]", s.store, publicly, weight, "notify: {allow_networks: [127.0.0.0/8]}")
		p.nodes[i].start()
	}
	for i := range p.fronts {
		address := freeAddress(t)
		f := s.role(fmt.Sprint("frontend-", i), "frontend", "roles: [frontend]", "listen: "+address, publicly,
			"ops_token: env:TEST_OPS_TOKEN", "access: {traffic_requests: 0, jwe_key: \"key:jwe\", standby_group: door, drain: 500ms}")
		p.fronts[i] = &door{f, "http://" + address}
		p.fronts[i].start()
	}
	s.url = p.fronts[0].url
	p.b = s.openBank("a-bank")
	p.b.faults("a-bank", sandbox.Faults{LatencyMS: 100})
	for i := range p.packages {
		p.packages[i] = s.toBank("1.0.0", fmt.Sprint("-", i), p.b.account("a-bank", p.b.url, "card"))
		p.packages[i].start()
	}
	s.known("sandbox", "1.0.0", true)
	_, p.key = s.merchantWithKey()
	return p
}

// client is a merchant's who knows both frontends.
func (p *pair) client(attempts int) *client.Client {
	p.t.Helper()
	c, err := client.New(client.Config{BaseURLs: []string{p.fronts[0].url, p.fronts[1].url}, Key: p.key, Attempts: attempts})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// trade has a merchant's program buy all the time, from several sides.
func (p *pair) trade() *trade {
	p.t.Helper()
	var stalls []*stall
	m := p.client(0)
	for i := range 4 {
		stalls = append(stalls, &stall{name: fmt.Sprint("shop-", i), m: m, request: cardAt("a-bank")})
	}
	tr := newTrade(p.t, stalls...)
	tr.answered("before", 20, (*deal).succeeded)
	return tr
}

// readyz is what a load balancer is told.
func (d *door) readyz() (status int, text string) {
	c := http.Client{Timeout: time.Second}
	answer, err := c.Get(d.url + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

func (d *door) ready() bool { status, _ := d.readyz(); return status == http.StatusOK }

// primary waits until one frontend is ready and the other stands by.
func (p *pair) primary() (primary, standby *door) {
	p.t.Helper()
	if !within(20*time.Second, func() bool {
		for i, d := range p.fronts {
			status, text := p.fronts[1-i].readyz()
			if d.ready() && status == http.StatusServiceUnavailable && strings.HasPrefix(text, "not ready: standby of ") {
				primary, standby = d, p.fronts[1-i]
				return true
			}
		}
		return false
	}) {
		for _, d := range p.fronts {
			status, text := d.readyz()
			p.t.Errorf("%s: %d %s\n%s", d.name, status, text, d.logged())
		}
		p.t.FailNow()
	}
	return primary, standby
}

// exact: every purchase succeeded, was paid once, and a repeat with its key is answered with the same payment.
func (p *pair) exact(tr *trade, from time.Time) {
	p.t.Helper()
	tr.ends()
	tr.flawless("payments", tr.of(from, time.Now(), others()))
	tr.once(others())
	p.b.compare(tr.deals)
}

// showsPair: an operator sees which frontend is primary.
func (p *pair) showsPair() {
	p.t.Helper()
	file := write(p.t, p.dir, "operator.yaml", p.natsLine("operator")+"\n")
	var shown string
	if !within(10*time.Second, func() bool {
		shown = p.run("topology", "-c", file)
		return strings.Count(shown, "primary of group door") == 1 && strings.Count(shown, "standby of group door") == 1
	}) {
		p.t.Errorf("paymux topology shows\n%s", shown)
	}
}
