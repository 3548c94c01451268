// Package keystest is the suite that a user of keys has to pass, whether the
// service is in its process or behind a wire. Start reading at Run.
package keystest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/keys/keyuse"
)

// User is everything that can be asked for a key.
type User interface {
	KeyID(ctx context.Context, key keys.Name) (string, error)
	Chain(ctx context.Context, key keys.Name, keyID string) ([][]byte, error)
	Public(ctx context.Context, key keys.Name) ([]keyuse.Public, error)
	Sign(ctx context.Context, key keys.Name, keyID string, message []byte) ([]byte, error)
	Verify(ctx context.Context, key keys.Name, message, signature []byte) error
	Encrypt(ctx context.Context, key keys.Name, keyID string, plain, nonce, associated []byte) ([]byte, error)
	Decrypt(ctx context.Context, key keys.Name, sealed, nonce, associated []byte) ([]byte, error)
	Unwrap(ctx context.Context, key keys.Name, keyID string, w keys.Wrapped) ([]byte, error)
	Reveal(ctx context.Context, key keys.Name) (paymux.Secret, error)
}

// Open returns a service without keys and what makes its users.
type Open func(*testing.T) (s *keys.Service, as func(caller string) User)

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*bench){
		"signatures are verified": (*bench).signatures, "ciphertexts are opened": (*bench).ciphertexts, "content keys are unwrapped": (*bench).wrapped,
		"opaque keys are revealed": (*bench).revealed, "refusals are audited": (*bench).refusals, "versions are used by their states": (*bench).states,
		"uses are restricted": (*bench).uses, "the audit names the request": (*bench).request, "certificates are told": (*bench).chains, "public keys are told": (*bench).publics,
		"an ended context uses nothing": (*bench).ended,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, as := open(t)
			test(&bench{T: t, s: s, as: as, user: as("gateway")})
		})
	}
}

type bench struct {
	*testing.T
	s    *keys.Service
	as   func(string) User
	user User
}

func (b *bench) make(kind keys.Kind) keys.Name {
	b.Helper()
	name := keys.Name("a." + string(kind))
	_, err := b.s.By("operator").Generate(b.Context(), keys.Draft{Name: name, Kind: kind, Owner: "shop", Callers: []string{"gateway"}, KeyID: "first", Activate: true})
	b.must(err)
	return name
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) is(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("error %v, want %v", err, want)
	}
}

// audited holds the newest row of the audit to what it should say.
func (b *bench) audited(caller, verb string, key keys.Name, version int, outcome string) keys.Entry {
	b.Helper()
	list, err := b.s.Audit(b.Context(), keys.Filter{Limit: 1})
	b.must(err)
	e := list[0]
	if e.Caller != caller || e.Verb != verb || e.Key != key || e.Version != version || e.Outcome != outcome {
		b.Errorf("the audit says %s %s %s %d %s; want %s %s %s %d %s", e.Caller, e.Verb, e.Key, e.Version, e.Outcome, caller, verb, key, version, outcome)
	}
	return e
}

func (b *bench) signatures() {
	message := []byte("被签名 message")
	for _, kind := range []keys.Kind{keyring.RSA, keyring.ECDSA, keyring.Ed25519, keyring.HMAC} {
		name := b.make(kind)
		signature, err := b.user.Sign(b.Context(), name, "", message)
		b.must(err)
		if e := b.audited("gateway", "sign", name, 1, "ok"); len(e.Digest) != 32 {
			b.Errorf("the digest has %d bytes", len(e.Digest))
		}
		b.must(b.user.Verify(b.Context(), name, message, signature))
		b.audited("gateway", "verify", name, 1, "ok")
		b.is(b.user.Verify(b.Context(), name, append(message, '!'), signature), keyring.ErrWrong)
		b.audited("gateway", "verify", name, 0, "wrong")
	}
	_, err := b.user.Sign(b.Context(), b.make(keyring.AESGCM), "", message)
	b.is(err, keyring.ErrUnable)
}

