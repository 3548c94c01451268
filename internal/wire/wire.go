// Package wire carries the house's nouns between a frontend and a node: JSON that
// hides nothing, the errors of the other side, and what a lost answer means.
//
// The nouns' own JSON is what merchants see: it leaves fields out and redacts
// secrets. The JSON here is for the house alone. Its members are the fields of the Go
// types by their Go names, embedded ones included; zero values are left out, unknown
// members are passed over, so that both ends need not change at the same
// moment. It keeps every exported field of every noun, secrets in clear, strings byte for byte, and
// stored JSON as it is stored. A type with a field that could not travel is refused when it is
// first used. One thing stays at home: fields of type error, which are causes.
//
// Nothing that was sent is ever quoted in an error. Start reading at Append and Read for
// the encoding, at Handle and Ask for the calls.
package wire

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// plans are what was worked out about types, by type. Written once a type; shared by all.
var plans sync.Map

// plan is how values of one type are written and read. Values are addressable.
type plan struct {
	write func(b []byte, v reflect.Value) []byte
	read  func(r *reader, v reflect.Value)
}

// Append appends v as JSON. It panics for a type that cannot travel whole, whatever its value.
func Append[T any](b []byte, v *T) []byte {
	return planOf(reflect.TypeFor[T]()).write(b, reflect.ValueOf(v).Elem())
}

// Read reads what Append wrote into v, which is zero. The error says where, never what.
func Read[T any](b []byte, v *T) error {
	r := &reader{b: b}
	if !r.null() {
		planOf(reflect.TypeFor[T]()).read(r, reflect.ValueOf(v).Elem())
	}
	if r.space(); r.i < len(r.b) {
		r.fail("more than one value")
	}
	return r.err
}

// errMalformed is of bytes that are not what Append writes for the type.
var errMalformed = errors.New("wire: malformed")

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := makePlan(t)
	plans.Store(t, p)
	return p
}

// makePlan panics where values of the type would lose something.
func makePlan(t reflect.Type) *plan {
	switch t {
	case timeType:
		return &plan{writeTime, readTime}
	case rawType:
		return &plan{writeRaw, readRaw}
	case textsType:
		return &plan{writeTexts, readTexts}
	case anyType:
		return &plan{writeAny, readAny}
	}
	switch t.Kind() {
	case reflect.Bool:
		return &plan{writeBool, readBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &plan{writeInt, readInt}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &plan{writeUint, readUint}
	case reflect.Float64:
		return &plan{writeFloat, readFloat}
	case reflect.String:
		return &plan{writeString, readString}
	case reflect.Pointer:
		return pointerPlan(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &plan{writeBytes, readBytes}
		}
		return slicePlan(t)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return mapPlan(t)
		}
	case reflect.Struct:
		return structPlan(t)
	}
	panic(fmt.Sprintf("wire: a %s cannot travel", t))
}

func pointerPlan(t reflect.Type) *plan {
	inner := planOf(t.Elem())
	return &plan{
		write: func(b []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(b, "null"...)
			}
			return inner.write(b, v.Elem())
		},
		read: func(r *reader, v reflect.Value) {
			v.Set(reflect.New(t.Elem()))
			inner.read(r, v.Elem())
		},
	}
}

func slicePlan(t reflect.Type) *plan {
	inner := planOf(t.Elem())
	return &plan{
		write: func(b []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(b, "null"...)
			}
			b = append(b, '[')
			for i := range v.Len() {
				if i > 0 {
					b = append(b, ',')
				}
				b = inner.write(b, v.Index(i))
			}
			return append(b, ']')
		},
		read: func(r *reader, v reflect.Value) {
			v.Set(reflect.MakeSlice(t, 0, 0)) // none is not the same as nil
			for n := 0; r.more('[', ']', n); n++ {
				v.Grow(1)
				v.SetLen(n + 1)
				v.Index(n).SetZero()
				if !r.null() {
					inner.read(r, v.Index(n))
				}
			}
		},
	}
}

func mapPlan(t reflect.Type) *plan {
	inner := planOf(t.Elem())
	return &plan{
		write: func(b []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(b, "null"...)
			}
			value := reflect.New(t.Elem()).Elem()
			b = append(b, '{')
			for n, all := 0, v.MapRange(); all.Next(); n++ {
				if n > 0 {
					b = append(b, ',')
				}
				value.SetIterValue(all)
				b = inner.write(append(appendString(b, all.Key().String()), ':'), value)
			}
			return append(b, '}')
		},
		read: func(r *reader, v reflect.Value) {
			v.Set(reflect.MakeMap(t))
			for n := 0; r.more('{', '}', n); n++ {
				key := reflect.ValueOf(r.key()).Convert(t.Key())
				value := reflect.New(t.Elem()).Elem()
				if !r.null() {
					inner.read(r, value)
				}
				v.SetMapIndex(key, value)
			}
		},
	}
}
