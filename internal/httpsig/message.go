package httpsig

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// Message is what of an HTTP request or response can be signed.
type Message struct {
	Method string // empty for a response
	Scheme string // "http" or "https"
	// Authority is host and port as the client used them.
	Authority string
	// Target is the path and query byte for byte as they are on the wire. It is
	// never rebuilt from a parsed URL: a verifier that does so can be made to see
	// another path than the one that is served.
	Target string
	Header http.Header
	Status int // of a response; zero for a request
}

// ReceivedRequest is the message of a request as a server got it. The scheme is https
// where the connection was TLS; behind a proxy the caller sets Scheme and Authority to what the client used.
func ReceivedRequest(r *http.Request) Message {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return Message{Method: r.Method, Scheme: scheme, Authority: r.Host, Target: originForm(r.RequestURI), Header: r.Header}
}

// OutgoingRequest is the message of a request as a client is about to send it.
func OutgoingRequest(r *http.Request) Message {
	authority := r.Host
	if authority == "" {
		authority = r.URL.Host
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	return Message{Method: method, Scheme: strings.ToLower(r.URL.Scheme), Authority: authority, Target: r.URL.RequestURI(), Header: r.Header}
}

// originForm strips scheme and authority from a target in absolute form (RFC 9112 §3.2.2).
func originForm(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	_, rest, found := strings.Cut(target, "://")
	if !found {
		return target
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// TargetURI is the value of the component "@target-uri".
func (m *Message) TargetURI() string { return string(m.appendTargetURI(nil)) }

func (m *Message) appendTargetURI(dst []byte) []byte {
	dst = append(dst, m.Scheme...)
	dst = append(dst, "://"...)
	dst = append(dst, m.authority()...)
	return append(dst, m.Target...)
}

// authority is lower case and without the scheme's default port (RFC 9421 §2.2.3).
func (m *Message) authority() string {
	a := strings.ToLower(m.Authority)
	switch m.Scheme {
	case "http":
		a = strings.TrimSuffix(a, ":80")
	case "https":
		a = strings.TrimSuffix(a, ":443")
	}
	return a
}

// path is never empty (RFC 9421 §2.2.6).
func (m *Message) path() string {
	path, _, _ := strings.Cut(m.Target, "?")
	if path == "" {
		return "/"
	}
	return path
}

// query keeps its question mark, and is one where there is no query (RFC 9421 §2.2.7).
func (m *Message) query() string {
	if i := strings.IndexByte(m.Target, '?'); i >= 0 {
		return m.Target[i:]
	}
	return "?"
}

// MissingError says that a covered component is not in the message.
type MissingError struct{ Component string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("the signature covers %q, which is not in the message", e.Component)
}

func (m *Message) appendValue(dst []byte, c Component) ([]byte, error) {
	if c.Name[0] != '@' {
		return m.appendField(dst, c.Name)
	}
	if m.Status != 0 {
		if c.Name == "@status" {
			return strconv.AppendInt(dst, int64(m.Status), 10), nil
		}
		return dst, &MissingError{c.Name}
	}
	switch c.Name {
	case "@method":
		return append(dst, m.Method...), nil
	case "@target-uri":
		return m.appendTargetURI(dst), nil
	case "@authority":
		return append(dst, m.authority()...), nil
	case "@scheme":
		return append(dst, m.Scheme...), nil
	case "@request-target":
		return append(dst, m.Target...), nil
	case "@path":
		return append(dst, m.path()...), nil
	case "@query":
		return append(dst, m.query()...), nil
	case "@query-param":
		return appendQueryParam(dst, m.query()[1:], c.QueryParam)
	}
	return dst, &MissingError{c.Name}
}

// appendField writes a field's lines, trimmed and joined (RFC 9421 §2.1).
func (m *Message) appendField(dst []byte, name string) ([]byte, error) {
	lines, ok := m.Header[canonicalKey(name)]
	if !ok {
		if name == "host" && m.Authority != "" {
			return append(dst, m.Authority...), nil
		}
		return dst, &MissingError{name}
	}
	for i, line := range lines {
		if strings.ContainsAny(line, "\r\n") {
			return dst, fmt.Errorf("the field %q contains a line break", name)
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, strings.Trim(line, " \t")...)
	}
	return dst, nil
}

// canonicalKey spares the usual fields an allocation.
func canonicalKey(name string) string {
	switch name {
	case "content-digest":
		return "Content-Digest"
	case "idempotency-key":
		return "Idempotency-Key"
	case "content-type":
		return "Content-Type"
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}
