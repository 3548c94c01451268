package httpsig

import (
	"errors"
	"fmt"
	"strings"
)

// scanner reads structured field values (RFC 8941) in their canonical spelling.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) done() bool { return s.pos == len(s.text) }

func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.text[s.pos]
}

func (s *scanner) eat(c byte) bool {
	if s.done() || s.text[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) expect(token string) error {
	if !strings.HasPrefix(s.text[s.pos:], token) {
		return fmt.Errorf("%q is expected at character %d", token, s.pos+1)
	}
	s.pos += len(token)
	return nil
}

// key reads a label or the name of a parameter.
func (s *scanner) key() (string, error) {
	start := s.pos
	for ; s.pos < len(s.text); s.pos++ {
		c := s.text[s.pos]
		letter := 'a' <= c && c <= 'z' || c == '*'
		if !letter && (s.pos == start || !('0' <= c && c <= '9' || c == '_' || c == '-' || c == '.')) {
			break
		}
	}
	if s.pos == start {
		return "", fmt.Errorf("a name in lower case is expected at character %d", start+1)
	}
	return s.text[start:s.pos], nil
}

// quoted reads a string and returns what it says.
func (s *scanner) quoted() (string, error) {
	if err := s.expect(`"`); err != nil {
		return "", err
	}
	start, escaped := s.pos, false
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '"':
			text := s.text[start:s.pos]
			s.pos++
			if escaped {
				text = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(text)
			}
			return text, nil
		case c == '\\':
			escaped = true
			s.pos++
			if next := s.peek(); next != '"' && next != '\\' {
				return "", fmt.Errorf("the backslash at character %d escapes nothing", s.pos)
			}
		case c < ' ' || c > '~':
			return "", fmt.Errorf("character %d can not be in a string", s.pos+1)
		}
	}
	return "", errors.New("a string does not end")
}

// integer reads a number that is not negative, without leading zeros and of at most 15 digits.
func (s *scanner) integer() (int64, error) {
	start := s.pos
	var v int64
	for ; s.pos < len(s.text) && s.pos-start < 15; s.pos++ {
		c := s.text[s.pos]
		if c < '0' || c > '9' {
			break
		}
		v = v*10 + int64(c-'0')
	}
	if s.pos == start || s.text[start] == '0' && s.pos-start > 1 {
		return 0, fmt.Errorf("a whole number is expected at character %d", start+1)
	}
	return v, nil
}
