// Package ref is a setting that may be a secret and says where its text is to be read
// from. It never prints what may be the secret itself. Start reading at Ref.
package ref

import (
	"fmt"
	"os"
	"strings"

	"github.com/paymux/paymux"
)

// Ref is a setting that may be a secret: the text itself, file:PATH, env:NAME, or,
// where keys are meant, key:NAME for one that stays in the key service. It prints itself only where it points elsewhere.
type Ref string

// String hides what may be the secret itself.
func (r Ref) String() string {
	if r == "" || strings.HasPrefix(string(r), "file:") || strings.HasPrefix(string(r), "env:") || r.Key() != "" {
		return string(r)
	}
	return "[redacted]"
}

// GoString covers %#v.
func (r Ref) GoString() string { return r.String() }

// MarshalText covers JSON and YAML.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Read gets the text from where it is. A file's trailing newline is not part of it.
func (r Ref) Read(env func(string) string) (paymux.Secret, error) {
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
	if r.Key() != "" {
		return "", fmt.Errorf("%s is in the key service, which does not tell it; only keys of accounts can be meant by key:", r)
	}
	return paymux.Secret(r), nil
}

// Key is the name of the key in the key service that is meant, empty where none is.
func (r Ref) Key() string {
	name, ok := strings.CutPrefix(string(r), "key:")
	if !ok {
		return ""
	}
	return name
}
