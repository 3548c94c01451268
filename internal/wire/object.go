package wire

import (
	"fmt"
	"reflect"
)

// field is one member of a struct.
type field struct {
	name  string
	head  string // "name":
	index int
	plan  *plan
}

// object is a struct's fields in their order.
type object struct{ fields []field }

func structPlan(t reflect.Type) *plan {
	o := &object{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == errorType {
			continue // a cause stays in its process
		}
		if !f.IsExported() {
			panic(fmt.Sprintf("wire: %s cannot travel: its field %s is not exported", t, f.Name))
		}
		o.fields = append(o.fields, field{name: f.Name, head: `"` + f.Name + `":`, index: i, plan: planOf(f.Type)})
	}
	return &plan{o.write, o.read}
}

func (o *object) write(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	empty := len(b)
	for i := range o.fields {
		f := &o.fields[i]
		value := v.Field(f.index)
		if value.IsZero() {
			continue
		}
		if len(b) > empty {
			b = append(b, ',')
		}
		b = f.plan.write(append(b, f.head...), value)
	}
	return append(b, '}')
}

func (o *object) read(r *reader, v reflect.Value) {
	next := 0
	for n := 0; r.more('{', '}', n); n++ {
		at := o.find(r.name(), next)
		if at < 0 {
			r.skip()
			continue
		}
		next = at + 1
		if f := &o.fields[at]; !r.null() {
			f.plan.read(r, v.Field(f.index))
		}
	}
}

// find looks for a member from where it is expected, as they come in order.
func (o *object) find(name []byte, next int) int {
	for i := range o.fields {
		at := (next + i) % len(o.fields)
		if o.fields[at].name == string(name) {
			return at
		}
	}
	return -1
}
