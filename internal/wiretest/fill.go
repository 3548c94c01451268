// Package wiretest helps to test what passes the wire between frontend and node: values in
// which nothing is zero, the same ones for the same seed, and a messaging server to pass them over.
//
// Start reading at Fill.
package wiretest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"
)

// texts are what strings are made of beside letters: what JSON escapes, what is not UTF-8, what HTML minds.
var texts = []string{`"quoted" \ back`, "line\nfeed\x00\x1f", "山茶", "<b>&amp;</b>\u2028", "not \xff\xfe UTF-8", "😀"}

// Fill sets every exported field of what v points to, at any depth, to something that is not
// zero and that differs from field to field. Fields of type error are left alone. It panics for a kind it does not know.
func Fill(v any, seed uint64) {
	f := &filler{draw: rand.New(rand.NewPCG(seed, 1))}
	f.fill(reflect.ValueOf(v).Elem())
}

type filler struct {
	draw *rand.Rand
	n    int
}

func (f *filler) text() string {
	f.n++
	return fmt.Sprintf("%s-%d-%x", texts[f.draw.IntN(len(texts))], f.n, f.draw.Uint32())
}

func (f *filler) fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		zone := time.FixedZone("", 60*f.draw.IntN(600))
		v.Set(reflect.ValueOf(time.Unix(f.draw.Int64N(4e9), 1+f.draw.Int64N(999_999_999)).In(zone)))
		return
	case json.RawMessage: // with what encoding/json would change
		v.SetBytes(fmt.Appendf(nil, `{"id" : "%x",  "note":"<&>\u2028", "n":[1.50, {"a": "}]"}]}`, f.draw.Uint64()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-1 - int64(f.draw.Uint64()>>(65-v.Type().Bits())))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1 + f.draw.Uint64()>>(65-v.Type().Bits()))
	case reflect.Float64:
		v.SetFloat(f.draw.NormFloat64() * 1e6)
	case reflect.String:
		v.SetString(f.text())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		f.fillMap(v)
	case reflect.Interface:
		if v.NumMethod() == 0 {
			f.n++
			v.Set(reflect.ValueOf(fmt.Sprint("any-", f.n)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("wiretest: how is a %s filled?", v.Type()))
	}
}

func (f *filler) fillMap(v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	for range 2 {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(value)
		v.SetMapIndex(key, value)
	}
}

// Zero names the first field at any depth of what v points to that is zero; empty: there is none.
// It looks at types by itself, so that a field that Fill forgets is found.
func Zero(v any) string { return zero(reflect.ValueOf(v).Elem(), "") }

func zero(v reflect.Value, at string) string {
	switch {
	case v.Kind() == reflect.Interface && v.NumMethod() > 0:
		return ""
	case v.IsZero():
		return at + " (" + v.Type().String() + ")"
	case v.Kind() == reflect.Pointer:
		return zero(v.Elem(), at)
	case v.Kind() == reflect.Slice && v.Len() > 0, v.Kind() == reflect.Array:
		return zero(v.Index(0), at+"[0]")
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if where := zero(v.Field(i), at+"."+v.Type().Field(i).Name); where != "" {
				return where
			}
		}
	}
	return ""
}
