package test_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/stripefake"
)

// split is a whole system in which every role is a process of its own: frontend, node,
// key service, NATS, and one gateway a channel, each with its own credentials over TLS.
type split struct {
	t   *testing.T
	dir string
	url string // of the frontend
	at  string // NATS, as tls://…

	nats, keys, node, front *part
	gateways                map[string]*part // by channel
	bank                    *part            // the sandbox institution
	bankURL                 string
	stripe                  *stripefake.Institution
	store                   string   // of the node, a line of paymux.yaml
	every                   []string // lines in all configurations
	env                     []string
	imported                map[string]bool // keys, by name
}

// publicly is how institutions and payers are told to reach the frontend: some take https alone.
const publicly = "public_url: https://pay.example"

// newSplit starts everything but gateways.
func newSplit(t *testing.T, channels ...string) *split {
	t.Helper()
	return newSplitWith(t, nil, channels...)
}

// newSplitWith is newSplit with lines in the configuration of every role.
func newSplitWith(t *testing.T, every []string, channels ...string) *split {
	t.Helper()
	s := &split{t: t, every: every, dir: t.TempDir(), gateways: map[string]*part{}, store: "store: {engine: sqlite, seal: store}"}
	s.env = []string{"TEST_OPS_TOKEN=" + opsToken, "TEST_IDS_KEY=" + idsKey}
	credentials := filepath.Join(s.dir, "nats")
	natsAddress, frontAddress := freeAddress(t), freeAddress(t)
	s.run("nats", "init", "--dir", credentials, "--channels", strings.Join(channels, ","), "--listen", natsAddress)
	s.at, s.url = "tls://"+natsAddress, "http://"+frontAddress
	s.nats = s.part("nats", "nats", "serve", "-c", filepath.Join(credentials, "nats.conf"))
	s.nats.start()
	s.keys = s.role("keys", "keys", "roles: [keys]")
	s.keys.start()
	s.run("keys", "generate", "store", "--kind", "aes-gcm", "--owner", "platform", "--caller", "node", "--activate", "-c", s.dir+"/keys.yaml")
	s.run("keys", "generate", "jwe", "--kind", "ecdsa", "--owner", "platform", "--caller", "frontend", "--key-id", "jwe-1", "--activate", "-c", s.dir+"/keys.yaml")
	s.node = s.role("node", "node", "roles: [node]", s.store, publicly, "notify: {allow_networks: [127.0.0.0/8]}")
	s.node.start()
	s.front = s.role("frontend", "frontend", "roles: [frontend]", "listen: "+frontAddress, publicly,
		"ops_token: env:TEST_OPS_TOKEN", "access: {traffic_requests: 0, jwe_key: \"key:jwe\"}")
	s.front.start()
	return s
}

// part prepares a process that ends with the test.
func (s *split) part(name string, args ...string) *part {
	p := &part{t: s.t, name: name, args: args, env: s.env}
	s.t.Cleanup(func() {
		p.kill()
		p.sound()
	})
	return p
}

