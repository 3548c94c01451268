package document

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// text is a scalar that is text and not a number, a date or nothing.
func (r *Reader) text(n *yaml.Node, path string) (text string, ok bool) {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null":
		r.Fault(path, "Write a word.", "It has to be text.")
	case n.ShortTag() != "!!str":
		r.Fault(path, "Put it in quotes.", "%q has to be text.", Clip(n.Value))
	default:
		return n.Value, true
	}
	return "", false
}

// Text is up to so many characters that can be printed, without blanks around them.
func Text[S ~string](most int) Value[S] {
	matcher := regexp.MustCompile(`^[^ \x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^ \x00-\x1f\x7f-\x9f])?$`)
	return Value[S]{
		Schema: func(Definitions) Schema {
			return Schema{"type": "string", "pattern": matcher.String(), "maxLength": most}
		},
		Read: func(r *Reader, n *yaml.Node, path string) S {
			text, ok := r.text(n, path)
			if ok && (utf8.RuneCountInString(text) > most || !matcher.MatchString(text)) {
				r.Fault(path, fmt.Sprintf("Write 1 to %d characters, no line breaks, no blanks around them.", most), "%q will not do.", Clip(text))
			}
			return S(text)
		},
	}
}

// Word is one of those that are known. The name is that of the definition in the schema; empty: it is written where it is used.
func Word[S ~string](name string, known ...S) Value[S] {
	return Value[S]{
		Schema: func(d Definitions) Schema {
			whole := func() Schema { return Schema{"type": "string", "enum": texts(known)} }
			if name == "" {
				return whole()
			}
			return d.define(name, whole)
		},
		Read: func(r *Reader, n *yaml.Node, path string) S {
			text, ok := r.text(n, path)
			if ok && !slices.Contains(known, S(text)) && !r.full() {
				r.Fault(path, oneOf(text, texts(known)), "%q is not known.", Clip(text))
			}
			return S(text)
		},
	}
}

// oneOf names what is known: all of it, or what is nearest.
func oneOf(text string, known []string) string {
	const few = 12
	if len(known) <= few {
		return "Write one of " + among(text, known) + "."
	}
	nearest := strings.SplitN(among(text, known), ", ", 4)
	return fmt.Sprintf("Write one of the %d that are known, such as %s.", len(known), strings.Join(nearest[:3], ", "))
}

func texts[S ~string](list []S) []string {
	out := make([]string, 0, len(list))
	for _, one := range list {
		out = append(out, string(one))
	}
	return out
}

// Form is text that a regular expression describes, whole; remedy says the same to people.
func Form[S ~string](form, remedy string) Value[S] {
	matcher := regexp.MustCompile("^(?:" + form + ")$")
	return Value[S]{
		Schema: func(Definitions) Schema { return Schema{"type": "string", "pattern": matcher.String()} },
		Read: func(r *Reader, n *yaml.Node, path string) S {
			text, ok := r.text(n, path)
			if ok && !matcher.MatchString(text) {
				r.Fault(path, remedy, "%q will not do.", Clip(text))
			}
			return S(text)
		},
	}
}

// Digits is a form that people write without quotes, too, though it is no number: all its texts are digits, or digits and a dash.
func Digits[S ~string](form, remedy string, least, most int64) Value[S] {
	v := Form[S](form, remedy)
	return Value[S]{
		Schema: func(d Definitions) Schema {
			return Schema{"anyOf": []any{v.Schema(d), Schema{"type": "integer", "minimum": least, "maximum": most}}}
		},
		Read: func(r *Reader, n *yaml.Node, path string) S { return v.Read(r, bare(n), path) },
	}
}

// Bare is a text of up to so many characters that may be written as a number or as true or false as well.
func Bare[S ~string](most int) Value[S] {
	return Value[S]{
		Schema: func(Definitions) Schema {
			return Schema{"type": []any{"string", "number", "boolean"}, "minLength": 1, "maxLength": most}
		},
		Read: func(r *Reader, n *yaml.Node, path string) S {
			text, ok := r.text(bare(n), path)
			if ok && (text == "" || utf8.RuneCountInString(text) > most) {
				r.Fault(path, fmt.Sprintf("Write 1 to %d characters.", most), "%q will not do.", Clip(text))
			}
			return S(text)
		},
	}
}

