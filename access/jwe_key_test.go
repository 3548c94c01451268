package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/keyring"
)

// vault is a key service with versions of the platform's key.
type vault struct {
	versions []access.KeptKey
	keys     map[string]keyring.Key
	away     error
	unwraps  int
}

func (v *vault) Public(context.Context) ([]access.KeptKey, error) { return v.versions, v.away }

func (v *vault) Unwrap(_ context.Context, name string, w keyring.Wrapped) ([]byte, error) {
	if v.away != nil {
		return nil, v.away
	}
	v.unwraps++
	return v.keys[name].Unwrap(w)
}

func (v *vault) rotate(t *testing.T, name string, kind keyring.Kind) {
	t.Helper()
	text, err := keyring.Generate(kind, 0)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keyring.Parse(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	if v.keys == nil {
		v.keys = map[string]keyring.Key{}
	}
	v.keys[name] = key
	v.versions = append([]access.KeptKey{{Name: name, PEM: key.Public()}}, v.versions...)
}

func jwksOf(t *testing.T, o access.Opener) []jose.JSONWebKey {
	t.Helper()
	text, err := o.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

func TestBodiesAreOpenedWithKeysThatStayElsewhere(t *testing.T) {
	t.Parallel()
	v, now := &vault{}, time.Now()
	v.rotate(t, "v1", keyring.ECDSA)
	o := access.NewKeptOpener(v, func() time.Time { return now })
	first := jwksOf(t, o)[0]
	v.rotate(t, "v2", keyring.RSA)
	if len(jwksOf(t, o)) != 1 {
		t.Error("what is public was asked again at once")
	}
	now = now.Add(time.Minute)
	all := jwksOf(t, o)
	if len(all) != 2 || all[1].KeyID != first.KeyID {
		t.Fatalf("after a rotation: %+v", all)
	}
	for _, k := range all {
		plain, err := o.Open(compact(t, encrypt(t, jose.KeyAlgorithm(k.Algorithm), jose.A256GCM, k.Key, k.KeyID, []byte(`{"amount":1}`), nil)))
		if err != nil || string(plain) != `{"amount":1}` {
			t.Errorf("%s: %q, %v", k.Algorithm, plain, err)
		}
	}
	if v.unwraps != 2 {
		t.Errorf("%d content keys were unwrapped", v.unwraps)
	}
	stranger, _ := platformKeys(t)
	other := jwksOf(t, stranger)[0]
	if _, err := o.Open(compact(t, encrypt(t, jose.ECDH_ES_A256KW, jose.A256GCM, other.Key, other.KeyID, []byte("x"), nil))); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("another deployment's key: %v", err)
	}
	if _, err := o.Open(compact(t, encrypt(t, jose.ECDH_ES_A256KW, jose.A256GCM, other.Key, first.KeyID, []byte("x"), nil))); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("another key under the name of one of ours: %v", err)
	}
}

// A key service that is away is never the merchant's fault.
func TestAKeyServiceThatIsAwayIsSaidToBe(t *testing.T) {
	t.Parallel()
	v, now := &vault{away: errors.New("nobody answers")}, time.Now()
	o := access.NewKeptOpener(v, func() time.Time { return now })
	if _, err := o.JWKS(); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("public keys: %v", err)
	}
	v.away = nil
	v.rotate(t, "v1", keyring.RSA)
	now = now.Add(time.Minute)
	k := jwksOf(t, o)[0]
	body := compact(t, encrypt(t, jose.RSA_OAEP_256, jose.A256GCM, k.Key, k.KeyID, []byte("{}"), nil))
	v.away = errors.New("nobody answers")
	if _, err := o.Open(body); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("a body: %v", err)
	}
	if len(jwksOf(t, o)) != 1 {
		t.Error("public keys that are known are forgotten")
	}
}
