package access

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind byte

const (
	kindNull kind = iota + 1
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

func (k kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// maxDepth is how deep objects and arrays of a request may nest. Metadata in an
// item of a batch is five deep.
const maxDepth = 16

// maxValues is how many values a request may have: a full batch of 100 items with
// 50 metadata entries each stays below half of it.
const maxValues = 20_000

// value is one JSON value of a request, where it stands and what it says. Its
// slices lie in the body and live as long as that.
type value struct {
	kind    kind
	raw     []byte // as it came
	text    []byte // a string's text, unescaped
	members []member
	items   []value
}

// member is a name and a value of an object.
type member struct {
	name  []byte
	value value
}

// get finds a member of an object.
func (v *value) get(name string) *value {
	for i := range v.members {
		if string(v.members[i].name) == name {
			return &v.members[i].value
		}
	}
	return nil
}

// syntaxError is what a parser found that is not strict JSON.
type syntaxError struct {
	body   []byte
	offset int
	what   string
}

func (e *syntaxError) Error() string {
	before := e.body[:min(e.offset, len(e.body))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("%s at line %d, column %d (byte %d)", e.what, line, column, e.offset)
}

// parse reads strict JSON (RFC 8259 with the advice of RFC 7493): valid UTF-8, no
// member name twice in an object, no lone surrogates, nothing behind the value,
// at most maxDepth deep and maxValues values. The error is a *syntaxError.
func parse(body []byte) (value, error) {
	p := parser{body: body}
	var v value
	p.space()
	if err := p.value(&v, 0); err != nil {
		return v, err
	}
	p.space()
	if p.at < len(body) {
		return v, p.fail("unexpected data after the JSON value")
	}
	return v, nil
}

type parser struct {
	body  []byte
	at    int
	count int
}

func (p *parser) fail(format string, args ...any) error {
	return &syntaxError{body: p.body, offset: p.at, what: fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	for p.at < len(p.body) {
		switch p.body[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end. A zero byte is valid nowhere, so that the two need no telling apart.
func (p *parser) peek() byte {
	if p.at < len(p.body) {
		return p.body[p.at]
	}
	return 0
}

func (p *parser) value(v *value, depth int) error {
	if p.count++; p.count > maxValues {
		return p.fail("more than %d values", maxValues)
	}
	start := p.at
	var err error
	switch c := p.peek(); {
	case c == '{':
		v.kind, err = kindObject, p.object(v, depth+1)
	case c == '[':
		v.kind, err = kindArray, p.array(v, depth+1)
	case c == '"':
		v.kind = kindString
		v.text, err = p.str()
	case c == '-' || c >= '0' && c <= '9':
		v.kind, err = kindNumber, p.number()
	case c == 't':
		v.kind, err = kindBool, p.word("true")
	case c == 'f':
		v.kind, err = kindBool, p.word("false")
	case c == 'n':
		v.kind, err = kindNull, p.word("null")
	case p.at >= len(p.body):
		err = p.fail("the JSON ends where a value is expected")
	default:
		err = p.fail("a JSON value cannot begin here")
	}
	v.raw = p.body[start:p.at]
	return err
}

func (p *parser) object(v *value, depth int) error {
	if depth > maxDepth {
		return p.fail("nested more than %d deep", maxDepth)
	}
	p.at++
	p.space()
	if p.peek() == '}' {
		p.at++
		return nil
	}
	v.members = make([]member, 0, 8)
	var seen names
	for {
		if p.peek() != '"' {
			return p.fail("a member name in double quotes is expected")
		}
		start := p.at
		name, err := p.str()
		if err != nil {
			return err
		}
		if seen.twice(v.members, name) {
			p.at = start
			return p.fail("the member %s is there twice", p.body[start:start+min(len(name)+2, 42)])
		}
		p.space()
		if p.peek() != ':' {
			return p.fail("a colon is expected")
		}
		p.at++
		p.space()
		v.members = append(v.members, member{name: name})
		if err := p.value(&v.members[len(v.members)-1].value, depth); err != nil {
			return err
		}
		if end, err := p.next('}'); end || err != nil {
			return err
		}
	}
}

func (p *parser) array(v *value, depth int) error {
	if depth > maxDepth {
		return p.fail("nested more than %d deep", maxDepth)
	}
	p.at++
	p.space()
	if p.peek() == ']' {
		p.at++
		return nil
	}
	for {
		v.items = append(v.items, value{})
		if err := p.value(&v.items[len(v.items)-1], depth); err != nil {
			return err
		}
		if end, err := p.next(']'); end || err != nil {
			return err
		}
	}
}

// next passes a comma or the closing bracket; end tells which.
func (p *parser) next(closing byte) (end bool, err error) {
	p.space()
	switch p.peek() {
	case closing:
		p.at++
		return true, nil
	case ',':
		p.at++
		p.space()
		return false, nil
	}
	return false, p.fail("a comma or %q is expected", string(closing))
}
