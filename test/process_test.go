// Package test holds the tests of the whole system: the real binary in processes of
// its own, killed and restarted, against outside parties that are small real servers.
package test_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/pgcluster"
)

// binary is the program under test, built once by TestMain.
var binary string

// sideBySide is how many tests run at once: nearly all of their time is waiting for
// other processes' clocks, or for one of the worlds, so more than there are processors.
const sideBySide = "24"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paymux-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "paymux")
	build := exec.Command("go", slices.Concat([]string{"build", "-o", binary}, buildFlags, []string{"../cmd/paymux"})...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v: %s\n", err, out)
		return 1
	}
	return m.Run()
}

const opsToken = "ops_token_of_the_tests_0123456789"

// process is a paymux serve that can be killed and started again on the same data.
type process struct {
	t       *testing.T
	dir     string
	address string
	store   string // a line of paymux.yaml
	extra   []string
	level   string   // of its log; empty: info
	wrap    []string // what starts it, before the program's own command line

	accounts []string           // lines of paymux.yaml
	env      []string           // of the process alone, so that tests may run side by side
	cluster  *pgcluster.Cluster // of engine postgres

	cmd    *exec.Cmd
	exited chan struct{}
	mu     sync.Mutex
	log    bytes.Buffer
}

// newProcess prepares a process on an engine's empty database. It is not started.
func newProcess(t *testing.T, engine string, extra ...string) *process {
	t.Helper()
	p := &process{
		t: t, dir: t.TempDir(), address: freeAddress(t), extra: extra, store: "store: {engine: sqlite}", level: "info",
		env: []string{"TEST_OPS_TOKEN=" + opsToken},
		accounts: []string{
			"{name: cards, channel: sandbox, methods: [card]}",
			"{name: wallet, channel: sandbox, methods: [wechat_pay, alipay]}",
			"{name: wallet_b, channel: sandbox, methods: [wechat_pay, alipay], options: {magic_503: \"off\"}}",
		},
	}
	if engine == "postgres" {
		p.store = "store: {engine: postgres, url: env:TEST_DATABASE}"
		p.cluster = newCluster(t)
		p.env = append(p.env, "TEST_DATABASE="+p.cluster.URL("paymux"))
	}
	t.Cleanup(func() {
		p.kill()
		p.sound()
	})
	return p
}

// sound reports what no process may ever log.
func (p *process) sound() {
	log := p.logged()
	for _, mark := range []string{"WARNING: DATA RACE", "panic:", "panicked", "goroutine "} {
		if at := strings.Index(log, mark); at >= 0 {
			p.t.Errorf("the process logged %q: %s", mark, log[at:min(len(log), at+3000)])
			return
		}
	}
}

// newCluster has an empty database and fsync on: durability is what is tested.
func newCluster(t *testing.T) *pgcluster.Cluster {
	t.Helper()
	cluster, err := pgcluster.New(t.Context(), pgcluster.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Remove() })
	if err := cluster.CreateDatabase(t.Context(), "paymux", ""); err != nil {
		t.Fatal(err)
	}
	return cluster
}

// freeAddress is an address that nobody listens on and that no other test is given. Its port is below those of outgoing
// connections, one of which would sooner or later take it while a process that was killed is not there yet again, and above
// those that other packages' tests, which run beside these, choose.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 16000+rand.IntN(16000))
		if _, taken := addresses.LoadOrStore(address, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free address")
	return ""
}

// addresses are those that were given out.
var addresses sync.Map

func (p *process) url() string { return "http://" + p.address }

func (p *process) sandboxDir() string { return filepath.Join(p.dir, "sandbox") }

func (p *process) config() string {
	return strings.Join(append([]string{
		"listen: " + p.address, "data_dir: " + p.dir, p.store, "ops_token: env:TEST_OPS_TOKEN", "sandbox: {enabled: true}",
		"access: {traffic_requests: 0}", "notify: {allow_networks: [127.0.0.0/8]}", "log: {level: " + p.level + ", requests: true}",
		"accounts:", " - " + strings.Join(p.accounts, "\n - "),
	}, append(p.extra, "")...), "\n")
}

// start starts the process and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	config := filepath.Join(p.dir, "paymux.yaml")
	if err := os.WriteFile(config, []byte(p.config()), 0o600); err != nil {
		p.t.Fatal(err)
	}
	line := slices.Concat(p.wrap, []string{binary, "serve", "-c", config})
	p.cmd = exec.Command(line[0], line[1:]...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = p, p, append(os.Environ(), p.env...)
	p.exited = make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // being killed is how it is meant to end
		close(exited)
	}(p.cmd, p.exited)
	p.await("ready", 20*time.Second, func() bool {
		select {
		case <-p.exited:
			p.t.Fatalf("it ended: %s", p.logged())
		default:
		}
		answer, err := http.Get(p.url() + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

// stop ends it in order.
func (p *process) stop() { p.signal(syscall.SIGTERM) }

func (p *process) signal(s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // it may have ended already
	<-p.exited
	p.cmd = nil
}

// Write gathers the process's log.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// await polls a condition of another process, which has no signal to wait on.
func (p *process) await(what string, limit time.Duration, done func() bool) {
	p.t.Helper()
	if !within(limit, done) {
		log := p.logged()
		p.t.Fatalf("not %s within %s; the end of its log:\n%s", what, limit, log[max(0, len(log)-4000):])
	}
}

func within(limit time.Duration, done func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !done(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// ops is a client with the operators' token.
func (p *process) ops() *client.Client { return p.client(client.Config{Key: opsToken}) }

func (p *process) client(c client.Config) *client.Client {
	p.t.Helper()
	c.BaseURL, c.Attempts = p.url(), 1
	opened, err := client.New(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return opened
}

// merchant makes a merchant with a bearer key.
func (p *process) merchant(policy map[string]any) (*client.Client, paymux.Secret) {
	p.t.Helper()
	if policy == nil {
		policy = map[string]any{}
	}
	policy["bearer"] = true
	var m paymux.Merchant
	p.call(p.ops(), http.MethodPost, "/ops/v1/merchants", map[string]any{"name": "Tea House", "policy": policy}, &m)
	var key client.KeyWithSecret
	p.call(p.ops(), http.MethodPost, "/ops/v1/merchants/"+string(m.ID)+"/api_keys", map[string]any{"kind": paymux.KeyBearer, "name": "test"}, &key)
	return p.client(client.Config{Key: key.Secret}), key.Secret
}

func (p *process) call(c *client.Client, method, path string, in, out any) {
	p.t.Helper()
	if err := c.Call(context.WithoutCancel(p.t.Context()), method, path, in, out); err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
}
