package test_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// A card of the sandbox that no other test uses, and a code that is told from other numbers by what stands around it.
const (
	secretCard  = "5555555555554444"
	secretCVC   = "9137"
	secretToken = "tok_in_the_endpoints_query_8c1f"
)

// watch gathers everything that leaves the process but answers with an object: errors and URLs.
type watch struct {
	*scene
	seen    strings.Builder
	secrets map[string]string // by what they are
}

// In a busy session at the most talkative log level, no secret comes into the log, into an error or into a URL.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	p.level = "debug"
	p.start()
	w := &watch{scene: newScene(t, p, nil, "cards", "wallet"), secrets: map[string]string{}}
	w.collect()
	w.payBySignature()
	w.payEncrypted()
	w.mistakes()
	w.failingEndpoint()
	p.stop()
	log := p.logged()
	if !strings.Contains(log, `"level":"DEBUG"`) || !strings.Contains(log, "/v1/payments") {
		t.Fatalf("the log is not as talkative as this test needs it:\n%s", log)
	}
	for what, secret := range w.secrets {
		w.absent(what, secret, "the log", log)
		w.absent(what, secret, "an error or a URL", w.seen.String())
	}
}

func (w *watch) absent(what, secret, where, text string) {
	w.t.Helper()
	pattern := regexp.QuoteMeta(secret)
	if secret == secretCVC {
		pattern = `"` + secret + `\\?"|(?i)cvc\W{1,6}` + secret
	}
	if at := regexp.MustCompile(pattern).FindStringIndex(text); at != nil {
		w.t.Errorf("%s stands in %s: …%s…", what, where, text[max(0, at[0]-200):min(len(text), at[1]+100)])
	}
}

