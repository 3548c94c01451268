package access

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/paymux/paymux"
)

// maxFaults is how many faults of one request are told. The rest would tell nothing new.
const maxFaults = 32

// faults collects what is wrong with a request, so that a merchant hears of all at once.
type faults struct{ list []paymux.FieldError }

func (f *faults) add(location, message string, shown any) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, paymux.FieldError{Location: location, Message: message, Value: shown})
	}
}

// err is the refusal that tells all faults, nil where there is none.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	first := f.list[0]
	e := paymux.Errorf(paymux.InvalidRequest, "%s %s.", paramOf(first.Location), first.Message).At(paramOf(first.Location))
	if n := len(f.list); n > 1 {
		e.Message = fmt.Sprintf("%d fields are at fault; errors lists them. The first: %s", n, e.Message)
	}
	e.Fields = f.list
	return e
}

// paramOf is a location without where it is: body.amount is amount.
func paramOf(location string) string {
	for _, place := range []string{"body.", "query.", "path.", "header."} {
		if len(location) > len(place) && location[:len(place)] == place {
			return location[len(place):]
		}
	}
	return location
}

// path is where in a body a value stands. It is spelled out only for a fault.
type path struct {
	up    *path
	name  string
	index int // of an item of an array, where name is empty
}

func (p *path) String() string {
	if p.up == nil {
		return p.name
	}
	if p.name == "" {
		return p.up.String() + "[" + strconv.Itoa(p.index) + "]"
	}
	return p.up.String() + "." + p.name
}

// check compares a value with a schema and notes every difference.
func (s *schema) check(v *value, at *path, f *faults) {
	if v.kind == kindNull && s.null {
		return
	}
	if v.kind != s.kind {
		f.add(at.String(), fmt.Sprintf("must be %s, not %s", s.kind, v.kind), nil)
		return
	}
	switch s.kind {
	case kindObject:
		s.checkObject(v, at, f)
	case kindArray:
		s.checkArray(v, at, f)
	case kindString:
		s.checkString(v, at, f)
	case kindNumber:
		s.checkNumber(v, at, f)
	}
}

func (s *schema) checkObject(v *value, at *path, f *faults) {
	if s.any {
		return
	}
	if s.entries != nil {
		s.checkEntries(v, at, f)
		return
	}
	member := &path{up: at} // spelled out, if at all, before the next one is looked at
	for i := range v.members {
		m := &v.members[i]
		known := s.field(m.name)
		if known == nil {
			f.add(shortened(at, m.name), "is not a field of this request"+s.nearest(string(m.name)), nil)
			continue
		}
		member.name = known.name
		known.check(&m.value, member, f)
	}
	for i := range s.fields {
		if s.fields[i].need && v.get(s.fields[i].name) == nil {
			f.add((&path{up: at, name: s.fields[i].name}).String(), "is required", nil)
		}
	}
}

// checkEntries checks metadata: a bounded number of bounded names and values.
func (s *schema) checkEntries(v *value, at *path, f *faults) {
	if len(v.members) > metadataEntries {
		f.add(at.String(), fmt.Sprintf("must have at most %d entries, not %d", metadataEntries, len(v.members)), nil)
		return
	}
	for i := range v.members {
		m := &v.members[i]
		if n := utf8.RuneCount(m.name); n == 0 || n > metadataName || hasControl(m.name, false) {
			f.add(shortened(at, m.name), fmt.Sprintf("must have a name of 1 to %d printable characters", metadataName), nil)
			continue
		}
		one := &path{up: at, name: string(m.name)}
		s.entries.check(&m.value, one, f)
		if utf8.RuneCount(m.value.text) > metadataValue {
			f.add(one.String(), fmt.Sprintf("must have at most %d characters", metadataValue), nil)
		}
	}
}

func (s *schema) checkArray(v *value, at *path, f *faults) {
	if n := int64(len(v.items)); s.max > 0 && (n < s.min || n > s.max) {
		f.add(at.String(), fmt.Sprintf("must have %d to %d items, not %d", s.min, s.max, n), nil)
		return
	}
	for i := range v.items {
		s.items.check(&v.items[i], &path{up: at, index: i}, f)
	}
}

func (s *schema) checkString(v *value, at *path, f *faults) {
	if n := int64(utf8.RuneCount(v.text)); s.max > 0 && (n < s.min || n > s.max) {
		f.add(at.String(), fmt.Sprintf("must have %d to %d characters, not %d", s.min, s.max, n), nil)
		return
	}
	if hasControl(v.text, s.format == "pem" || s.format == "text") {
		f.add(at.String(), "must not have control characters", nil)
		return
	}
	if len(s.enum) > 0 && !slices.Contains(s.enum, string(v.text)) {
		f.add(at.String(), "must be one of "+list(s.enum), s.shown(v))
		return
	}
	if s.format == "" {
		return
	}
	if wrong := formats[s.format](string(v.text)); wrong != "" {
		f.add(at.String(), wrong, s.shown(v))
	}
}

func (s *schema) checkNumber(v *value, at *path, f *faults) {
	n, err := strconv.ParseInt(string(v.raw), 10, 64)
	if err != nil {
		f.add(at.String(), "must be a whole number without fraction or exponent that fits 64 bits", s.shown(v))
		return
	}
	if s.max == 0 || n >= s.min && n <= s.max || s.also != 0 && n == s.also {
		return
	}
	wrong := fmt.Sprintf("must be between %d and %d", s.min, s.max)
	if s.also != 0 {
		wrong += fmt.Sprintf(", or %d", s.also)
	}
	f.add(at.String(), wrong, s.shown(v))
}

// maxShown is how much of a wrong value is shown back.
const maxShown = 100

// shown is a value as an error may show it: never of a secret field, never long.
func (s *schema) shown(v *value) any {
	if s.secret {
		return nil
	}
	if v.kind == kindNumber && len(v.raw) <= maxShown {
		return number(v.raw)
	}
	if v.kind == kindString && len(v.text) <= maxShown {
		return string(v.text)
	}
	return nil
}

// shortened is the location of a member whose name came from outside.
func shortened(at *path, name []byte) string {
	if len(name) > metadataName {
		name = name[:metadataName]
	}
	return (&path{up: at, name: string([]rune(string(name)))}).String()
}
