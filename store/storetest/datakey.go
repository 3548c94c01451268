package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
)

func dataKeyTests() []test {
	return []test{
		{"data key/round trip", dataKeyRoundTrip},
		{"data key/wrapped anew", dataKeyRewrap},
	}
}

func (f *fixture) dataKey(id string, at time.Time) paymux.DataKey {
	var k paymux.DataKey
	f.fill.value(&k)
	k.ID, k.CreatedAt = id, at
	return k
}

func dataKeyRoundTrip(t *testing.T, f *fixture) {
	e, ctx := f.engine(t), t.Context()
	same(t, "the keys of a new store", must[[]paymux.DataKey](t)(e.DataKeys(ctx)), nil)
	first, second, third := f.dataKey("b", start), f.dataKey("c", start), f.dataKey("a", start.Add(time.Microsecond))
	for _, k := range []paymux.DataKey{third, second, first} {
		if err := e.AddDataKey(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "the keys, oldest first", must[[]paymux.DataKey](t)(e.DataKeys(ctx)), []paymux.DataKey{first, second, third})
	refused(t, "a second key of the same ID", e.AddDataKey(ctx, f.dataKey("a", start)))
	refused(t, "a key without ID", e.AddDataKey(ctx, f.dataKey("", start)))
	empty := f.dataKey("d", start)
	empty.Wrapped = nil
	refused(t, "a key that is not there", e.AddDataKey(ctx, empty))
	same(t, "the keys", must[[]paymux.DataKey](t)(e.DataKeys(ctx)), []paymux.DataKey{first, second, third})
}

// A key is wrapped anew only over the wrapping that was read: of two who do so, one wins.
func dataKeyRewrap(t *testing.T, f *fixture) {
	e, ctx := f.engine(t), t.Context()
	was, other := f.dataKey("a", start), f.dataKey("b", start)
	for _, k := range []paymux.DataKey{was, other} {
		if err := e.AddDataKey(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	now, late := f.dataKey("a", start), f.dataKey("a", start)
	for _, try := range []struct {
		now  paymux.DataKey
		want bool
	}{{now, true}, {late, false}} {
		if got := must[bool](t)(e.RewrapDataKey(ctx, was, try.now)); got != try.want {
			t.Errorf("wrapped anew: %t, want %t", got, try.want)
		}
	}
	same(t, "the keys", must[[]paymux.DataKey](t)(e.DataKeys(ctx)), []paymux.DataKey{now, other})
}
