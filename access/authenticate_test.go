package access_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/httpsig"
)

// shelf is a directory in memory that counts what it is asked.
type shelf struct {
	mu       sync.Mutex
	keys     map[paymux.KeyID]paymux.Key
	merchant paymux.Merchant
	revision int64
	fail     error
	hold     chan struct{} // where not nil, reads wait for it to be closed
	reads    atomic.Int64
}

func (s *shelf) find(match func(paymux.Key) bool) (paymux.Key, paymux.Merchant, error) {
	s.reads.Add(1)
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return paymux.Key{}, paymux.Merchant{}, s.fail
	}
	for _, k := range s.keys {
		if match(k) {
			return k, s.merchant, nil
		}
	}
	return paymux.Key{}, paymux.Merchant{}, fmt.Errorf("find a key: %w", paymux.NotFound)
}

func (s *shelf) Key(_ context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	return s.find(func(k paymux.Key) bool { return k.ID == id })
}

func (s *shelf) KeyByDigest(_ context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	return s.find(func(k paymux.Key) bool { return bytes.Equal(k.Digest, digest) })
}

func (s *shelf) Revision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, s.fail
}

// change commits a change, as a store does.
func (s *shelf) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	s.revision++
}

// clock is moved by hand.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.nanos.Load()) }
func (c *clock) move(d time.Duration) { c.nanos.Add(int64(d)) }

// door is an authenticator with a merchant that has one key of each kind.
type door struct {
	*access.Authenticator
	clock  *clock
	shelf  *shelf
	bearer paymux.Secret
	shared *httpsig.HMAC
	keys   map[paymux.KeyID]httpsig.SigningKey
}

const (
	keyHMAC    paymux.KeyID = "key_hmac"
	keyEd25519 paymux.KeyID = "key_ed25519"
	keyRSA     paymux.KeyID = "key_rsa"
	keyBearer  paymux.KeyID = "key_bearer"
	keyOld     paymux.KeyID = "key_old"
)

