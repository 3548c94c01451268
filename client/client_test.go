package client_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/httpsig"
)

// door is a front door that answers with what the test queued and remembers what it was asked.
type door struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answer
	asked   []asked
}

type answer struct {
	status int
	body   string
	header map[string]string
}

type asked struct {
	method, path, key, body string
	header                  http.Header
}

func open(t *testing.T, answers ...answer) *door {
	t.Helper()
	d := &door{answers: answers}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, asked{r.Method, r.URL.RequestURI(), r.Header.Get("Idempotency-Key"), string(body), r.Header.Clone()})
	a := d.answers[0]
	if len(d.answers) > 1 {
		d.answers = d.answers[1:]
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

func (d *door) client(t *testing.T, more ...string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: d.URL, BaseURLs: more, Key: "sk_test_one"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const paid = `{"id":"pay_1","object":"payment","status":"succeeded","amount":1250,"currency":"CNY"}`

func TestCreatePaymentSaysWhatTheAPISays(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 201, body: paid, header: map[string]string{"Request-Id": "req_1", "Idempotent-Replayed": "true"}})
	var got client.Answered
	p, err := d.client(t).CreatePayment(t.Context(), client.PaymentRequest{
		Amount: 1250, Currency: "CNY", MerchantOrderID: "A-1",
		PaymentMethod: &client.PaymentMethod{Type: paymux.WeChatPay},
	}, client.IdempotencyKey("k1"), client.Into(&got))
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != "pay_1" || p.Status != paymux.Succeeded {
		t.Errorf("payment %s is %s", p.ID, p.Status)
	}
	if got.Status != 201 || got.RequestID != "req_1" || !got.Replayed {
		t.Errorf("answered %+v", got)
	}
	want := `{"amount":1250,"currency":"CNY","merchant_order_id":"A-1","payment_method":{"type":"wechat_pay"}}`
	q := d.asked[0]
	if q.method != "POST" || q.path != "/v1/payments" || q.body != want || q.key != `"k1"` {
		t.Errorf("asked %s %s key %s\n%s\nwant body\n%s", q.method, q.path, q.key, q.body, want)
	}
	if q.header.Get("Authorization") != "Bearer sk_test_one" || q.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", q.header)
	}
}

func TestEveryChangeHasAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 201, body: paid})
	c := d.client(t)
	for range 2 {
		if _, err := c.CreatePayment(t.Context(), client.PaymentRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Payment(t.Context(), "pay_1"); err != nil {
		t.Fatal(err)
	}
	if d.asked[0].key == "" || d.asked[0].key == d.asked[1].key {
		t.Errorf("keys %q and %q", d.asked[0].key, d.asked[1].key)
	}
	if d.asked[2].key != "" {
		t.Errorf("a query carries key %q", d.asked[2].key)
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	busy := `{"code":"unavailable","detail":"Try again."}`
	cases := []struct {
		name   string
		first  answer
		repeat bool
	}{
		{"unavailable", answer{status: 503, body: busy}, true},
		{"rate limited", answer{status: 429, body: `{"code":"rate_limited"}`}, true},
		{"in flight", answer{status: 409, body: `{"code":"idempotency_key_in_flight"}`}, true},
		{"outcome unknown", answer{status: 504, body: `{"code":"outcome_unknown"}`}, true},
		{"state conflict", answer{status: 409, body: `{"code":"state_conflict"}`}, false},
		{"declined", answer{status: 402, body: `{"code":"payment_declined"}`}, false},
		{"not sent", answer{status: 502, body: `{"code":"not_sent"}`}, false},
		{"internal", answer{status: 500, body: `{"code":"internal"}`}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, c.first, answer{status: 201, body: paid})
			_, err := d.client(t).CreatePayment(t.Context(), client.PaymentRequest{Amount: 1})
			if c.repeat != (err == nil) || c.repeat != (len(d.asked) == 2) {
				t.Fatalf("asked %d times, err %v", len(d.asked), err)
			}
			if c.repeat && (d.asked[0].key != d.asked[1].key || d.asked[0].body != d.asked[1].body) {
				t.Errorf("the repeat is another request: %+v", d.asked)
			}
		})
	}
}

func TestNextFrontendGetsTheSameKey(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	up := open(t, answer{status: 201, body: paid})
	c, err := client.New(client.Config{BaseURL: down.URL, BaseURLs: []string{up.URL}, Key: "sk"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreatePayment(t.Context(), client.PaymentRequest{}, client.IdempotencyKey("same")); err != nil {
		t.Fatal(err)
	}
	if len(up.asked) != 1 || up.asked[0].key != `"same"` {
		t.Errorf("asked %+v", up.asked)
	}
}

func TestProblemDocument(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 402, header: map[string]string{"Request-Id": "req_9"}, body: `{
		"type":"…","title":"Declined","status":402,"code":"payment_declined","detail":"The bank said no.",
		"decline_code":"insufficient_funds","advice":"try_other_method","request_id":"req_9",
		"errors":[{"location":"body.amount","message":"too much"}],"payment":{"id":"pay_7","status":"failed"}}`})
	_, err := d.client(t).CreatePayment(t.Context(), client.PaymentRequest{})
	var answered *client.Error
	var cause *paymux.Error
	if !errors.As(err, &answered) || !errors.As(err, &cause) || !errors.Is(err, paymux.PaymentDeclined) {
		t.Fatalf("error %v of type %T", err, err)
	}
	if answered.Status != 402 || answered.RequestID != "req_9" || answered.Payment.ID != "pay_7" {
		t.Errorf("answered %+v", answered)
	}
	if cause.DeclineCode != paymux.DeclineInsufficientFunds || cause.Advice != paymux.TryOtherMethod || len(cause.Fields) != 1 {
		t.Errorf("cause %+v", cause)
	}
	if !strings.Contains(err.Error(), "The bank said no.") || !strings.Contains(err.Error(), "req_9") {
		t.Errorf("text %q", err)
	}
}

