package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/registry"
)

// natsFor runs paymux nats serve with one user, and returns where it is.
func natsFor(t *testing.T, d *desk) (url string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "nats.conf")
	conf := fmt.Sprintf("server_name: test\nlisten: \"127.0.0.1:-1\"\njetstream: {store_dir: %q}\nauthorization: {user: tester, password: \"a password\"}\n", dir)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	out := d.begin("nats", "serve", "-c", file)
	out.await(t, `"msg":"ready"`)
	return "nats://tester:a%20password@" + regexp.MustCompile(`"listen":"([^"]+)"`).FindStringSubmatch(out.String())[1]
}

// startPackage runs a package in front of a pretending institution, as a process of its own would.
func startPackage(t *testing.T, url, version string, flaw func(channel.Channel) channel.Channel) {
	t.Helper()
	bank, err := sandbox.NewInstitution(sandbox.Config{PublicURL: func() string { return "https://sandbox.example" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bank.Stop)
	driver := bank.Driver()
	a, err := gateway.Open(driver, gateway.Settings{Name: "main"}, gateway.Tools{Env: os.Getenv, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if flaw != nil {
		a.Channel = flaw(a.Channel)
	}
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	shared := registry.New(registry.Config{Conn: conn}) // it makes no bucket: paymux channel test does
	g, err := gateway.New(gateway.Config{
		Conn: conn, Registry: shared, Accounts: []*channel.Account{a}, Version: version, ID: gateway.InstanceID(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Stop(context.Background()) })
}

// forgetful answers refusals without saying why.
type forgetful struct{ channel.Channel }

func (f forgetful) Unwrap() channel.Channel { return f.Channel }

func (f forgetful) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := f.Channel.Do(ctx, op)
	r.DeclineCode = ""
	return r, err
}

func TestChannelTest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	url := natsFor(t, d)
	startPackage(t, url, "1.0.0", nil)

	text := d.do("channel", "test", url+"/sandbox")
	for _, want := range []string{"sandbox 1.0.0\n  ✓ main\n", "✓ paying\n", "✓ 3-D Secure\n", "✓ the same operation from many sides at once\n", "✓ unknown codes are counted", ", 0 failed;"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	var report channeltest.Report
	if err := json.Unmarshal([]byte(d.do("channel", "test", url+"/sandbox", "-o", "json", "--account", "main")), &report); err != nil || report.Failed || len(report.Parts) != 1 {
		t.Errorf("%+v, %v", report, err)
	}

	names := map[string]bool{}
	gatherNames(&report, names)
	for word := range channelTestWords() {
		if name, ok := strings.CutPrefix(word, "channel.part."); ok && !names[name] {
			t.Errorf("there is a title for %q, which is no part of the suite", name)
		}
	}

	startPackage(t, url, "2.0.0", func(c channel.Channel) channel.Channel { return forgetful{c} })
	file := filepath.Join(t.TempDir(), "paymux.yaml")
	if err := os.WriteFile(file, []byte("nats: {url: env:TEST_NATS}\nops_token: env:OPS\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.env["TEST_NATS"], d.env["OPS"] = url, "ops_token_of_the_tests_0123456789"
	out := newTranscript()
	if code := d.cli(out, out).run(t.Context(), []string{"channel", "test", "sandbox", "-c", file, "--version", "2.0.0", "--lang", "zh"}); code != exitFailed {
		t.Errorf("exit code %d of a defective package", code)
	}
	for _, want := range []string{"sandbox 2.0.0\n  ✗ main\n", "✗ 拒绝\n", "! declined without a decline code", "✓ 租约\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
}

func gatherNames(r *channeltest.Report, names map[string]bool) {
	names[r.Name] = true
	for _, part := range r.Parts {
		gatherNames(part, names)
	}
}

func TestChannelTestSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	url := natsFor(t, d)
	dev := filepath.Join(t.TempDir(), "paymux.yaml")
	if err := os.WriteFile(dev, []byte("ops_token: env:OPS\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.env["OPS"] = "ops_token_of_the_tests_0123456789"
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"mybank"}, exitUsage, "say where NATS is"},
		{[]string{"My Bank", "-c", dev}, exitUsage, "name a channel"},
		{[]string{"nats://127.0.0.1:1/"}, exitUsage, "name a channel"},
		{[]string{"nats://127.0.0.1:1/mybank", "-c", dev}, exitUsage, "say where NATS is"},
		{[]string{"mybank", "-c", dev}, exitUsage, "embeds NATS"},
		{[]string{"mybank", "-c", dev + ".not"}, exitUsage, "no such file"},
		{[]string{"nats://127.0.0.1:1/mybank", "--wait", "1ms"}, exitFailed, "connect to NATS at 127.0.0.1:1"},
		{[]string{url + "/mybank", "--nats-credentials", dev + ".nk"}, exitUsage, "nats.credentials: read secret"},
		{[]string{url + "/mybank", "--wait", "50ms", "--version", "7"}, exitFailed, "no package of channel mybank is ready (version 7"},
	} {
		out := newTranscript()
		code := d.cli(out, out).run(t.Context(), append([]string{"channel", "test"}, c.args...))
		if code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%v: exit code %d, want %d and %q:\n%s", c.args, code, c.code, c.says, out)
		}
		if strings.Contains(out.String(), "password") {
			t.Errorf("%v: the password is told: %s", c.args, out)
		}
	}
	startPackage(t, url, "1.0.0", nil)
	startPackage(t, url, "1.1.0", nil)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--account", "no_such", "--wait", "50ms"}, exitFailed, "(version *, account no_such)"},
		{[]string{"--account", "main"}, exitUsage, "choose one with --version: 1."},
	} {
		out := newTranscript()
		code := d.cli(out, out).run(t.Context(), append([]string{"channel", "test", url + "/sandbox"}, c.args...))
		if code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%v: exit code %d, want %d and %q:\n%s", c.args, code, c.code, c.says, out)
		}
	}
}
