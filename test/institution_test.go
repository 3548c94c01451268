package test_test

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/all"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/adyenfake"
	"github.com/paymux/paymux/test/alipayfake"
	"github.com/paymux/paymux/test/paypalfake"
	"github.com/paymux/paymux/test/stripefake"
	"github.com/paymux/paymux/test/wechatpayfake"
)

// institution is an institution's simulator, as a server of its own, and how a payer pays there.
type institution struct {
	channel string
	options map[string]string // of the account
	env     []string          // of the process that calls it
	method  client.PaymentMethod
	// act does what a payer has to do after a payment was created; the money is there then. Nil: nothing.
	act func(*paymux.Payment) error
	// effects is how often an operation moved money.
	effects func(paymux.OperationID) int
}

// account is the account's line of paymux.yaml. Keys that are in the key service are meant by name.
func (i *institution) account(named map[string]string) string {
	options := maps.Clone(i.options)
	maps.Copy(options, named)
	line, err := json.Marshal(map[string]any{"name": i.channel + "-main", "channel": i.channel, "options": options})
	if err != nil {
		panic(err)
	}
	return string(line)
}

// keyText is a key that an account's options spell out.
type keyText struct {
	option string
	kind   channel.KeyKind
	text   string
}

// keys are the account's keys.
func (i *institution) keys() []keyText {
	var list []keyText
	for _, d := range all.Drivers(all.Env{}) {
		for _, o := range d.Options {
			if d.Name == i.channel && o.Kind != "" && i.options[o.Name] != "" {
				list = append(list, keyText{o.Name, o.Kind, i.options[o.Name]})
			}
		}
	}
	return list
}

func (i *institution) request(order string) client.PaymentRequest {
	method := i.method
	currency := paymux.Currency("CNY")
	if i.channel == "paypal" {
		currency = "USD"
	}
	return client.PaymentRequest{
		Amount: 1250, Currency: currency, MerchantOrderID: order, Account: i.channel + "-main", PaymentMethod: &method, ReturnURL: "https://shop.example/thanks",
	}
}

// pay creates a payment, plays the payer, and asks until the money is there.
func (i *institution) pay(ctx context.Context, m *client.Client, order string) (*paymux.Payment, error) {
	p, err := m.CreatePayment(ctx, i.request(order))
	if err != nil || p.Status == paymux.Succeeded || i.act == nil {
		return p, err
	}
	if p.Status != paymux.RequiresAction {
		return p, fmt.Errorf("%s is %s, and its payer has nothing to do", p.ID, p.Status)
	}
	if err := i.act(p); err != nil {
		return p, err
	}
	return m.SyncPayment(ctx, p.ID)
}

// institutions starts all of them.
func institutions(t *testing.T) []*institution {
	t.Helper()
	return []*institution{atStripe(t), atPayPal(t), atWeChatPay(t), atAlipay(t), atAdyen(t)}
}

func atStripe(t *testing.T) *institution {
	t.Helper()
	bank := stripefake.New("sk_test_" + t.Name())
	return &institution{
		channel: "stripe", effects: func(op paymux.OperationID) int { return bank.Effects(string(op)) },
		options: map[string]string{"api_key": bank.Key, "webhook_secret": "whsec_of_the_tests", "base_url": serve(t, bank)},
		method:  client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: stripefake.Visa}},
	}
}

func atPayPal(t *testing.T) *institution {
	t.Helper()
	bank := paypalfake.New()
	server := httptest.NewTLSServer(bank) // PayPal's certificates come from https URLs alone
	t.Cleanup(server.Close)
	roots := write(t, t.TempDir(), "roots.pem", certificatePEM(server.Certificate()))
	return &institution{
		channel: "paypal", method: client.PaymentMethod{Type: paymux.PayPal}, env: []string{"SSL_CERT_FILE=" + roots},
		options: map[string]string{
			"client_id": bank.ClientID, "client_secret": bank.Secret, "webhook_id": bank.WebhookID, "merchant_id": paypalfake.Merchant,
			"base_url": server.URL, "certificate_host": strings.TrimPrefix(server.URL, "https://"), "certificate_roots": bank.Roots(),
		},
		act: func(p *paymux.Payment) error { bank.Approve(string(p.LatestOperation)); return nil },
		effects: func(op paymux.OperationID) int {
			return bank.Effects(string(op)) + bank.Effects(paymux.OrderNumber(string(op)))
		},
	}
}

func certificatePEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func atWeChatPay(t *testing.T) *institution {
	t.Helper()
	bank := wechatpayfake.New(wechatpayfake.Config{})
	return &institution{
		channel: "wechatpay", method: client.PaymentMethod{Type: paymux.WeChatPay, Flow: paymux.FlowQR}, options: bank.Options(serve(t, bank)),
		act:     func(p *paymux.Payment) error { return bank.Pay(paymux.OrderNumber(string(p.LatestOperation))) },
		effects: func(op paymux.OperationID) int { return bank.Effects(paymux.OrderNumber(string(op))) },
	}
}

func atAlipay(t *testing.T) *institution {
	t.Helper()
	bank, err := alipayfake.New(alipayfake.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &institution{
		channel: "alipay", method: client.PaymentMethod{Type: paymux.Alipay, Flow: paymux.FlowWeb}, options: bank.Options(serve(t, bank)),
		act: func(p *paymux.Payment) error {
			number, err := bank.Come(p.NextAction)
			if err != nil {
				return err
			}
			return bank.Pay(number)
		},
		effects: func(op paymux.OperationID) int { return bank.Effects(paymux.OrderNumber(string(op))) },
	}
}

func atAdyen(t *testing.T) *institution {
	t.Helper()
	bank := adyenfake.New("TeaHouseECOM")
	url := serve(t, bank)
	return &institution{
		channel: "adyen", method: client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: adyenfake.Visa}},
		options: map[string]string{
			"merchant_account": bank.Merchant, "api_key": bank.Key, "hmac_key": "hex:" + hex.EncodeToString(bank.HMAC), "base_url": url + "/v71",
		},
		effects: func(op paymux.OperationID) int { return bank.Effects(string(op)) },
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// open starts a gateway of a version for an institution, whose keys are in the key service.
func (s *split) open(i *institution, version string) *part {
	s.t.Helper()
	named := map[string]string{}
	for _, k := range i.keys() {
		name := i.channel + "-" + k.option
		if s.imported == nil {
			s.imported = map[string]bool{}
		}
		if !s.imported[name] {
			s.imported[name] = true
			s.run("keys", "import", name, write(s.t, s.dir, name+".key", k.text), "--kind", string(k.kind), "--activate", "--owner", i.channel,
				"--caller", "gateway-"+i.channel, "-c", s.dir+"/keys.yaml")
		}
		named[k.option] = "key:" + name
	}
	g := s.gateway(i.channel, version, nil, i.account(named))
	g.env = slices.Concat(g.env, i.env)
	g.start()
	return g
}

func TestPaymentsThroughEveryInstitutionFromTheirOwnProcesses(t *testing.T) {
	t.Parallel()
	banks := institutions(t)
	var names []string
	for _, i := range banks {
		names = append(names, i.channel)
	}
	s := newSplit(t, names...)
	for _, i := range banks {
		s.open(i, "1.0.0")
		s.known(i.channel, "1.0.0", true)
	}
	m := s.merchant()
	for _, i := range banks {
		p, err := i.pay(t.Context(), m, "A-"+i.channel)
		if err != nil || p.Status != paymux.Succeeded || i.effects(p.LatestOperation) != 1 {
			t.Errorf("%s: %+v, %v", i.channel, p, err)
		}
	}
}
