package routing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux/internal/document"
)

// Write is a set as a document that [Parse] reads as the same set. What is short stands on one line.
func Write(s *RuleSet) ([]byte, error) {
	var n yaml.Node
	if err := n.Encode(s); err != nil {
		return nil, fmt.Errorf("write rule set %s: %w", s.Name, err)
	}
	flow(&n)
	n.Style = 0
	var b bytes.Buffer
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	if err := out.Encode(&n); err != nil {
		return nil, fmt.Errorf("write rule set %s: %w", s.Name, err)
	}
	return b.Bytes(), out.Close()
}

// flow puts what is short on one line, and says how long that would be.
func flow(n *yaml.Node) int {
	const line = 100
	width := 2 + utf8.RuneCountInString(n.Value)
	for _, inner := range n.Content {
		width += 2 + flow(inner)
	}
	if n.Kind != yaml.ScalarNode && width <= line {
		n.Style = yaml.FlowStyle
	}
	return width
}

// Schema is the JSON Schema (2020-12) of rule sets: what Parse can say of each part by itself.
func Schema() []byte { return document.SchemaOf(newTable().ruleSet(), "Paymux routing rules") }

// Fingerprint tells whether two nodes go by the same rules, whoever wrote them down: SHA-256 of the set as canonical
// JSON (names sorted, nothing that is empty), in hex. Version is no part of it.
func Fingerprint(s *RuleSet) string {
	text, err := json.Marshal(s)
	if err != nil {
		return "" // a number that is none, which no compiled set has
	}
	var plain any
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	if err := in.Decode(&plain); err != nil {
		return ""
	}
	text, _ = json.Marshal(plain) // the names of an any are sorted
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
