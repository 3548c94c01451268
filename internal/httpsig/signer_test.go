package httpsig_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/httpsig"
)

const body = `{"amount":1000}`

// received signs a request and takes it over a real connection; it returns the message as the server saw it.
func received(t *testing.T, key httpsig.SigningKey, target string) httpsig.Message {
	t.Helper()
	got := make(chan httpsig.Message, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- httpsig.ReceivedRequest(r)
	}))
	defer server.Close()
	r, err := http.NewRequest("POST", server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Idempotency-Key", "order-1")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Trace", "a")
	signer := httpsig.Signer{KeyID: "key_1", Key: key, Cover: []string{"X-Trace"}, Now: func() time.Time { return time.Unix(1700000000, 0) }}
	if err := signer.Sign(r, []byte(body)); err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return <-got
}

func TestEachAlgorithmOverTheWire(t *testing.T) {
	t.Parallel()
	edPublic, edPrivate, _ := ed25519.GenerateKey(rand.Reader)
	rsaPrivate, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecPrivate, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	shared := httpsig.NewHMAC([]byte("a secret of thirty-two bytes !!!"))
	pairs := []struct {
		sign   httpsig.SigningKey
		verify httpsig.Verifier
	}{
		{shared, shared},
		{must(httpsig.NewSigningKey(httpsig.Ed25519, edPrivate)), must(httpsig.NewVerifier(httpsig.Ed25519, edPublic))},
		{must(httpsig.NewSigningKey(httpsig.RSAPSSSHA512, rsaPrivate)), must(httpsig.NewVerifier(httpsig.RSAPSSSHA512, &rsaPrivate.PublicKey))},
		{must(httpsig.NewSigningKey(httpsig.RSAv15SHA256, rsaPrivate)), must(httpsig.NewVerifier(httpsig.RSAv15SHA256, &rsaPrivate.PublicKey))},
		{must(httpsig.NewSigningKey(httpsig.ECDSAP256SHA256, ecPrivate)), must(httpsig.NewVerifier(httpsig.ECDSAP256SHA256, &ecPrivate.PublicKey))},
	}
	for _, p := range pairs {
		m := received(t, p.sign, "/v1/payments?expand=latest_operation")
		if !verifies(t, &m, p.verify) {
			t.Errorf("%s: an unchanged request does not verify", p.verify.Algorithm())
		}
		for _, other := range pairs {
			if other.verify != p.verify && verifies(t, &m, other.verify) {
				t.Errorf("a signature of %s verifies as %s", p.verify.Algorithm(), other.verify.Algorithm())
			}
		}
	}
}

func TestEveryChangeIsSeen(t *testing.T) {
	t.Parallel()
	key := httpsig.NewHMAC([]byte("a secret of thirty-two bytes !!!"))
	changes := map[string]func(*httpsig.Message){
		"method":          func(m *httpsig.Message) { m.Method = "PUT" },
		"scheme":          func(m *httpsig.Message) { m.Scheme = "https" },
		"host":            func(m *httpsig.Message) { m.Authority = "evil.example" },
		"port":            func(m *httpsig.Message) { m.Authority += "0" },
		"path":            func(m *httpsig.Message) { m.Target = strings.Replace(m.Target, "payments", "refunds", 1) },
		"escaping":        func(m *httpsig.Message) { m.Target = strings.Replace(m.Target, "%2F", "/", 1) },
		"case of escapes": func(m *httpsig.Message) { m.Target = strings.Replace(m.Target, "%2F", "%2f", 1) },
		"query":           func(m *httpsig.Message) { m.Target = strings.Replace(m.Target, "a=1", "a=2", 1) },
		"order of query":  func(m *httpsig.Message) { m.Target = strings.Replace(m.Target, "a=1&b=2", "b=2&a=1", 1) },
		"no query":        func(m *httpsig.Message) { m.Target, _, _ = strings.Cut(m.Target, "?") },
		"empty query":     func(m *httpsig.Message) { m.Target += "&" },
		"digest":          func(m *httpsig.Message) { m.Header.Set("Content-Digest", httpsig.ContentDigest([]byte("other"))) },
		"second digest":   func(m *httpsig.Message) { m.Header.Add("Content-Digest", "sha-512=:AAAA:") },
		"idempotency key": func(m *httpsig.Message) { m.Header.Set("Idempotency-Key", "order-2") },
		"second key":      func(m *httpsig.Message) { m.Header.Add("Idempotency-Key", "order-2") },
		"content type":    func(m *httpsig.Message) { m.Header.Set("Content-Type", "application/jose") },
		"covered field":   func(m *httpsig.Message) { m.Header.Set("X-Trace", "b") },
		"field taken":     func(m *httpsig.Message) { m.Header.Del("X-Trace") },
		"created": func(m *httpsig.Message) {
			m.Header.Set("Signature-Input", strings.Replace(m.Header.Get("Signature-Input"), "1700000000", "1700000001", 1))
		},
		"key id": func(m *httpsig.Message) {
			m.Header.Set("Signature-Input", strings.Replace(m.Header.Get("Signature-Input"), "key_1", "key_2", 1))
		},
		"nonce": func(m *httpsig.Message) {
			m.Header.Set("Signature-Input", strings.Replace(m.Header.Get("Signature-Input"), `nonce="`, `nonce="x`, 1))
		},
		"covered less": func(m *httpsig.Message) {
			m.Header.Set("Signature-Input", strings.Replace(m.Header.Get("Signature-Input"), ` "idempotency-key"`, "", 1))
		},
	}
	message := received(t, key, "/v1/payments/a%2Fb?a=1&b=2")
	if message.Target != "/v1/payments/a%2Fb?a=1&b=2" {
		t.Fatalf("target %q is not what was sent", message.Target)
	}
	if !verifies(t, &message, key) {
		t.Fatal("an unchanged request does not verify")
	}
	for name, change := range changes {
		m := message
		m.Header = message.Header.Clone()
		change(&m)
		if verifies(t, &m, key) {
			t.Errorf("%s: the change was not seen", name)
		}
	}
}