// rsaKey is made once: that takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newDoor(t testing.TB, o access.Options) *door {
	t.Helper()
	d := &door{clock: newClock(), keys: make(map[paymux.KeyID]httpsig.SigningKey)}
	shared := access.NewHMAC()
	secret, err := base64.StdEncoding.DecodeString(shared.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	d.shared = httpsig.NewHMAC(secret)
	private, public, err := access.NewEd25519()
	if err != nil {
		t.Fatal(err)
	}
	bearer, digest, hint := access.NewBearer(false)
	d.bearer = bearer
	d.keys[keyHMAC], d.keys[keyOld] = d.shared, d.shared
	d.keys[keyEd25519] = signing(t, httpsig.Ed25519, private.Reveal())
	rsaSigner, err := httpsig.NewSigningKey(httpsig.RSAPSSSHA512, rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	d.keys[keyRSA] = rsaSigner
	der, _ := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	rsaPublic := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	d.shelf = &shelf{
		merchant: paymux.Merchant{ID: "mer_1", Policy: paymux.Policy{Bearer: true}},
		revision: 1,
		keys: map[paymux.KeyID]paymux.Key{
			keyHMAC:    {ID: keyHMAC, Merchant: "mer_1", Kind: paymux.KeyHMAC, Shared: shared},
			keyEd25519: {ID: keyEd25519, Merchant: "mer_1", Kind: paymux.KeyEd25519, Public: public},
			keyRSA:     {ID: keyRSA, Merchant: "mer_1", Kind: paymux.KeyRSA, Public: rsaPublic},
			keyBearer:  {ID: keyBearer, Merchant: "mer_1", Kind: paymux.KeyBearer, Digest: digest, Hint: hint},
			keyOld:     {ID: keyOld, Merchant: "mer_1", Kind: paymux.KeyHMAC, Shared: shared, RevokedAt: d.clock.now().Add(-time.Hour)},
		},
	}
	o.Now = d.clock.now
	if d.Authenticator, err = access.NewAuthenticator(d.shelf, o); err != nil {
		t.Fatal(err)
	}
	return d
}

func signing(t testing.TB, a httpsig.Algorithm, text string) httpsig.SigningKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	s, err := httpsig.NewSigningKey(a, key.(ed25519.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const payBody = `{"amount":1000,"currency":"EUR"}`

func payRequest() *http.Request {
	r := httptest.NewRequest("POST", "http://pay.test/v1/payments?expand=a%2Fb", strings.NewReader(payBody))
	r.RequestURI = "/v1/payments?expand=a%2Fb"
	r.RemoteAddr = "203.0.113.7:4711"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "order-1")
	return r
}

func (d *door) signed(t testing.TB, key paymux.KeyID) *http.Request {
	t.Helper()
	r := payRequest()
	d.sign(t, r, key)
	return r
}

func (d *door) sign(t testing.TB, r *http.Request, key paymux.KeyID) {
	t.Helper()
	s := httpsig.Signer{KeyID: string(key), Key: d.keys[key], Now: d.clock.now}
	if err := s.Sign(r, []byte(payBody)); err != nil {
		t.Fatal(err)
	}
}

// signWith signs with components and parameters of the test's own.
func (d *door) signWith(t testing.TB, r *http.Request, p httpsig.Params, cover ...string) {
	t.Helper()
	r.Header.Set("Content-Digest", httpsig.ContentDigest([]byte(payBody)))
	m := httpsig.OutgoingRequest(r)
	s := httpsig.Signature{Label: "sig1", Components: httpsig.Components(cover...), Params: p}
	if err := s.Sign(&m, d.shared); err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code paymux.Code, words ...string) {
	t.Helper()
	var e *paymux.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("error %v, want the code %s", err, code)
	}
	for _, w := range words {
		if !strings.Contains(e.Message, w) {
			t.Errorf("message %q does not say %q", e.Message, w)
		}
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	for _, key := range []paymux.KeyID{keyHMAC, keyEd25519, keyRSA} {
		who, err := d.Authenticate(d.signed(t, key), []byte(payBody))
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if who.Key.ID != key || who.Merchant.ID != "mer_1" || !who.Signed || who.Addr != netip.MustParseAddr("203.0.113.7") || who.Client.IP != "203.0.113.7" {
			t.Errorf("%s: identity %+v", key, who)
		}
	}
	r := payRequest()
	r.Header.Set("Authorization", "Bearer "+d.bearer.Reveal())
	who, err := d.Authenticate(r, []byte(payBody))
	if err != nil || who.Key.ID != keyBearer || who.Signed {
		t.Errorf("bearer: %+v, %v", who, err)
	}
}

var covered = []string{"@method", "@target-uri", "content-digest", "idempotency-key"}

func TestSignatureRefused(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		body   string
		code   paymux.Code
		words  []string
	}{
		{"path", func(r *http.Request) { r.RequestURI = "/v1/refunds?expand=a%2Fb" }, payBody, paymux.SignatureInvalid, []string{"/v1/refunds?expand=a%2Fb"}},
		{"path of the parsed URL only", func(r *http.Request) { r.URL.Path = "/v1/refunds" }, payBody, "", nil},
		{"escaped form", func(r *http.Request) { r.RequestURI = "/v1/payments?expand=a/b" }, payBody, paymux.SignatureInvalid, nil},
		{"query", func(r *http.Request) { r.RequestURI += "&x=1" }, payBody, paymux.SignatureInvalid, nil},
		{"method", func(r *http.Request) { r.Method = "PUT" }, payBody, paymux.SignatureInvalid, []string{"PUT"}},
		{"host", func(r *http.Request) { r.Host = "evil.test" }, payBody, paymux.SignatureInvalid, []string{"http://evil.test/"}},
		{"idempotency key", set("Idempotency-Key", "order-2"), payBody, paymux.SignatureInvalid, nil},
		{"idempotency key taken", func(r *http.Request) { r.Header.Del("Idempotency-Key") }, payBody, paymux.SignatureInvalid, []string{"idempotency-key"}},
		{"content type", set("Content-Type", "application/jose"), payBody, paymux.SignatureInvalid, nil},
		{"digest", set("Content-Digest", httpsig.ContentDigest([]byte("{}"))), "{}", paymux.SignatureInvalid, nil},
		{"digest taken", func(r *http.Request) { r.Header.Del("Content-Digest") }, payBody, paymux.SignatureInvalid, []string{"content-digest"}},
		{"body", nil, `{"amount":9000,"currency":"EUR"}`, paymux.SignatureInvalid, []string{"body", "sha-256"}},
		{"body taken", nil, "", paymux.SignatureInvalid, []string{"0 bytes"}},
		{"no value", func(r *http.Request) { r.Header.Del("Signature") }, payBody, paymux.SignatureInvalid, []string{"no Signature"}},
		{"no input", func(r *http.Request) { r.Header.Del("Signature-Input") }, payBody, paymux.SignatureInvalid, []string{"Signature-Input"}},
		{"nothing", func(r *http.Request) { r.Header.Del("Signature-Input"); r.Header.Del("Signature") }, payBody, paymux.Unauthenticated, []string{"RFC 9421"}},
		{"garbage", set("Signature-Input", "sig1=???"), payBody, paymux.SignatureInvalid, []string{"can not be read"}},
		{"other value", set("Signature", "sig1=:AAAA:"), payBody, paymux.SignatureInvalid, nil},
		{"both credentials", set("Authorization", "Bearer sk_test_x"), payBody, paymux.Unauthenticated, []string{"not both"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t, access.Options{})
			r := d.signed(t, keyHMAC)
			if c.change != nil {
				c.change(r)
			}
			_, err := d.Authenticate(r, []byte(c.body))
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantCode(t, err, c.code, c.words...)
		})
	}
}

