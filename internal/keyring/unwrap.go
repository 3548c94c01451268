package keyring

import (
	"crypto/aes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"

	josecipher "github.com/go-jose/go-jose/v4/cipher"
)

// Wrapped is the content key of a JWE (RFC 7516), as its header and recipient have it.
type Wrapped struct {
	Algorithm string // alg: RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW
	Encrypted []byte // the encrypted key; empty with ECDH-ES
	// The rest is of ECDH-ES and ECDH-ES+A256KW (RFC 7518, section 4.6).
	Encryption     string // enc, where alg is ECDH-ES: A128GCM or A256GCM
	Ephemeral      []byte // epk on P-256, as an uncompressed point of 65 bytes
	PartyU, PartyV []byte // apu and apv
}

// Unwrap returns the content key.
func (k rsaKey) Unwrap(w Wrapped) ([]byte, error) {
	if k.private == nil || w.Algorithm != "RSA-OAEP-256" {
		return nil, ErrUnable
	}
	key, err := rsa.DecryptOAEP(sha256.New(), nil, k.private, w.Encrypted, nil)
	if err != nil {
		return nil, ErrWrong
	}
	return key, nil
}

// Unwrap agrees on a key with the sender's ephemeral one and, with ECDH-ES+A256KW, opens
// the content key with it. The agreed secret itself is told to nobody.
func (k ecdsaKey) Unwrap(w Wrapped) ([]byte, error) {
	name, size := w.Algorithm, 32
	switch {
	case k.private == nil:
		return nil, ErrUnable
	case w.Algorithm == "ECDH-ES" && w.Encryption == "A256GCM":
		name = w.Encryption
	case w.Algorithm == "ECDH-ES" && w.Encryption == "A128GCM":
		name, size = w.Encryption, 16
	case w.Algorithm != "ECDH-ES+A256KW":
		return nil, ErrUnable
	}
	ephemeral, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), w.Ephemeral)
	if err != nil {
		return nil, ErrWrong
	}
	agreed := josecipher.DeriveECDHES(name, w.PartyU, w.PartyV, k.private, ephemeral, size)
	if w.Algorithm == "ECDH-ES" {
		return agreed, nil
	}
	return openKey(agreed, w.Encrypted)
}

// openKey is AES key unwrap (RFC 3394).
func openKey(with, encrypted []byte) ([]byte, error) {
	if len(encrypted) < 24 || len(encrypted)%8 != 0 {
		return nil, ErrWrong
	}
	block, err := aes.NewCipher(with)
	if err != nil {
		return nil, ErrWrong
	}
	key, err := josecipher.KeyUnwrap(block, encrypted)
	if err != nil {
		return nil, ErrWrong
	}
	return key, nil
}
