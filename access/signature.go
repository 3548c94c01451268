package access

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/httpsig"
)

const (
	minNonce = 8
	maxNonce = 128
	maxTried = 4 // signatures of one request that may name a key of ours
)

// verifySignature checks one RFC 9421 signature of a request: which counts, what it covers, when it was
// made, whose it is, whether it fits, whether the body does, and whether it was seen before, in this order.
func (a *Authenticator) verifySignature(r *http.Request, body []byte, addr netip.Addr) (*credential, error) {
	s, c, err := a.chooseSignature(r, addr)
	if err != nil {
		return nil, err
	}
	if err := a.tooManyFailures(addr, c.key.ID); err != nil {
		return nil, err
	}
	now := a.now()
	if err := a.checkSignature(r, body, s, c, now); err != nil {
		return nil, a.refuse(addr, c.key.ID, err)
	}
	switch a.nonces.remember(c.key.ID, s.Nonce, s.Created, now.Unix()) {
	case nonceSeen:
		return nil, a.refuse(addr, c.key.ID, paymux.Errorf(paymux.SignatureReplayed, "A request with this nonce was received before. Sign every request anew with a new nonce, retries with the same Idempotency-Key too."))
	case nonceFull:
		err := paymux.Errorf(paymux.RateLimited, "More signed requests within %s than can be remembered. Wait a minute.", a.skew)
		err.RetryAfter = nonceSlice
		return nil, err
	}
	return c, nil
}

// chooseSignature takes the first signature whose keyid names a key of ours: a proxy on the way may have added its own.
func (a *Authenticator) chooseSignature(r *http.Request, addr netip.Addr) (*httpsig.Signature, *credential, error) {
	signatures, err := httpsig.ParseSignatures(r.Header)
	if err != nil {
		return nil, nil, a.refuse(addr, "", paymux.Errorf(paymux.SignatureInvalid, "The signature can not be read: %s.", err.Error()))
	}
	named := ""
	for i, tried := 0, 0; i < len(signatures) && tried < maxTried; i++ {
		s := &signatures[i]
		if !strings.HasPrefix(s.KeyID, paymux.PrefixKey) {
			continue
		}
		tried++
		named = s.KeyID
		c, err := a.lookup(r.Context(), credentialID{key: paymux.KeyID(s.KeyID)}, addr)
		if err == nil {
			return s, c, nil
		}
		if !errors.Is(err, paymux.NotFound) {
			return nil, nil, err
		}
	}
	if named == "" {
		return nil, nil, a.refuse(addr, "", paymux.Errorf(paymux.Unauthenticated, "No signature names a key: the parameter keyid has to be the ID of a signing key, %s….", paymux.PrefixKey))
	}
	return nil, nil, paymux.Errorf(paymux.Unauthenticated, "The key %q is not known here. Check keyid, and that the key belongs to this deployment.", clipped(named))
}

func (a *Authenticator) checkSignature(r *http.Request, body []byte, s *httpsig.Signature, c *credential, now time.Time) error {
	if err := usable(&c.key); err != nil {
		return err
	}
	if err := covers(s, r.Header, body); err != nil {
		return err
	}
	if err := a.checkTimes(s, now); err != nil {
		return err
	}
	if c.verifier == nil {
		return paymux.Errorf(paymux.SignatureInvalid, "The key %s can not be used: its stored key material is not readable. Make a new key.", c.key.ID)
	}
	if s.Algorithm != "" && s.Algorithm != c.verifier.Algorithm() {
		return paymux.Errorf(paymux.SignatureInvalid, "The signature says alg=%q, but the key %s is of the kind %q.", clipped(string(s.Algorithm)), c.key.ID, c.verifier.Algorithm())
	}
	if err := a.checkValue(r, s, c); err != nil {
		return err
	}
	return checkBody(r.Header, body)
}

func usable(k *paymux.Key) error {
	if !k.RevokedAt.IsZero() {
		return revoked(k)
	}
	if k.Kind == paymux.KeyBearer {
		return paymux.Errorf(paymux.SignatureInvalid, "The key %s is a bearer key and can not sign. Use a signing key.", k.ID)
	}
	return nil
}

