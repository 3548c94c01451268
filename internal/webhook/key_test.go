package webhook_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/webhook"
)

// The Ed25519 vector of the specification's own libraries. They write the seed alone, we the whole key: both are read.
const (
	vectorSeed = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
	vectorSum1 = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
)

func TestEd25519Vector(t *testing.T) {
	t.Parallel()
	at := time.Unix(vectorTime, 0)
	got, err := webhook.Sign(vectorSeed, vectorID, at, []byte(vectorBody))
	if err != nil || got != vectorSum1 {
		t.Fatalf("signed %q, %v; want %q", got, err, vectorSum1)
	}
	public, err := webhook.PublicKey(vectorSeed)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.Verify(public, headers(t, vectorSeed, vectorID, at, vectorBody), []byte(vectorBody), at); err != nil {
		t.Error(err)
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	good := webhook.NewSigningKey()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(good, "whsk_"))
	if err != nil || len(raw) != 64 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	encode := func(prefix string, b []byte) string { return prefix + base64.StdEncoding.EncodeToString(b) }
	mixed := append(append([]byte{}, raw[:32]...), make([]byte, 32)...) // a public half of another key
	public, err := webhook.PublicKey(good)
	if err != nil || public != encode("whpk_", raw[32:]) {
		t.Fatalf("public key %q, %v", public, err)
	}
	for text, want := range map[string]error{
		good:                             nil,
		encode("whsk_", raw[:32]):        nil,
		encode("whsk_", raw[:31]):        webhook.ErrKey,
		encode("whsk_", mixed):           webhook.ErrKey,
		"whsk_":                          webhook.ErrKey,
		"whsk_hush hush":                 webhook.ErrKey,
		public:                           nil,
		encode("whpk_", raw):             webhook.ErrPublicKey,
		"whpk_hush hush":                 webhook.ErrPublicKey,
		strings.TrimPrefix(good, "whsk"): webhook.ErrSecret, // a key without its prefix could be taken for the other kind
	} {
		if _, err := webhook.ParseKey(text); !errors.Is(err, want) || err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%d characters of %.5s: %v, want %v", len(text), text, err, want)
		}
	}
	if _, err := webhook.Sign(public, "evt_1", time.Now(), nil); err == nil || webhook.CheckSecret(public) == nil {
		t.Error("a public key signs")
	}
	if _, err := webhook.PublicKey(public); !errors.Is(err, webhook.ErrKey) {
		t.Errorf("public key of a public key: %v", err)
	}
	if same, _ := webhook.PublicKey(encode("whsk_", raw[:32])); same != public {
		t.Error("seed and whole key differ")
	}
}

func TestDiagnoseEd25519(t *testing.T) {
	t.Parallel()
	now := time.Unix(vectorTime, 0)
	key, before, shared := webhook.NewSigningKey(), webhook.NewSigningKey(), webhook.NewSecret()
	public, former := publicOf(t, key), publicOf(t, before)
	entry := func(secret string) string { return headers(t, secret, "evt_1", now, sent).Get(webhook.HeaderSignature) }
	tests := []struct {
		name      string
		secret    string // configured; public where empty
		signature string // the key's own where empty
		body      string // sent where empty
		at        time.Duration
		cause     webhook.Cause
		says      string
	}{
		{name: "good"},
		{name: "good beside the former key's", signature: entry(before) + " " + entry(key)},
		{name: "good beside a shared secret's", signature: entry(shared) + " " + entry(key)},
		{name: "shared secret beside a key's", secret: shared, signature: entry(key) + " " + entry(shared)},
		{name: "good beside nonsense", signature: "v1a,AAAA v9,x " + entry(key)},
		{name: "former key", signature: entry(before), cause: webhook.OldSecret},
		{name: "another key", signature: entry(webhook.NewSigningKey()), cause: webhook.WrongSignature},
		{name: "private key configured", secret: key, cause: webhook.BadSecret, says: "whpk_"},
		{name: "public key cut short", secret: public[:20], cause: webhook.BadSecret, says: "32 bytes"},
		{name: "shared secret configured", secret: shared, cause: webhook.WrongKeyType, says: "whpk_ public key in place"},
		{name: "v1a taken out", signature: entry(shared), cause: webhook.WrongKeyType, says: "taken out"},
		{name: "cut short", signature: entry(key)[:40], cause: webhook.MalformedHeader, says: "v1a,<base64 of 64 bytes>"},
		{name: "cut short beside a v1", signature: entry(shared) + " " + entry(key)[:40], cause: webhook.MalformedHeader},
		{name: "renamed to v1", signature: strings.Replace(entry(key), "v1a,", "v1,", 1), cause: webhook.MalformedHeader},
		{name: "seventeen entries", signature: strings.Repeat(entry(key)+" ", 17), cause: webhook.MalformedHeader, says: "17 entries"},
		{name: "body changed", body: strings.Replace(sent, "1.50", "9.50", 1), cause: webhook.WrongSignature},
		{name: "body trimmed", body: strings.TrimSpace(sent), cause: webhook.ChangedBody, says: "newline"},
		{name: "stale", at: 301 * time.Second, cause: webhook.StaleTimestamp},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			for name, values := range headers(t, key, "evt_1", now, sent) {
				header[name] = values
			}
			if test.signature != "" {
				header.Set(webhook.HeaderSignature, test.signature)
			}
			body, configured := []byte(or(test.body, sent)), or(test.secret, public)
			check(t, webhook.Diagnose(configured, header, body, now.Add(test.at), former), test.cause, test.says)
			if plain := webhook.Verify(configured, header, body, now.Add(test.at)); (plain == nil) != (test.cause == "") {
				t.Errorf("Verify says %v", plain)
			}
		})
	}
}

func publicOf(t *testing.T, key string) string {
	t.Helper()
	public, err := webhook.PublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func BenchmarkSign(b *testing.B) {
	body := make([]byte, 900)
	for name, secret := range map[string]string{"v1": webhook.NewSecret(), "v1a": webhook.NewSigningKey()} {
		k, err := webhook.ParseKey(secret)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var entry []byte
			for b.Loop() {
				entry, _ = k.AppendEntry(entry[:0], vectorID, time.Unix(vectorTime, 0), body)
			}
		})
	}
}
