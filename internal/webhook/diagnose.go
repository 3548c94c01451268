package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Cause is the kind of thing that keeps a webhook from verifying. It is itself an
// error, so that errors.Is(err, webhook.OldSecret) works.
type Cause string

const (
	BadSecret       Cause = "bad_secret"       // what was given is no whsec_ secret and no whpk_ public key
	WrongKeyType    Cause = "wrong_key_type"   // signed by the other scheme only, or the entry of this one was taken out
	MissingHeader   Cause = "missing_header"   // one of the three is not there
	MalformedHeader Cause = "malformed_header" // it is there and cannot be read
	StaleTimestamp  Cause = "stale_timestamp"  // signed too long ago, or in the future
	OldSecret       Cause = "old_secret"       // signed with a secret that was replaced
	ChangedBody     Cause = "changed_body"     // the body's bytes are not those that were signed
	ChangedHeader   Cause = "changed_header"   // the ID or the timestamp is not the one that was signed
	WrongSignature  Cause = "wrong_signature"  // another secret, or another body
)

func (c Cause) Error() string { return string(c) }

// Fault is why a webhook does not verify. Text is a sentence for the one who has to put it right, without secrets.
type Fault struct {
	Cause Cause
	Text  string
}

func (f *Fault) Error() string { return string(f.Cause) + ": " + f.Text }

func (f *Fault) Unwrap() error { return f.Cause }

// Diagnose verifies a webhook as a receiver would and names the exact cause when
// it does not verify: nil, or a *Fault. old are secrets and public keys the endpoint had before.
// A signature that fits while the timestamp is stale is reported as stale, so
// the answer is always the first thing to put right.
func Diagnose(secret string, header http.Header, body []byte, now time.Time, old ...string) error {
	m, fault := parse(secret, header)
	if fault != nil {
		return fault
	}
	if !m.signedWith(m.key, body) {
		return m.explain(body, old)
	}
	if fault := m.checkTime(now); fault != nil {
		return fault
	}
	return nil
}

// missing names what is there instead, when a framework or a proxy renamed the headers.
func missing(name string, header http.Header) *Fault {
	text := "the header " + name + " is missing"
	short := strings.TrimPrefix(name, "webhook-")
	for _, other := range []string{"svix-" + short, "webhook_" + short, "x-webhook-" + short} {
		if header.Get(other) != "" {
			text += "; there is " + other + " instead"
		}
	}
	return &Fault{MissingHeader, text}
}

// explain finds what would make the signature fit.
func (m *message) explain(body []byte, old []string) *Fault {
	for _, secret := range old {
		if k, err := ParseKey(secret); err == nil && m.signedWith(k, body) {
			return &Fault{OldSecret, "signed with a secret of this endpoint that was replaced: configure the newest one"}
		}
	}
	for _, v := range variants(body) {
		if m.signedWith(m.key, v.body) {
			return &Fault{ChangedBody, "the body " + v.how + ": verify the bytes as they came, before anything parses or re-serialises them"}
		}
	}
	if len(body) == 0 {
		return &Fault{ChangedBody, "the body is empty: something has read it before the verification"}
	}
	if id, ok := m.bodyID(body); ok && id != m.id && m.as(id).signedWith(m.key, body) {
		return &Fault{ChangedHeader, fmt.Sprintf("signed for the ID %s of the body, but %s says %s", clip(id), HeaderID, clip(m.id))}
	}
	return &Fault{WrongSignature, "the secret is another endpoint's, or the body is not the one that was signed" + bodyHint(body)}
}

func (m *message) bodyID(body []byte) (string, bool) {
	var event struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(body, &event)
	return event.ID, err == nil && event.ID != ""
}

func (m *message) as(id string) *message {
	other := *m
	other.id = id
	return &other
}

func bodyHint(body []byte) string {
	if json.Valid(body) {
		return ""
	}
	return "; it is not valid JSON, so it may be cut short"
}

type variant struct {
	how  string
	body []byte
}

// variants are bodies that may have been signed, given what arrived: what frameworks,
// editors and shells do to JSON, undone.
func variants(body []byte) []variant {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	all := []variant{
		{"has white space or a byte order mark around it that was not signed", trimmed},
		{"has lost the newline at its end", append(bytes.Clone(body), '\n')},
		{"has other line ends", bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))},
	}
	const rewritten = "was parsed and written again (other white space or escapes)"
	var compact bytes.Buffer
	if json.Compact(&compact, trimmed) != nil {
		return all
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, compact.Bytes())
	plain := unescape(compact.String())
	var both bytes.Buffer
	json.HTMLEscape(&both, []byte(unescapeUnicode(plain)))
	return append(all,
		variant{rewritten, compact.Bytes()},
		variant{rewritten, escaped.Bytes()},
		variant{rewritten, []byte(plain)},
		variant{rewritten, []byte(unescapeUnicode(plain))},
		variant{rewritten, both.Bytes()})
}

// unescape undoes what Go's encoder does to <, > and &, and PHP's to slashes.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\/`, "/").Replace(s)
}

// unescapeUnicode writes non-ASCII characters plainly, which Python's encoder does not.
func unescapeUnicode(s string) string {
	var out strings.Builder
	for {
		at := strings.Index(s, `\u`)
		if at < 0 {
			out.WriteString(s)
			return out.String()
		}
		end := at
		for strings.HasPrefix(s[end:], `\u`) && len(s) >= end+6 {
			end += 6
		}
		var plain string
		if end == at || json.Unmarshal([]byte(`"`+s[at:end]+`"`), &plain) != nil || plain == "" || plain[0] < 0x80 {
			end = max(end, at+2)
			plain = s[at:end]
		}
		out.WriteString(s[:at] + plain)
		s = s[end:]
	}
}
