package httpsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"hash"
	"math/big"
	"sync"
)

// Algorithm is a name of the registry that RFC 9421 §6.2 sets up.
type Algorithm string

const (
	HMACSHA256      Algorithm = "hmac-sha256"
	Ed25519         Algorithm = "ed25519"
	RSAPSSSHA512    Algorithm = "rsa-pss-sha512"
	RSAv15SHA256    Algorithm = "rsa-v1_5-sha256"
	ECDSAP256SHA256 Algorithm = "ecdsa-p256-sha256"
)

// Verifier is a key that tells whether it made a signature. Safe for concurrent use.
type Verifier interface {
	Algorithm() Algorithm
	Verify(base, signature []byte) bool
}

// SigningKey is a key that signs. Safe for concurrent use.
type SigningKey interface {
	Algorithm() Algorithm
	Sign(base []byte) ([]byte, error)
}

// HMAC is a shared secret: it signs and verifies.
type HMAC struct{ states sync.Pool }

type macState struct {
	hash.Hash
	sum [sha256.Size]byte
}

// NewHMAC returns the key of a shared secret.
func NewHMAC(secret []byte) *HMAC {
	secret = append([]byte(nil), secret...)
	return &HMAC{states: sync.Pool{New: func() any { return &macState{Hash: hmac.New(sha256.New, secret)} }}}
}

// Algorithm is always HMACSHA256.
func (k *HMAC) Algorithm() Algorithm { return HMACSHA256 }

// Verify compares in constant time.
func (k *HMAC) Verify(base, signature []byte) bool {
	m := k.mac(base)
	defer k.states.Put(m)
	return hmac.Equal(m.sum[:], signature)
}

// Sign never fails.
func (k *HMAC) Sign(base []byte) ([]byte, error) {
	m := k.mac(base)
	defer k.states.Put(m)
	return append([]byte(nil), m.sum[:]...), nil
}

func (k *HMAC) mac(base []byte) *macState {
	m := k.states.Get().(*macState)
	m.Reset()
	m.Write(base)
	m.Sum(m.sum[:0])
	return m
}

type publicKey struct {
	algorithm Algorithm
	key       crypto.PublicKey
}

// NewVerifier returns the verifying side of a key pair. The error says which kind of key the algorithm needs.
func NewVerifier(a Algorithm, key crypto.PublicKey) (Verifier, error) {
	if err := fits(a, key); err != nil {
		return nil, err
	}
	return &publicKey{a, key}, nil
}

func fits(a Algorithm, key crypto.PublicKey) error {
	ok := false
	switch k := key.(type) {
	case ed25519.PublicKey:
		ok = a == Ed25519 && len(k) == ed25519.PublicKeySize
	case *rsa.PublicKey:
		ok = a == RSAPSSSHA512 || a == RSAv15SHA256
	case *ecdsa.PublicKey:
		ok = a == ECDSAP256SHA256 && k.Curve == elliptic.P256()
	}
	if !ok {
		return fmt.Errorf("a key of type %T can not be used with %q", key, a)
	}
	return nil
}

func (p *publicKey) Algorithm() Algorithm { return p.algorithm }

func (p *publicKey) Verify(base, signature []byte) bool {
	switch p.algorithm {
	case Ed25519:
		return ed25519.Verify(p.key.(ed25519.PublicKey), base, signature)
	case RSAPSSSHA512:
		sum := sha512.Sum512(base)
		// RFC 9421 wants a salt of 64 bytes; widespread signers use the longest that fits.
		return rsa.VerifyPSS(p.key.(*rsa.PublicKey), crypto.SHA512, sum[:], signature, nil) == nil
	case RSAv15SHA256:
		sum := sha256.Sum256(base)
		return rsa.VerifyPKCS1v15(p.key.(*rsa.PublicKey), crypto.SHA256, sum[:], signature) == nil
	case ECDSAP256SHA256:
		if len(signature) != 64 {
			return false
		}
		sum := sha256.Sum256(base)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(p.key.(*ecdsa.PublicKey), sum[:], r, s)
	}
	return false
}

type privateKey struct {
	algorithm Algorithm
	signer    crypto.Signer
}

// NewSigningKey returns the signing side of a key pair; the key may live elsewhere, in an HSM
// for example. The error says which kind of key the algorithm needs.
func NewSigningKey(a Algorithm, signer crypto.Signer) (SigningKey, error) {
	if err := fits(a, signer.Public()); err != nil {
		return nil, err
	}
	return &privateKey{a, signer}, nil
}

func (p *privateKey) Algorithm() Algorithm { return p.algorithm }

func (p *privateKey) Sign(base []byte) ([]byte, error) {
	switch p.algorithm {
	case Ed25519:
		return p.signer.Sign(nil, base, crypto.Hash(0))
	case RSAPSSSHA512:
		sum := sha512.Sum512(base)
		return p.signer.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: 64, Hash: crypto.SHA512})
	case RSAv15SHA256:
		sum := sha256.Sum256(base)
		return p.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	sum := sha256.Sum256(base)
	der, err := p.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return nil, err
	}
	raw := make([]byte, 64)
	pair.R.FillBytes(raw[:32])
	pair.S.FillBytes(raw[32:])
	return raw, nil
}
