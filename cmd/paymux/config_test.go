package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func noEnv(string) string { return "" }

func TestConfigValues(t *testing.T) {
	t.Parallel()
	text := `
listen: 0.0.0.0:80
public_url: https://pay.example/
region: {name: east, number: 7}
store:
  engine: postgres
  url: file:/run/secrets/db
accounts:
  - name: main
    channel: stripe
    methods: [card]
    options: {secret_key: "env:STRIPE_KEY"}
access: {trusted_proxies: [10.0.0.0/8], signature_window: 1m}
`
	env := map[string]string{"PAYMUX_REGION_NUMBER": "9", "PAYMUX_NOTIFY_ALLOW_NETWORKS": "127.0.0.0/8,::1/128", "PAYMUX_SANDBOX_ENABLED": "true"}
	got, from, err := parseConfig("paymux.yaml", []byte(text), func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Listen, want.PublicURL = "0.0.0.0:80", "https://pay.example/"
	want.Region = RegionConfig{Name: "east", Number: 9}
	want.Store = StoreConfig{Engine: "postgres", URL: "file:/run/secrets/db"}
	want.Accounts = []AccountConfig{{Name: "main", Channel: "stripe", Methods: []string{"card"}, Options: map[string]Ref{"secret_key": "env:STRIPE_KEY"}}}
	want.Access.TrustedProxies, want.Access.SignatureWindow = []string{"10.0.0.0/8"}, time.Minute
	want.Notify.AllowNetworks = []string{"127.0.0.0/8", "::1/128"}
	want.Sandbox.Enabled = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, place := range map[string]string{"listen": "paymux.yaml:2", "region.number": "PAYMUX_REGION_NUMBER", "accounts[0].channel": "paymux.yaml:10", "data_dir": ""} {
		if from[name] != place {
			t.Errorf("%s comes from %q, want %q", name, from[name], place)
		}
	}
}

// A rule set in the configuration is looked at before anything starts: file, line, path and remedy are told.
func TestConfiguredRules(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	for text, want := range map[string]string{
		"name: a\nfallback: {all: true}\n":                                      "",
		"name: a\nstatic:\n- {name: all, uses: [one]}\nfallback: {all: true}\n": file + ": line 3, static[0].uses",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := RoutingConfig{File: file}
		got, err := c.read()
		if want == "" && (err != nil || got != text) || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "routing.file: ")) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	c := RoutingConfig{File: file + ".away"}
	if _, err := c.read(); err == nil || !strings.HasPrefix(err.Error(), "routing.file: ") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	cases := []struct{ text, want string }{
		{"lisen: x:1", `c.yaml:1: unknown key "lisen"; did you mean "listen"?`},
		{"zzzzzzzzzz: 1", `c.yaml:1: unknown key "zzzzzzzzzz"; the keys here are roles, listen, `},
		{"roles: [node, cook]", `c.yaml:1: roles: "cook" must be one of frontend, node, gateway, keys`},
		{"roles: []", "roles: there is none"},
		{"roles: [node]", "nats.url: is needed where the roles are spread"},
		{"{roles: [frontend], accounts: [{name: a, channel: x}], nats: {url: 'nats://n'}}", "accounts: belong to processes with the role gateway"},
		{"{roles: [node], nats: {url: 'nats://n'}}", "public_url: is needed by a node"},
		{"nats: {wait: -1s}", "nats.wait: -1s is negative"},
		{"nats: {url: 'nats://n', state_cluster: 'a b'}", `nats.state_cluster: "a b" is not a name`},
		{"nats: {url: 'nats://n', replicas: 2}", "nats.replicas: 2 is not 1, 3 or 5"},
		{"nats: {state_cluster: witness}", "nats.state_cluster and nats.replicas: are about a cluster, which nats.url has to name"},
		{"{roles: [frontend, keys], sandbox: {enabled: true}, nats: {url: 'nats://n'}}", "sandbox.enabled: needs the role gateway"},
		{"log: {level: loud}", `c.yaml:1: log.level: "loud" is not debug`},
		{"log: {format: xml}", `log.format: "xml"`},
		{"store: {engine: postgres}", "store.url: is needed with engine postgres"},
		{"store: {engine: mysql}", `store.engine: "mysql" is not sqlite or postgres`},
		{"public_url: pay.example", `public_url: "pay.example" is not of the form`},
		{"public_url: https://pay.example/base", `public_url: "https://pay.example/base" is not of the form`},
		{"notify: {allow_networks: [10.0.0.1]}", `notify.allow_networks: "10.0.0.1" is not a network`},
		{"accounts: [{name: A b, channel: x}]", `accounts[0].name: "A b" is not a name`},
		{"accounts: [{name: a, channel: x}, {name: a, channel: x}]", `accounts[1].name: "a" is there twice`},
		{"access: {signature_window: 2h}", "access.signature_window: 2h0m0s is not between"},
		{"access: {traffic_window: 1ms}", "access.traffic_window"},
		{"relay: {horizon: 48h}", "relay.horizon"},
		{"listen: ':80'", "public_url: is needed where listen (:80) is every address"},
		{"listen: '[::]:80'", "public_url: is needed"},
		{"data_dir: ''", "data_dir: is empty"},
		{"node: {weight: 10001}", "c.yaml:1: node.weight: 10001 is not between 0 and 10000"},
		{"access: {drain: 1h}", "access.drain: 1h0m0s is not between 0s and 5m0s"},
		{"access: {standby_group: door}", "access.standby_group: needs nats.url"},
		{"{access: {standby_group: Front door}, nats: {url: 'nats://n'}}", `access.standby_group: "Front door" is not a name`},
		{"{roles: [keys], access: {standby_group: door}, nats: {url: 'nats://n'}}", "access.standby_group: is of processes with the role frontend"},
		{"trace: {endpoint: 'collector:4318'}", `c.yaml:1: trace.endpoint: "collector:4318" is not of the form http://127.0.0.1:4318`},
		{"trace: {endpoint: 'https://user:secret@collector/'}", "trace.endpoint: must name no user"},
		{"trace: {sample: 1.5}", "c.yaml:1: trace.sample: 1.5 is not between 0 and 1"},
		{"trace: {sample: .nan}", "trace.sample: NaN is not between 0 and 1"},
		{"trace: {asked: -1}", "trace.asked: -1 is negative"},
		{"monitor: {listen: here}", `monitor.listen: "here" is not an address and port`},
		{"{listen: 'h:80', public_url: 'http://h', monitor: {listen: 'h:80'}}", "monitor.listen: h:80 is listen, which the public reaches"},
		{"{roles: [frontend], routing: {file: rules.yaml}, nats: {url: 'nats://n'}}", "c.yaml:1: routing.file: belongs to processes with the role node"},
		{"node: {rated: -1}", "node.rated: -1 is negative"},
		{"listen: [1]", "c.yaml:1: cannot unmarshal"},
		{"a: b: c", "c.yaml: yaml:"},
	}
	for _, c := range cases {
		_, _, err := parseConfig("c.yaml", []byte(c.text), noEnv)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// A gateway without a frontend may have a sandbox whose pages nobody reaches: payers there act by themselves.
func TestASandboxMayBeInAGatewayAlone(t *testing.T) {
	t.Parallel()
	c, _, err := parseConfig("c.yaml", []byte("{roles: [gateway], sandbox: {enabled: true}, nats: {url: 'nats://n'}}"), noEnv)
	if err != nil || !c.Sandbox.Enabled {
		t.Errorf("%+v, %v", c.Sandbox, err)
	}
}

func TestConfigEnvironmentFaults(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PAYMUX_REGION_NUMBER": "many"}
	_, _, err := parseConfig("", nil, func(name string) string { return env[name] })
	if err == nil || !strings.Contains(err.Error(), "PAYMUX_REGION_NUMBER: is not a value for region.number (int)") {
		t.Errorf("error %v", err)
	}
}

func TestSecretsAreReadWhereTheyAre(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"THERE": "from env"}[name] }
	for ref, want := range map[Ref]string{"as it is": "as it is", "env:THERE": "from env", Ref("file:" + file): "from file", "": ""} {
		got, err := ref.Read(env)
		if err != nil || got.Reveal() != want {
			t.Errorf("%s: %q, error %v", ref, got.Reveal(), err)
		}
	}
	for _, ref := range []Ref{"env:NOT", "file:/not/there"} {
		if _, err := ref.Read(env); err == nil {
			t.Errorf("%s is read", ref)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.OpsToken, c.Store.URL, c.IDsKey = "hunter2", "hunter2", "env:IDS_KEY"
	c.Accounts = []AccountConfig{{Name: "a", Options: map[string]Ref{"key": "hunter2"}}}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", c, c, c), oneLine(c), oneLine(c.Accounts)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the secret is in %s", text)
		}
	}
	if got := oneLine(c.IDsKey); got != "env:IDS_KEY" {
		t.Errorf("a pointer to a secret is printed as %s", got)
	}
}

