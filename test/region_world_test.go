package test_test

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/pgcluster"
	"github.com/paymux/paymux/test/stripefake"
)

// worldConfig is what a world is made of.
type worldConfig struct {
	nodes, frontends int // of each region; 0: 1
	// apart: each place (east, west, witness, outside) has a network of its own, so that packets between two of them can be lost.
	apart bool
	// keys: each region has a key service.
	keys bool
	// Further lines of paymux.yaml.
	nodeLines, frontLines, gatewayLines []string
	nodeOf                              map[string]string // a further line of a region's nodes, by its name
	access                              string            // more of the frontends' access section
	// spare is a second account at each gateway, at another door of the institution.
	spare bool
}

// worlds are those there may be at a time: each is a dozen processes, and more of them would wait for each other.
var worlds = make(chan struct{}, 2)

// world is two regions, each with everything of its own, whose NATS is joined by gateways, a third place that holds the
// registry and the journal, and an institution and merchants outside of all of them.
type world struct {
	t   *testing.T
	c   worldConfig
	dir string
	env []string
	net *internet // of a world that is apart

	places     map[string]*place
	natsURL    map[string]string // by place
	east, west *region
	regions    []*region
	witness    *part // NATS alone

	bank    *stripefake.Institution
	bankURL string
	busy    atomic.Bool // the first door declines, for the institution is busy
}

// region is one of them. Every part has start, kill, stop, freeze and thaw of its own.
type region struct {
	w      *world
	name   string
	number int
	place  *place

	nats, gateway, keys *part // keys may be nil
	nodes, fronts       []*part
	urls                []string // of fronts
	cluster             *pgcluster.Cluster
}

// newWorld starts a world and waits until every frontend is ready and every node knows both gateways.
func newWorld(t *testing.T, c worldConfig) *world {
	t.Helper()
	c.nodes, c.frontends = max(c.nodes, 1), max(c.frontends, 1)
	w := newEmptyWorld(t, c)
	w.bankURL = w.places["outside"].serve(t, w.door())
	w.east, w.west = w.newRegion("east", 1), w.newRegion("west", 2)
	w.regions = []*region{w.east, w.west}
	var parts []*part
	for _, r := range w.regions {
		parts = append(parts, r.parts()...)
	}
	startAll(parts)
	w.ready()
	return w
}

// newEmptyWorld is a world's places and, of all processes, the third place's NATS.
func newEmptyWorld(t *testing.T, c worldConfig) *world {
	t.Helper()
	worlds <- struct{}{} // the first cleanup is the last: the place is free when all processes have ended
	t.Cleanup(func() { <-worlds })
	w := &world{t: t, c: c, dir: t.TempDir(), natsURL: map[string]string{}, bank: stripefake.New("sk_test_world")}
	w.env = []string{"TEST_OPS_TOKEN=" + opsToken, "TEST_IDS_KEY=" + idsKey, "TEST_BANK_KEY=" + w.bank.Key}
	w.openPlaces()
	w.openNATS()
	return w
}

func (w *world) openPlaces() {
	w.t.Helper()
	names := []string{"east", "west", "witness", "outside"}
	if w.c.apart {
		w.net, w.places = newInternet(w.t, names...)
		return
	}
	w.places = map[string]*place{}
	for _, name := range names {
		w.places[name] = &place{name: name, host: "127.0.0.1"}
	}
}

// openNATS makes the servers' files as an operator would, and starts the third place's.
func (w *world) openNATS() {
	w.t.Helper()
	var clusters []string
	for _, name := range []string{"east", "west", "witness"} {
		address := w.places[name].natsAddress(w.t)
		w.natsURL[name] = "tls://" + address
		clusters = append(clusters, name+"="+address)
	}
	w.run("nats", "init", "--dir", w.file("nats"), "--channels", "stripe", "--clusters", strings.Join(clusters, ","))
	w.witness = w.natsServer("witness")
	w.witness.start()
}

