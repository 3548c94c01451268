package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/httpsig"
)

// TestSignedAndEncrypted takes a request through the real verification: signed
// over the encrypted body, opened, and fingerprinted by what was inside.
func TestSignedAndEncrypted(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	platform, public := platformKeys(t)
	f := newFront(t, func(c *access.Config) { c.Gate, c.Opener, c.Location = d.Authenticator, platform, d.Authenticator })
	var seen []paymux.CreatePayment
	f.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) {
		seen = append(seen, r)
		return paymux.Reply{Object: json.RawMessage(paymentObject), Created: true}, nil
	}
	send := func(media string, body, sent []byte) answered {
		r := httptest.NewRequest("POST", "http://pay.test/v1/payments", bytes.NewReader(sent))
		r.RequestURI = "/v1/payments"
		r.Header.Set("Content-Type", media)
		r.Header.Set("Idempotency-Key", "k")
		s := httpsig.Signer{KeyID: string(keyEd25519), Key: d.keys[keyEd25519], Now: d.clock.now}
		if err := s.Sign(r, body); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return answered{w.Code, w.Header(), w.Body.String()}
	}
	closed := func() []byte {
		return compact(t, encrypt(t, jose.ECDH_ES_A256KW, jose.A256GCM, public[0].Key, public[0].KeyID, []byte(goodPayment), nil))
	}
	body := closed()
	if got := send("application/jose", body, body); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	body = closed() // encrypted anew: other bytes, the same request
	send("application/jose", body, body)
	send("application/json", []byte(goodPayment), []byte(goodPayment))
	if len(seen) != 3 || !bytes.Equal(seen[0].Fingerprint, seen[1].Fingerprint) || !bytes.Equal(seen[0].Fingerprint, seen[2].Fingerprint) {
		t.Errorf("%d requests seen, or encryption changes the fingerprint", len(seen))
	}
	if seen[0].Money.Amount != 1250 || seen[0].Hops[0].Data["signed"] != "true" {
		t.Errorf("%+v", seen[0])
	}
	tampered := []byte(strings.Replace(goodPayment, "1250", "9250", 1))
	f.wantProblem(t, send("application/json", []byte(goodPayment), tampered), paymux.SignatureInvalid)
	f.wantProblem(t, send("application/jose", []byte("x.y"), []byte("x.y")), paymux.InvalidRequest)
	if len(seen) != 3 {
		t.Error("a tampered request went on")
	}
	if got := f.ask(t, "GET", "/v1/platform_keys", ""); got.header.Get("Content-Type") != "application/jwk-set+json" || !strings.Contains(got.body, public[0].KeyID) {
		t.Errorf("%s", got.body)
	}
}

func TestConfigIsComplete(t *testing.T) {
	t.Parallel()
	_, err := access.New(access.Config{})
	if err == nil || !strings.Contains(err.Error(), "Payments") || !strings.Contains(err.Error(), "PublicURL") {
		t.Errorf("an empty configuration: %v", err)
	}
}

// A server that is not ready says why, without what only the log may know.
func TestNotReady(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err       error
		text, log string
	}{
		{access.Aside("standby of f1"), "not ready: standby of f1\n", ""},
		{paymux.Errorf(paymux.Unavailable, "The store cannot be reached.").Because(errors.New("hush")), "not ready: The store cannot be reached.\n", "hush"},
		{errors.New("hush"), "not ready\n", "hush"},
	} {
		f := newFront(t, func(conf *access.Config) { conf.Ready = func(context.Context) error { return c.err } })
		got := f.ask(t, "GET", "/readyz", "")
		if got.status != 503 || got.body != c.text {
			t.Errorf("%v: %d %q", c.err, got.status, got.body)
		}
		if log := f.log.String(); !strings.Contains(log, c.log) || c.log == "" && log != "" {
			t.Errorf("%v is logged as %q", c.err, log)
		}
		if got := f.ask(t, "GET", "/livez", ""); got.status != 200 {
			t.Errorf("/livez: %d", got.status)
		}
		if got := f.ask(t, "POST", "/v1/payments", goodPayment); got.status != 201 {
			t.Errorf("a request that comes all the same: %d", got.status)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, path := range []string{"/livez", "/readyz"} {
		if got := f.ask(t, "GET", path, ""); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