func (b *bench) ciphertexts() {
	plain, nonce, extra := []byte("plain"), []byte("0123456789ab"), []byte("extra")
	for _, kind := range []keys.Kind{keyring.RSA, keyring.AESGCM} {
		name := b.make(kind)
		sealed, err := b.user.Encrypt(b.Context(), name, "", plain, nonce, extra)
		b.must(err)
		_, err = b.s.By("operator").Rotate(b.Context(), keys.Draft{Name: name}, "")
		b.must(err)
		got, err := b.user.Decrypt(b.Context(), name, sealed, nonce, extra)
		if err != nil || !bytes.Equal(got, plain) {
			b.Errorf("%s: %q, %v", kind, got, err)
		}
		b.audited("gateway", "decrypt", name, 1, "ok")
		sealed[len(sealed)-1] ^= 1
		_, err = b.user.Decrypt(b.Context(), name, sealed, nonce, extra)
		b.is(err, keyring.ErrWrong)
	}
}

func (b *bench) wrapped() {
	name := b.make(keyring.RSA)
	_, err := b.user.Unwrap(b.Context(), name, "first", keys.Wrapped{Algorithm: "RSA-OAEP-256", Encrypted: []byte("nothing of it"), Ephemeral: []byte{4}})
	b.is(err, keyring.ErrWrong)
	b.audited("gateway", "unwrap", name, 1, "wrong")
	_, err = b.user.Unwrap(b.Context(), name, "first", keys.Wrapped{Algorithm: "RSA1_5"})
	b.is(err, keyring.ErrUnable)
	name = b.make(keyring.ECDSA)
	ephemeral := b.point()
	w := keys.Wrapped{Algorithm: "ECDH-ES", Encryption: "A256GCM", Ephemeral: ephemeral, PartyU: []byte("u"), PartyV: []byte("v")}
	agreed, err := b.user.Unwrap(b.Context(), name, "first", w)
	if err != nil || len(agreed) != 32 {
		b.Errorf("%d bytes, %v", len(agreed), err)
	}
	w.PartyV = []byte("w")
	other, err := b.user.Unwrap(b.Context(), name, "", w)
	if err != nil || bytes.Equal(agreed, other) {
		b.Errorf("the parties are not part of the key: %v", err)
	}
}

func (b *bench) revealed() {
	_, err := b.s.By("operator").Import(b.Context(), keys.Draft{Name: "password", Kind: keyring.Opaque, Owner: "shop", Callers: []string{"gateway"}, Activate: true}, "s3cret")
	b.must(err)
	secret, err := b.user.Reveal(b.Context(), "password")
	if err != nil || secret.Reveal() != "s3cret" {
		b.Errorf("%q, %v", secret.Reveal(), err)
	}
	b.audited("gateway", "reveal", "password", 1, "ok")
	_, err = b.user.Reveal(b.Context(), b.make(keyring.HMAC))
	b.is(err, keyring.ErrUnable)
	b.audited("gateway", "reveal", "a.hmac", 1, "unable")
}

func (b *bench) refusals() {
	name, stranger := b.make(keyring.HMAC), b.as("stranger")
	for verb, ask := range b.everything(stranger, name) {
		b.is(ask(), keys.ErrForbidden)
		b.audited("stranger", verb, name, 0, "forbidden")
	}
	for verb, ask := range b.everything(b.user, "none") {
		b.is(ask(), keys.ErrNoKey)
		b.audited("gateway", verb, "none", 0, "no_key")
	}
	operator := b.s.By("operator")
	b.must(operator.Permit(b.Context(), name, "stranger"))
	_, err := stranger.Sign(b.Context(), name, "", nil)
	b.must(err)
	b.must(operator.Forbid(b.Context(), name, "stranger", "gateway"))
	_, err = b.user.Sign(b.Context(), name, "", nil)
	b.is(err, keys.ErrForbidden)
}

