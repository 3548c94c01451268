// Package webhook signs and verifies webhooks by the Standard Webhooks
// specification, and says why one does not verify. It is shared by the
// sender and by the merchant's client, and knows no payments. It signs with v1
// (HMAC-SHA256) only and takes secrets in their whsec_ form only.
// Start reading at Sign, then Diagnose.
package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Header names, as the specification spells them. HTTP does not tell case apart.
const (
	HeaderID        = standardwebhooks.HeaderWebhookID
	HeaderTimestamp = standardwebhooks.HeaderWebhookTimestamp
	HeaderSignature = standardwebhooks.HeaderWebhookSignature
)

// Tolerance is how far a timestamp may lie from the receiver's clock.
const Tolerance = 5 * time.Minute

const (
	secretPrefix = "whsec_"
	secretMin    = 24 // bytes
	secretMax    = 64
)

// ErrSecret is what is wrong with a secret that is not whsec_ and base64 of 24 to 64 bytes.
var ErrSecret = errors.New("a webhook secret is whsec_ followed by base64 of 24 to 64 bytes")

// NewSecret makes a secret of 32 random bytes.
func NewSecret() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// CheckSecret returns ErrSecret for what is no secret.
func CheckSecret(secret string) error {
	_, err := signer(secret)
	return err
}

// Sign returns one entry of the signature header: "v1," and base64. at counts to the second.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	s, err := signer(secret)
	if err != nil {
		return "", err
	}
	return s.Sign(id, at, body)
}

// Verify reports whether one of the header's signatures is right and its timestamp within
// Tolerance of now. It returns nil or a *Fault.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	m, fault := parse(secret, header)
	if fault != nil {
		return fault
	}
	if fault := m.checkTime(now); fault != nil {
		return fault
	}
	if !m.signedWith(m.signer, body) {
		return &Fault{WrongSignature, "no signature of the header fits this secret and body"}
	}
	return nil
}

func signer(secret string) (*standardwebhooks.Webhook, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, ErrSecret
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) < secretMin || len(key) > secretMax {
		return nil, ErrSecret // the decoder's own words could give part of it away
	}
	return standardwebhooks.NewWebhookRaw(key)
}

// message is what the headers say.
type message struct {
	signer     *standardwebhooks.Webhook
	id         string
	at         time.Time
	signatures []string // with their version
}

func parse(secret string, header http.Header) (*message, *Fault) {
	s, err := signer(secret)
	if err != nil {
		return nil, &Fault{BadSecret, err.Error()}
	}
	for _, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		if header.Get(name) == "" {
			return nil, missing(name, header)
		}
		if len(header.Values(name)) > 1 {
			return nil, &Fault{MalformedHeader, "the header " + name + " is there more than once"}
		}
	}
	stamp := header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != stamp {
		return nil, &Fault{MalformedHeader, fmt.Sprintf("%s is %q, not a number of seconds since 1970", HeaderTimestamp, clip(stamp))}
	}
	m := &message{signer: s, id: header.Get(HeaderID), at: time.Unix(seconds, 0)}
	m.signatures = strings.Fields(header.Get(HeaderSignature))
	if fault := m.checkSignatures(); fault != nil {
		return nil, fault
	}
	return m, nil
}

// checkSignatures finds a list in which no v1 signature can be read.
func (m *message) checkSignatures() *Fault {
	for _, s := range m.signatures {
		version, encoded, ok := strings.Cut(s, ",")
		if sum, err := base64.StdEncoding.DecodeString(encoded); ok && version == "v1" && err == nil && len(sum) == 32 {
			return nil
		}
	}
	return &Fault{MalformedHeader, HeaderSignature + " has no entry of the form v1,<base64 of 32 bytes>; entries are separated by spaces"}
}

func (m *message) checkTime(now time.Time) *Fault {
	off, most := now.Unix()-m.at.Unix(), int64(Tolerance/time.Second)
	switch {
	case off > most:
		return &Fault{StaleTimestamp, fmt.Sprintf("%s is %d s before this clock, more than %d s: a replay, a delivery held up on its way, or a clock that is wrong", HeaderTimestamp, off, most)}
	case -off > most:
		return &Fault{StaleTimestamp, fmt.Sprintf("%s is %d s after this clock, more than %d s: one of the two clocks is wrong", HeaderTimestamp, -off, most)}
	}
	return nil
}

// signedWith reports whether one of the signatures fits, comparing in constant time.
func (m *message) signedWith(s *standardwebhooks.Webhook, body []byte) bool {
	return s.VerifyIgnoringTimestamp(body, http.Header{
		http.CanonicalHeaderKey(HeaderID):        {m.id},
		http.CanonicalHeaderKey(HeaderTimestamp): {strconv.FormatInt(m.at.Unix(), 10)},
		http.CanonicalHeaderKey(HeaderSignature): {strings.Join(m.signatures, " ")},
	}) == nil
}

func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
