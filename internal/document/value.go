package document

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Value is one kind of value in a document: how it is read, and its JSON Schema (2020-12). What Read accepts
// without a fault and what the schema accepts is the same.
type Value[T any] struct {
	Read   func(r *Reader, n *yaml.Node, path string) T
	Schema func(d Definitions) Schema
}

// Member is one member of a mapping that is read into an S.
type Member[S any] struct {
	name, help string
	required   bool
	read       func(r *Reader, n *yaml.Node, path string, into *S)
	schema     func(d Definitions) Schema
}

// In is a member with a value, and where in an S it goes. Help is a line for whoever writes it.
func In[S, T any](name, help string, v Value[T], at func(*S) *T) Member[S] {
	return Member[S]{
		name: name, help: help, schema: v.Schema,
		read: func(r *Reader, n *yaml.Node, path string, into *S) { *at(into) = v.Read(r, n, path) },
	}
}

// Needed is the member, which must not be left out.
func (m Member[S]) Needed() Member[S] {
	m.required = true
	return m
}

// Mapping is what has these members and no others. Its name is that of its definition in the schema.
func Mapping[S any](name string, members ...Member[S]) Value[S] {
	known := make([]string, 0, len(members))
	for _, m := range members {
		known = append(known, m.name)
	}
	read := func(r *Reader, n *yaml.Node, path string) (out S) {
		given := map[string]bool{}
		r.Each(n, path, func(name string, n *yaml.Node, at string) {
			given[name] = true
			i := slices.Index(known, name)
			switch {
			case i >= 0:
				members[i].read(r, n, at, &out)
			case !r.full():
				r.Fault(at, "Known are "+among(name, slices.Clone(known))+".", "There is no %q here.", Clip(name))
			}
		})
		for _, m := range members {
			if m.required && !given[m.name] && n.Kind == yaml.MappingNode {
				r.Fault(path, "Give it: "+m.help+".", "It has no %s.", m.name)
			}
		}
		return out
	}
	return Value[S]{Read: read, Schema: func(d Definitions) Schema { return d.define(name, func() Schema { return mappingSchema(d, members) }) }}
}

// Inside is a value within itself, so deep at most.
func Inside[T any](v *Value[T], most int) Value[T] {
	return Value[T]{
		Schema: func(d Definitions) Schema { return v.Schema(d) },
		Read: func(r *Reader, n *yaml.Node, path string) (out T) {
			if r.depth >= most {
				r.Fault(path, fmt.Sprintf("Nest at most %d of them.", most), "It is nested too deep.")
				return out
			}
			r.depth++
			defer func() { r.depth-- }()
			return v.Read(r, n, path)
		},
	}
}

// Pointer is a value of which it is known whether it was given.
func Pointer[T any](v Value[T]) Value[*T] {
	return Value[*T]{Schema: v.Schema, Read: func(r *Reader, n *yaml.Node, path string) *T {
		out := v.Read(r, n, path)
		return &out
	}}
}

// List has at least one item and at most so many.
func List[T any](v Value[T], most int) Value[[]T] {
	return Value[[]T]{
		Schema: func(d Definitions) Schema {
			return Schema{"type": "array", "items": v.Schema(d), "minItems": 1, "maxItems": most}
		},
		Read: func(r *Reader, n *yaml.Node, path string) (out []T) {
			if !r.few(n, yaml.SequenceNode, path, most) {
				return nil
			}
			r.Items(n, path, func(n *yaml.Node, path string) { out = append(out, v.Read(r, n, path)) })
			return out
		},
	}
}

// Set is a list whose items differ.
func Set[T comparable](v Value[T], most int) Value[[]T] {
	list := List(v, most)
	return Value[[]T]{
		Schema: func(d Definitions) Schema {
			s := list.Schema(d)
			s["uniqueItems"] = true
			return s
		},
		Read: func(r *Reader, n *yaml.Node, path string) []T {
			out := list.Read(r, n, path)
			seen := make(map[T]bool, len(out))
			for i, one := range out {
				if seen[one] {
					r.Fault(fmt.Sprintf("%s[%d]", path, i), "Keep one of them.", "It is there twice.")
				}
				seen[one] = true
			}
			return out
		},
	}
}

// Map has at least one member and at most so many, whose names are values, too.
func Map[K ~string, T any](key Value[K], v Value[T], most int) Value[map[K]T] {
	return Value[map[K]T]{
		Schema: func(d Definitions) Schema {
			return Schema{"type": "object", "propertyNames": key.Schema(d), "additionalProperties": v.Schema(d), "minProperties": 1, "maxProperties": most}
		},
		Read: func(r *Reader, n *yaml.Node, path string) map[K]T {
			if !r.few(n, yaml.MappingNode, path, most) {
				return nil
			}
			out := map[K]T{}
			r.Each(n, path, func(name string, n *yaml.Node, at string) {
				k := key.Read(r, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: r.lines[at]}, at)
				out[k] = v.Read(r, n, at)
			})
			return out
		},
	}
}

// few notes a list or mapping that is none, is empty or has too much.
func (r *Reader) few(n *yaml.Node, kind yaml.Kind, path string, most int) bool {
	had := len(n.Content)
	if kind == yaml.MappingNode {
		had /= 2
	}
	switch {
	case n.Kind != kind && kind == yaml.MappingNode:
		r.Fault(path, "Write name: value pairs.", "It has to be a mapping.")
	case n.Kind != kind:
		r.Fault(path, "Write a list.", "It has to be a list.")
	case had == 0:
		r.Fault(path, "Leave it out, or name something.", "It is empty.")
	case had > most:
		r.Fault(path, fmt.Sprintf("At most %d are read.", most), "It has %d entries.", had)
	default:
		return true
	}
	return false
}
