// Package keyring does what keys are for, given a key's text: it signs, verifies,
// authenticates, encrypts and decrypts. It keeps nothing, asks nobody and knows no
// payment words; the key service does all of this behind its permissions and its
// audit. Start reading at Parse.
package keyring

import (
	"errors"
	"fmt"
)

// Kind says what a key is and, with that, the one algorithm it is used for.
type Kind string

const (
	RSA     Kind = "rsa"     // RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017); decrypts RSAES-OAEP with SHA-1, as payment institutions use it
	HMAC    Kind = "hmac"    // HMAC-SHA256 (RFC 2104)
	AESGCM  Kind = "aes-gcm" // AEAD_AES_128_GCM or _256_GCM (RFC 5116)
	ECDSA   Kind = "ecdsa"   // P-256 with SHA-256, ASN.1 signatures; agrees on the keys of JWEs
	Ed25519 Kind = "ed25519" // RFC 8032
	Opaque  Kind = "opaque"  // a password or token that has to be sent as it is
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{RSA, HMAC, AESGCM, ECDSA, Ed25519, Opaque} }

var (
	// ErrWrong: the signature is not the key's, or the ciphertext was changed.
	ErrWrong = errors.New("keyring: signature or ciphertext is wrong")
	// ErrUnable: a key of this kind cannot do that.
	ErrUnable = errors.New("keyring: this kind of key cannot do that")
)

// Key is one key, ready for use. Safe for concurrent use. What a kind cannot do returns ErrUnable.
type Key interface {
	Kind() Kind
	Sign(message []byte) ([]byte, error)
	// Verify returns ErrWrong for a signature that is not this key's over message.
	Verify(message, signature []byte) error
	// Encrypt and Decrypt of aes-gcm need a nonce of 12 bytes; of rsa, nonce and associated data are empty.
	Encrypt(plain, nonce, associated []byte) ([]byte, error)
	Decrypt(sealed, nonce, associated []byte) ([]byte, error)
	// Unwrap opens the content key of a JWE: rsa by RSA-OAEP-256, ecdsa by ECDH-ES.
	Unwrap(w Wrapped) ([]byte, error)
	// Public is the PEM of the public half; empty where there is none.
	Public() string
}

// Parse reads a key from its text: PEM of a private key (PKCS #8, PKCS #1 or SEC 1)
// or of a public key or certificate, which can verify and encrypt only, for rsa,
// ecdsa and ed25519; base64 DER without the armour is read, too. hmac, aes-gcm and opaque take the
// text's own bytes, or, after "hex:" or "base64:", what those say. Errors never quote the text.
func Parse(kind Kind, text string) (Key, error) {
	switch kind {
	case RSA, ECDSA, Ed25519:
		return parseAsymmetric(kind, text)
	case HMAC, AESGCM, Opaque:
		return parseSymmetric(kind, text)
	}
	return nil, fmt.Errorf("keyring: kind %q is none of %v", kind, Kinds())
}
