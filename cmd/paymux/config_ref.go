package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/paymux/paymux"
)

// Ref is a setting that may be a secret: the text itself, file:PATH or env:NAME.
// It prints itself only where it points elsewhere.
type Ref string

// String hides what may be the secret itself.
func (r Ref) String() string {
	if r == "" || strings.HasPrefix(string(r), "file:") || strings.HasPrefix(string(r), "env:") {
		return string(r)
	}
	return "[redacted]"
}

// GoString covers %#v.
func (r Ref) GoString() string { return r.String() }

// MarshalText covers JSON and YAML.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// read gets the text from where it is. A file's trailing newline is not part of it.
func (r Ref) read(env func(string) string) (paymux.Secret, error) {
	if path, ok := strings.CutPrefix(string(r), "file:"); ok {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		return paymux.Secret(strings.TrimRight(string(text), "\r\n")), nil
	}
	if name, ok := strings.CutPrefix(string(r), "env:"); ok {
		if env(name) == "" {
			return "", fmt.Errorf("read secret: the environment has no %s", name)
		}
		return paymux.Secret(env(name)), nil
	}
	return paymux.Secret(r), nil
}
