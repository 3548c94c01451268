package gateway_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/monitor/health"
)

// driver is an institution of options only.
func driver() *channel.Driver {
	d := &channel.Driver{
		Name: "acme", Title: "Acme Bank", Methods: []paymux.MethodType{paymux.Card, paymux.Alipay}, TimeLimit: time.Second,
		Options: []channel.Option{
			{Name: "merchant", Help: "Its number there.", Required: true},
			{Name: "base_url", Help: "Where it is.", Default: "https://acme.example"},
			{Name: "signing_key", Help: "Signs requests.", Secret: true, Kind: channel.KeyRSA},
		},
	}
	d.Open = func(c channel.Config) (channel.Channel, error) { return nil, d.Check(c.Options) }
	return d
}

// ran is what a command line says and its exit code. Text that is no flag's is the configuration.
func ran(t *testing.T, config string, args ...string) (said string, code int) {
	t.Helper()
	if config != "" {
		file := filepath.Join(t.TempDir(), "acme.yaml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-config", file)
	}
	var out bytes.Buffer
	env := map[string]string{"ACME_KEY": "a secret that is no PEM"}
	code = gateway.RunProgram(t.Context(), "1.2.3", driver(), args, func(name string) string { return env[name] }, &out)
	return out.String(), code
}

func TestProgramWithoutAConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"-version"}, 0, []string{"paymux-acme 1.2.3\n"}},
		{[]string{"-h"}, 0, []string{"Acme Bank", "merchant", "(required)", "base_url", "(default https://acme.example)", "accounts:", "name: acme-main"}},
		{nil, 2, []string{"-config FILE"}},
		{[]string{"-check"}, 2, []string{"-config FILE"}},
		{[]string{"-levitate"}, 2, []string{"flag provided but not defined: -levitate"}},
		{[]string{"-config", "no/such/file"}, 2, []string{"read the configuration", "no such file"}},
	} {
		said, code := ran(t, "", c.args...)
		if code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.args, code, c.code)
		}
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("%v: there is no %q in\n%s", c.args, want, said)
			}
		}
	}
}

func TestProgramChecksItsConfiguration(t *testing.T) {
	t.Parallel()
	const nats = "nats: {url: nats://127.0.0.1:1}\n"
	for name, c := range map[string]struct {
		config string
		code   int
		says   string
	}{
		"good":              {nats + "accounts: [{name: main, methods: [card], options: {merchant: '7', signing_key: key:acme-signing}}]", 0, "the configuration is good: 1 accounts"},
		"no YAML":           {"nats: [", 2, "acme.yaml: yaml:"},
		"unknown key":       {nats + "accouns: []", 2, "field accouns not found in the configuration"},
		"no NATS":           {"accounts: [{name: main, options: {merchant: '7'}}]", 2, "nats.url: is missing"},
		"no accounts":       {nats, 2, "accounts: there is none"},
		"no version":        {nats + "version: '1 2'\naccounts: [{name: main, options: {merchant: '7'}}]", 2, `version "1 2" must have`},
		"negative":          {nats + "weight: -1\naccounts: [{name: main, options: {merchant: '7'}}]", 2, "must not be negative"},
		"log level":         {nats + "log_level: loud\naccounts: [{name: main, options: {merchant: '7'}}]", 2, `log_level: "loud" is not debug`},
		"monitor":           {nats + "monitor: {listen: here}\naccounts: [{name: main, options: {merchant: '7'}}]", 2, `monitor.listen: "here" is not an address`},
		"twice":             {nats + "accounts: [{name: main, options: {merchant: '7'}}, {name: main, options: {merchant: '8'}}]", 2, `accounts[1].name: "main" must be a name`},
		"bad name":          {nats + "accounts: [{name: 'Main.1', options: {merchant: '7'}}]", 2, `accounts[0].name: "Main.1"`},
		"missing option":    {nats + "accounts: [{name: main}]", 2, `accounts[0] (main): channel acme: option "merchant" is missing`},
		"unknown option":    {nats + "accounts: [{name: main, options: {merchant: '7', mercant: '7'}}]", 2, `option "mercant" is unknown`},
		"unknown method":    {nats + "accounts: [{name: main, methods: [paypal], options: {merchant: '7'}}]", 2, `method "paypal" is none of channel acme`},
		"unreadable secret": {nats + "accounts: [{name: main, options: {merchant: env:ACME_NOT_SET}}]", 2, "option merchant: read secret: the environment has no ACME_NOT_SET"},
		"bad key":           {nats + "accounts: [{name: main, options: {merchant: '7', signing_key: env:ACME_KEY}}]", 2, `option "signing_key"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, code := ran(t, c.config, "-check")
			if code != c.code || !strings.Contains(said, c.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, c.code, c.says, said)
			}
			if strings.Contains(said, "no PEM") {
				t.Errorf("the secret is told: %s", said)
			}
		})
	}
}

// Without -check the same faults end the program before it connects to anything.
func TestProgramDoesNotStartWithABadConfiguration(t *testing.T) {
	t.Parallel()
	if said, code := ran(t, "accounts: []"); code != 2 || !strings.Contains(said, "nats.url: is missing") || !strings.Contains(said, "accounts: there is none") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

// A cluster that is not there is waited for, until the program is told to end.
func TestProgramEndsWhileItWaitsForNATS(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "acme.yaml")
	if err := os.WriteFile(file, []byte("nats: {url: nats://127.0.0.1:1}\naccounts: [{name: main, options: {merchant: '7'}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if code := gateway.RunProgram(ctx, "1.2.3", driver(), []string{"-config", file}, os.Getenv, &out); code != 1 || !strings.Contains(out.String(), "127.0.0.1:1") {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}

// The program is its own health check: a container of it has nothing else.
func TestProgramAsksItselfWhetherItIsReady(t *testing.T) {
	t.Parallel()
	const accounts = "nats: {url: nats://127.0.0.1:1}\naccounts: [{name: main, options: {merchant: '7'}}]\n"
	if said, code := ran(t, accounts, "-healthcheck"); code != 2 || !strings.Contains(said, "monitor.listen is not set") {
		t.Errorf("without an address: exit code %d:\n%s", code, said)
	}
	s := &health.Server{}
	listens, err := s.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	monitored := accounts + "monitor: {listen: '" + listens + "'}\n"
	if said, code := ran(t, monitored, "-healthcheck"); code != 1 || !strings.Contains(said, "[-]start: not finished") {
		t.Errorf("of one that starts: exit code %d:\n%s", code, said)
	}
	s.Ready()
	if said, code := ran(t, monitored, "-healthcheck"); code != 0 || said != "" {
		t.Errorf("of one that is ready: exit code %d:\n%s", code, said)
	}
	s.Stop()
	if said, code := ran(t, monitored, "-healthcheck"); code != 1 || !strings.Contains(said, "connection refused") {
		t.Errorf("of one that is gone: exit code %d:\n%s", code, said)
	}
}
