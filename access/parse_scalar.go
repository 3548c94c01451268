package access

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string and returns its text: a part of the body where nothing is escaped.
func (p *parser) str() ([]byte, error) {
	p.at++
	start := p.at
	for p.at < len(p.body) {
		switch c := p.body[p.at]; {
		case c == '"':
			text := p.body[start:p.at]
			p.at++
			return text, nil
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return nil, p.fail("a control character must be escaped")
		case c < utf8.RuneSelf:
			p.at++
		default:
			if err := p.rune(); err != nil {
				return nil, err
			}
		}
	}
	return nil, p.fail("the JSON ends within a string")
}

// escaped reads on from the first escape of a string that began at start.
func (p *parser) escaped(start int) ([]byte, error) {
	text := bytes.Clone(p.body[start:p.at])
	for p.at < len(p.body) {
		switch c := p.body[p.at]; {
		case c == '"':
			p.at++
			return text, nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return nil, err
			}
			text = utf8.AppendRune(text, r)
		case c < 0x20:
			return nil, p.fail("a control character must be escaped")
		default:
			at := p.at
			if err := p.rune(); err != nil {
				return nil, err
			}
			text = append(text, p.body[at:p.at]...)
		}
	}
	return nil, p.fail("the JSON ends within a string")
}

func (p *parser) rune() error {
	r, size := utf8.DecodeRune(p.body[p.at:])
	if r == utf8.RuneError && size <= 1 {
		return p.fail("the text is not valid UTF-8")
	}
	p.at += size
	return nil
}

func (p *parser) escape() (rune, error) {
	if p.at+1 >= len(p.body) {
		return 0, p.fail("the JSON ends within a string")
	}
	c := p.body[p.at+1]
	if c == 'u' {
		return p.unicode()
	}
	i := bytes.IndexByte([]byte(`"\/bfnrt`), c)
	if i < 0 {
		return 0, p.fail("an unknown escape")
	}
	p.at += 2
	return rune("\"\\/\b\f\n\r\t"[i]), nil
}

// unicode reads \uXXXX, or two of them that make one character.
func (p *parser) unicode() (rune, error) {
	high, ok := p.hex(p.at)
	if !ok {
		return 0, p.fail("four hexadecimal digits are expected after \\u")
	}
	if !utf16.IsSurrogate(high) {
		p.at += 6
		return high, nil
	}
	low, ok := p.hex(p.at + 6)
	r := utf16.DecodeRune(high, low)
	if !ok || r == utf8.RuneError {
		return 0, p.fail("half of a surrogate pair")
	}
	p.at += 12
	return r, nil
}

// hex reads \uXXXX at a place.
func (p *parser) hex(at int) (rune, bool) {
	if at+6 > len(p.body) || p.body[at] != '\\' || p.body[at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.body[at+2:at+6]), 16, 32)
	return rune(n), err == nil
}

// manyMembers is where looking a name up becomes cheaper than comparing.
const manyMembers = 24

// names tells whether an object has a member already. Small objects, nearly all, are searched.
type names struct{ set map[string]struct{} }

func (n *names) twice(members []member, name []byte) bool {
	if len(members) < manyMembers {
		for i := range members {
			if bytes.Equal(members[i].name, name) {
				return true
			}
		}
		return false
	}
	if n.set == nil {
		n.set = make(map[string]struct{}, 2*manyMembers)
		for i := range members {
			n.set[string(members[i].name)] = struct{}{}
		}
	}
	_, taken := n.set[string(name)]
	n.set[string(name)] = struct{}{}
	return taken
}

func (p *parser) word(word string) error {
	if !bytes.HasPrefix(p.body[p.at:], []byte(word)) {
		return p.fail("a JSON value cannot begin here")
	}
	p.at += len(word)
	return nil
}

func (p *parser) number() error {
	if p.peek() == '-' {
		p.at++
	}
	switch c := p.peek(); {
	case c == '0':
		p.at++
	case c >= '1' && c <= '9':
		p.digits()
	default:
		return p.fail("a digit is expected")
	}
	if p.peek() == '.' {
		p.at++
		if p.digits() == 0 {
			return p.fail("a digit is expected")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return p.fail("a digit is expected")
		}
	}
	return nil
}

func (p *parser) digits() int {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at - start
}
