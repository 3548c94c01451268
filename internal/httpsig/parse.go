package httpsig

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dunglas/httpsfv"
)

// Bounds of what is parsed. A message beyond them is refused before any work is done on it.
const (
	maxHeader     = 8 << 10 // bytes of Signature-Input and of Signature, each
	maxSignatures = 8
	maxComponents = 32
)

// ErrUnsigned says that a message carries neither Signature-Input nor Signature.
var ErrUnsigned = errors.New("the message is not signed")

// ParseSignatures reads the signatures of a message in the order of Signature-Input. The text of
// an error may be shown to the sender. No signature is verified here.
func ParseSignatures(h http.Header) ([]Signature, error) {
	input, value := joined(h["Signature-Input"]), joined(h["Signature"])
	switch {
	case input == "" && value == "":
		return nil, ErrUnsigned
	case input == "":
		return nil, errors.New("there is a Signature but no Signature-Input")
	case value == "":
		return nil, errors.New("there is a Signature-Input but no Signature")
	case len(input) > maxHeader || len(value) > maxHeader:
		return nil, fmt.Errorf("Signature-Input and Signature may have at most %d bytes each", maxHeader)
	}
	signatures, err := parseInputs(input)
	if err != nil {
		return nil, fmt.Errorf("Signature-Input: %w", err)
	}
	if err := parseValues(value, signatures); err != nil {
		return nil, fmt.Errorf("Signature: %w", err)
	}
	return signatures, nil
}

func joined(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines, ", ")
}

// parseInputs takes the canonical spelling, which is what senders write, without
// a structured-field library; any other spelling, labels and parameters that are
// there twice among them, is made canonical by one first: that is what is signed.
func parseInputs(text string) ([]Signature, error) {
	signatures, err := (&scanner{text: text}).inputs()
	if err == nil {
		return signatures, nil
	}
	if canonical, ok := canonical(text); ok && canonical != text {
		return (&scanner{text: canonical}).inputs()
	}
	return nil, err
}

func parseValues(text string, signatures []Signature) error {
	err := (&scanner{text: text}).values(signatures)
	if err != nil {
		if canonical, ok := canonical(text); ok && canonical != text {
			err = (&scanner{text: canonical}).values(signatures)
		}
	}
	if err != nil {
		return err
	}
	for i := range signatures {
		if len(signatures[i].Value) == 0 {
			return fmt.Errorf("there is none labelled %q", signatures[i].Label)
		}
	}
	return nil
}

// canonical rewrites a structured dictionary (RFC 8941 §4.1).
func canonical(text string) (string, bool) {
	dictionary, err := httpsfv.UnmarshalDictionary([]string{text})
	if err != nil {
		return "", false
	}
	out, err := httpsfv.Marshal(dictionary)
	return out, err == nil
}

func (s *scanner) inputs() ([]Signature, error) {
	signatures := make([]Signature, 0, 1)
	for {
		sig, err := s.input()
		if err != nil {
			return nil, err
		}
		for i := range signatures {
			if signatures[i].Label == sig.Label {
				return nil, fmt.Errorf("the label %q is there twice", sig.Label)
			}
		}
		signatures = append(signatures, sig)
		if s.done() {
			return signatures, nil
		}
		if len(signatures) == maxSignatures {
			return nil, fmt.Errorf("there are more than %d signatures", maxSignatures)
		}
		if err := s.expect(", "); err != nil {
			return nil, err
		}
	}
}

func (s *scanner) input() (sig Signature, err error) {
	if sig.Label, err = s.key(); err != nil {
		return sig, err
	}
	if err = s.expect("=("); err != nil {
		return sig, err
	}
	start := s.pos - 1
	if sig.Components, err = s.components(); err != nil {
		return sig, err
	}
	if err = s.params(&sig.Params); err != nil {
		return sig, err
	}
	sig.input = s.text[start:s.pos]
	return sig, nil
}

