package test_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/webhook"
)

// The trace that the merchant of these tests calls under.
const (
	merchantTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	merchantSpan   = "00f067aa0ba902b7"
	merchantParent = "00-" + merchantTrace + "-" + merchantSpan + "-01"
)

func texts(attributes []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attributes {
		all[a.Key] = a.Value.GetStringValue()
	}
	return all
}

// traced is a split system all of whose processes send spans to a collector, with a bank that notifies it.
type traced struct {
	*split
	*collector
	bank *bank
}

func newTraced(t *testing.T) *traced {
	t.Helper()
	s := &traced{split: newSplit(t, "sandbox"), collector: newCollector(t)}
	for _, p := range []*part{s.keys, s.node, s.front} {
		p.stop()
		s.follow(p)
		p.start()
	}
	s.bank = s.openBank("a-bank")
	for option, file := range map[string]string{"api_key": sandbox.KeyFile, "callback_secret": sandbox.SecretFile} {
		kind := map[string]string{"api_key": "opaque", "callback_secret": "hmac"}[option]
		s.run("keys", "import", option, filepath.Join(s.bank.dir, file), "--kind", kind, "--activate", "--owner", "sandbox",
			"--caller", "gateway-sandbox", "-c", s.dir+"/keys.yaml")
	}
	account := fmt.Sprintf("{name: a-bank, channel: sandbox, options: {base_url: %q, api_key: \"key:api_key\", callback_secret: \"key:callback_secret\"}}", s.bank.url)
	g := s.toBank("1.0.0", "", account)
	s.follow(g)
	g.start()
	s.known("sandbox", "1.0.0", true)
	return s
}

// follow has a process record everything. Institutions are told the frontend's true address.
func (s *traced) follow(p *part) {
	p.env = append(slices.Clone(p.env), "PAYMUX_TRACE_ENDPOINT="+s.collector.URL, "PAYMUX_TRACE_SAMPLE=1", "PAYMUX_TRACE_HEADERS=x-team=tea%20house",
		"PAYMUX_PUBLIC_URL="+s.split.url)
}

// listener is a merchant's endpoint that remembers the traceparents of what it verified, by event type.
type listener struct {
	*httptest.Server
	mu      sync.Mutex
	secret  string
	parents map[string][]string
}

func newListener(t *testing.T, m *client.Client) *listener {
	t.Helper()
	l := &listener{parents: map[string][]string{}}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	e, err := m.CreateEndpoint(t.Context(), client.EndpointRequest{URL: l.URL + "/secret-path"})
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secret = e.Secret.Reveal()
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body := make([]byte, r.ContentLength)
	if _, err := r.Body.Read(body); err != nil && err.Error() != "EOF" || webhook.Verify(l.secret, r.Header, body, time.Now()) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, rest, _ := strings.Cut(string(body), `"type":"`)
	kind, _, _ := strings.Cut(rest, `"`)
	l.parents[kind] = append(l.parents[kind], r.Header.Get("Traceparent"))
}

func (l *listener) heard(kind string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.parents[kind])
}

