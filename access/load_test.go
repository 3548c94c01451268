package access_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// Every request is counted once, under what it asked for and what came of it.
func TestLoadCountsRequests(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for range 3 {
		f.ask(t, "POST", "/v1/payments", goodPayment)
	}
	f.ask(t, "POST", "/v1/payments", `{"amount":-1}`)
	f.ask(t, "GET", "/v1/payments", "")
	f.ask(t, "GET", "/v1/merchant", "")
	f.ask(t, "GET", "/v1/platform_keys", "")
	f.ask(t, "GET", "/ops/v1/merchants", "", "Authorization", "Bearer nobody")
	f.ask(t, "GET", "/ops/v1/merchants", "")
	f.ask(t, "POST", "/callbacks/sandbox/main", "x") // which nobody here can tell anything about
	f.ask(t, "GET", "/v1/nothing", "")
	f.ask(t, "PUT", "/v1/payments", "{}")
	l := f.Load()
	got := map[string]map[string]int64{}
	for _, k := range l.Kinds {
		got[k.Kind] = k.Classes
		var n int64
		for _, times := range k.Classes {
			n += times
		}
		if uint64(n) != k.Took.Number {
			t.Errorf("%s: %d requests, %d times", k.Kind, n, k.Took.Number)
		}
	}
	want := map[string]map[string]int64{
		"pay": {"2xx": 3, "4xx": 1}, "query": {"2xx": 1}, "manage": {"2xx": 1}, "operator": {"2xx": 1, "4xx": 1}, "callback": {"5xx": 1}, "public": {"2xx": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	refused := map[paymux.Code]int64{paymux.Internal: 1, paymux.InvalidRequest: 1, paymux.Unauthenticated: 1, paymux.NotFound: 1, paymux.MethodNotAllowed: 1}
	if diff := cmp.Diff(refused, l.Refused); diff != "" {
		t.Error(diff)
	}
	if l.UnderWay != 0 || l.Streams != 0 {
		t.Errorf("%d requests are under way, %d streams open", l.UnderWay, l.Streams)
	}
}

// A request is seen while it is answered.
func TestLoadSeesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	var f *front
	var seen int64
	f = newFront(t, func(c *access.Config) {
		c.Gate = watching{c.Gate, func() { seen = f.Load().UnderWay }}
	})
	f.ask(t, "GET", "/v1/payments", "")
	if seen != 1 {
		t.Errorf("%d requests were under way, want 1", seen)
	}
}

// watching looks when a request is verified.
type watching struct {
	access.Gate
	look func()
}

func (w watching) Authenticate(r *http.Request, body []byte) (access.Identity, error) {
	w.look()
	return w.Gate.Authenticate(r, body)
}
