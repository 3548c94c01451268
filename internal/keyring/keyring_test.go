package keyring_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/paymux/paymux/internal/keyring"
)

// texts are a fresh key of every kind.
func texts(t *testing.T) map[keyring.Kind]string {
	t.Helper()
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[keyring.Kind]string{
		keyring.RSA: pkcs8(t, own), keyring.ECDSA: pkcs8(t, curve), keyring.Ed25519: pkcs8(t, ed),
		keyring.HMAC: rand.Text(), keyring.AESGCM: "hex:" + hex.EncodeToString([]byte(rand.Text()+"123456")), keyring.Opaque: rand.Text(),
	}
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func parse(t *testing.T, kind keyring.Kind, text string) keyring.Key {
	t.Helper()
	key, err := keyring.Parse(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWhatIsSignedIsVerifiedByThePublicHalf(t *testing.T) {
	t.Parallel()
	message := []byte("被签名 message")
	for kind, text := range texts(t) {
		key := parse(t, kind, text)
		signature, err := key.Sign(message)
		if kind == keyring.AESGCM || kind == keyring.Opaque {
			if !errors.Is(err, keyring.ErrUnable) {
				t.Errorf("%s signs: %v", kind, err)
			}
			continue
		}
		other := key
		if kind != keyring.HMAC {
			other = parse(t, kind, key.Public())
			if _, err := other.Sign(message); !errors.Is(err, keyring.ErrUnable) {
				t.Errorf("the public half of %s signs: %v", kind, err)
			}
		}
		if err != nil || other.Verify(message, signature) != nil {
			t.Errorf("%s: %v, %v", kind, err, other.Verify(message, signature))
		}
		if err := other.Verify(append(message, '!'), signature); !errors.Is(err, keyring.ErrWrong) {
			t.Errorf("%s believes another message: %v", kind, err)
		}
	}
}

func TestWhatIsEncryptedIsDecryptedAndNothingElse(t *testing.T) {
	t.Parallel()
	all := texts(t)
	for _, kind := range []keyring.Kind{keyring.RSA, keyring.AESGCM} {
		key, nonce, extra := parse(t, kind, all[kind]), []byte("0123456789ab"), []byte("extra")
		sealed, err := key.Encrypt([]byte("plain"), nonce, extra)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := key.Decrypt(sealed, nonce, extra)
		if err != nil || !bytes.Equal(plain, []byte("plain")) {
			t.Errorf("%s gives %q, %v", kind, plain, err)
		}
		sealed[len(sealed)-1] ^= 1
		if _, err := key.Decrypt(sealed, nonce, extra); !errors.Is(err, keyring.ErrWrong) {
			t.Errorf("%s opens a changed ciphertext: %v", kind, err)
		}
	}
}

func TestBadTextIsRefusedAndNeverQuoted(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	all := texts(t)
	for _, c := range []struct {
		kind keyring.Kind
		text string
	}{
		{keyring.RSA, ""}, {keyring.RSA, "hush"}, {keyring.RSA, all[keyring.ECDSA]}, {keyring.RSA, pkcs8(t, short)},
		{keyring.Ed25519, all[keyring.RSA]}, {keyring.HMAC, ""}, {keyring.HMAC, "hex:hush"}, {keyring.HMAC, "base64:hush!"},
		{keyring.AESGCM, "hush"}, {"dsa", "hush"}, {keyring.Opaque, ""},
	} {
		_, err := keyring.Parse(c.kind, c.text)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s %.20q: %v", c.kind, c.text, err)
		}
	}
}
