package access_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

func TestReplays(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	furnish(f)
	f.book.replays = nil
	e := f.book.endpoints[0]
	path := "/v1/webhook_endpoints/" + string(e.ID) + "/replays"
	counted := f.ask(t, "POST", path, `{"from":"2026-11-20T00:00:00Z","to":"2026-11-21T00:00:00Z","count_only":true}`)
	if counted.status != 200 || counted.body != `{"total":1}` || len(f.book.answers) != 0 || len(f.book.replays) != 0 {
		t.Errorf("%d %s, and %d answers are kept", counted.status, counted.body, len(f.book.answers))
	}
	body := `{"from":"2026-11-20T08:00:00+08:00","to":"2026-12-31T00:00:00Z"}`
	made := f.ask(t, "POST", path, body)
	id := made.member(t, "id").(string)
	if made.status != 201 || made.header.Get("Location") != "/v1/replays/"+id {
		t.Fatalf("%d %s at %s", made.status, made.body, made.header.Get("Location"))
	}
	r := f.book.replays[0]
	if r.Only != paymux.ReplayUndelivered || !r.To.Equal(frontTime) || !r.From.Equal(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)) ||
		r.Total != 1 || r.Endpoint != e.ID || r.Merchant != e.Merchant || r.Status != paymux.ReplayRunning {
		t.Errorf("%+v", r)
	}
	again := f.ask(t, "POST", path, body)
	if again.body != made.body || again.header.Get("Idempotent-Replayed") != "true" || len(f.book.replays) != 1 {
		t.Errorf("%s\n%s", again.body, made.body)
	}
}