// One trace spans all processes of a split run: the merchant's call, what the frontend, the node, the gateway and the key
// service do for it, the callback that ends the payment, and the notification that tells the merchant.
func TestOneTraceSpansAllProcesses(t *testing.T) {
	t.Parallel()
	s := newTraced(t)
	m, key := s.merchantWithKey()
	l := newListener(t, m)
	order := byMethod("T-1")
	p, err := m.CreatePayment(t.Context(), order, client.Traceparent(merchantParent))
	if err != nil || p.Status != paymux.RequiresAction {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := s.bank.approve(p.ID); err != nil {
		t.Fatal(err)
	}
	if !within(20*time.Second, func() bool {
		return len(l.heard("payment.succeeded")) > 0 && len(s.find(merchantTrace, "paymux-node", "task notify")) > 0
	}) {
		t.Fatalf("the merchant heard %v; the trace:\n%s\n%s", l.heard("payment.succeeded"), s.drawn(merchantTrace), s.node.logged())
	}
	s.isWhole(t, p.ID)
	s.tells(t, l.heard("payment.succeeded")[0])
	s.keepsSecrets(t, map[string]string{"the merchant's key": key.Reveal(), "the webhook secret": l.secret, "the endpoint's path": "secret-path"})
	if team := s.collector.header.Get("X-Team"); team != "tea house" {
		t.Errorf("the collector's header is %q", team)
	}
	if len(s.bad) > 0 {
		t.Errorf("sent to the collector besides: %v", s.bad)
	}
}

// isWhole holds the trace to what each process did, and what for.
func (s *traced) isWhole(t *testing.T, id paymux.PaymentID) {
	t.Helper()
	one := func(parent span, service, name string) span {
		t.Helper()
		var all []span
		within(5*time.Second, func() bool {
			all = slices.DeleteFunc(s.find(merchantTrace, service, name), func(c span) bool { return c.parent != parent.id })
			return len(all) > 0
		})
		if len(all) == 0 {
			t.Fatalf("%s of %s within %s of %s is not in the trace:\n%s", name, service, parent.name, parent.service, s.drawn(merchantTrace))
		}
		return all[0]
	}
	call := one(span{id: merchantSpan, name: "the merchant's"}, "paymux-frontend", "POST /v1/payments")
	create := one(one(call, "paymux-frontend", "relay"), "paymux-node", "paymux.node.local.payment.create")
	one(create, "paymux-node", "commit")
	pay := one(create, "paymux-node", "pay")
	do := one(pay, "paymux-gateway", "paymux.channel.sandbox.")
	key := one(do, "paymux-keys", "paymux.keys.")
	one(do, "paymux-gateway", "POST")
	news := one(create, "paymux-node", "callback applied")
	one(news, "paymux-node", "commit")
	told := one(one(news, "paymux-node", "task notify"), "paymux-node", "POST")
	if pay.is["paymux.payment"] != string(id) || pay.is["paymux.account"] != "a-bank" || told.is["paymux.event.type"] != "payment.succeeded" {
		t.Errorf("the call says %v, the delivery %v", pay.is, told.is)
	}
	processes := map[string]bool{}
	for _, part := range []span{call, create, do, key} {
		processes[part.instance] = true
	}
	if len(processes) != 4 || processes[""] {
		t.Errorf("the parts are of the processes %v", processes)
	}
	// The callback itself came under a trace of its own: nobody knew yet what it was about.
	came := func(service, name string) bool { return len(s.find(news.links[0], service, name)) == 1 }
	if len(news.links) != 1 || !within(5*time.Second, func() bool { // each process sends its own spans, when it likes
		return came("paymux-frontend", "POST /callbacks/") && came("paymux-keys", "paymux.keys.*.verify")
	}) {
		t.Errorf("the callback came under %v\n%s", news.links, s.drawn(strings.Join(news.links, "")))
	}
	t.Logf("the trace:\n%s\nthe callback's:\n%s", s.drawn(merchantTrace), s.drawn(news.links[0]))
}

// tells holds what a merchant's endpoint was sent to the trace.
func (s *traced) tells(t *testing.T, parent string) {
	t.Helper()
	fields := strings.Split(parent, "-")
	if len(fields) != 4 || fields[1] != merchantTrace || fields[3] != "01" {
		t.Fatalf("the notification came with traceparent %q", parent)
	}
	if !slices.ContainsFunc(s.find(merchantTrace, "paymux-node", "POST"), func(d span) bool { return d.id == fields[2] }) {
		t.Errorf("no delivery is span %s\n%s", fields[2], s.drawn(merchantTrace))
	}
}

// keepsSecrets looks for secrets in all that ever went to the collector.
func (s *traced) keepsSecrets(t *testing.T, secrets map[string]string) {
	t.Helper()
	secrets["the operators' token"], secrets["the key of IDs"] = opsToken, idsKey
	for what, file := range map[string]string{"the bank's key": sandbox.KeyFile, "the bank's secret": sandbox.SecretFile} {
		text, err := os.ReadFile(filepath.Join(s.bank.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		secrets[what] = strings.TrimSpace(string(text))
	}
	card := client.PaymentRequest{
		Amount: 1250, Currency: "CNY", MerchantOrderID: "T-2", Account: "a-bank",
		PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Number: secretCard, ExpMonth: 12, ExpYear: 2040, CVC: "913"}},
	}
	secrets["the card's number"] = secretCard
	const other = "5bf92f3577b34da6a3ce929d0e0e4736"
	m := s.merchant()
	if _, err := m.CreatePayment(t.Context(), card, client.Traceparent("00-"+other+"-"+merchantSpan+"-01")); err != nil {
		t.Fatal(err)
	}
	if !within(10*time.Second, func() bool { return len(s.find(other, "paymux-gateway", "POST")) > 0 }) {
		t.Fatalf("the card payment's trace:\n%s", s.drawn(other))
	}
	said := s.said()
	for what, secret := range secrets {
		if secret == "" || strings.Contains(said, secret) {
			t.Errorf("%s (%d bytes) is in what the collector was sent", what, len(secret))
		}
	}
}

// A traceparent that is none changes nothing, and a collector that is away costs nothing but spans.
func TestTracesAreNeverInTheWay(t *testing.T) {
	t.Parallel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server notices that the other side is gone when the body has been read
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	for name, collector := range map[string]string{"none": "", "away": "http://" + freeAddress(t), "silent": silent.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, "sqlite")
			if collector != "" {
				p.extra = append(p.extra, "trace: {endpoint: '"+collector+"', sample: 1}")
			}
			p.start()
			s := newScene(t, p, nil, "cards", "wallet")
			for i, header := range [][]string{{"nonsense"}, {merchantParent, merchantParent}, {"00-" + strings.Repeat("0", 32) + "-" + merchantSpan + "-01"}, {strings.Repeat("f", 3000)}, {merchantParent}} {
				s.payUnder(fmt.Sprintf("order-%d", i), http.Header{"Traceparent": header, "Tracestate": {strings.Repeat("a=b,", 500)}})
			}
			began := time.Now()
			p.stop()
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("stopping took %s", took)
			}
			if name == "away" && strings.Count(p.logged(), "spans do not reach the collector") != 1 {
				t.Errorf("the log says something else than once that spans are lost:\n%s", p.logged())
			}
		})
	}
}

// payUnder pays with a card under headers; it has to succeed, and soon.
func (s *scene) payUnder(order string, header http.Header) {
	s.t.Helper()
	began := time.Now()
	body := fmt.Sprintf(`{"amount":1000,"currency":"CNY","merchant_order_id":%q,"payment_method":{"type":"card","card":{"number":%q,"exp_month":12,"exp_year":2040,"cvc":"123"}}}`, order, goodCard)
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.p.url()+"/v1/payments", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Authorization", "Bearer "+s.bearer.Reveal())
	r.Header.Set("Idempotency-Key", `"`+order+`"`)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		s.t.Errorf("under %.100v: %s", header, answer.Status)
	}
	if took := time.Since(began); took > 2*time.Second {
		s.t.Errorf("under %.100v: took %s", header, took)
	}
}