// everything is each thing that can be asked, by its verb.
func (b *bench) everything(u User, name keys.Name) map[string]func() error {
	ctx := b.Context()
	return map[string]func() error{
		"key_id":  func() error { _, err := u.KeyID(ctx, name); return err },
		"chain":   func() error { _, err := u.Chain(ctx, name, ""); return err },
		"sign":    func() error { _, err := u.Sign(ctx, name, "", nil); return err },
		"verify":  func() error { return u.Verify(ctx, name, nil, nil) },
		"encrypt": func() error { _, err := u.Encrypt(ctx, name, "", nil, nil, nil); return err },
		"decrypt": func() error { _, err := u.Decrypt(ctx, name, nil, nil, nil); return err },
		"unwrap":  func() error { _, err := u.Unwrap(ctx, name, "", keys.Wrapped{}); return err },
		"reveal":  func() error { _, err := u.Reveal(ctx, name); return err },
	}
}

func (b *bench) states() {
	name, operator, message := b.make(keyring.Ed25519), b.s.By("operator"), []byte("m")
	old, err := b.user.Sign(b.Context(), name, "", message)
	b.must(err)
	second, err := operator.Generate(b.Context(), keys.Draft{Name: name, KeyID: "second"})
	b.must(err)
	_, err = b.user.Sign(b.Context(), name, "second", message)
	b.is(err, keys.ErrState) // pending
	b.must(operator.Activate(b.Context(), name, second.Number))
	if id, err := b.user.KeyID(b.Context(), name); id != "second" || err != nil {
		b.Errorf("%q, %v", id, err)
	}
	_, err = b.user.Sign(b.Context(), name, "", message)
	b.must(err)
	b.audited("gateway", "sign", name, 2, "ok")
	again, err := b.user.Sign(b.Context(), name, "first", message) // retiring, by its name
	if err != nil || !bytes.Equal(again, old) {
		b.Errorf("not the first version's signature: %v", err)
	}
	b.must(b.user.Verify(b.Context(), name, message, old))
	b.audited("gateway", "verify", name, 1, "ok")
	b.must(operator.Destroy(b.Context(), name, 1))
	b.is(b.user.Verify(b.Context(), name, message, old), keyring.ErrWrong)
	_, err = b.user.Sign(b.Context(), name, "first", message)
	b.is(err, keys.ErrState)
	b.must(operator.Retire(b.Context(), name, 2))
	_, err = b.user.Sign(b.Context(), name, "", message)
	b.is(err, keys.ErrState)
	b.audited("gateway", "sign", name, 0, "state")
}

func (b *bench) uses() {
	_, err := b.s.By("operator").Generate(b.Context(), keys.Draft{
		Name: "checks", Kind: keyring.HMAC, Owner: "shop", Callers: []string{"gateway"}, Uses: []keys.Use{keys.UseVerify}, Activate: true,
	})
	b.must(err)
	_, err = b.user.Sign(b.Context(), "checks", "", nil)
	b.is(err, keys.ErrForbidden)
	b.audited("gateway", "sign", "checks", 0, "forbidden")
	b.is(b.user.Verify(b.Context(), "checks", nil, nil), keyring.ErrWrong)
	_, err = b.user.KeyID(b.Context(), "checks")
	b.must(err)
}

func (b *bench) request() {
	name := b.make(keyring.HMAC)
	_, err := b.user.Sign(keyuse.WithRequest(b.Context(), "req_1"), name, "", []byte("message"))
	b.must(err)
	e := b.audited("gateway", "sign", name, 1, "ok")
	if e.Request != "req_1" || e.Digest.String() != "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d" {
		b.Errorf("request %q, digest %s", e.Request, e.Digest)
	}
}

func (b *bench) ended() {
	name := b.make(keyring.RSA)
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	signature, err := b.user.Sign(ctx, name, "", []byte("m"))
	if signature != nil {
		b.Error("it was signed")
	}
	b.is(err, context.Canceled)
	b.audited("operator", "generate", name, 1, "ok")
}
