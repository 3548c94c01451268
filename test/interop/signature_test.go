package interop_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// run has a script of this folder read input and returns what it prints.
func run(t *testing.T, script string, input any) []byte {
	t.Helper()
	in, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, stderr.Bytes())
	}
	return out
}

// directory is a merchant's keys in memory.
type directory map[paymux.KeyID]paymux.Key

func (d directory) Key(_ context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	k, ok := d[id]
	if !ok {
		return k, paymux.Merchant{}, fmt.Errorf("find the key: %w", paymux.NotFound)
	}
	return k, paymux.Merchant{ID: "mer_interop"}, nil
}

func (d directory) KeyByDigest(context.Context, []byte) (paymux.Key, paymux.Merchant, error) {
	return paymux.Key{}, paymux.Merchant{}, paymux.NotFound
}

func (d directory) Revision(context.Context) (int64, error) { return 1, nil }

// signingKey is a key as the merchant holds it.
type signingKey struct {
	ID     paymux.KeyID   `json:"id"`
	Alg    paymux.KeyKind `json:"alg"`
	Secret string         `json:"secret,omitempty"`
	PEM    string         `json:"pem,omitempty"`
}

func makeKeys(t *testing.T) (directory, []signingKey) {
	t.Helper()
	shared := access.NewHMAC()
	edPrivate, edPublic, err := access.NewEd25519()
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaPrivate, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	rsaPublic, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return directory{
			"key_hmac":    {ID: "key_hmac", Kind: paymux.KeyHMAC, Shared: shared},
			"key_ed25519": {ID: "key_ed25519", Kind: paymux.KeyEd25519, Public: edPublic},
			"key_rsa":     {ID: "key_rsa", Kind: paymux.KeyRSA, Public: encode("PUBLIC KEY", rsaPublic)},
		}, []signingKey{
			{ID: "key_hmac", Alg: paymux.KeyHMAC, Secret: shared.Reveal()},
			{ID: "key_ed25519", Alg: paymux.KeyEd25519, PEM: edPrivate.Reveal()},
			{ID: "key_rsa", Alg: paymux.KeyRSA, PEM: encode("PRIVATE KEY", rsaPrivate)},
		}
}

// answer says who was believed, or why nobody was.
func answer(door *access.Authenticator) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		who, err := door.Authenticate(r, body)
		var refusal *paymux.Error
		if errors.As(err, &refusal) {
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(map[string]string{"code": string(refusal.Code), "message": refusal.Message})
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"believed": string(who.Key.ID)})
	}
}

// wanted is the code of each case of sign.mjs; accepted ones have none.
var wanted = map[string]paymux.Code{
	"accepted": "", "accepted without body": "", "accepted with more covered": "", "accepted without alg": "", "accepted with expires": "",
	"tampered body": paymux.SignatureInvalid, "tampered path": paymux.SignatureInvalid, "tampered escape": paymux.SignatureInvalid,
	"tampered query": paymux.SignatureInvalid, "tampered method": paymux.SignatureInvalid, "tampered host": paymux.SignatureInvalid,
	"tampered idempotency key": paymux.SignatureInvalid, "tampered digest": paymux.SignatureInvalid,
	"tampered nonce": paymux.SignatureInvalid, "tampered created": paymux.SignatureInvalid,
	"tampered signature": paymux.SignatureInvalid, "tampered coverage": paymux.SignatureInvalid,
	"stripped signature": paymux.SignatureInvalid, "stripped input": paymux.SignatureInvalid, "stripped both": paymux.Unauthenticated,
	"stripped digest": paymux.SignatureInvalid, "stripped idempotency key": paymux.SignatureInvalid,
	"uncovered method": paymux.SignatureInvalid, "uncovered target": paymux.SignatureInvalid,
	"uncovered digest": paymux.SignatureInvalid, "uncovered idempotency key": paymux.SignatureInvalid,
	"no nonce": paymux.SignatureInvalid, "no created": paymux.SignatureInvalid,
	"stale old": paymux.SignatureStale, "stale future": paymux.SignatureStale,
	"unknown key": paymux.Unauthenticated, "other alg": paymux.SignatureInvalid, "replayed": paymux.SignatureReplayed,
}

func TestRequestsSignedByNode(t *testing.T) {
	t.Parallel()
	needModules(t, "http-message-signatures", "httpbis-digest-headers")
	keys, private := makeKeys(t)
	door, err := access.NewAuthenticator(keys, access.Options{FailureLimit: paymux.Limit{Requests: 1000, Seconds: 60}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(answer(door))
	defer server.Close()
	out := run(t, "sign.mjs", map[string]any{"url": server.URL, "keys": private})
	var results []struct {
		Key, Name, Message, Believed string
		Code                         paymux.Code
		Status                       int
	}
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(results) != len(wanted)*len(private) {
		t.Errorf("%d results for %d cases with %d keys", len(results), len(wanted), len(private))
	}
	for _, r := range results {
		want, known := wanted[r.Name]
		switch {
		case !known:
			t.Errorf("%s: no outcome is wanted of it", r.Name)
		case want == "" && (r.Status != http.StatusOK || r.Believed != r.Key):
			t.Errorf("%s, %s: %d %s %s", r.Key, r.Name, r.Status, r.Code, r.Message)
		case want != r.Code:
			t.Errorf("%s, %s: %d %s %s, want the code %q", r.Key, r.Name, r.Status, r.Code, r.Message, want)
		}
	}
}