// run runs a command of paymux to its end.
func (s *split) run(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(cmd.Environ(), s.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("paymux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// role prepares a process of paymux serve with credentials of a party and its own directory.
func (s *split) role(name, party string, lines ...string) *part {
	s.t.Helper()
	lines = append(append(lines, s.every...), "data_dir: "+filepath.Join(s.dir, name), "ids_key: env:TEST_IDS_KEY", "log: {requests: false}", s.natsLine(party))
	return s.part(name, "serve", "-c", write(s.t, s.dir, name+".yaml", strings.Join(lines, "\n")+"\n"))
}

func (s *split) natsLine(party string) string {
	dir := filepath.Join(s.dir, "nats")
	return fmt.Sprintf("nats: {url: %q, credentials: %q, ca: %q}", s.at, "file:"+filepath.Join(dir, party+".nk"), "file:"+filepath.Join(dir, "ca.pem"))
}

// gateway prepares a channel's gateway of a version; accounts are lines of paymux.yaml.
func (s *split) gateway(channel, version string, lines []string, accounts ...string) *part {
	s.t.Helper()
	lines = append([]string{"roles: [gateway]", "gateway: {version: " + version + "}"}, lines...)
	lines = append(lines, "accounts:\n - "+strings.Join(accounts, "\n - "))
	return s.role("gateway-"+channel+"-"+version, "gateway-"+channel, lines...)
}

// openStripe starts Stripe's simulator and a gateway to it.
func (s *split) openStripe() {
	s.t.Helper()
	s.stripe = stripefake.New("sk_test_split")
	server := httptest.NewServer(s.stripe)
	s.t.Cleanup(server.Close)
	s.env = append(s.env, "TEST_STRIPE_KEY="+s.stripe.Key)
	s.gateways["stripe"] = s.gateway("stripe", "1.0.0", nil, stripeAccount(server.URL))
	s.gateways["stripe"].start()
}

func stripeAccount(url string) string {
	return "{name: cards, channel: stripe, methods: [card], options: {api_key: env:TEST_STRIPE_KEY, base_url: \"" + url + "\"}}"
}

// ops is a client with the operators' token.
func (s *split) ops() *client.Operator {
	s.t.Helper()
	o, err := client.NewOperator(client.Config{BaseURL: s.url, Key: opsToken, Attempts: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// merchant makes a merchant with a bearer key.
func (s *split) merchant() *client.Client {
	s.t.Helper()
	c, _ := s.merchantWithKey()
	return c
}

func (s *split) merchantWithKey() (*client.Client, paymux.Secret) {
	s.t.Helper()
	var m paymux.Merchant
	err := s.ops().Call(s.t.Context(), http.MethodPost, "/ops/v1/merchants", map[string]any{"name": "Tea House", "policy": map[string]any{"bearer": true}}, &m)
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := s.ops().CreateKey(s.t.Context(), m.ID, client.KeyRequest{Kind: paymux.KeyBearer})
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := client.New(client.Config{BaseURL: s.url, Key: key.Secret, Attempts: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	return c, key.Secret
}

// known waits until the node knows a version of a channel, or no longer does.
func (s *split) known(channel, version string, there bool) {
	s.t.Helper()
	if !within(20*time.Second, func() bool {
		list, err := s.ops().Channels(s.t.Context())
		if err != nil {
			return false
		}
		found := false
		for _, c := range list {
			for _, v := range c.Versions {
				found = found || c.Channel == channel && v.Version == version && len(v.Instances) > 0
			}
		}
		return found == there
	}) {
		list, err := s.ops().Channels(s.t.Context())
		s.t.Fatalf("%s %s, there %t: never; %+v, %v\n%s", channel, version, there, list, err, s.node.logged())
	}
}

// shows waits until an operator sees a process of each of these roles, and of no other.
func (s *split) shows(roles ...string) {
	s.t.Helper()
	file := write(s.t, s.dir, "operator.yaml", s.natsLine("operator")+"\n")
	var list []struct{ Role, State, Version string }
	if !within(20*time.Second, func() bool {
		list = nil
		if err := json.Unmarshal([]byte(s.run("topology", "-c", file, "-o", "json")), &list); err != nil {
			s.t.Fatal(err)
		}
		var seen []string
		for _, i := range list {
			if i.State == "ready" && i.Version != "" {
				seen = append(seen, i.Role)
			}
		}
		slices.Sort(seen)
		return slices.Equal(seen, roles)
	}) {
		s.t.Errorf("paymux topology shows %+v, want %v", list, roles)
	}
}

func cardPayment(order string, account string) client.PaymentRequest {
	return client.PaymentRequest{
		Amount: 1250, Currency: "USD", MerchantOrderID: order, Account: account,
		PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: stripefake.Visa}},
	}
}

func TestEveryRoleIsAProcess(t *testing.T) {
	t.Parallel()
	s := newSplit(t, "stripe")
	s.openStripe()
	s.known("stripe", "1.0.0", true)
	m := s.merchant()
	p, err := m.CreatePayment(t.Context(), cardPayment("A-1", "cards"))
	if err != nil || p.Status != paymux.Succeeded || p.Account != "cards" {
		t.Fatalf("%+v, %v", p, err)
	}
	s.shows("frontend", "gateway", "keys", "node")
	s.gateways["stripe"].kill()
	_, err = m.CreatePayment(t.Context(), cardPayment("A-2", "cards"))
	if !errors.Is(err, paymux.NotSent) && !errors.Is(err, paymux.NoChannel) {
		t.Errorf("with the gateway killed: %v", err)
	}
	s.known("stripe", "1.0.0", false)
	s.gateways["stripe"].start()
	s.known("stripe", "1.0.0", true)
	if p, err = m.CreatePayment(t.Context(), cardPayment("A-3", "cards")); err != nil || p.Status != paymux.Succeeded {
		t.Errorf("with the gateway back: %+v, %v", p, err)
	}
	for name, role := range map[string]*part{"node": s.node, "frontend": s.front, "keys": s.keys, "gateway": s.gateways["stripe"]} {
		if strings.Contains(strings.ToLower(role.logged()), "permissions violation") {
			t.Errorf("the %s wants of NATS what it may not:\n%s", name, role.logged())
		}
	}
}
