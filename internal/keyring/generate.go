package keyring

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
)

// Generate makes a key and returns its text, which is secret and which Parse reads. bits is
// the size of an RSA key, 2048, 3072 or 4096, 0 for the first; other kinds have one size only.
// Opaque keys are their issuer's to make.
func Generate(kind Kind, bits int) (string, error) {
	if bits != 0 && (kind != RSA || !slices.Contains([]int{2048, 3072, 4096}, bits)) {
		return "", fmt.Errorf("keyring: a key of kind %s can not have %d bits; rsa has 2048, 3072 or 4096", kind, bits)
	}
	switch kind {
	case RSA:
		return pemOf(rsa.GenerateKey(rand.Reader, max(bits, leastBits)))
	case ECDSA:
		return pemOf(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case Ed25519:
		_, own, err := ed25519.GenerateKey(rand.Reader)
		return pemOf(own, err)
	case HMAC, AESGCM:
		raw := make([]byte, 32)
		rand.Read(raw) // never fails
		return "base64:" + base64.StdEncoding.EncodeToString(raw), nil
	}
	return "", fmt.Errorf("keyring: a key of kind %q is not made here; it is imported", kind)
}

func pemOf[K any](own K, err error) (string, error) {
	if err != nil {
		return "", fmt.Errorf("keyring: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		return "", fmt.Errorf("keyring: write a key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
