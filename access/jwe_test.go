package access_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func platformKeys(t testing.TB) (*access.PlatformKeys, []jose.JSONWebKey) {
	t.Helper()
	ec, err := access.GeneratePlatformKey()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := access.NewPlatformKeys(ec, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return keys, set.Keys
}

func encrypt(t testing.TB, alg jose.KeyAlgorithm, enc jose.ContentEncryption, key any, kid string, plain []byte, o *jose.EncrypterOptions) *jose.JSONWebEncryption {
	t.Helper()
	e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: key, KeyID: kid}, o)
	if err != nil {
		t.Fatal(err)
	}
	message, err := e.Encrypt(plain)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func compact(t testing.TB, m *jose.JSONWebEncryption) []byte {
	t.Helper()
	text, err := m.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

func TestJWEOpens(t *testing.T) {
	t.Parallel()
	keys, public := platformKeys(t)
	if len(public) != 2 || public[0].Algorithm != "ECDH-ES+A256KW" || public[1].Algorithm != "RSA-OAEP-256" || public[0].Use != "enc" {
		t.Fatalf("JWKS %+v", public)
	}
	for _, k := range public {
		if !k.IsPublic() {
			t.Fatal("a private key was published")
		}
	}
	for _, c := range []struct {
		alg jose.KeyAlgorithm
		key jose.JSONWebKey
	}{{jose.ECDH_ES, public[0]}, {jose.ECDH_ES_A256KW, public[0]}, {jose.RSA_OAEP_256, public[1]}} {
		m := encrypt(t, c.alg, jose.A256GCM, c.key.Key, c.key.KeyID, []byte(payBody), nil)
		for _, text := range [][]byte{compact(t, m), []byte(m.FullSerialize())} {
			got, err := keys.Open(text)
			if err != nil || string(got) != payBody {
				t.Errorf("%s: %q, %v", c.alg, got, err)
			}
		}
	}
}

func TestJWERefused(t *testing.T) {
	t.Parallel()
	keys, public := platformKeys(t)
	ec, kid := public[0].Key, public[0].KeyID
	stranger, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good := compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, ec, kid, []byte(payBody), nil))
	bomb := compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, ec, kid, bytes.Repeat([]byte(" "), 200_000), &jose.EncrypterOptions{Compression: jose.DEFLATE}))
	parts := strings.Split(string(good), ".")
	parts[3] = strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, parts[3])
	for _, c := range []struct {
		name  string
		text  []byte
		code  paymux.Code
		words []string
	}{
		{"not a JWE", []byte(payBody), paymux.InvalidRequest, []string{"RFC 7516"}},
		{"empty", nil, paymux.InvalidRequest, nil},
		{"compressed", bomb, paymux.InvalidRequest, []string{"Compression"}},
		{"other enc", compact(t, encrypt(t, jose.ECDH_ES, jose.A128CBC_HS256, ec, kid, nil, nil)), paymux.InvalidRequest, []string{"A256GCM"}},
		{"other alg", compact(t, encrypt(t, jose.RSA_OAEP, jose.A256GCM, public[1].Key, public[1].KeyID, nil, nil)), paymux.InvalidRequest, []string{"RSA-OAEP-256"}},
		{"no kid", compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, ec, "", nil, nil)), paymux.InvalidRequest, []string{"kid"}},
		{"unknown kid", compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, ec, "other", nil, nil)), paymux.InvalidRequest, []string{"kid"}},
		{"other key", compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, stranger.Public(), kid, nil, nil)), paymux.InvalidRequest, []string{"can not be decrypted"}},
		{"kid of a key of another kind", compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, ec, public[1].KeyID, nil, nil)), paymux.InvalidRequest, []string{"can not be decrypted"}},
		{"changed", []byte(strings.Join(parts, ".")), paymux.InvalidRequest, []string{"can not be decrypted"}},
		{"cut", good[:len(good)-30], paymux.InvalidRequest, nil},
		{"too large", bytes.Repeat([]byte("a"), 300<<10), paymux.PayloadTooLarge, []string{"262144"}},
		{"too large inside", compact(t, encrypt(t, jose.ECDH_ES, jose.A256GCM, ec, kid, make([]byte, 150<<10), nil)), paymux.PayloadTooLarge, []string{"131072"}},
	} {
		got, err := keys.Open(c.text)
		if got != nil {
			t.Errorf("%s: opened", c.name)
		}
		wantCode(t, err, c.code, c.words...)
	}
}

func TestPlatformKeysAreKept(t *testing.T) {
	t.Parallel()
	ec, _ := access.GeneratePlatformKey()
	made, err := access.NewPlatformKeys(ec, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	text, err := access.MarshalPlatformKeys(ec, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	read, err := access.ParsePlatformKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := made.JWKS()
	b, _ := read.JWKS()
	if !bytes.Equal(a, b) {
		t.Errorf("JWKS after reading\n%s\nwant\n%s", b, a)
	}
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for name, key := range map[string]crypto.PrivateKey{"P-384": p384, "Ed25519": ed, "RSA 1024": small} {
		if _, err := access.NewPlatformKeys(key); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for _, bad := range []string{"", "text", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := access.ParsePlatformKeys([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzJWE(f *testing.F) {
	keys, public := platformKeys(f)
	m := encrypt(f, jose.ECDH_ES, jose.A256GCM, public[0].Key, public[0].KeyID, []byte(payBody), nil)
	f.Add(compact(f, m))
	f.Add([]byte(m.FullSerialize()))
	f.Add([]byte(`{"protected":"e30","recipients":[{"header":{"kid":"x"}}],"iv":"","ciphertext":"","tag":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		plain, err := keys.Open(text)
		if err == nil && string(plain) != payBody {
			t.Fatalf("%q opens to %q", text, plain)
		}
	})
}
