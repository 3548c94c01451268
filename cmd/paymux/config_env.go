package main

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// key is one setting: its full name, its help, and where its value is in a Config.
type key struct {
	name  string
	help  string
	value reflect.Value
}

// settings lists every setting of a config, in the order of the file.
func settings(c *Config) []key { return appendKeys(nil, reflect.ValueOf(c).Elem(), "") }

func appendKeys(all []key, v reflect.Value, prefix string) []key {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := join(prefix, f.Tag.Get("yaml"))
		if f.Type.Kind() == reflect.Struct {
			all = appendKeys(all, v.Field(i), name)
			continue
		}
		all = append(all, key{name: name, help: f.Tag.Get("help"), value: v.Field(i)})
	}
	return all
}

// envName is the variable that sets a key: store.engine is PAYMUX_STORE_ENGINE.
func envName(key string) string {
	return "PAYMUX_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func overrideConfig(c *Config, from origins, env func(string) string) error {
	for _, k := range settings(c) {
		name := envName(k.name)
		text := env(name)
		if text == "" {
			continue
		}
		if err := k.set(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		from[k.name] = name
	}
	return nil
}

// set reads a value from a variable's text. The text of a secret is not quoted in errors.
func (k key) set(text string) error {
	switch into := k.value.Addr().Interface().(type) {
	case *string:
		*into = text
		return nil
	case *Ref:
		*into = Ref(text)
		return nil
	case *[]string:
		*into = strings.Split(text, ",")
		return nil
	}
	fresh := reflect.New(k.value.Type())
	if err := yaml.Unmarshal([]byte(text), fresh.Interface()); err != nil {
		return fmt.Errorf("is not a value for %s (%s)", k.name, k.value.Type())
	}
	k.value.Set(fresh.Elem())
	return nil
}
