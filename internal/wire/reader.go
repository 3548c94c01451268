package wire

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// reader goes through JSON. After its first fault it is at the end, and everything it
// gives is empty.
type reader struct {
	b   []byte
	i   int
	err error
}

// fail notes a fault by its place; what stands there may be secret.
func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at byte %d of %d", errMalformed, what, r.i, len(r.b))
	}
	r.b, r.i = nil, 0
}

func (r *reader) space() {
	for r.i < len(r.b) {
		switch r.b[r.i] {
		case ' ', '\n', '\r', '\t':
			r.i++
		default:
			return
		}
	}
}

// peek is the next byte, or zero at the end.
func (r *reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

// take reads one byte that has to be there.
func (r *reader) take(c byte) {
	if r.space(); r.peek() != c {
		r.fail("something else than was expected")
		return
	}
	r.i++
}

// more reads up to the next of a list's members, of which n were read: its opening or a
// comma. It reports whether there is one; if not, the list has been read.
func (r *reader) more(open, end byte, n int) bool {
	if n == 0 {
		if r.take(open); r.err != nil {
			return false
		}
		if r.space(); r.peek() == end {
			r.i++
			return false
		}
		return true
	}
	r.space()
	if r.peek() == end {
		r.i++
		return false
	}
	r.take(',')
	return r.err == nil
}

// null reads a null, if there is one.
func (r *reader) null() bool {
	r.space()
	if r.peek() != 'n' || !bytes.HasPrefix(r.b[r.i:], []byte("null")) {
		return false
	}
	r.i += len("null")
	return true
}

// word reads a number or a truth value.
func (r *reader) word() []byte {
	r.space()
	from := r.i
	for r.i < len(r.b) {
		c := r.b[r.i]
		if c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != 'E' {
			break
		}
		r.i++
	}
	return r.b[from:r.i]
}

// quoted is what stands between two quotation marks, escapes and all.
func (r *reader) quoted() []byte {
	if r.take('"'); r.err != nil {
		return nil
	}
	from := r.i
	for {
		n := bytes.IndexByte(r.b[r.i:], '"')
		if n < 0 {
			r.fail("an open string")
			return nil
		}
		r.i += n + 1
		if r.b[r.i-2] != '\\' || !escaped(r.b[from:r.i-1]) {
			return r.b[from : r.i-1]
		}
	}
}

// escaped reports whether what follows s is escaped: s ends in an odd number of backslashes.
func escaped(s []byte) bool {
	n := 0
	for n < len(s) && s[len(s)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func (r *reader) text() string {
	s := r.quoted()
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s)
	}
	return string(r.unescape(s))
}

// name reads a member's name and the colon behind it. It holds until the next reading.
func (r *reader) name() []byte {
	s := r.quoted()
	r.take(':')
	return s
}

// key reads a map's key and the colon behind it.
func (r *reader) key() string {
	s := r.text()
	r.take(':')
	return s
}

func (r *reader) bytes() []byte {
	s := r.quoted()
	out := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
	n, err := base64.StdEncoding.Decode(out, s)
	if err != nil {
		r.fail("no base64")
		return nil
	}
	return out[:n]
}

func (r *reader) unescape(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++ // quoted ends no string behind a backslash: there is a byte
		switch c := s[i]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			char, size := character(s[i+1:])
			if size == 0 {
				r.fail("no character")
				return nil
			}
			out = utf8.AppendRune(out, char)
			i += size
		default:
			r.fail("no escape")
			return nil
		}
	}
	return out
}

// character reads what follows \u, both halves of a pair. Size 0: it is none.
func character(s []byte) (char rune, size int) {
	first, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) && len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if second, ok := hex4(s[6:]); ok {
			if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return first, 4
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[:4]), 16, 16)
	return rune(n), err == nil
}

// value is the next value as it stands there.
func (r *reader) value() []byte {
	r.space()
	from := r.i
	if r.skip(); r.err != nil {
		return nil
	}
	return r.b[from:r.i]
}

// skip passes over a value, however deep it is. It looks at brackets and strings only: what it
// passes over is nobody's, or is kept as it is.
func (r *reader) skip() {
	r.space()
	depth := 0
	for r.err == nil {
		switch c := r.peek(); c {
		case '"':
			r.quoted()
		case '{', '[':
			r.i++
			depth++
			continue
		case '}', ']':
			r.i++
			depth--
		case ',', ':', ' ', '\n', '\r', '\t':
			if depth == 0 {
				r.fail("no value")
				return
			}
			r.i++
			continue
		default:
			if len(r.word()) == 0 {
				r.fail("no value")
				return
			}
		}
		if depth <= 0 {
			break
		}
	}
	if depth < 0 {
		r.fail("a bracket too many")
	}
}