func (w *world) natsServer(name string) *part {
	return w.part("nats-"+name, w.places[name], "nats", "serve", "-c", w.file("nats", name+"-1", "nats.conf"))
}

func (w *world) newRegion(name string, number int) *region {
	w.t.Helper()
	r := &region{w: w, name: name, number: number, place: w.places[name], cluster: newCluster(w.t)}
	r.nats = w.natsServer(name)
	if w.c.keys {
		r.keys = r.role("keys", "keys", "roles: [keys]")
	}
	for n := range w.c.nodes {
		r.nodes = append(r.nodes, r.role(fmt.Sprint("node-", n+1), "node", append([]string{
			"roles: [node]", publicly, "store: {engine: postgres, url: env:TEST_DATABASE}", "notify: {allow_networks: [127.0.0.0/8, 10.77.0.0/16]}",
			w.c.nodeOf[name], "monitor: {listen: \"" + r.place.host + ":0\"}",
		}, w.c.nodeLines...)...))
	}
	r.gateway = r.role("gateway", "gateway-stripe", append([]string{"roles: [gateway]", "gateway: {version: 1.0.0}",
		"accounts: [" + w.accounts() + "]"}, w.c.gatewayLines...)...)
	for n := range w.c.frontends {
		address := r.place.address(w.t)
		r.urls = append(r.urls, "http://"+address)
		r.fronts = append(r.fronts, r.role(fmt.Sprint("frontend-", n+1), "frontend", append([]string{
			"roles: [frontend]", "listen: " + address, publicly, "ops_token: env:TEST_OPS_TOKEN", "access: {traffic_requests: 0, " + w.c.access + "}",
			"monitor: {listen: \"" + r.place.host + ":0\"}"}, w.c.frontLines...)...))
	}
	return r
}

// parts are all processes of a region but its database, in the order in which they start fastest.
func (r *region) parts() []*part {
	all := []*part{r.nats}
	if r.keys != nil {
		all = append(all, r.keys)
	}
	return slices.Concat(all, r.nodes, []*part{r.gateway}, r.fronts)
}

// role prepares a process of the region with credentials of a party and a directory of its own.
func (r *region) role(name, party string, lines ...string) *part {
	w := r.w
	w.t.Helper()
	name = r.name + "-" + name
	lines = append(lines, fmt.Sprintf("region: {name: %s, number: %d}", r.name, r.number), "data_dir: "+w.file(name),
		"ids_key: env:TEST_IDS_KEY", "log: {requests: false}", w.natsLine(r.name, party))
	p := w.part(name, r.place, "serve", "-c", write(w.t, w.dir, name+".yaml", strings.Join(lines, "\n")+"\n"))
	p.env = append(slices.Clone(p.env), "TEST_DATABASE="+r.cluster.SocketURL("paymux"))
	return p
}

func (w *world) natsLine(region, party string) string {
	return fmt.Sprintf("nats: {url: %q, credentials: %q, ca: %q, state_cluster: witness}",
		w.natsURL[region], "file:"+w.file("nats", party+".nk"), "file:"+w.file("nats", "ca.pem"))
}

// part prepares a process that ends with the test.
func (w *world) part(name string, at *place, args ...string) *part {
	p := &part{t: w.t, name: name, args: args, env: w.env, in: at.net}
	w.t.Cleanup(func() {
		p.kill()
		p.sound()
		if w.t.Failed() {
			w.t.Logf("the end of the log of %s:\n%s", name, p.tail())
		}
	})
	return p
}

func (w *world) file(names ...string) string {
	return filepath.Join(append([]string{w.dir}, names...)...)
}

