// Package webhook signs and verifies webhooks by the Standard Webhooks
// specification, and says why one does not verify. It is shared by the
// sender and by the merchant's client, and knows no payments.
//
// A key's prefix chooses the scheme: whsec_ is a shared secret, which signs v1
// entries (HMAC-SHA256); whsk_ is an Ed25519 key that stays with the sender and signs v1a
// entries, which its whpk_ public key verifies. A header may hold several
// entries of either kind, one for each live key. Keys without a prefix are refused, so that one
// can never be taken for the other kind. Start reading at Sign, then Diagnose.
package webhook

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Header names, as the specification spells them. HTTP does not tell case apart.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Tolerance is how far a timestamp may lie from the receiver's clock.
const Tolerance = 5 * time.Minute

// mostEntries bounds the work that a header can cause: each v1a entry is a verification.
const mostEntries = 16

// CheckSecret returns what is wrong with a secret that cannot sign: ErrSecret, or, where its prefix is whsk_, ErrKey.
func CheckSecret(secret string) error {
	k, err := ParseKey(secret)
	if err == nil && k.private == nil && k.public != nil {
		return errVerifyOnly
	}
	return err
}

// Sign returns one entry of the signature header: "v1," or "v1a," and base64. at counts to the second.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	k, err := ParseKey(secret)
	if err != nil {
		return "", err
	}
	entry, err := k.AppendEntry(nil, id, at, body)
	return string(entry), err
}

// Verify reports whether one of the header's signatures is right by a whsec_ secret or a whpk_
// public key, and its timestamp within Tolerance of now. It returns nil or a *Fault.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	m, fault := parse(secret, header)
	if fault != nil {
		return fault
	}
	if fault := m.checkTime(now); fault != nil {
		return fault
	}
	if !m.signedWith(m.key, body) {
		return &Fault{WrongSignature, "no signature of the header fits this secret and body"}
	}
	return nil
}

// message is what the headers say.
type message struct {
	key     *Key
	id      string
	at      time.Time
	entries []entry
}

// entry is one signature of the header.
type entry struct {
	version   string
	signature []byte
}

func parse(secret string, header http.Header) (*message, *Fault) {
	k, err := ParseKey(secret)
	if err == nil && k.private != nil {
		err = errPrivate
	}
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
	m := &message{key: k, id: header.Get(HeaderID), at: time.Unix(seconds, 0)}
	return m, m.readEntries(header.Get(HeaderSignature))
}

// readEntries keeps what can be read as a signature. It is a fault when none of them is of the key's version.
func (m *message) readEntries(list string) *Fault {
	texts := strings.Fields(list)
	if len(texts) > mostEntries {
		return &Fault{MalformedHeader, fmt.Sprintf("%s has %d entries, more than %d", HeaderSignature, len(texts), mostEntries)}
	}
	size := map[string]int{v1: 32, v1a: 64}
	broken := false // an entry of the key's version
	for _, text := range texts {
		version, encoded, _ := strings.Cut(text, ",")
		signature, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case err == nil && size[version] == len(signature) && len(signature) > 0:
			m.entries = append(m.entries, entry{version, signature})
		case version == m.key.version():
			broken = true
		}
	}
	want := m.key.version()
	switch {
	case slices.ContainsFunc(m.entries, func(e entry) bool { return e.version == want }):
		return nil
	case broken || len(m.entries) == 0:
		return &Fault{MalformedHeader, fmt.Sprintf("%s has no entry of the form %s,<base64 of %d bytes>; entries are separated by spaces", HeaderSignature, want, size[want])}
	case want == v1:
		return &Fault{WrongKeyType, HeaderSignature + " has v1a entries only: the endpoint signs with an Ed25519 key, so verify with its whpk_ public key in place of the whsec_ secret, unless a v1 entry was taken out on the way"}
	}
	return &Fault{WrongKeyType, HeaderSignature + " has v1 entries only: the endpoint signs with a shared secret, so verify with its whsec_ secret in place of the whpk_ public key, unless the v1a entry was taken out on the way"}
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

// signedWith reports whether one of the entries is a key's.
func (m *message) signedWith(k *Key, body []byte) bool {
	return slices.ContainsFunc(m.entries, func(e entry) bool {
		return e.version == k.version() && k.fits(e.signature, m.id, m.at, body)
	})
}

func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