// What a replay sends where it names no types is decided when it is made, and shown.
func TestReplayTypes(t *testing.T) {
	t.Parallel()
	all := paymux.EventTypes()
	for _, x := range []struct {
		name, types string
		subscribed  []paymux.EventType
		want        []paymux.EventType
	}{
		{"named", `["refund.failed"]`, []paymux.EventType{paymux.PaymentSucceeded}, []paymux.EventType{paymux.RefundNotDone}},
		{"subscribed to", `[]`, []paymux.EventType{paymux.EndpointTest, paymux.PaymentSucceeded}, []paymux.EventType{paymux.EndpointTest, paymux.PaymentSucceeded}},
		{"all but those of endpoints", `[]`, nil, all[:len(all)-3]},
		{"named, of endpoints", `["endpoint.disabled"]`, nil, all[len(all)-1:]},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			path := f.endpoint(paymux.Endpoint{URL: "https://shop.example/w", Events: x.subscribed}) + "/replays"
			made := f.ask(t, "POST", path, `{"from":"2026-11-20T00:00:00Z","types":`+x.types+`}`)
			var r paymux.Replay
			if err := json.Unmarshal([]byte(made.body), &r); err != nil || made.status != 201 {
				t.Fatalf("%d %s", made.status, made.body)
			}
			f.ask(t, "POST", path, `{"from":"2026-11-20T00:00:00Z","types":`+x.types+`,"count_only":true}`)
			for what, got := range map[string][]paymux.EventType{"answered": r.Types, "kept": f.book.replays[0].Types, "counted": f.book.counted.Types} {
				if diff := cmp.Diff(x.want, got); diff != "" {
					t.Errorf("types %s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

func TestReplayBodies(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, body, at string }{
		{"no from", `{"to":"2026-11-21T00:00:00Z"}`, "body.from"},
		{"from to come", `{"from":"2027-01-01T00:00:00Z"}`, "body.from"},
		{"to before from", `{"from":"2026-11-20T00:00:00Z","to":"2026-11-19T00:00:00Z"}`, "body.to"},
		{"to is from", `{"from":"2026-11-20T00:00:00Z","to":"2026-11-20T00:00:00Z"}`, "body.to"},
		{"both to come", `{"from":"2027-11-20T00:00:00Z","to":"2027-11-21T00:00:00Z"}`, "body.to"},
		{"over 400 days", `{"from":"2025-10-18T06:20:30Z"}`, "body.from"},
		{"counted over 400 days", `{"from":"2020-01-01T00:00:00Z","count_only":true}`, "body.from"},
		{"no time", `{"from":"yesterday"}`, "body.from"},
		{"only unknown", `{"from":"2026-11-20T00:00:00Z","only":"dead"}`, "body.only"},
		{"type unknown", `{"from":"2026-11-20T00:00:00Z","types":["x"]}`, "body.types[0]"},
		{"events for types", `{"from":"2026-11-20T00:00:00Z","events":["payment.succeeded"]}`, "body.events"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			got := f.ask(t, "POST", f.endpoint(paymux.Endpoint{URL: "https://shop.example/w"})+"/replays", x.body)
			f.wantProblem(t, got, paymux.InvalidRequest)
			if !strings.Contains(got.body, `"location":"`+x.at+`"`) || len(f.book.replays) > 0 {
				t.Errorf("no fault at %s in %s", x.at, got.body)
			}
		})
	}
}

func TestReplayNeedsAnEnabledEndpoint(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	path := f.endpoint(paymux.Endpoint{URL: "https://shop.example/w", Status: paymux.EndpointPull}) + "/replays"
	f.wantProblem(t, f.ask(t, "POST", path, `{"from":"2026-11-20T00:00:00Z"}`), paymux.StateConflict)
	if got := f.ask(t, "POST", path, `{"from":"2026-11-20T00:00:00Z","count_only":true}`); got.status != 200 {
		t.Errorf("what would be sent cannot be counted: %d %s", got.status, got.body)
	}
	none := "/v1/webhook_endpoints/" + f.ids.New(paymux.PrefixEndpoint) + "/replays"
	f.wantProblem(t, f.ask(t, "POST", none, `{"from":"2026-11-20T00:00:00Z"}`), paymux.NotFound)
	f.wantProblem(t, f.ask(t, "GET", "/v1/replays/"+f.ids.New(paymux.PrefixReplay), ""), paymux.NotFound)
	f.wantProblem(t, f.ask(t, "GET", "/v1/replays/rpl_1", ""), paymux.InvalidID)
}

func TestResend(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	furnish(f)
	path := "/v1/events/" + string(f.book.events[0].ID) + "/resend"
	if got := f.ask(t, "POST", path, "", "Idempotency-Key", ""); got.status != 200 || !strings.Contains(got.body, string(f.book.endpoints[0].ID)) {
		t.Errorf("%d %s", got.status, got.body)
	}
	f.wantProblem(t, f.ask(t, "POST", path, `{"endpoint":"we_1"}`), paymux.InvalidID)
	f.wantProblem(t, f.ask(t, "POST", path, `{"endpoint":""}`), paymux.InvalidRequest)
	f.wantProblem(t, f.ask(t, "POST", "/v1/events/"+f.ids.New(paymux.PrefixEvent)+"/resend", ""), paymux.NotFound)
	f.book.endpoints[0].Status = paymux.EndpointDisabled
	f.book.resent = nil
	if got := f.ask(t, "POST", path, ""); got.status != 200 || !strings.Contains(got.body, `"endpoints":[]`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestNotificationFilters(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	path := f.endpoint(paymux.Endpoint{URL: "https://shop.example/w"}) + "/notifications"
	for _, query := range []string{"?status=sent", "?limit=0", "?offset=1", "?endpoint=we_1"} {
		f.wantProblem(t, f.ask(t, "GET", path+query, ""), paymux.InvalidRequest)
	}
	for _, query := range []string{"?cursor=x", "?event=pay_1"} {
		f.wantProblem(t, f.ask(t, "GET", path+query, ""), paymux.InvalidID)
	}
	f.wantProblem(t, f.ask(t, "GET", "/v1/events/"+f.ids.New(paymux.PrefixEvent)+"/attempts?endpoint=x", ""), paymux.InvalidID)
	f.wantProblem(t, f.ask(t, "GET", "/ops/v1/failing_endpoints?limit=101", ""), paymux.InvalidRequest)
}
