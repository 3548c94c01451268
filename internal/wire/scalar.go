package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

var (
	timeType  = reflect.TypeFor[time.Time]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	textsType = reflect.TypeFor[map[string]string]()
	anyType   = reflect.TypeFor[any]()
	errorType = reflect.TypeFor[error]()
)

func writeBool(b []byte, v reflect.Value) []byte { return strconv.AppendBool(b, v.Bool()) }

func readBool(r *reader, v reflect.Value) {
	switch string(r.word()) {
	case "true":
		v.SetBool(true)
	case "false":
		v.SetBool(false)
	default:
		r.fail("no truth value")
	}
}

func writeInt(b []byte, v reflect.Value) []byte { return strconv.AppendInt(b, v.Int(), 10) }

func readInt(r *reader, v reflect.Value) {
	n, err := strconv.ParseInt(string(r.word()), 10, v.Type().Bits())
	if err != nil {
		r.fail("no number that fits")
	}
	v.SetInt(n)
}

func writeUint(b []byte, v reflect.Value) []byte { return strconv.AppendUint(b, v.Uint(), 10) }

func readUint(r *reader, v reflect.Value) {
	n, err := strconv.ParseUint(string(r.word()), 10, v.Type().Bits())
	if err != nil {
		r.fail("no number that fits")
	}
	v.SetUint(n)
}

// writeFloat has every digit. What is no number, which JSON cannot say, travels as none.
func writeFloat(b []byte, v reflect.Value) []byte {
	if f := v.Float(); f-f == 0 {
		return strconv.AppendFloat(b, f, 'g', -1, 64)
	}
	return append(b, '0')
}

func readFloat(r *reader, v reflect.Value) {
	f, err := strconv.ParseFloat(string(r.word()), 64)
	if err != nil {
		r.fail("no number that fits")
	}
	v.SetFloat(f)
}

func writeString(b []byte, v reflect.Value) []byte { return appendString(b, v.String()) }

func readString(r *reader, v reflect.Value) { v.SetString(r.text()) }

// Times have nanoseconds and their offset; a monotonic reading means nothing elsewhere.
func writeTime(b []byte, v reflect.Value) []byte {
	t := v.Addr().Interface().(*time.Time)
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

func readTime(r *reader, v reflect.Value) {
	if v.Addr().Interface().(*time.Time).UnmarshalText(r.quoted()) != nil {
		r.fail("no time")
	}
}

func writeBytes(b []byte, v reflect.Value) []byte {
	if v.IsNil() {
		return append(b, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"')
}

func readBytes(r *reader, v reflect.Value) { v.SetBytes(r.bytes()) }

// Stored JSON goes as it is where that is an object, as all of ours are; whatever else
// there might be goes as bytes, so that it comes out the same to the byte.
func writeRaw(b []byte, v reflect.Value) []byte {
	if raw := v.Bytes(); len(raw) > 1 && raw[0] == '{' && raw[len(raw)-1] == '}' {
		return append(b, raw...)
	}
	return writeBytes(b, v)
}

func readRaw(r *reader, v reflect.Value) {
	if r.space(); r.peek() == '"' {
		v.SetBytes(r.bytes())
		return
	}
	v.SetBytes(bytes.Clone(r.value()))
}

// The commonest map is done without reflection.
func writeTexts(b []byte, v reflect.Value) []byte {
	texts := *v.Addr().Interface().(*map[string]string)
	if texts == nil {
		return append(b, "null"...)
	}
	b = append(b, '{')
	first := true
	for name, text := range texts {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(append(appendString(b, name), ':'), text)
	}
	return append(b, '}')
}

func readTexts(r *reader, v reflect.Value) {
	texts := map[string]string{}
	for n := 0; r.more('{', '}', n); n++ {
		name := r.key()
		texts[name] = r.text()
	}
	*v.Addr().Interface().(*map[string]string) = texts
}

// A value of any type is what encoding/json makes of it. Nouns have one, for showing: FieldError.Value.
func writeAny(b []byte, v reflect.Value) []byte {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

func readAny(r *reader, v reflect.Value) {
	if json.Unmarshal(r.value(), v.Addr().Interface()) != nil {
		r.fail("no JSON")
	}
}

// appendString escapes only what JSON cannot have in a string: other bytes go as they are, UTF-8 or not.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if c < ' ' {
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			continue
		}
		b = append(b, '\\', c)
	}
	return append(append(b, s[from:]...), '"')
}