// covers names everything that is missing at once.
func covers(s *httpsig.Signature, h http.Header, body []byte) error {
	var missing []string
	need := func(component string, needed bool) {
		if needed && !s.Covers(component) {
			missing = append(missing, `"`+component+`"`)
		}
	}
	need("@method", true)
	need("@target-uri", true)
	need("content-digest", len(body) > 0)
	_, keyed := h["Idempotency-Key"]
	need("idempotency-key", keyed)
	if s.Created == 0 {
		missing = append(missing, "the parameter created")
	}
	if s.Nonce == "" {
		missing = append(missing, "the parameter nonce")
	}
	if len(missing) > 0 {
		return paymux.Errorf(paymux.SignatureInvalid, "The signature %s does not cover all it has to; missing: %s.", clipped(s.Label), strings.Join(missing, ", "))
	}
	if len(s.Nonce) < minNonce || len(s.Nonce) > maxNonce {
		return paymux.Errorf(paymux.SignatureInvalid, "The nonce has %d characters; it needs %d to %d random ones.", len(s.Nonce), minNonce, maxNonce)
	}
	return nil
}

func (a *Authenticator) checkTimes(s *httpsig.Signature, now time.Time) error {
	off := now.Sub(time.Unix(s.Created, 0))
	switch {
	case off > a.skew:
		return paymux.Errorf(paymux.SignatureStale, "The signature was created %d seconds ago; at most %d are allowed. Sign when sending, and check the clock: it is %s here.", int64(off/time.Second), int64(a.skew/time.Second), now.UTC().Format(time.RFC3339))
	case -off > a.skew:
		return paymux.Errorf(paymux.SignatureStale, "The signature was created %d seconds in the future; at most %d are allowed. Check the clock: it is %s here.", int64(-off/time.Second), int64(a.skew/time.Second), now.UTC().Format(time.RFC3339))
	case s.Expires != 0 && now.Unix() >= s.Expires:
		return paymux.Errorf(paymux.SignatureStale, "The signature expired %d seconds ago by its own parameter expires.", now.Unix()-s.Expires)
	}
	return nil
}

// checkValue verifies the signature over the request as the client sent it: to the public URL, or to
// the request's own scheme and host.
func (a *Authenticator) checkValue(r *http.Request, s *httpsig.Signature, c *credential) error {
	scratch := a.scratch.Get().(*[]byte)
	defer a.scratch.Put(scratch)
	m := httpsig.ReceivedRequest(r)
	target := m.Target
	try := func() (bool, error) {
		base, err := s.AppendBase((*scratch)[:0], &m)
		*scratch = base[:0]
		if err != nil {
			return false, paymux.Errorf(paymux.SignatureInvalid, "The signature can not be checked: %s.", err.Error())
		}
		return c.verifier.Verify(base, s.Value), nil
	}
	if a.public.host != "" {
		m.Scheme, m.Authority, m.Target = a.public.scheme, a.public.host, a.public.prefix+target
		if fits, err := try(); fits || err != nil {
			return err
		}
	}
	if a.ownHost {
		m.Scheme, m.Authority = a.locator.origin(r)
		m.Target = target
		if fits, err := try(); fits || err != nil {
			return err
		}
	}
	return paymux.Errorf(paymux.SignatureInvalid, "The signature does not fit the request. It was received as %s with the target URI %s. Check that the key is %s's, that nothing covered was changed after signing, and that the signature base was built by RFC 9421 §2.5.",
		m.Method, clipped(m.TargetURI()), c.key.ID)
}

func checkBody(h http.Header, body []byte) error {
	lines := h["Content-Digest"]
	if len(body) == 0 && len(lines) == 0 {
		return nil
	}
	if err := httpsig.VerifyDigest(lines, body); err != nil {
		return paymux.Errorf(paymux.SignatureInvalid, "The body does not fit its signature: %s. %d bytes of body were received.", err.Error(), len(body))
	}
	return nil
}

const maxClipped = 200

// clipped keeps what a sender wrote short in a message.
func clipped(text string) string {
	if len(text) <= maxClipped {
		return text
	}
	return text[:maxClipped] + "…"
}
