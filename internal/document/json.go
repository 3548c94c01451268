package document

import (
	"bytes"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// nodeOf reads valid JSON with the lines its parts stand on. YAML's own reader takes most of JSON, but neither tabs nor
// pairs of escaped surrogates.
func nodeOf(text []byte) *yaml.Node {
	in := &jsonReader{text: text, tokens: json.NewDecoder(bytes.NewReader(text)), line: 1}
	in.tokens.UseNumber()
	return in.value()
}

type jsonReader struct {
	text   []byte
	tokens *json.Decoder
	line   int
	done   int // bytes whose lines are counted
}

func (in *jsonReader) value() *yaml.Node {
	token, _ := in.tokens.Token() // the text is valid
	upTo := int(in.tokens.InputOffset())
	in.line += bytes.Count(in.text[in.done:upTo], []byte("\n"))
	in.done = upTo
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: in.line}
	switch v := token.(type) {
	case json.Delim:
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		if v == '{' {
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		}
		for in.tokens.More() {
			n.Content = append(n.Content, in.value())
		}
		_, _ = in.tokens.Token() // the closing one
	case string:
		n.Tag, n.Value = "!!str", v
	case json.Number:
		n.Tag, n.Value = "!!int", v.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", "false"
		if v {
			n.Value = "true"
		}
	case nil:
		n.Tag, n.Value = "!!null", "null"
	}
	return n
}
