package webhook

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	secretPrefix  = "whsec_"
	privatePrefix = "whsk_"
	publicPrefix  = "whpk_"

	secretMin = 24 // bytes
	secretMax = 64

	v1  = "v1"  // HMAC-SHA256
	v1a = "v1a" // Ed25519
)

var (
	// ErrSecret is what is wrong with a secret that is not whsec_ and base64 of 24 to 64 bytes.
	ErrSecret = errors.New("a webhook secret is whsec_ followed by base64 of 24 to 64 bytes")
	// ErrKey is what is wrong with a signing key that is not whsk_ and base64 of an Ed25519 private key.
	ErrKey = errors.New("a webhook signing key is whsk_ followed by base64 of the 64 bytes of an Ed25519 private key, or of the 32 of its seed")
	// ErrPublicKey is what is wrong with a key to verify with that is not whpk_ and base64 of an Ed25519 public key.
	ErrPublicKey = errors.New("a webhook public key is whpk_ followed by base64 of 32 bytes")
	// errPrivate is said to a receiver who has what only the sender should have.
	errPrivate = errors.New("whsk_ is the sender's private key: verify with the endpoint's whpk_ public key")
	// errVerifyOnly is said to a sender.
	errVerifyOnly = errors.New("whpk_ is a public key, which verifies only: sign with the whsk_ key it belongs to")
)

// NewSecret makes a secret of 32 random bytes.
func NewSecret() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// NewSigningKey makes an Ed25519 key in its whsk_ form.
func NewSigningKey() string {
	_, private, _ := ed25519.GenerateKey(nil) // never fails
	return privatePrefix + base64.StdEncoding.EncodeToString(private)
}

// PublicKey returns the whpk_ form of a signing key's public part, or ErrKey.
func PublicKey(signingKey string) (string, error) {
	private, err := privateKey(signingKey)
	if err != nil {
		return "", err
	}
	return publicPrefix + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey)), nil
}

// Key is a secret that was parsed once, to be used many times. Safe for concurrent use.
type Key struct {
	macs    sync.Pool // of hash.Hash with the shared secret: keying one anew costs as much as a short body
	private ed25519.PrivateKey
	public  ed25519.PublicKey // nil: the key is a shared secret
}

// ParseKey reads a whsec_ secret, a whsk_ signing key or a whpk_ public key. What
// is none of them is ErrSecret, ErrKey or ErrPublicKey, by its prefix. Errors do not show any of it.
func ParseKey(text string) (*Key, error) {
	switch {
	case strings.HasPrefix(text, privatePrefix):
		private, err := privateKey(text)
		if err != nil {
			return nil, err
		}
		return &Key{private: private, public: private.Public().(ed25519.PublicKey)}, nil
	case strings.HasPrefix(text, publicPrefix):
		public, err := base64.StdEncoding.DecodeString(text[len(publicPrefix):])
		if err != nil || len(public) != ed25519.PublicKeySize {
			return nil, ErrPublicKey
		}
		return &Key{public: public}, nil
	}
	return sharedKey(text)
}

func sharedKey(text string) (*Key, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok {
		return nil, ErrSecret
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(secret) < secretMin || len(secret) > secretMax {
		return nil, ErrSecret // the decoder's own words could give part of it away
	}
	k := &Key{}
	k.macs.New = func() any { return hmac.New(sha256.New, secret) }
	return k, nil
}

// privateKey takes both serializations in use: the whole key, and its seed alone.
func privateKey(text string) (ed25519.PrivateKey, error) {
	encoded, ok := strings.CutPrefix(text, privatePrefix)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil, ErrKey
	}
	switch len(raw) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(raw), nil
	case ed25519.PrivateKeySize:
		// A public half that does not belong to the seed would make signatures that give the key away.
		if key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]); bytes.Equal(key, raw) {
			return key, nil
		}
	}
	return nil, ErrKey
}

// version is that of the entries the key makes and verifies.
func (k *Key) version() string {
	if k.public != nil {
		return v1a
	}
	return v1
}

// AppendEntry appends one entry of the signature header: the version, a comma and base64. at
// counts to the second. A public key signs nothing, which is an error.
func (k *Key) AppendEntry(b []byte, id string, at time.Time, body []byte) ([]byte, error) {
	if k.public != nil && k.private == nil {
		return b, errVerifyOnly
	}
	b = append(b, k.version()...)
	b = append(b, ',')
	if k.private != nil {
		return base64.StdEncoding.AppendEncode(b, ed25519.Sign(k.private, content(id, at, body))), nil
	}
	var sum [sha256.Size]byte
	return base64.StdEncoding.AppendEncode(b, k.mac(sum[:0], id, at, body)), nil
}

// fits reports whether an entry's signature is the key's, comparing in constant time.
func (k *Key) fits(signature []byte, id string, at time.Time, body []byte) bool {
	if k.public != nil {
		return ed25519.Verify(k.public, content(id, at, body), signature)
	}
	var sum [sha256.Size]byte
	return subtle.ConstantTimeCompare(signature, k.mac(sum[:0], id, at, body)) == 1
}

func (k *Key) mac(b []byte, id string, at time.Time, body []byte) []byte {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	var head [96]byte
	mac.Write(appendHead(head[:0], id, at))
	mac.Write(body)
	return mac.Sum(b)
}

// content is what is signed: the ID, the seconds and the body, joined by full stops.
func content(id string, at time.Time, body []byte) []byte {
	return append(appendHead(make([]byte, 0, len(id)+len(body)+24), id, at), body...)
}

func appendHead(b []byte, id string, at time.Time) []byte {
	b = append(append(b, id...), '.')
	return append(strconv.AppendInt(b, at.Unix(), 10), '.')
}