func TestSignatureHasToCover(t *testing.T) {
	t.Parallel()
	for i, component := range covered {
		d := newDoor(t, access.Options{})
		cover := append(append([]string{}, covered[:i]...), covered[i+1:]...)
		r := payRequest()
		d.signWith(t, r, httpsig.Params{Created: d.clock.now().Unix(), KeyID: string(keyHMAC), Nonce: "12345678"}, cover...)
		_, err := d.Authenticate(r, []byte(payBody))
		wantCode(t, err, paymux.SignatureInvalid, "missing", component)
	}
}

func TestSignatureParameters(t *testing.T) {
	t.Parallel()
	now := newClock().now().Unix()
	base := httpsig.Params{Created: now, KeyID: string(keyHMAC), Nonce: "12345678"}
	with := func(change func(*httpsig.Params)) httpsig.Params {
		p := base
		change(&p)
		return p
	}
	for _, c := range []struct {
		name  string
		p     httpsig.Params
		code  paymux.Code
		words []string
	}{
		{"as it should be", base, "", nil},
		{"oldest", with(func(p *httpsig.Params) { p.Created -= 300 }), "", nil},
		{"too old", with(func(p *httpsig.Params) { p.Created -= 301 }), paymux.SignatureStale, []string{"301 seconds ago", "2026-11-22T12:00:00Z"}},
		{"newest", with(func(p *httpsig.Params) { p.Created += 300 }), "", nil},
		{"in the future", with(func(p *httpsig.Params) { p.Created += 301 }), paymux.SignatureStale, []string{"301 seconds in the future"}},
		{"no created", with(func(p *httpsig.Params) { p.Created = 0 }), paymux.SignatureInvalid, []string{"created"}},
		{"no nonce", with(func(p *httpsig.Params) { p.Nonce = "" }), paymux.SignatureInvalid, []string{"nonce"}},
		{"short nonce", with(func(p *httpsig.Params) { p.Nonce = "1234567" }), paymux.SignatureInvalid, []string{"7 characters"}},
		{"long nonce", with(func(p *httpsig.Params) { p.Nonce = strings.Repeat("x", 129) }), paymux.SignatureInvalid, []string{"129"}},
		{"expired", with(func(p *httpsig.Params) { p.Expires = now }), paymux.SignatureStale, []string{"expired 0 seconds ago"}},
		{"not yet expired", with(func(p *httpsig.Params) { p.Expires = now + 1 }), "", nil},
		{"right alg", with(func(p *httpsig.Params) { p.Algorithm = "hmac-sha256" }), "", nil},
		{"other alg", with(func(p *httpsig.Params) { p.Algorithm = "ed25519" }), paymux.SignatureInvalid, []string{"ed25519", "hmac-sha256"}},
		{"unknown key", with(func(p *httpsig.Params) { p.KeyID = "key_none" }), paymux.Unauthenticated, []string{"key_none"}},
		{"no key", with(func(p *httpsig.Params) { p.KeyID = "" }), paymux.Unauthenticated, []string{"keyid"}},
		{"key of another system", with(func(p *httpsig.Params) { p.KeyID = "proxy" }), paymux.Unauthenticated, []string{"keyid"}},
		{"revoked key", with(func(p *httpsig.Params) { p.KeyID = string(keyOld) }), paymux.Unauthenticated, []string{"revoked at 2026-11-22 11:00:00"}},
		{"bearer key", with(func(p *httpsig.Params) { p.KeyID = string(keyBearer) }), paymux.SignatureInvalid, []string{"bearer"}},
		{"key of another kind", with(func(p *httpsig.Params) { p.KeyID = string(keyEd25519) }), paymux.SignatureInvalid, []string{"does not fit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t, access.Options{})
			r := payRequest()
			d.signWith(t, r, c.p, covered...)
			_, err := d.Authenticate(r, []byte(payBody))
			if c.code != "" {
				wantCode(t, err, c.code, c.words...)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A proxy's own signature, before or after the merchant's, is none of our business.
func TestSeveralSignatures(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		d := newDoor(t, access.Options{})
		r := d.signed(t, keyHMAC)
		const input, value = `proxy=("@method");created=1;keyid="edge"`, `proxy=:AAAA:`
		if first {
			r.Header["Signature-Input"] = append([]string{input}, r.Header["Signature-Input"]...)
		} else {
			r.Header.Add("Signature-Input", input)
		}
		r.Header.Add("Signature", value)
		if _, err := d.Authenticate(r, []byte(payBody)); err != nil {
			t.Errorf("proxy first %t: %v", first, err)
		}
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	r := d.signed(t, keyHMAC)
	if _, err := d.Authenticate(r, []byte(payBody)); err != nil {
		t.Fatal(err)
	}
	for range 11 {
		_, err := d.Authenticate(r, []byte(payBody))
		if d.clock.now().Sub(newClock().now()) > 5*time.Minute {
			wantCode(t, err, paymux.SignatureStale)
		} else {
			wantCode(t, err, paymux.SignatureReplayed, "nonce")
		}
		d.clock.move(30 * time.Second)
	}
	// The same nonce under a newer date is a replay of the nonce, too, as long as it is remembered.
	d = newDoor(t, access.Options{})
	for _, age := range []int64{-200, 0} {
		r := payRequest()
		d.signWith(t, r, httpsig.Params{Created: d.clock.now().Unix() + age, KeyID: string(keyHMAC), Nonce: "12345678"}, covered...)
		_, err := d.Authenticate(r, []byte(payBody))
		if age == 0 {
			wantCode(t, err, paymux.SignatureReplayed)
		}
	}
	// Another key may use the same nonce.
	d.shelf.change(func() {
		k := d.shelf.keys[keyHMAC]
		k.ID = "key_second"
		d.shelf.keys[k.ID] = k
	})
	r = payRequest()
	d.signWith(t, r, httpsig.Params{Created: d.clock.now().Unix(), KeyID: "key_second", Nonce: "12345678"}, covered...)
	if _, err := d.Authenticate(r, []byte(payBody)); err != nil {
		t.Error(err)
	}
}

func TestReplayRace(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	r := d.signed(t, keyHMAC)
	var accepted atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if _, err := d.Authenticate(r.Clone(context.Background()), []byte(payBody)); err == nil {
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	if n := accepted.Load(); n != 1 {
		t.Fatalf("%d of 64 equal requests were accepted", n)
	}
}

func TestNonceRoomIsBounded(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{Nonces: 4})
	for range 4 {
		if _, err := d.Authenticate(d.signed(t, keyHMAC), []byte(payBody)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := d.Authenticate(d.signed(t, keyHMAC), []byte(payBody))
	wantCode(t, err, paymux.RateLimited)
	d.clock.move(7 * time.Minute)
	if _, err := d.Authenticate(d.signed(t, keyHMAC), []byte(payBody)); err != nil {
		t.Errorf("after the nonces became stale: %v", err)
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	send := func(o access.Options, url, seenURI string, change func(*http.Request)) error {
		d := newDoor(t, o)
		r := payRequest()
		signedAs := httptest.NewRequest("POST", url, nil)
		r.URL, r.Host = signedAs.URL, signedAs.Host
		d.sign(t, r, keyHMAC)
		r.Host, r.RequestURI = "node.internal:8080", seenURI
		if change != nil {
			change(r)
		}
		_, err := d.Authenticate(r, []byte(payBody))
		return err
	}
	const public = "https://pay.example.com"
	proxies := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	forwardedTo := func(r *http.Request) {
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "pay.example.com")
	}
	for _, c := range []struct {
		name, url, seen string
		o               access.Options
		change          func(*http.Request)
		ok              bool
	}{
		{"public URL", public + "/v1/x?a=1", "/v1/x?a=1", access.Options{PublicURL: public + "/"}, nil, true},
		{"with a path", public + "/pay/v1/x", "/v1/x", access.Options{PublicURL: public + "/pay"}, nil, true},
		{"path changed", public + "/pay/v1/x", "/v1/y", access.Options{PublicURL: public + "/pay"}, nil, false},
		{"own host not allowed", "http://node.internal:8080/v1/x", "/v1/x", access.Options{PublicURL: public}, nil, false},
		{"own host allowed", "http://node.internal:8080/v1/x", "/v1/x", access.Options{PublicURL: public, OwnHost: true}, nil, true},
		{"other host", "https://other.example.com/v1/x", "/v1/x", access.Options{PublicURL: public, OwnHost: true}, nil, false},
		{"untrusted forwarding", public + "/v1/x", "/v1/x", access.Options{}, forwardedTo, false},
		{"trusted forwarding", public + "/v1/x", "/v1/x", access.Options{TrustedProxies: proxies}, forwardedTo, true},
		{"trusted Forwarded", public + "/v1/x", "/v1/x", access.Options{TrustedProxies: proxies, ForwardedHeader: "Forwarded"},
			func(r *http.Request) { r.Header.Set("Forwarded", `for=1.2.3.4;host=pay.example.com;proto=https`) }, true},
		{"the header proxies do not write", public + "/v1/x", "/v1/x", access.Options{TrustedProxies: proxies, ForwardedHeader: "Forwarded"}, forwardedTo, false},
	} {
		err := send(c.o, c.url, c.seen, c.change)
		if c.ok && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !c.ok {
			wantCode(t, err, paymux.SignatureInvalid)
		}
	}
	for _, bad := range []string{"pay.example.com", "ftp://x", "https://", "https://a?b", "https://u:p@a"} {
		if _, err := access.NewAuthenticator(&shelf{}, access.Options{PublicURL: bad}); err == nil {
			t.Errorf("public URL %q was taken", bad)
		}
	}
	if _, err := access.NewAuthenticator(&shelf{}, access.Options{ForwardedHeader: "X-Real-IP"}); err == nil {
		t.Error("an unknown forwarding header was taken")
	}
}

func TestBearerRefused(t *testing.T) {
	t.Parallel()
	fresh, _, _ := access.NewBearer(false)
	live, liveDigest, _ := access.NewBearer(true)
	for _, c := range []struct {
		name   string
		header func(d *door) []string
		change func(d *door)
		code   paymux.Code
		words  []string
	}{
		{"unknown", func(*door) []string { return []string{"Bearer " + fresh.Reveal()} }, nil, paymux.Unauthenticated, []string{"not known"}},
		{"cut", func(d *door) []string { return []string{"Bearer " + d.bearer.Reveal()[:20]} }, nil, paymux.Unauthenticated, []string{"not known"}},
		{"other scheme", func(d *door) []string { return []string{"Basic " + d.bearer.Reveal()} }, nil, paymux.Unauthenticated, []string{"Bearer sk_test_"}},
		{"publishable", func(*door) []string { return []string{"Bearer pk_test_abc"} }, nil, paymux.Unauthenticated, nil},
		{"empty", func(*door) []string { return []string{""} }, nil, paymux.Unauthenticated, nil},
		{"too long", func(*door) []string { return []string{"Bearer sk_test_" + strings.Repeat("a", 200)} }, nil, paymux.Unauthenticated, nil},
		{"twice", func(d *door) []string {
			return []string{"Bearer " + d.bearer.Reveal(), "Bearer " + d.bearer.Reveal()}
		}, nil, paymux.Unauthenticated, nil},
		{"policy", nil, func(d *door) { d.shelf.merchant.Policy.Bearer = false }, paymux.Forbidden, []string{"policy", "RFC 9421"}},
		{"revoked", nil, func(d *door) {
			k := d.shelf.keys[keyBearer]
			k.RevokedAt = d.clock.now()
			d.shelf.keys[keyBearer] = k
		}, paymux.Unauthenticated, []string{"revoked"}},
		{"live secret of a test merchant", func(*door) []string { return []string{"Bearer " + live.Reveal()} }, func(d *door) {
			d.shelf.keys["key_live"] = paymux.Key{ID: "key_live", Kind: paymux.KeyBearer, Digest: liveDigest}
		}, paymux.Unauthenticated, nil},
		{"signing key with that digest", nil, func(d *door) {
			k := d.shelf.keys[keyBearer]
			k.Kind = paymux.KeyHMAC
			d.shelf.keys[keyBearer] = k
		}, paymux.Unauthenticated, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t, access.Options{})
			header := []string{"Bearer " + d.bearer.Reveal()}
			if c.header != nil {
				header = c.header(d)
			}
			if c.change != nil {
				d.shelf.change(func() { c.change(d) })
			}
			r := payRequest()
			r.Header["Authorization"] = header
			_, err := d.Authenticate(r, []byte(payBody))
			wantCode(t, err, c.code, c.words...)
			if strings.Contains(err.Error(), strings.TrimPrefix(d.bearer.Reveal(), "sk_test_")) {
				t.Error("the error holds the secret")
			}
		})
	}
}

func TestGuessingIsSlowed(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{FailureLimit: paymux.Limit{Requests: 10, Seconds: 60}})
	guess := func(addr string) error {
		secret, _, _ := access.NewBearer(false)
		r := payRequest()
		r.RemoteAddr = addr
		r.Header.Set("Authorization", "Bearer "+secret.Reveal())
		_, err := d.Authenticate(r, nil)
		return err
	}
	good := func() error {
		r := payRequest()
		r.Header.Set("Authorization", "Bearer "+d.bearer.Reveal())
		_, err := d.Authenticate(r, nil)
		return err
	}
	if err := good(); err != nil {
		t.Fatal(err)
	}
	for _, key := range []paymux.KeyID{keyHMAC, keyEd25519} {
		if _, err := d.Authenticate(d.signed(t, key), []byte(payBody)); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		wantCode(t, guess("203.0.113.7:1"), paymux.Unauthenticated)
	}
	asked := d.shelf.reads.Load()
	err := guess("203.0.113.7:2")
	wantCode(t, err, paymux.RateLimited, "203.0.113.7")
	var e *paymux.Error
	if errors.As(err, &e); e.RetryAfter < 1 {
		t.Errorf("Retry-After %d", e.RetryAfter)
	}
	if d.shelf.reads.Load() != asked {
		t.Error("the directory was still asked")
	}
	if err := good(); err != nil {
		t.Errorf("a known key from the same address: %v", err)
	}
	wantCode(t, guess("203.0.113.8:1"), paymux.Unauthenticated)
	// One IPv6 subnet is one guesser.
	for i := range 10 {
		wantCode(t, guess(fmt.Sprintf("[2001:db8::%x]:1", i+1)), paymux.Unauthenticated)
	}
	wantCode(t, guess("[2001:db8::ffff]:1"), paymux.RateLimited)
	wantCode(t, guess("[2001:db8:1::1]:1"), paymux.Unauthenticated)
	// Wrong signatures of a known key are slowed for that key alone.
	for i := range 11 {
		r := d.signed(t, keyHMAC)
		r.Method = "PUT"
		_, err := d.Authenticate(r, []byte(payBody))
		wantCode(t, err, map[bool]paymux.Code{true: paymux.SignatureInvalid, false: paymux.RateLimited}[i < 10])
	}
	if _, err := d.Authenticate(d.signed(t, keyEd25519), []byte(payBody)); err != nil {
		t.Errorf("another known key from the same address: %v", err)
	}
	d.clock.move(2 * time.Minute)
	if _, err := d.Authenticate(d.signed(t, keyHMAC), []byte(payBody)); err != nil {
		t.Errorf("after a while: %v", err)
	}
	wantCode(t, guess("203.0.113.7:3"), paymux.Unauthenticated)
}

func TestMadeKeys(t *testing.T) {
	t.Parallel()
	for live, prefix := range map[bool]string{false: "sk_test_", true: "sk_live_"} {
		secret, digest, hint := access.NewBearer(live)
		sum := sha256.Sum256([]byte(secret.Reveal()))
		if !strings.HasPrefix(secret.Reveal(), prefix) || !bytes.Equal(digest, sum[:]) || !strings.HasSuffix(secret.Reveal(), hint) || len(hint) != 4 {
			t.Errorf("live %t: hint %q, digest fits %t", live, hint, bytes.Equal(digest, sum[:]))
		}
	}
	_, public, err := access.NewEd25519()
	if err != nil {
		t.Fatal(err)
	}
	if kind, err := access.ParsePublicKey(public); err != nil || kind != paymux.KeyEd25519 {
		t.Errorf("ed25519: %s, %v", kind, err)
	}
	encode := func(blockType string, key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}))
	}
	if kind, err := access.ParsePublicKey(encode("PUBLIC KEY", &rsaKey().PublicKey)); err != nil || kind != paymux.KeyRSA {
		t.Errorf("RSA: %s, %v", kind, err)
	}
	private, _, _ := access.NewEd25519()
	small := &rsa.PublicKey{N: new(big.Int).Rsh(rsaKey().N, 1024), E: 65537}
	for name, text := range map[string]string{
		"empty": "", "text": "hello", "private": private.Reveal(), "two": public + public,
		"other block": strings.ReplaceAll(public, "PUBLIC KEY", "CERTIFICATE"),
		"damaged":     "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"1024 bits":   encode("PUBLIC KEY", small),
	} {
		_, err := access.ParsePublicKey(text)
		wantCode(t, err, paymux.InvalidRequest)
		if name == "private" {
			wantCode(t, err, paymux.InvalidRequest, "private key")
		}
	}
}

func BenchmarkAuthenticateHMAC(b *testing.B) {
	d := newDoor(b, access.Options{})
	body := bytes.Repeat([]byte("x"), 600)
	s := httpsig.Signer{KeyID: string(keyHMAC), Key: d.keys[keyHMAC], Now: d.clock.now}
	requests := make([]*http.Request, 2000)
	for i := range requests {
		requests[i] = payRequest()
		if err := s.Sign(requests[i], body); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if i == len(requests) {
			b.StopTimer()
			d.clock.move(time.Hour)
			for i := range requests {
				if err := s.Sign(requests[i], body); err != nil {
					b.Fatal(err)
				}
			}
			i = 0
			b.StartTimer()
		}
		if _, err := d.Authenticate(requests[i], body); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