func (s *scanner) components() ([]Component, error) {
	components := make([]Component, 0, 6)
	for !s.eat(')') {
		if len(components) == maxComponents {
			return nil, fmt.Errorf("a signature covers more than %d components", maxComponents)
		}
		if len(components) > 0 {
			if err := s.expect(" "); err != nil {
				return nil, err
			}
		}
		c, err := s.component()
		if err != nil {
			return nil, err
		}
		for i := range components {
			if components[i] == c {
				return nil, fmt.Errorf("the component %q is covered twice", c.Name)
			}
		}
		components = append(components, c)
	}
	return components, nil
}

func (s *scanner) component() (c Component, err error) {
	if c.Name, err = s.quoted(); err != nil {
		return c, err
	}
	if !validName(c.Name) {
		return c, fmt.Errorf("%q is not a component name: field names are written in lower case", c.Name)
	}
	for s.eat(';') {
		param, err := s.key()
		if err != nil {
			return c, err
		}
		if param != "name" || c.Name != "@query-param" || c.QueryParam != "" {
			return c, fmt.Errorf("the parameter %q of the component %q is not supported", param, c.Name)
		}
		if err := s.expect("="); err != nil {
			return c, err
		}
		if c.QueryParam, err = s.quoted(); err != nil {
			return c, err
		}
		if strings.ContainsAny(c.QueryParam, `"\`) {
			return c, errors.New(`the name of "@query-param" has to be percent-encoded`)
		}
	}
	if c.Name == "@query-param" && c.QueryParam == "" {
		return c, errors.New(`"@query-param" needs the parameter "name"`)
	}
	return c, nil
}

// validName accepts the derived components this package knows and field names in lower case.
func validName(name string) bool {
	if name == "" {
		return false
	}
	if name[0] == '@' {
		switch name {
		case "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query", "@query-param", "@status":
			return true
		}
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return true
}

func (s *scanner) params(p *Params) error {
	var seen [16]string
	for n := 0; s.eat(';'); n++ {
		name, err := s.key()
		if err != nil {
			return err
		}
		for _, before := range seen[:n] {
			if before == name {
				return fmt.Errorf("the parameter %q is there twice", name)
			}
		}
		if n == len(seen)-1 {
			return fmt.Errorf("there are more than %d parameters", n)
		}
		seen[n] = name
		if err := s.param(p, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) param(p *Params, name string) (err error) {
	if err = s.expect("="); err != nil {
		return err
	}
	switch name {
	case "created":
		p.Created, err = s.integer()
	case "expires":
		p.Expires, err = s.integer()
	case "keyid":
		p.KeyID, err = s.quoted()
	case "alg":
		var alg string
		alg, err = s.quoted()
		p.Algorithm = Algorithm(alg)
	case "nonce":
		p.Nonce, err = s.quoted()
	case "tag":
		p.Tag, err = s.quoted()
	default:
		// A parameter of the sender's own is signed, and means nothing here.
		if s.peek() == '"' {
			_, err = s.quoted()
		} else {
			_, err = s.integer()
		}
	}
	if err != nil {
		return fmt.Errorf("the parameter %q: %w", name, err)
	}
	return nil
}

func (s *scanner) values(signatures []Signature) error {
	for n := 0; ; n++ {
		if n == maxSignatures {
			return fmt.Errorf("there are more than %d signatures", maxSignatures)
		}
		label, err := s.key()
		if err != nil {
			return err
		}
		if err := s.expect("=:"); err != nil {
			return err
		}
		encoded, rest, found := strings.Cut(s.text[s.pos:], ":")
		if !found {
			return errors.New("a value does not end in a colon")
		}
		s.pos = len(s.text) - len(rest)
		value, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil {
			return fmt.Errorf("the value labelled %q is not base64", label)
		}
		for i := range signatures {
			if signatures[i].Label == label {
				signatures[i].Value = value
			}
		}
		if s.done() {
			return nil
		}
		if err := s.expect(", "); err != nil {
			return err
		}
	}
}
