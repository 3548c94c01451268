package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"
)

// filler gives every field of a noun a value found nowhere else, so that a
// field a store forgets, or mixes up with another, shows; a field added to a noun
// later is covered without a change here.
type filler struct{ n atomic.Int64 }

func (f *filler) value(into any) { f.set(reflect.ValueOf(into).Elem()) }

func (f *filler) set(v reflect.Value) {
	n := f.n.Add(1)
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(start.Add(time.Duration(n) * 1_000_001 * time.Microsecond)))
		return
	case json.RawMessage:
		v.SetBytes(fmt.Appendf(nil, `{"n":%d}`, n))
		return
	case []byte:
		v.SetBytes(fmt.Appendf(nil, "bytes \x00\xff %d", n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d 中 ' \" \\ é", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(n)
	case reflect.Float64:
		v.SetFloat(float64(n) / 7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.set(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			f.set(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.set(v.Index(0))
		f.set(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.set(key)
			f.set(value)
			v.SetMapIndex(key, value)
		}
	default:
		panic("storetest: no value for a " + v.Type().String())
	}
}
