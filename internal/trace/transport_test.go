package trace_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/paymux/paymux/internal/trace"
)

// line is an http.RoundTripper.
type line func(*http.Request) (*http.Response, error)

func (l line) RoundTrip(r *http.Request) (*http.Response, error) { return l(r) }

// Somebody else learns of a trace only where that is wanted, and a span nothing of what is in a request.
func TestRequestsToOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pass   bool
		status int
		err    error
	}{
		"answered": {status: 200}, "passed on": {pass: true, status: 200}, "refused": {status: 402}, "not answered": {err: errors.New("reset")},
	} {
		tracer, spans := recorded(t, trace.Config{})
		ctx, outer := tracer.Continue(t.Context(), "outer", trace.Server, trace.Parent{Parent: sampled})
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://user:secret-word@bank.example:444/secret-word?secret-word", nil)
		if err != nil {
			t.Fatal(err)
		}
		var sent http.Header
		next := line(func(r *http.Request) (*http.Response, error) {
			sent = r.Header
			return &http.Response{StatusCode: c.status}, c.err
		})
		if _, err := (trace.Transport{Next: next, Pass: c.pass}).RoundTrip(r); !errors.Is(err, c.err) {
			t.Error(err)
		}
		outer.End()
		if got := sent.Get(trace.ParentHeader) != ""; got != c.pass || r.Header.Get(trace.ParentHeader) != "" {
			t.Errorf("%s: traceparent was sent: %t", name, got)
		}
		told := map[string]string{}
		for _, a := range spans()[0].Attributes() {
			told[string(a.Key)] = a.Value.String()
		}
		failed := map[string]string{"refused": "402", "not answered": "no answer"}[name]
		if told["server.address"] != "bank.example" || told[trace.ErrorType] != failed || len(told) > 4 {
			t.Errorf("%s: %v", name, told)
		}
	}
}