// A router that cleans or rewrites the parsed URL must have no influence on what is verified.
func TestTargetIsWhatCameIn(t *testing.T) {
	t.Parallel()
	key := httpsig.NewHMAC([]byte("a secret of thirty-two bytes !!!"))
	r := httptest.NewRequest("POST", "/v1/payments?x=1", strings.NewReader(body))
	if err := (&httpsig.Signer{KeyID: "key_1", Key: key}).Sign(r, []byte(body)); err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/v1/refunds?x=1" // what really came in; r.URL still says /v1/payments
	m := httpsig.ReceivedRequest(r)
	m.Scheme = "http"
	if verifies(t, &m, key) {
		t.Fatal("the path was changed and the signature still verifies")
	}
}

func TestAbsoluteForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://h/a%2Fb?q=1": "/a%2Fb?q=1", "http://h": "/", "http://h?q": "?q", "/plain": "/plain", "*": "*", "//h/x": "//h/x",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RequestURI = in
		if got := httpsig.ReceivedRequest(r).Target; got != want {
			t.Errorf("%s: target %q, want %q", in, got, want)
		}
	}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, authority, want string }{
		{"https", "API.Example.com:443", "https://api.example.com/"},
		{"http", "example.com:80", "http://example.com/"},
		{"https", "example.com:80", "https://example.com:80/"},
		{"http", "[::1]:8080", "http://[::1]:8080/"},
	} {
		m := httpsig.Message{Scheme: c.scheme, Authority: c.authority, Target: "/"}
		if got := m.TargetURI(); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.scheme, c.authority, got, c.want)
		}
	}
}

func TestSignRefusesWhatAHeaderCanNotCarry(t *testing.T) {
	t.Parallel()
	key := httpsig.NewHMAC([]byte("secret"))
	for name, s := range map[string]httpsig.Signature{
		"line break in a nonce": {Label: "s", Params: httpsig.Params{Created: 1, Nonce: "a\nb"}},
		"label in upper case":   {Label: "Sig", Params: httpsig.Params{Created: 1}},
		"missing field":         {Label: "s", Components: httpsig.Components("x-none"), Params: httpsig.Params{Created: 1}},
		"unknown component":     {Label: "s", Components: httpsig.Components("@nothing"), Params: httpsig.Params{Created: 1}},
	} {
		if err := s.Sign(rfcRequest(), key); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	m := rfcRequest()
	m.Header["X-Two"] = []string{"a\r\nb"}
	if err := (&httpsig.Signature{Label: "s", Components: httpsig.Components("x-two")}).Sign(m, key); err == nil {
		t.Error("a line break in a field was signed")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