// collect notes what the process made secret at its start, and what the scene has used already.
func (w *watch) collect() {
	w.t.Helper()
	for what, file := range map[string]string{"the callback secret": "sandbox/callback.secret", "the key of IDs": "ids.key"} {
		text, err := os.ReadFile(filepath.Join(w.p.dir, file))
		if err != nil || len(text) < 16 {
			w.t.Fatalf("%s: %q, %v", what, text, err)
		}
		w.secrets[what] = strings.TrimSpace(string(text))
	}
	pem, err := os.ReadFile(filepath.Join(w.p.dir, "jwe.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets["the JWE key"] = strings.Split(string(pem), "\n")[1]
	w.secrets["the operators' token"] = opsToken
	w.secrets["the bearer key"] = w.bearer.Reveal()
	w.secrets["the webhook secret"] = w.sink.secretNow()
	w.secrets["the card number"] = secretCard
	w.secrets["the security code"] = secretCVC
	w.secrets["the token of an endpoint"] = secretToken
}

func (w *watch) card(order string) client.PaymentRequest {
	r := w.wish(1000, paymux.Card, secretCard)
	r.MerchantOrderID, r.PaymentMethod.Card.CVC = order, secretCVC
	return r
}

// payBySignature makes a payment with an HMAC key, refunds it, and looks at all there is to see.
func (w *watch) payBySignature() {
	w.t.Helper()
	key, err := w.CreateKey(w.t.Context(), client.KeyRequest{Kind: paymux.KeyHMAC})
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets["the HMAC secret"] = key.Secret.Reveal()
	signer, err := client.SignHMAC(key.ID, key.Secret, time.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	signed := w.p.client(client.Config{Signer: signer})
	paid, err := signed.CreatePayment(w.t.Context(), w.card("signed"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := signed.CreateRefund(w.t.Context(), client.RefundRequest{Payment: paid.ID}); err != nil {
		w.t.Fatal(err)
	}
	waiting := w.walletPayment(1000)
	w.seen.WriteString(waiting.NextAction.DisplayQR.Data + "\n" + waiting.NextAction.DisplayQR.ImageURL + "\n")
	w.payer(waiting.ID, "approve")
	w.becomes(waiting.ID, paymux.Succeeded, 10*time.Second)
	w.told(string(paid.ID), paymux.PaymentSucceeded)
	w.seen.WriteString(w.story(paid.ID) + w.story(waiting.ID))
	for _, c := range w.p.charges(w.t, "") {
		line, err := json.Marshal(c)
		if err != nil {
			w.t.Fatal(err)
		}
		w.seen.Write(line)
	}
}

// payEncrypted sends a body that only the platform can read (RFC 7516).
func (w *watch) payEncrypted() {
	w.t.Helper()
	var keys jose.JSONWebKeySet
	if err := w.Call(w.t.Context(), http.MethodGet, "/v1/platform_keys", nil, &keys); err != nil || len(keys.Keys) == 0 {
		w.t.Fatalf("platform keys: %v, %v", keys, err)
	}
	to := jose.Recipient{Algorithm: jose.ECDH_ES_A256KW, Key: keys.Keys[0].Key, KeyID: keys.Keys[0].KeyID}
	box, err := jose.NewEncrypter(jose.A256GCM, to, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	plain, err := json.Marshal(w.card("encrypted"))
	if err != nil {
		w.t.Fatal(err)
	}
	sealed, err := box.Encrypt(plain)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := sealed.CompactSerialize()
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets["the encrypted body"] = text
	r := w.post("/v1/payments", "encrypted", text)
	r.header = map[string]string{"Content-Type": "application/jose"}
	if got := w.p.ask(w.t, r); got.status != http.StatusCreated {
		w.t.Fatalf("%d %s", got.status, got.body)
	}
	r.key, r.body = "encrypted-2", text[:len(text)-3]+"AAA"
	w.fails(r)
}

// fails sends a request that must be refused and keeps the refusal.
func (w *watch) fails(r request) {
	w.t.Helper()
	got := w.p.ask(w.t, r)
	if got.status < 400 {
		w.t.Fatalf("%s %s: %d, not refused", r.method, r.path, got.status)
	}
	fmt.Fprintln(&w.seen, got.body, got.header)
}

// mistakes are secrets in places where they do not belong.
func (w *watch) mistakes() {
	body := func(order, card string) string {
		return fmt.Sprintf(`{"amount":1000,"currency":"CNY","merchant_order_id":%q,"payment_method":{"type":"card","card":%s}}`, order, card)
	}
	full := fmt.Sprintf(`{"number":%q,"cvc":%q,"exp_month":12,"exp_year":2040`, secretCard, secretCVC)
	for i, bad := range []string{
		body("m", full),      // not closed
		body("m", full+"}x"), // malformed right after it
		body("m", full+`,"pin":1}`),
		body("m", full+`,"number":"1"}`), // a name twice
		body("m", strings.Replace(full, "2040", "1999", 1)+"}"),
		body("m", strings.Replace(full, secretCard, secretCard+"x", 1)+"}"),
		body("m", strings.Replace(full, secretCVC, secretCVC+"z", 1)+"}"),
		body("m", fmt.Sprintf(`{"token":{"number":%q}}`, secretCard)),
		body("m", fmt.Sprintf(`[%q,%q]`, secretCard, secretCVC)),
		body("m", fmt.Sprintf(`{"number":%s,"cvc":%s,"exp_month":12,"exp_year":2040}`, secretCard, secretCVC)), // numbers for texts
	} {
		w.fails(w.post("/v1/payments", fmt.Sprintf("mistake-%d", i), bad))
	}
	declined := w.card("declined")
	declined.Amount = 1001
	text, err := json.Marshal(declined)
	if err != nil {
		w.t.Fatal(err)
	}
	w.fails(w.post("/v1/payments", "declined", string(text)))
	for _, auth := range []string{"Bearer " + w.bearer.Reveal() + "x", "Basic " + w.bearer.Reveal(), w.bearer.Reveal(), "Bearer " + opsToken} {
		w.fails(request{method: http.MethodGet, path: "/v1/payments", header: map[string]string{"Authorization": auth}})
	}
	w.fails(request{method: http.MethodGet, path: "/v1/payments?api_key=" + w.bearer.Reveal()})
	w.fails(request{method: http.MethodGet, path: "/v1/payments?api_key=" + w.bearer.Reveal(), bearer: w.bearer})
	w.fails(request{method: http.MethodGet, path: "/ops/v1/merchants", header: map[string]string{"Authorization": "Bearer " + opsToken + "x"}})
	w.fails(request{method: http.MethodGet, path: "/sandbox/api/charges", header: map[string]string{"Authorization": opsToken}})
	w.fails(request{method: http.MethodPost, path: "/callbacks/sandbox/cards", body: "{}", header: map[string]string{
		"Sandbox-Signature": "t=1,v1=" + w.secrets["the callback secret"]}})
}

// failingEndpoint has a token in its URL, as chat services do, and never takes anything.
func (w *watch) failingEndpoint() {
	w.t.Helper()
	asked := make(chan struct{}, 10)
	shut := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") == secretToken {
			asked <- struct{}{}
		}
		rw.WriteHeader(http.StatusInternalServerError)
	}))
	w.t.Cleanup(shut.Close)
	endpoint, err := w.CreateEndpoint(w.t.Context(), client.EndpointRequest{URL: shut.URL + "/hook?token=" + secretToken, Delivery: &paymux.Delivery{RetrySeconds: []int{1}}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets["the other webhook secret"] = endpoint.Secret.Reveal()
	paid := w.pay(w.card("unheard"), http.StatusCreated, paymux.Succeeded)
	<-asked
	<-asked
	shut.Close()
	w.tells(paid.ID, "/hook 500", "given up after attempt 2")
	w.seen.WriteString(w.story(paid.ID))
	dead := w.pay(w.card("unreachable"), http.StatusCreated, paymux.Succeeded)
	w.tells(dead.ID, "connection refused")
	w.seen.WriteString(w.story(dead.ID))
}
