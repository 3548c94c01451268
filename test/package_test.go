package test_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paymux/paymux/channel/sandbox"
)

// program is a process beside Paymux: a NATS server, a service package.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended

	mu  sync.Mutex // guards out
	out bytes.Buffer
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *program) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// begin starts a program, which ends with the test at the latest.
func begin(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // the exit code is looked at where it matters
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-p.done
	})
	return p
}

// await returns what a pattern finds in what the program says.
func (p *program) await(pattern string) string {
	p.t.Helper()
	find := regexp.MustCompile(pattern)
	var found []string
	if !within(30*time.Second, func() bool { found = find.FindStringSubmatch(p.said()); return found != nil }) {
		p.t.Fatalf("%s does not say %s, but\n%s", p.cmd.Path, pattern, p.said())
	}
	return found[len(found)-1]
}

// ends stops the program, which has to end well.
func (p *program) ends() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("%s goes on after SIGTERM:\n%s", p.cmd.Path, p.said())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("%s: exit code %d\n%s", p.cmd.Path, code, p.said())
	}
}

// exchange is a NATS server in a process of its own, where each party has its own credentials and rights.
type exchange struct {
	dir, url string
}

func newExchange(t *testing.T, channels ...string) exchange {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command(binary, "nats", "init", "--dir", dir, "--channels", strings.Join(channels, ",")).CombinedOutput(); err != nil {
		t.Fatalf("nats init: %v\n%s", err, out)
	}
	server := begin(t, exec.Command(binary, "nats", "serve", "-c", filepath.Join(dir, "nats.conf"), "--listen", "127.0.0.1:0"))
	return exchange{dir: dir, url: "tls://" + server.await(`"msg":"ready","listen":"([^"]+)"`)}
}

func (e exchange) file(name string) string { return filepath.Join(e.dir, name) }

// suite is paymux channel test with a node's credentials: what it says, and its exit code.
func (e exchange) suite(t *testing.T, channel, wait string) (said string, code int) {
	t.Helper()
	cmd := exec.Command(binary, "channel", "test", e.url+"/"+channel, "--nats-credentials", e.file("node.nk"), "--nats-ca", e.file("ca.pem"), "--wait", wait)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// A package in another language, which has nothing of Paymux but the contract, passes the suite.
func TestAPackageInAnotherLanguage(t *testing.T) {
	t.Parallel()
	modules := nodeModules(t, "nats")
	dir := t.TempDir()
	text, err := os.ReadFile("../examples/node-package/bank.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bank.mjs"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	e := newExchange(t, "nodebank")
	cmd := exec.Command("node", "bank.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NATS_URL="+e.url, "NATS_SEED="+e.file("gateway-nodebank.nk"), "NATS_CA="+e.file("ca.pem"))
	bank := begin(t, cmd)
	said, code := e.suite(t, "nodebank", "30s")
	if code != 0 {
		t.Fatalf("exit code %d:\n%s\nThe package says:\n%s", code, said, bank.said())
	}
	for _, part := range []string{"✓ paying", "✓ refunds", "✓ notifications", "✓ broken lines", "✓ statements", "✓ the wire", "✓ the lease"} {
		if !strings.Contains(said, part) {
			t.Errorf("there is no %q in\n%s", part, said)
		}
	}
	bank.ends()
	if said, code := e.suite(t, "nodebank", "1s"); code != 1 || !strings.Contains(said, "no package of channel nodebank is ready") {
		t.Errorf("after its end: exit code %d\n%s", code, said)
	}
}

// nodeModules is where Node finds modules. Without them the test is skipped; the check script installs them.
func nodeModules(t *testing.T, names ...string) string {
	t.Helper()
	dir, err := filepath.Abs("interop/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "node"
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name, "package.json")); err != nil {
			missing = "npm module " + name + " (npm ci in test/interop)"
		}
	}
	switch {
	case missing == "":
	case os.Getenv("PAYMUX_CHECK") == "1":
		t.Fatal("missing: " + missing)
	default:
		t.Skip("missing: " + missing)
	}
	return dir
}

// A package of the house, built alone, with its institution in yet another process's place, passes it, too.
func TestAPackageOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	built := filepath.Join(dir, "paymux-sandbox")
	if out, err := exec.Command("go", slices.Concat([]string{"build", "-o", built}, buildFlags, []string{"../channel/sandbox/paymux-sandbox"})...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	bank, err := sandbox.NewInstitution(sandbox.Config{CallbackSecret: "sbxsec_0123456789abcdef0123456789abcdef", APIKey: "sbxkey_0123456789abcdef0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bank.Stop)
	institution := httptest.NewServer(bank.Wire())
	t.Cleanup(institution.Close)
	e := newExchange(t, "sandbox")
	conf := filepath.Join(dir, "sandbox.yaml")
	text := "nats: {url: \"" + e.url + "\", credentials: \"file:" + e.file("gateway-sandbox.nk") + "\", ca: " + e.file("ca.pem") + "}\n" +
		"accounts: [{name: main, options: {base_url: \"" + institution.URL + "\", api_key: env:TEST_API_KEY, callback_secret: env:TEST_CALLBACK_SECRET}}]\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(built, "-config", conf)
	cmd.Env = append(os.Environ(), "TEST_API_KEY=sbxkey_0123456789abcdef0123456789abcdef", "TEST_CALLBACK_SECRET=sbxsec_0123456789abcdef0123456789abcdef")
	p := begin(t, cmd)
	said, code := e.suite(t, "sandbox", "30s")
	if code != 0 {
		t.Fatalf("exit code %d:\n%s\nThe package says:\n%s", code, said, p.said())
	}
	p.ends()
	if strings.Contains(p.said(), "sbxkey_") || strings.Contains(p.said(), "sbxsec_") {
		t.Errorf("a secret is in the log:\n%s", p.said())
	}
}
