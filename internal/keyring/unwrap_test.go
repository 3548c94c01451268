package keyring_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux/internal/keyring"
)

// opener lets the JOSE library decrypt with a key that it does not hold.
type opener struct{ key keyring.Key }

func (o opener) DecryptKey(encrypted []byte, h jose.Header) ([]byte, error) {
	w := keyring.Wrapped{Algorithm: h.Algorithm, Encrypted: encrypted}
	if epk, ok := h.ExtraHeaders["epk"].(map[string]any); ok {
		w.Encryption, _ = h.ExtraHeaders["enc"].(string)
		w.Ephemeral = append([]byte{4}, append(part(epk["x"]), part(epk["y"])...)...)
		w.PartyU, w.PartyV = part(h.ExtraHeaders["apu"]), part(h.ExtraHeaders["apv"])
	}
	return o.key.Unwrap(w)
}

func part(v any) []byte {
	text, _ := v.(string)
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	return raw
}

func encrypted(t *testing.T, key keyring.Key, alg jose.KeyAlgorithm, enc jose.ContentEncryption) *jose.JSONWebEncryption {
	t.Helper()
	block, _ := pem.Decode([]byte(key.Public()))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: public}, nil)
	if err != nil {
		t.Fatal(err)
	}
	message, err := e.Encrypt([]byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestAJWEIsOpenedByItsKeyAlone(t *testing.T) {
	t.Parallel()
	mine, others := texts(t), texts(t)
	for _, c := range []struct {
		kind keyring.Kind
		alg  jose.KeyAlgorithm
		enc  jose.ContentEncryption
	}{
		{keyring.RSA, jose.RSA_OAEP_256, jose.A256GCM},
		{keyring.ECDSA, jose.ECDH_ES, jose.A256GCM},
		{keyring.ECDSA, jose.ECDH_ES, jose.A128GCM},
		{keyring.ECDSA, jose.ECDH_ES_A256KW, jose.A256GCM},
	} {
		key := parse(t, c.kind, mine[c.kind])
		message := encrypted(t, key, c.alg, c.enc)
		plain, err := message.Decrypt(opener{key})
		if err != nil || string(plain) != "plain" {
			t.Errorf("%s %s: %q, %v", c.alg, c.enc, plain, err)
		}
		if _, err := message.Decrypt(opener{parse(t, c.kind, others[c.kind])}); err == nil {
			t.Errorf("%s: another key opens it", c.alg)
		}
	}
}

func TestWhatCannotBeUnwrappedIsRefused(t *testing.T) {
	t.Parallel()
	all := texts(t)
	for _, c := range []struct {
		kind keyring.Kind
		w    keyring.Wrapped
		want error
	}{
		{keyring.RSA, keyring.Wrapped{Algorithm: "RSA-OAEP-256", Encrypted: []byte("short")}, keyring.ErrWrong},
		{keyring.RSA, keyring.Wrapped{Algorithm: "RSA1_5"}, keyring.ErrUnable},
		{keyring.ECDSA, keyring.Wrapped{Algorithm: "ECDH-ES+A256KW", Ephemeral: make([]byte, 65)}, keyring.ErrWrong},
		{keyring.ECDSA, keyring.Wrapped{Algorithm: "ECDH-ES", Encryption: "A256CBC-HS512"}, keyring.ErrUnable},
		{keyring.Ed25519, keyring.Wrapped{Algorithm: "ECDH-ES"}, keyring.ErrUnable},
		{keyring.HMAC, keyring.Wrapped{Algorithm: "A256KW"}, keyring.ErrUnable},
	} {
		if _, err := parse(t, c.kind, all[c.kind]).Unwrap(c.w); !errors.Is(err, c.want) {
			t.Errorf("%s %s: %v, want %v", c.kind, c.w.Algorithm, err, c.want)
		}
	}
	public := parse(t, keyring.RSA, parse(t, keyring.RSA, all[keyring.RSA]).Public())
	if _, err := public.Unwrap(keyring.Wrapped{Algorithm: "RSA-OAEP-256"}); !errors.Is(err, keyring.ErrUnable) {
		t.Errorf("a public key unwraps: %v", err)
	}
}

func TestGeneratedKeysAreOfTheirKind(t *testing.T) {
	t.Parallel()
	for _, kind := range keyring.Kinds() {
		text, err := keyring.Generate(kind, 0)
		if kind == keyring.Opaque {
			if err == nil {
				t.Error("an opaque key was made")
			}
			continue
		}
		other, otherErr := keyring.Generate(kind, 0)
		if err != nil || otherErr != nil || text == other {
			t.Errorf("%s: %v, %v, twice the same: %t", kind, err, otherErr, text == other)
		}
		parse(t, kind, text)
	}
	for _, c := range []struct {
		kind keyring.Kind
		bits int
	}{{keyring.RSA, 1024}, {keyring.HMAC, 2048}, {"dsa", 0}} {
		if _, err := keyring.Generate(c.kind, c.bits); err == nil {
			t.Errorf("%s of %d bits was made", c.kind, c.bits)
		}
	}
}

// FuzzParse: no text panics, errors never quote it, and what is read can do its kind's work.
func FuzzParse(f *testing.F) {
	for _, kind := range keyring.Kinds() {
		for _, text := range []string{"", "hex:00", "base64:AAAA", "hex:zz", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "0123456789abcdef", "MCowBQYDK2VwAyEA"} {
			f.Add(string(kind), text)
		}
		if text, err := keyring.Generate(kind, 0); err == nil {
			f.Add(string(kind), text)
			if key, err := keyring.Parse(kind, text); err == nil {
				f.Add(string(kind), key.Public())
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind, text string) {
		key, err := keyring.Parse(keyring.Kind(kind), text)
		if err != nil {
			return
		}
		if key.Kind() != keyring.Kind(kind) {
			t.Fatalf("asked for %s, got %s", kind, key.Kind())
		}
		signature, err := key.Sign([]byte("message"))
		if err == nil && key.Verify([]byte("message"), signature) != nil {
			t.Errorf("a key of kind %s does not know its own signature", kind)
		}
		if err := key.Verify([]byte("message"), []byte("not a signature")); err == nil {
			t.Errorf("a key of kind %s believes anything", kind)
		}
		key.Unwrap(keyring.Wrapped{Algorithm: "ECDH-ES+A256KW", Ephemeral: []byte(text), Encrypted: []byte(text)})
		key.Decrypt([]byte(text), []byte("0123456789ab"), nil)
	})
}