// TestEveryKeyIsExplained: config docs and config print are made from the struct's tags.
func TestEveryKeyIsExplained(t *testing.T) {
	t.Parallel()
	c := defaults()
	seen := map[string]bool{}
	for _, k := range settings(&c) {
		if k.help == "" || seen[envName(k.name)] {
			t.Errorf("%s has help %q; its variable is unique: %t", k.name, k.help, !seen[envName(k.name)])
		}
		seen[envName(k.name)] = true
	}
	for f := range reflect.TypeFor[AccountConfig]().Fields() {
		if f.Tag.Get("help") == "" {
			t.Errorf("accounts.%s has no help", f.Name)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{"", "listen: 127.0.0.1:1", "accounts: [{name: a}]", "store: {url: &a x, path: *a}", "? [a]\n: b", "a: !!binary x", "<<: {listen: a}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := parseConfig("c.yaml", []byte(text), noEnv)
		if err != nil {
			return
		}
		if err := c.check(); err != nil {
			t.Errorf("a configuration was accepted that check refuses: %v", err)
		}
	})
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"payment.succeeded", "payment.failed", "refund.succeeded"}
	for word, want := range map[string]string{"payment.suceeded": "payment.succeeded", "Payment.Failed": "payment.failed", "x": ""} {
		if got := nearest(word, words); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func FuzzScript(f *testing.F) {
	for _, seed := range []string{"", "account: a\nscript: [{do: decline}]", `{"account":"a","script":[{"do":"slow","latency_ms":3}]}`, "script: {1: 2}", "[1]", "? [a]\n: b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseScript([]byte(text))
		if err != nil {
			return
		}
		for _, step := range s.Script {
			if step.Times != 0 && len(narrowed(step)) > len(text)+200 {
				t.Errorf("more is shown than was said: %q", narrowed(step))
			}
		}
	})
}
