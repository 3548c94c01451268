package stripefake

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form takes parameters out one by one; what is left at the end is unknown, and refused.
type form struct {
	values url.Values
	fault  *refusal
}

func (f *form) text(name string, required bool) string {
	v := f.values.Get(name)
	if v == "" && required {
		f.fail("parameter_missing", "Missing required param: %s.", name)
	}
	if len(f.values[name]) > 1 {
		f.fail("parameter_invalid", "%s was given twice.", name)
	}
	delete(f.values, name)
	return v
}

func (f *form) oneOf(name, fallback string, allowed ...string) string {
	v := f.text(name, false)
	if v == "" {
		return fallback
	}
	if !slices.Contains(allowed, v) {
		f.fail("parameter_invalid", "Invalid %s: must be one of %s.", name, strings.Join(allowed, ", "))
	}
	return v
}

func (f *form) number(name string, required bool) int64 {
	v := f.text(name, required)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 {
		f.fail("parameter_invalid_integer", "Invalid %s: %s.", name, v)
	}
	return n
}

func (f *form) currency(name string) string {
	c := f.text(name, true)
	if len(c) != 3 || strings.ToLower(c) != c {
		f.fail("parameter_invalid", "Invalid currency: %s.", c)
	}
	return c
}

// tree takes name[key]=value pairs.
func (f *form) tree(name string) map[string]string {
	m := map[string]string{}
	for key := range f.values {
		inner, ok := strings.CutPrefix(key, name+"[")
		if ok && strings.HasSuffix(inner, "]") && !strings.Contains(inner, "[") {
			m[strings.TrimSuffix(inner, "]")] = f.text(key, false)
		}
	}
	return m
}

func (f *form) fail(code, format string, args ...any) {
	if f.fault == nil {
		f.fault = invalid(code, format, args...)
	}
}

// end refuses what nobody asked for, and reports the first fault.
func (f *form) end() *refusal {
	for name := range f.values {
		if !strings.HasPrefix(name, "expand[") {
			f.fail("parameter_unknown", "Received unknown parameter: %s.", name)
		}
	}
	return f.fault
}
