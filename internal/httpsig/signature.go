package httpsig

import (
	"strconv"
	"strings"
)

// Component is one part of a message that a signature covers.
type Component struct {
	Name       string // field name in lower case, or a derived component such as "@method"
	QueryParam string // of "@query-param": the parameter's name, percent-encoded
}

// Components makes the components of plain names.
func Components(names ...string) []Component {
	out := make([]Component, len(names))
	for i, n := range names {
		out[i] = Component{Name: strings.ToLower(n)}
	}
	return out
}

func (c Component) appendIdentifier(dst []byte) []byte {
	dst = append(dst, '"')
	dst = append(dst, c.Name...)
	dst = append(dst, '"')
	if c.Name == "@query-param" {
		dst = append(dst, `;name="`...)
		dst = append(dst, c.QueryParam...)
		dst = append(dst, '"')
	}
	return dst
}

// Params are the parameters of a signature. A zero value is an absent one.
type Params struct {
	Created   int64 // Unix seconds
	Expires   int64 // Unix seconds
	KeyID     string
	Algorithm Algorithm
	Nonce     string
	Tag       string
}

// Signature is one signature of a message.
type Signature struct {
	Label      string
	Components []Component
	Params
	Value []byte

	input string // components and parameters as they are signed
}

// Covers reports whether the signature covers a field or derived component.
func (s *Signature) Covers(name string) bool {
	for i := range s.Components {
		if s.Components[i].Name == name {
			return true
		}
	}
	return false
}

// AppendBase appends the signature base (RFC 9421 §2.5) of a message to dst. The error tells
// which component is missing ([MissingError]) or can not be covered.
func (s *Signature) AppendBase(dst []byte, m *Message) ([]byte, error) {
	var err error
	for _, c := range s.Components {
		dst = c.appendIdentifier(dst)
		dst = append(dst, ": "...)
		if dst, err = m.appendValue(dst, c); err != nil {
			return dst, err
		}
		dst = append(dst, '\n')
	}
	dst = append(dst, `"@signature-params": `...)
	return append(dst, s.input...), nil
}

// newInput writes components and parameters as they are signed.
func newInput(components []Component, p Params) string {
	b := []byte{'('}
	for i, c := range components {
		if i > 0 {
			b = append(b, ' ')
		}
		b = c.appendIdentifier(b)
	}
	b = append(b, ')')
	b = appendInteger(b, "created", p.Created)
	b = appendInteger(b, "expires", p.Expires)
	b = appendString(b, "keyid", p.KeyID)
	b = appendString(b, "alg", string(p.Algorithm))
	b = appendString(b, "nonce", p.Nonce)
	b = appendString(b, "tag", p.Tag)
	return string(b)
}

func appendInteger(b []byte, name string, v int64) []byte {
	if v == 0 {
		return b
	}
	b = append(append(append(b, ';'), name...), '=')
	return strconv.AppendInt(b, v, 10)
}

func appendString(b []byte, name, v string) []byte {
	if v == "" {
		return b
	}
	b = append(append(append(b, ';'), name...), '=', '"')
	for i := range len(v) {
		if v[i] == '"' || v[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, v[i])
	}
	return append(b, '"')
}
