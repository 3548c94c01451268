package access

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
)

// KeptKeys is the platform's key where it stays in a key service, which unwraps content keys and tells public ones.
type KeptKeys interface {
	// Public lists the live versions: how each is called, and the PEM of its public key, the newest first.
	Public(ctx context.Context) ([]KeptKey, error)
	// Unwrap opens the content key of a JWE with the version of a name.
	Unwrap(ctx context.Context, name string, w keyring.Wrapped) ([]byte, error)
}

// KeptKey is one version. Names differ from each other.
type KeptKey struct{ Name, PEM string }

// Times of [KeptOpener].
const (
	keptLookAgain = 30 * time.Second // how soon a rotated key is published
	keptTime      = 5 * time.Second  // of one question to the key service
)

// KeptOpener opens bodies with keys that never come here. Safe for concurrent use.
type KeptOpener struct {
	keys KeptKeys
	now  func() time.Time

	mu    sync.Mutex // guards what follows; held while the key service is asked what is public
	known *PlatformKeys
	names map[string]string // of versions, by kid
	asked time.Time
}

// NewKeptOpener asks nothing yet: a key service that is away makes encrypted bodies Unavailable, and nothing else.
func NewKeptOpener(keys KeptKeys, now func() time.Time) *KeptOpener {
	return &KeptOpener{keys: keys, now: now}
}

// JWKS is the set of public keys, as [PlatformKeys.JWKS]. Unavailable where the key service never answered.
func (o *KeptOpener) JWKS() ([]byte, error) {
	known, _, err := o.refresh("")
	if err != nil {
		return nil, err
	}
	return known.jwks, nil
}

// Open is [PlatformKeys.Open] with keys that are elsewhere; Unavailable where they cannot be asked.
func (o *KeptOpener) Open(body []byte) ([]byte, error) {
	return openJWE(body, func(kid string) (any, error) {
		_, names, err := o.refresh(kid)
		if err != nil {
			return nil, err
		}
		name, ok := names[kid]
		if !ok {
			return nil, errNoKid
		}
		return &unwrapper{keys: o.keys, name: name}, nil
	})
}

func keysAway(cause error) error {
	e := paymux.Errorf(paymux.Unavailable, "The key service does not answer: encrypted bodies cannot be opened just now.").Because(cause)
	e.RetryAfter = 1
	return e
}

// refresh returns what is known, asked anew after a while or where kid is not known yet.
func (o *KeptOpener) refresh(kid string) (*PlatformKeys, map[string]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	age := o.now().Sub(o.asked)
	if o.known != nil && age < keptLookAgain && (kid == "" || o.has(kid) || age < time.Second) {
		return o.known, o.names, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), keptTime)
	defer cancel()
	known, names, err := o.ask(ctx)
	if err != nil && o.known == nil {
		return nil, nil, keysAway(err)
	}
	if err == nil {
		o.known, o.names = known, names
	}
	o.asked = o.now()
	return o.known, o.names, nil
}

func (o *KeptOpener) has(kid string) bool {
	_, ok := o.names[kid]
	return ok
}

func (o *KeptOpener) ask(ctx context.Context) (*PlatformKeys, map[string]string, error) {
	versions, err := o.keys.Public(ctx)
	if err != nil {
		return nil, nil, err
	}
	known, names := &PlatformKeys{}, map[string]string{}
	set := jose.JSONWebKeySet{}
	for _, v := range versions {
		jwk, err := keptJWK(v.PEM)
		if err != nil {
			return nil, nil, err
		}
		names[jwk.KeyID] = v.Name
		set.Keys = append(set.Keys, jwk)
	}
	if len(set.Keys) == 0 {
		return nil, nil, errors.New("platform keys: the key service has no live version")
	}
	known.jwks, err = json.Marshal(set)
	return known, names, err
}

func keptJWK(text string) (jose.JSONWebKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return jose.JSONWebKey{}, errors.New("platform keys: a public key is not PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("platform keys: %w", err)
	}
	return jwkOf(public)
}

// unwrapper lets the JOSE library decrypt with a key that it does not hold.
type unwrapper struct {
	keys KeptKeys
	name string
	away error // why the key could not be used, which says nothing about the body
}

func (u *unwrapper) DecryptKey(encrypted []byte, h jose.Header) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), keptTime)
	defer cancel()
	w := keyring.Wrapped{Algorithm: h.Algorithm, Encrypted: encrypted}
	if epk, ok := h.ExtraHeaders["epk"].(map[string]any); ok {
		w.Encryption, _ = h.ExtraHeaders["enc"].(string)
		w.Ephemeral = append([]byte{4}, append(coordinate(epk["x"]), coordinate(epk["y"])...)...)
		w.PartyU, w.PartyV = coordinate(h.ExtraHeaders["apu"]), coordinate(h.ExtraHeaders["apv"])
	}
	content, err := u.keys.Unwrap(ctx, u.name, w)
	if err != nil && !errors.Is(err, keyring.ErrWrong) && !errors.Is(err, keyring.ErrUnable) {
		u.away = err
	}
	return content, err
}

func coordinate(v any) []byte {
	text, _ := v.(string)
	raw, _ := base64.RawURLEncoding.DecodeString(text) // what is no base64 makes a key that opens nothing
	return raw
}
