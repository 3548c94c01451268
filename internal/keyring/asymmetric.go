package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // of OAEP alone, where it is not a weakness (RFC 8017, appendix B.1)
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Sizes of an RSA key, in bits, and of an asymmetric key's text, in bytes, that are read. A larger key would cost others their turn.
const (
	leastBits = 2048
	mostBits  = 8192
	mostText  = 64 << 10
)

func parseAsymmetric(kind Kind, text string) (Key, error) {
	private, public, err := parsePair(text)
	if err != nil {
		return nil, err
	}
	var key Key
	switch pub := public.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() < leastBits {
			return nil, fmt.Errorf("keyring: an RSA key of %d bits is too short; it needs %d", pub.N.BitLen(), leastBits)
		}
		if pub.N.BitLen() > mostBits {
			return nil, fmt.Errorf("keyring: an RSA key of %d bits is too long; it may have %d", pub.N.BitLen(), mostBits)
		}
		own, _ := private.(*rsa.PrivateKey)
		key = rsaKey{unable{RSA}, own, pub}
	case *ecdsa.PublicKey:
		if pub.Curve != elliptic.P256() {
			return nil, errors.New("keyring: an ecdsa key has to be on P-256")
		}
		own, _ := private.(*ecdsa.PrivateKey)
		key = ecdsaKey{unable{ECDSA}, own, pub}
	case ed25519.PublicKey:
		own, _ := private.(ed25519.PrivateKey)
		key = edKey{unable{Ed25519}, own, pub}
	}
	if key == nil || key.Kind() != kind {
		return nil, fmt.Errorf("keyring: the key is not of kind %s", kind)
	}
	return key, nil
}

var errNotPEM = errors.New("keyring: not the PEM, nor the base64 DER, of a private key, public key or certificate")

// parsePair reads a private key with its public half, or a public one alone.
func parsePair(text string) (private crypto.Signer, public crypto.PublicKey, err error) {
	der, err := derOf(text)
	if err != nil {
		return nil, nil, err
	}
	if own, err := parsePrivate(der); err == nil {
		return own, own.Public(), nil
	}
	if pub, err := x509.ParsePKIXPublicKey(der); err == nil {
		return nil, pub, nil
	}
	if cert, err := x509.ParseCertificate(der); err == nil {
		return nil, cert.PublicKey, nil
	}
	if pub, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return nil, pub, nil
	}
	return nil, nil, errNotPEM
}

func derOf(text string) ([]byte, error) {
	if len(text) > mostText {
		return nil, errNotPEM
	}
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(der) == 0 {
		return nil, errNotPEM
	}
	return der, nil
}

func parsePrivate(der []byte) (crypto.Signer, error) {
	if own, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := own.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if own, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return own, nil
	}
	return x509.ParseECPrivateKey(der)
}

func publicPEM(pub crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

type rsaKey struct {
	unable
	private *rsa.PrivateKey // nil: can verify and encrypt only
	public  *rsa.PublicKey
}

func (k rsaKey) Sign(message []byte) ([]byte, error) {
	if k.private == nil {
		return nil, ErrUnable
	}
	digest := sha256.Sum256(message)
	return rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
}

func (k rsaKey) Verify(message, signature []byte) error {
	digest := sha256.Sum256(message)
	if rsa.VerifyPKCS1v15(k.public, crypto.SHA256, digest[:], signature) != nil {
		return ErrWrong
	}
	return nil
}

func (k rsaKey) Encrypt(plain, _, _ []byte) ([]byte, error) {
	return rsa.EncryptOAEP(sha1.New(), rand.Reader, k.public, plain, nil)
}

func (k rsaKey) Decrypt(sealed, _, _ []byte) ([]byte, error) {
	if k.private == nil {
		return nil, ErrUnable
	}
	plain, err := rsa.DecryptOAEP(sha1.New(), nil, k.private, sealed, nil)
	if err != nil {
		return nil, ErrWrong
	}
	return plain, nil
}

func (k rsaKey) Public() string { return publicPEM(k.public) }

type ecdsaKey struct {
	unable
	private *ecdsa.PrivateKey
	public  *ecdsa.PublicKey
}

func (k ecdsaKey) Sign(message []byte) ([]byte, error) {
	if k.private == nil {
		return nil, ErrUnable
	}
	digest := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, k.private, digest[:])
}

func (k ecdsaKey) Verify(message, signature []byte) error {
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(k.public, digest[:], signature) {
		return ErrWrong
	}
	return nil
}

func (k ecdsaKey) Public() string { return publicPEM(k.public) }

type edKey struct {
	unable
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

func (k edKey) Sign(message []byte) ([]byte, error) {
	if k.private == nil {
		return nil, ErrUnable
	}
	return ed25519.Sign(k.private, message), nil
}

func (k edKey) Verify(message, signature []byte) error {
	if !ed25519.Verify(k.public, message, signature) {
		return ErrWrong
	}
	return nil
}

func (k edKey) Public() string { return publicPEM(k.public) }