// bare is the text of a number or truth value as it was written.
func bare(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.ScalarNode || !slices.Contains([]string{"!!int", "!!float", "!!bool"}, n.ShortTag()) {
		return n
	}
	text := *n
	text.Tag = "!!str"
	return &text
}

// Whole is a whole number between two others, which it may be.
func Whole[N ~int | ~int64](least, most N) Value[N] {
	return Value[N]{
		Schema: func(Definitions) Schema { return Schema{"type": "integer", "minimum": least, "maximum": most} },
		Read: func(r *Reader, n *yaml.Node, path string) N {
			x, ok := whole(n)
			if !ok || x < int64(least) || x > int64(most) {
				r.Fault(path, fmt.Sprintf("Write a whole number from %d to %d.", least, most), "%q will not do.", Clip(n.Value))
				return least
			}
			return N(x)
		},
	}
}

// whole reads 5, and 5.0 and 5e0, which are the same in JSON Schema.
func whole(n *yaml.Node) (int64, bool) {
	if x, err := strconv.ParseInt(n.Value, 10, 64); n.ShortTag() == "!!int" && err == nil && !octal(n.Value) {
		return x, true
	}
	x, ok := number(n)
	if !ok || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, false
	}
	return int64(x), true
}

// octal reports whether a number begins with a 0 that some readers of YAML take for a sign of octal digits.
func octal(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
}

func number(n *yaml.Node) (float64, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float" || octal(n.Value) {
		return 0, false
	}
	x, err := strconv.ParseFloat(n.Value, 64)
	return x, err == nil && !math.IsInf(x, 0) && !math.IsNaN(x)
}

// Number is a number between two others, which it may be.
func Number(least, most float64) Value[float64] {
	return Value[float64]{
		Schema: func(Definitions) Schema { return Schema{"type": "number", "minimum": least, "maximum": most} },
		Read: func(r *Reader, n *yaml.Node, path string) float64 {
			x, ok := number(n)
			if !ok || x < least || x > most {
				r.Fault(path, fmt.Sprintf("Write a number from %g to %g.", least, most), "%q will not do.", Clip(n.Value))
				return least
			}
			return x
		},
	}
}

// Share is a weight: a number of 0 to a million, or percent of the whole.
func Share() Value[float64] {
	plain := Number(0, 1e6)
	percent := regexp.MustCompile(`^(100|[0-9]{1,2})(\.[0-9]{1,6})?%$`)
	return Value[float64]{
		Schema: func(d Definitions) Schema {
			return Schema{"anyOf": []any{plain.Schema(d), Schema{"type": "string", "pattern": percent.String()}}}
		},
		Read: func(r *Reader, n *yaml.Node, path string) float64 {
			if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && percent.MatchString(n.Value) {
				return r.Weight(n, path)
			}
			return plain.Read(r, n, path)
		},
	}
}

// Truth is true or false.
func Truth() Value[bool] {
	return Value[bool]{
		Schema: func(Definitions) Schema { return Schema{"type": "boolean"} },
		Read: func(r *Reader, n *yaml.Node, path string) bool {
			yes, no := strings.EqualFold(n.Value, "true"), strings.EqualFold(n.Value, "false")
			if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || !yes && !no {
				r.Fault(path, "Write true or false.", "%q will not do.", Clip(n.Value))
			}
			return yes
		},
	}
}

// Span is a length of time of up to 100 hours, such as 90s or 2m30s, in whole milliseconds.
func Span() Value[time.Duration] {
	form := Form[string](`([0-9]{1,2}h)?([0-9]{1,4}m)?([0-9]{1,6}(\.[0-9]{1,3})?s)?([0-9]{1,3}ms)?`, "Write a length of time, such as 90s or 2m30s.")
	return Value[time.Duration]{
		Schema: func(d Definitions) Schema {
			s := form.Schema(d)
			s["minLength"] = 1
			return s
		},
		Read: func(r *Reader, n *yaml.Node, path string) time.Duration {
			before := len(r.Faults)
			text := form.Read(r, n, path)
			span, err := time.ParseDuration(text)
			if err != nil && len(r.Faults) == before {
				r.Fault(path, "Write a length of time, such as 90s or 2m30s.", "%q will not do.", Clip(text))
			}
			return span
		},
	}
}