// run runs a command of paymux to its end, in east's place.
func (w *world) run(args ...string) string {
	w.t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(cmd.Environ(), w.env...)
	var out []byte
	err := w.places["east"].net.do(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		w.t.Fatalf("paymux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// operate runs a command that reaches the registry, as an operator in a region: w.operate(w.west, "regions", "show").
func (w *world) operate(r *region, args ...string) string {
	w.t.Helper()
	file := write(w.t, w.dir, "operator-"+r.name+".yaml", w.natsLine(r.name, "operator")+"\n")
	return w.run(append(args, "-c", file)...)
}

// assign puts an assignment list in force, and returns when all frontends go by it.
func (w *world) assign(list string) {
	w.t.Helper()
	w.operate(w.east, "regions", "apply", write(w.t, w.dir, "regions.yaml", list), "--by", "test", "--reason", "the test's")
}

// ops is a client of a region's frontends with the operators' token.
func (r *region) ops() *client.Operator {
	r.w.t.Helper()
	o, err := client.NewOperator(client.Config{BaseURLs: r.urls, Key: opsToken, Attempts: 1, HTTP: r.w.places["outside"].http()})
	if err != nil {
		r.w.t.Fatal(err)
	}
	return o
}

// opening begins the order of the first payment of each frontend, which the books leave out.
const opening = "opening-"

// ready waits until the regions serve, and every frontend has taken a payment: a journal that is new, or was away, is given time.
func (w *world) ready() {
	w.t.Helper()
	for _, r := range w.regions {
		r.ready(len(w.regions))
	}
	w.registered()
	for _, r := range w.regions {
		w.opens(r)
	}
}

// registered waits until every node, frontend and gateway is in the registry: before, a region is taken for one without nodes.
func (w *world) registered() {
	w.t.Helper()
	want := 0
	for _, r := range w.regions {
		want += len(r.nodes) + len(r.fronts) + 1
	}
	seen := 0
	if !within(30*time.Second, func() bool {
		seen = strings.Count(w.operate(w.east, "topology"), " ready ")
		return seen >= want
	}) {
		w.t.Fatalf("%d of %d processes are in the registry", seen, want)
	}
}

func (w *world) opens(r *region) {
	w.t.Helper()
	m := w.trader(r)
	for n, url := range r.urls {
		c, key := w.client(m, url), fmt.Sprint(opening, r.name, n)
		var err error
		if !within(60*time.Second, func() bool {
			ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Second)
			defer cancel()
			_, err = c.CreatePayment(ctx, cardPayment(key, ""), client.IdempotencyKey(key))
			return err == nil
		}) {
			w.t.Fatalf("the frontend %s takes no payment: %v", url, err)
		}
	}
}

// ready waits until a region's frontends serve and its nodes know so many gateways.
func (r *region) ready(gateways int) {
	r.w.t.Helper()
	outside, last := r.w.places["outside"].http(), error(nil)
	if !within(60*time.Second, func() bool {
		for _, url := range r.urls {
			answer, err := outside.Get(url + "/readyz")
			if last = err; err != nil {
				return false
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				last = fmt.Errorf("%s answers %s", url, answer.Status)
				return false
			}
		}
		list, err := r.ops().Channels(r.w.t.Context())
		if last = err; err != nil {
			return false
		}
		found := 0
		for _, c := range list {
			for _, v := range c.Versions {
				found += len(v.Instances)
			}
		}
		last = fmt.Errorf("%d gateways are known", found)
		return found >= gateways
	}) {
		r.w.t.Fatalf("region %s is not ready: %v", r.name, last)
	}
}

// startAll starts processes side by side.
func startAll(parts []*part) {
	for _, p := range parts {
		p.t.Helper()
		p.begin()
	}
	for _, p := range parts {
		p.await(`"msg":"ready"`)
	}
}

// kill ends everything of a region at once, its database with it, as if the place burnt down. start brings it back with its data.
func (r *region) kill() {
	r.w.t.Helper()
	for _, p := range r.parts() {
		p.kill()
	}
	if err := r.cluster.Crash(); err != nil {
		r.w.t.Fatal(err)
	}
}

func (r *region) start() {
	r.w.t.Helper()
	if err := r.cluster.Launch(r.w.t.Context()); err != nil {
		r.w.t.Fatal(err)
	}
	startAll(r.parts())
}
