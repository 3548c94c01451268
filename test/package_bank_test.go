package test_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// bank is the sandbox institution as a process of its own, which outlives every package and keeps the book.
type bank struct {
	t   *testing.T
	dir string
	url string
	*part
	control *client.Operator
}

// crowds are places for tests that put a split system under load: with more of them at once, two processors
// would be measured instead of Paymux, and tests beside them would run out of time.
var crowds = make(chan struct{}, 4)

// newCrowd is newSplit for such a test, once there is a place.
func newCrowd(t *testing.T, channels ...string) *split {
	t.Helper()
	crowds <- struct{}{}
	t.Cleanup(func() { <-crowds })
	return newSplit(t, channels...)
}

// openBank starts a bank whose account bears a name and has options of the bank's side, each name=text.
func (s *split) openBank(account string, options ...string) *bank {
	s.t.Helper()
	b := &bank{t: s.t, dir: s.t.TempDir()}
	address := freeAddress(s.t)
	b.url = "http://" + address
	args := []string{"sandbox", "serve", "--listen", address, "--dir", b.dir, "--accounts", account, "--delay", "300ms", "-o", "json"}
	for _, o := range options {
		args = append(args, "--option", o)
	}
	b.part = s.part("bank", args...)
	b.begin()
	b.await(`"base_url"`)
	token, err := os.ReadFile(filepath.Join(b.dir, "ops.token"))
	if err != nil {
		s.t.Fatal(err)
	}
	b.control, err = client.NewOperator(client.Config{BaseURL: b.url, Key: paymux.Secret(strings.TrimSpace(string(token))), Attempts: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// faults switches an account's faults. Notifications are never sent: the frontend of the tests has no
// public address, and what a callback would tell is found by asking.
func (b *bank) faults(account string, f sandbox.Faults) {
	b.t.Helper()
	f.Callbacks = sandbox.CallbacksLost
	if err := b.control.Call(b.t.Context(), http.MethodPut, "/sandbox/api/accounts/"+account+"/faults", f, nil); err != nil {
		b.t.Fatal(err)
	}
}

// approve plays the payer of a payment's order.
func (b *bank) approve(id paymux.PaymentID) error {
	return b.control.Call(b.t.Context(), http.MethodPost, "/sandbox/api/payments/"+string(id)+"/approve", nil, nil)
}

// booked is what the bank's book says of a payment: how much money moved, and how many operations moved it.
func (b *bank) booked(id paymux.PaymentID) (money int64, effects int) {
	b.t.Helper()
	for _, c := range b.charges("payment=" + string(id)) {
		if c.Effects > 1 {
			b.t.Errorf("the bank did %s %d times", c.Operation, c.Effects)
		}
		if c.Kind == paymux.Pay && c.Effects > 0 {
			money, effects = money+c.Amount, effects+c.Effects
		}
	}
	return money, effects
}

// charges are the book's newest lines, a thousand at most.
func (b *bank) charges(query string) []sandbox.Charge {
	b.t.Helper()
	var list struct{ Data []sandbox.Charge }
	if err := b.control.Call(b.t.Context(), http.MethodGet, "/sandbox/api/charges?limit=1000&"+query, nil, &list); err != nil {
		b.t.Fatal(err)
	}
	return list.Data
}

// key is what calls to the bank bear.
func (b *bank) key() string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, sandbox.KeyFile))
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// account is a line of paymux.yaml for an account at the bank, reached by a URL. Its keys are files, not of the key service.
func (b *bank) account(name, url string, methods ...string) string {
	return fmt.Sprintf("{name: %s, channel: sandbox, methods: [%s], options: {base_url: %q, api_key: %q, callback_secret: %q}}",
		name, strings.Join(methods, ", "), url, "file:"+filepath.Join(b.dir, sandbox.KeyFile), "file:"+filepath.Join(b.dir, sandbox.SecretFile))
}

// toBank prepares a gateway of a version to the bank. instance tells processes of one version apart.
func (s *split) toBank(version, instance string, accounts ...string) *part {
	s.t.Helper()
	return s.role("gateway-sandbox-"+version+instance, "gateway-sandbox", "roles: [gateway]", "gateway: {version: "+version+"}", "sandbox: {remote: true}",
		"accounts:\n - "+strings.Join(accounts, "\n - "))
}

// compare holds what was bought against the bank's whole book, both ways: an operation moved money once at most, and
// exactly what our books say was received over the bank's accounts was taken there.
func (b *bank) compare(deals []*deal) {
	b.t.Helper()
	book := b.charges("")
	if len(book) == 1000 {
		b.t.Fatal("the book is longer than one answer")
	}
	taken := map[paymux.PaymentID]int64{}
	for _, c := range book {
		if c.Effects > 1 {
			b.t.Errorf("the bank did %s %d times", c.Operation, c.Effects)
		}
		if c.Kind == paymux.Pay && c.Effects > 0 {
			taken[c.Payment] += c.Amount
		}
	}
	for _, d := range deals {
		if d.payment == nil {
			continue
		}
		want := int64(0)
		if d.payment.Channel == "sandbox" {
			want = d.payment.AmountReceived
		}
		if taken[d.payment.ID] != want {
			b.t.Errorf("%s is %s at %s, received %d; the bank's book says %d", d.payment.ID, d.payment.Status, d.payment.Account, d.payment.AmountReceived, taken[d.payment.ID])
		}
		delete(taken, d.payment.ID)
	}
	for id, amount := range taken {
		b.t.Errorf("the bank took %d for %s, of which no merchant knows", amount, id)
	}
}

// merchantAt is a merchant that may use some accounts alone.
func (s *split) merchantAt(accounts ...string) *client.Client {
	s.t.Helper()
	var m paymux.Merchant
	err := s.ops().Call(s.t.Context(), http.MethodPost, "/ops/v1/merchants",
		map[string]any{"name": "Tea House", "policy": map[string]any{"bearer": true, "accounts": accounts}}, &m)
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
	return c
}