func TestAProxysPageIsNotQuoted(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 404, body: "<html>secret banner</html>"})
	_, err := d.client(t).Payment(t.Context(), "pay_1")
	if !errors.Is(err, paymux.NotFound) || strings.Contains(err.Error(), "banner") {
		t.Errorf("error %v", err)
	}
}

func TestListsGoOnWhileTheyAreRead(t *testing.T) {
	t.Parallel()
	d := open(t,
		answer{status: 200, body: `{"data":[{"id":"pay_3"},{"id":"pay_2"}],"has_more":true,"next_cursor":"c2"}`},
		answer{status: 200, body: `{"data":[{"id":"pay_1"}],"has_more":false}`})
	c := d.client(t)
	var ids []paymux.PaymentID
	query := client.PaymentQuery{Status: paymux.Succeeded, PageSize: 2, CreatedFrom: time.Unix(0, 0)}
	for p, err := range c.Payments(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	if !slices.Equal(ids, []paymux.PaymentID{"pay_3", "pay_2", "pay_1"}) {
		t.Errorf("ids %v", ids)
	}
	want := "/v1/payments?created%5Bgte%5D=1970-01-01T00%3A00%3A00Z&cursor=c2&limit=2&status=succeeded"
	if d.asked[1].path != want {
		t.Errorf("second page %s, want %s", d.asked[1].path, want)
	}
}

func TestAListEndsWithItsError(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 403, body: `{"code":"forbidden"}`})
	n := 0
	for _, err := range d.client(t).Refunds(t.Context(), client.RefundQuery{}) {
		n++
		if !errors.Is(err, paymux.Forbidden) {
			t.Errorf("error %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d rounds", n)
	}
}

func TestSecretsAreReadOnceAndHidden(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 201, body: `{"id":"we_1","url":"https://shop.example/","secret":"whsec_abc"}`})
	e, err := d.client(t).CreateEndpoint(t.Context(), client.EndpointRequest{URL: "https://shop.example/"})
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "we_1" || e.Secret.Reveal() != "whsec_abc" {
		t.Errorf("endpoint %s", e.ID)
	}
	if out, _ := json.Marshal(e); strings.Contains(string(out), "whsec_abc") {
		t.Errorf("the secret is in %s", out)
	}
}

func TestIDsAreEscapedInPaths(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 404, body: `{"code":"invalid_id"}`})
	_, err := d.client(t).Payment(t.Context(), "../ops/v1?x=1")
	if !errors.Is(err, paymux.InvalidID) {
		t.Errorf("error %v", err)
	}
	if got := d.asked[0].path; got != "/v1/payments/..%2Fops%2Fv1%3Fx=1" {
		t.Errorf("path %s", got)
	}
}

func TestConfigsThatCannotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []client.Config{
		{}, {BaseURL: "pay.example"}, {BaseURL: "ftp://pay.example"}, {BaseURL: "https://a.example", BaseURLs: []string{"nonsense"}},
	} {
		if _, err := client.New(c); err == nil {
			t.Errorf("New accepts %+v", c)
		}
	}
}

func TestSignedRequestsAreSignedAnew(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 503, body: `{"code":"unavailable"}`}, answer{status: 201, body: paid})
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := client.SignEd25519("key_1", private, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{BaseURL: d.URL, Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreatePayment(t.Context(), client.PaymentRequest{Amount: 5}, client.IdempotencyKey("k")); err != nil {
		t.Fatal(err)
	}
	verifier, err := httpsig.NewVerifier(httpsig.Ed25519, public)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range d.asked {
		verify(t, verifier, d.URL, q)
	}
	if a, b := d.asked[0].header.Get("Signature-Input"), d.asked[1].header.Get("Signature-Input"); a == b {
		t.Errorf("both attempts carry %s", a)
	}
}

func verify(t *testing.T, key httpsig.Verifier, base string, q asked) {
	t.Helper()
	r := httptest.NewRequest(q.method, base+q.path, nil)
	r.Header = q.header
	m := httpsig.ReceivedRequest(r)
	signatures, err := httpsig.ParseSignatures(q.header)
	if err != nil || len(signatures) != 1 {
		t.Fatalf("signatures %v, error %v", signatures, err)
	}
	signed, err := signatures[0].AppendBase(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	if !key.Verify(signed, signatures[0].Value) {
		t.Errorf("the signature over\n%s\nis wrong", signed)
	}
	for _, name := range []string{"@method", "@target-uri", "content-digest", "idempotency-key"} {
		if !signatures[0].Covers(name) {
			t.Errorf("the signature does not cover %s", name)
		}
	}
	if err := httpsig.VerifyDigest(q.header.Values("Content-Digest"), []byte(q.body)); err != nil {
		t.Error(err)
	}
}
