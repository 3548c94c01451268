package document

import "encoding/json"

// Schema is a JSON Schema, or a part of one.
type Schema map[string]any

// Definitions are the parts of a schema that have names.
type Definitions map[string]Schema

// define has a part defined once, however often and however deep within itself it is used.
func (d Definitions) define(name string, build func() Schema) Schema {
	if _, ok := d[name]; !ok {
		d[name] = nil // being defined
		d[name] = build()
	}
	return Schema{"$ref": "#/$defs/" + name}
}

// mappingSchema describes a mapping member by member. The help of a member stands beside what its value refers to, as
// JSON Schema allows since 2019-09.
func mappingSchema[S any](d Definitions, members []Member[S]) Schema {
	properties, required := Schema{}, []string{}
	for _, m := range members {
		one := m.schema(d)
		one["description"] = m.help
		properties[m.name] = one
		if m.required {
			required = append(required, m.name)
		}
	}
	s := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// SchemaOf is the JSON Schema of a document with that value, as text that ends in a line break.
func SchemaOf[T any](v Value[T], title string) []byte {
	d := Definitions{}
	root := v.Schema(d)
	root["$schema"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", title, d
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("document: " + err.Error()) // maps of strings, numbers and lists can be written
	}
	return append(text, '\n')
}
