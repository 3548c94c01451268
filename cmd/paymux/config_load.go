package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// origins tells where each key's value came from: "default", "paymux.yaml:12" or
// the environment variable.
type origins map[string]string

// loadConfig reads the file, where one is given, and the environment, and checks
// all of it. The error names every fault with its place.
func loadConfig(path string, env func(string) string) (Config, origins, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return Config{}, nil, fmt.Errorf("read config: %w", err)
		}
	}
	return parseConfig(path, text, env)
}

func parseConfig(path string, text []byte, env func(string) string) (Config, origins, error) {
	c, from := defaults(), origins{}
	if err := decodeConfig(path, text, &c, from); err != nil {
		return Config{}, nil, err
	}
	if err := overrideConfig(&c, from, env); err != nil {
		return Config{}, nil, err
	}
	if err := c.check(); err != nil {
		return Config{}, nil, from.explain(err)
	}
	return c, from, nil
}

func decodeConfig(path string, text []byte, c *Config, from origins) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	w := walk{path: path, from: from}
	w.node(doc.Content[0], reflect.TypeFor[Config](), "")
	if w.faults != nil {
		return errors.Join(w.faults...)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true) // walk has seen to it; this holds walk to it
	return placed(path, dec.Decode(c))
}

// placed puts file and line before each fault of a decoder.
func placed(path string, err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err
	}
	var faults []error
	for _, text := range wrong.Errors {
		faults = append(faults, errors.New(strings.Replace(text, "line ", path+":", 1)))
	}
	return errors.Join(faults...)
}

// walk compares a document with the keys there are.
type walk struct {
	path   string
	from   origins
	faults []error
}

func (w *walk) node(n *yaml.Node, t reflect.Type, key string) {
	switch {
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		for i, item := range n.Content {
			w.node(item, t.Elem(), fmt.Sprintf("%s[%d]", key, i))
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.field(n.Content[i], n.Content[i+1], t, key)
		}
	}
}

func (w *walk) field(name, value *yaml.Node, t reflect.Type, key string) {
	for f := range t.Fields() {
		if f.Tag.Get("yaml") == name.Value {
			full := join(key, name.Value)
			w.from[full] = fmt.Sprintf("%s:%d", w.path, value.Line)
			w.node(value, f.Type, full)
			return
		}
	}
	known := keysOf(t)
	fault := fmt.Sprintf("%s:%d: unknown key %q", w.path, name.Line, join(key, name.Value))
	if near := nearest(name.Value, known); near != "" {
		fault += fmt.Sprintf("; did you mean %q?", join(key, near))
	} else {
		fault += fmt.Sprintf("; the keys here are %s", strings.Join(known, ", "))
	}
	w.faults = append(w.faults, errors.New(fault))
}

// explain puts before each fault where the value came from.
func (o origins) explain(err error) error {
	var faults []error
	for _, line := range strings.Split(err.Error(), "\n") {
		key, _, _ := strings.Cut(line, ":")
		if from := o[key]; from != "" {
			line = from + ": " + line
		}
		faults = append(faults, errors.New(line))
	}
	return errors.Join(faults...)
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		keys = append(keys, f.Tag.Get("yaml"))
	}
	return keys
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
