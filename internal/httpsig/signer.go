package httpsig

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// Signer signs a client's requests: method, target, the digest of the body and
// the Idempotency-Key and Content-Type where there are any, with the time and a fresh nonce. Safe for concurrent use.
type Signer struct {
	KeyID string
	Key   SigningKey
	Label string           // default "sig1"
	Cover []string         // further fields to cover where a request has them
	Now   func() time.Time // default time.Now
}

// Sign sets Content-Digest (where body is not empty), Signature-Input and Signature. Nothing that is
// covered may be changed afterwards. A request signed before is signed anew.
func (s *Signer) Sign(r *http.Request, body []byte) error {
	r.Header.Del("Signature-Input")
	r.Header.Del("Signature")
	r.Header.Del("Content-Digest")
	names := []string{"@method", "@target-uri"}
	if len(body) > 0 {
		r.Header.Set("Content-Digest", ContentDigest(body))
	}
	for _, field := range append([]string{"Content-Digest", "Content-Type", "Idempotency-Key"}, s.Cover...) {
		if r.Header.Get(field) != "" {
			names = append(names, field)
		}
	}
	m := OutgoingRequest(r)
	signature := Signature{
		Label:      s.label(),
		Components: Components(names...),
		Params:     Params{Created: s.now().Unix(), KeyID: s.KeyID, Algorithm: s.Key.Algorithm(), Nonce: newNonce()},
	}
	return signature.Sign(&m, s.Key)
}

// Sign signs a message and adds Signature-Input and Signature to its header, beside signatures that are
// there. Components, Params and Label are the caller's; Value is set. Errors: a covered component is missing, a
// parameter has characters that a header can not carry, or the key does not sign.
func (s *Signature) Sign(m *Message, key SigningKey) error {
	s.input = newInput(s.Components, s.Params)
	if _, err := parseInputs(s.Label + "=" + s.input); err != nil {
		return fmt.Errorf("sign a message: %w", err)
	}
	base, err := s.AppendBase(nil, m)
	if err != nil {
		return fmt.Errorf("sign a message: %w", err)
	}
	if s.Value, err = key.Sign(base); err != nil {
		return fmt.Errorf("sign a message: %w", err)
	}
	m.Header.Add("Signature-Input", s.Label+"="+s.input)
	m.Header.Add("Signature", s.Label+"=:"+base64.StdEncoding.EncodeToString(s.Value)+":")
	return nil
}

func (s *Signer) label() string {
	if s.Label == "" {
		return "sig1"
	}
	return s.Label
}

func (s *Signer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func newNonce() string {
	var raw [16]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
