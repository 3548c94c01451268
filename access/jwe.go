package access

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux"
)

const (
	maxEncrypted = 256 << 10 // bytes of a JWE
	maxDecrypted = 128 << 10 // bytes of what is in it
)

// PlatformKeys are the keys merchants encrypt request bodies to (A3, RFC 7516). Several may live at
// the same time; each has its RFC 7638 thumbprint as ID. Safe for concurrent use.
type PlatformKeys struct {
	byID map[string]crypto.PrivateKey
	jwks []byte
}

// NewPlatformKeys makes a set of private keys, newest first. Keys are RSA of at least 2048 bits (for
// RSA-OAEP-256) or P-256 (for ECDH-ES and ECDH-ES+A256KW).
func NewPlatformKeys(keys ...crypto.PrivateKey) (*PlatformKeys, error) {
	if len(keys) == 0 {
		return nil, errors.New("platform keys: there is none")
	}
	p := &PlatformKeys{byID: make(map[string]crypto.PrivateKey)}
	set := jose.JSONWebKeySet{}
	for _, key := range keys {
		jwk, err := publicJWK(key)
		if err != nil {
			return nil, fmt.Errorf("platform keys: %w", err)
		}
		p.byID[jwk.KeyID] = key
		set.Keys = append(set.Keys, jwk)
	}
	jwks, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("platform keys: %w", err)
	}
	p.jwks = jwks
	return p, nil
}

func publicJWK(private crypto.PrivateKey) (jose.JSONWebKey, error) {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		return jwkOf(&key.PublicKey)
	case *ecdsa.PrivateKey:
		return jwkOf(&key.PublicKey)
	}
	return jose.JSONWebKey{}, fmt.Errorf("a key of type %T can not decrypt", private)
}

// jwkOf is a public key as merchants read it.
func jwkOf(public crypto.PublicKey) (jose.JSONWebKey, error) {
	jwk := jose.JSONWebKey{Use: "enc", Key: public}
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return jwk, fmt.Errorf("an RSA key has %d bits; it needs at least %d", key.N.BitLen(), minRSABits)
		}
		jwk.Algorithm = string(jose.RSA_OAEP_256)
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return jwk, errors.New("an elliptic curve key has to be on P-256")
		}
		jwk.Algorithm = string(jose.ECDH_ES_A256KW)
	default:
		return jwk, fmt.Errorf("a key of type %T can not be encrypted to", public)
	}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return jwk, err
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return jwk, nil
}

// GeneratePlatformKey makes a P-256 key.
func GeneratePlatformKey() (crypto.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// MarshalPlatformKeys writes private keys as PEM (PKCS #8). The result is secret.
func MarshalPlatformKeys(keys ...crypto.PrivateKey) ([]byte, error) {
	var out []byte
	for _, key := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("write a platform key: %w", err)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	}
	return out, nil
}

// ParsePlatformKeys reads what MarshalPlatformKeys wrote.
func ParsePlatformKeys(text []byte) (*PlatformKeys, error) {
	var keys []crypto.PrivateKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("platform keys: a PEM block is not a PKCS #8 private key")
		}
		keys = append(keys, key)
	}
	return NewPlatformKeys(keys...)
}

// JWKS is the set of public keys (RFC 7517), newest first, as JSON.
func (p *PlatformKeys) JWKS() ([]byte, error) { return p.jwks, nil }

// Open decrypts a JWE in compact or JSON form for one recipient: A256GCM, with the algorithms of
// NewPlatformKeys. Compression is refused. Errors: PayloadTooLarge; InvalidRequest, which says what to change
// but never why a ciphertext could not be decrypted.
func (p *PlatformKeys) Open(body []byte) ([]byte, error) {
	return openJWE(body, func(kid string) (any, error) {
		if key, ok := p.byID[kid]; ok {
			return key, nil
		}
		return nil, errNoKid
	})
}

var errNoKid = badJWE("Its header kid names no key of /v1/platform_keys.")

// openJWE decrypts a body with the key that find returns for the header's kid: a private key,
// or what the JOSE library asks to unwrap the content key.
func openJWE(body []byte, find func(kid string) (any, error)) ([]byte, error) {
	if len(body) > maxEncrypted {
		return nil, paymux.Errorf(paymux.PayloadTooLarge, "An encrypted body may have %d bytes; this one has %d.", maxEncrypted, len(body))
	}
	message, err := jose.ParseEncrypted(string(body),
		[]jose.KeyAlgorithm{jose.RSA_OAEP_256, jose.ECDH_ES, jose.ECDH_ES_A256KW}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return nil, badJWE("It is not a JWE (RFC 7516) with alg RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW and enc A256GCM.").Because(err)
	}
	if _, zipped := message.Header.ExtraHeaders["zip"]; zipped {
		return nil, badJWE("Compression (zip) is not accepted.")
	}
	key, err := find(message.Header.KeyID)
	if err != nil {
		return nil, err
	}
	plain, err := message.Decrypt(key)
	if far, ok := key.(*unwrapper); ok && far.away != nil {
		return nil, keysAway(far.away)
	}
	if err != nil {
		return nil, badJWE("It can not be decrypted. Encrypt to one of the keys of /v1/platform_keys, for one recipient.").Because(err)
	}
	if len(plain) > maxDecrypted {
		return nil, paymux.Errorf(paymux.PayloadTooLarge, "A decrypted body may have %d bytes; this one has %d.", maxDecrypted, len(plain))
	}
	return plain, nil
}

func badJWE(what string) *paymux.Error {
	return paymux.Errorf(paymux.InvalidRequest, "The encrypted body can not be opened. %s", what)
}
