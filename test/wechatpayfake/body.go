package wechatpayfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// rule checks one member of a request's body; the answer is what is wrong.
type rule struct {
	name     string
	required bool
	check    func(any) string
}

// text is a string of so many characters, of a form where one is given.
func text(least, most int, form string) func(any) string {
	match := regexp.MustCompile(form)
	return func(v any) string {
		s, ok := v.(string)
		if !ok {
			return "must be a string"
		}
		if n := utf8.RuneCountInString(s); n < least || n > most {
			return fmt.Sprintf("must have %d to %d characters", least, most)
		}
		if !match.MatchString(s) {
			return "has characters that are not allowed"
		}
		return ""
	}
}

func same(want string) func(any) string {
	return func(v any) string {
		if v != want {
			return "must be " + want
		}
		return ""
	}
}

func number(v any) string {
	n, ok := v.(json.Number)
	if !ok {
		return "must be a number"
	}
	if i, err := n.Int64(); err != nil || i < 1 {
		return "must be a whole number of at least 1"
	}
	return ""
}

func instant(v any) string {
	s, _ := v.(string)
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return "must be a time by RFC 3339"
	}
	return ""
}

func address(v any) string {
	s, _ := v.(string)
	if _, err := netip.ParseAddr(s); err != nil {
		return "must be an IP address"
	}
	return ""
}

func notifyURL(v any) string {
	s, _ := v.(string)
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" || u.RawQuery != "" || len(s) > 255 {
		return "must be an https URL without a query, of at most 255 characters"
	}
	return ""
}

func object(rules ...rule) func(any) string {
	return func(v any) string {
		members, ok := v.(map[string]any)
		if !ok {
			return "must be an object"
		}
		return check(members, rules)
	}
}

func check(members map[string]any, rules []rule) string {
	known := map[string]bool{}
	for _, r := range rules {
		known[r.name] = true
		v, there := members[r.name]
		if !there && r.required {
			return r.name + " is missing"
		}
		if !there {
			continue
		}
		if no := r.check(v); no != "" {
			return strings.TrimSpace(r.name + " " + no)
		}
	}
	for name := range members {
		if !known[name] {
			return name + " is not known"
		}
	}
	return ""
}

// read reads a body by its rules. Its canonical form tells whether two are the same.
func (in *call) read(rules []rule) (members map[string]any, canonical string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(in.body))
	d.UseNumber()
	if err := d.Decode(&members); err != nil || d.More() {
		in.refuse(400, "PARAM_ERROR", "the body is no JSON object")
		return nil, "", false
	}
	if no := check(members, rules); no != "" {
		in.refuse(400, "PARAM_ERROR", no)
		return nil, "", false
	}
	return members, string(encode(members)), true
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only of our own types
	}
	return b
}

func str(m map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		m, _ = m[name].(map[string]any)
	}
	s, _ := m[path[len(path)-1]].(string)
	return s
}

func num(m map[string]any, path ...string) int64 {
	for _, name := range path[:len(path)-1] {
		m, _ = m[name].(map[string]any)
	}
	n, _ := m[path[len(path)-1]].(json.Number)
	i, _ := n.Int64()
	return i
}
