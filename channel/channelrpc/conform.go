package channelrpc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Deviations are where a body differs from a message of [Schema], each with its place; none: it is
// one. Members nobody knows are none.
func Deviations(message string, body []byte) ([]string, error) {
	var value any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil || dec.More() {
		return []string{"it is not one JSON text"}, nil
	}
	text, err := json.Marshal(Schema()["$defs"])
	if err != nil {
		return nil, fmt.Errorf("channelrpc: schema: %w", err)
	}
	c := comparison{}
	if err := json.Unmarshal(text, &c.defs); err != nil {
		return nil, fmt.Errorf("channelrpc: schema: %w", err)
	}
	def, ok := c.defs[message]
	if !ok {
		return nil, fmt.Errorf("channelrpc: the schema has no message %s", message)
	}
	c.value(def, value, message)
	return c.found, nil
}

// schema is one definition, as far as [Schema] uses JSON Schema.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Encoding   string            `json:"contentEncoding"`
	Enum       []string          `json:"enum"`
	Items      *schema           `json:"items"`
	Additional *schema           `json:"additionalProperties"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

// comparison gathers deviations.
type comparison struct {
	defs  map[string]schema
	found []string
}

func (c *comparison) note(at, format string, args ...any) {
	c.found = append(c.found, at+" "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(s schema, v any, at string) {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		s = c.defs[name]
	}
	if is := typeOf(v); is != s.Type {
		c.note(at, "is %s, not %s", is, s.Type)
		return
	}
	switch v := v.(type) {
	case string:
		c.text(s, v, at)
	case []any:
		for i, item := range v {
			c.value(*s.Items, item, fmt.Sprintf("%s[%d]", at, i))
		}
	case map[string]any:
		c.object(s, v, at)
	}
}

func (c *comparison) text(s schema, v, at string) {
	_, notTime := time.Parse(time.RFC3339, v)
	_, notBase64 := base64.StdEncoding.DecodeString(v)
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
		c.note(at, "is %q, none of %s", v, strings.Join(s.Enum, ", "))
	case s.Format == "date-time" && notTime != nil:
		c.note(at, "is %q, no time as of RFC 3339", v)
	case s.Encoding == "base64" && notBase64 != nil:
		c.note(at, "is not base64")
	}
}

func (c *comparison) object(s schema, v map[string]any, at string) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			c.note(at+"."+name, "is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch member, known := s.Properties[name]; {
		case known:
			c.value(member, v[name], at+"."+name)
		case s.Additional != nil:
			c.value(*s.Additional, v[name], at+"."+name)
		}
	}
}

// typeOf is a value's type in the words of JSON Schema.
func typeOf(v any) string {
	switch v := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}
