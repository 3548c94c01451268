package access_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/webhook"
)

// endpoint puts an endpoint behind the door and gives its path.
func (f *front) endpoint(e paymux.Endpoint) string {
	e.ID, e.Object, e.Merchant = paymux.EndpointID(f.ids.New(paymux.PrefixEndpoint)), "webhook_endpoint", f.gate.merchant.ID
	if e.Status == "" {
		e.Status = paymux.EndpointEnabled
	}
	f.book.endpoints = append(f.book.endpoints, e)
	return "/v1/webhook_endpoints/" + string(e.ID)
}

const wholeDelivery = `{"retry_seconds":[1,604800],"jitter_percent":50,"timeout_ms":30000,"window":64,"rate_per_second":1000,"order":"latest",` +
	`"on_failure":{"exhausted":"slow_probe","probe_seconds":60,"alert_after_seconds":60,"disable_after_seconds":-1}}`

// delivery is a body with one member of delivery.
func delivery(name, value string) string {
	return fmt.Sprintf(`{"url":"https://shop.example/w","delivery":{%q:%s}}`, name, value)
}

func onFailure(name, value string) string {
	return delivery("on_failure", fmt.Sprintf(`{%q:%s}`, name, value))
}

// endpointBodies are bodies of a new endpoint and, for those that are refused, where errors must point.
var endpointBodies = []struct{ name, body, at string }{
	{"smallest", goodEndpoint, ""},
	{"all", `{"url":"https://shop.example/w","description":"x","events":["refund.failed"],"signature":"ed25519","delivery":` + wholeDelivery + `}`, ""},
	{"per payment", `{"per_payment":true}`, ""},
	{"no schedule", delivery("retry_seconds", `[]`), ""},
	{"twenty waits", delivery("retry_seconds", `[`+strings.Repeat("1,", 19)+`1]`), ""},
	{"disable after an hour", onFailure("disable_after_seconds", "3600"), ""},
	{"nulls", delivery("window", "null"), ""},
	{"empty", `{}`, "body.url"},
	{"per payment with a URL", `{"per_payment":true,"url":"https://shop.example/w"}`, "body.url"},
	{"not per payment, no URL", `{"per_payment":false}`, "body.url"},
	{"no URL but a word", `{"url":"shop"}`, "body.url"},
	{"signature unknown", `{"url":"https://shop.example/w","signature":"rsa"}`, "body.signature"},
	{"status", `{"url":"https://shop.example/w","status":"pull"}`, "body.status"},
	{"event unknown", `{"url":"https://shop.example/w","events":["payment.gone"]}`, "body.events[0]"},
	{"21 waits", delivery("retry_seconds", `[`+strings.Repeat("1,", 20)+`1]`), "body.delivery.retry_seconds"},
	{"wait of nothing", delivery("retry_seconds", `[1,0]`), "body.delivery.retry_seconds[1]"},
	{"wait of eight days", delivery("retry_seconds", `[604801]`), "body.delivery.retry_seconds[0]"},
	{"no jitter", delivery("jitter_percent", "0"), "body.delivery.jitter_percent"},
	{"all jitter", delivery("jitter_percent", "51"), "body.delivery.jitter_percent"},
	{"short timeout", delivery("timeout_ms", "999"), "body.delivery.timeout_ms"},
	{"long timeout", delivery("timeout_ms", "30001"), "body.delivery.timeout_ms"},
	{"no window", delivery("window", "0"), "body.delivery.window"},
	{"wide window", delivery("window", "65"), "body.delivery.window"},
	{"rate of nothing", delivery("rate_per_second", "0"), "body.delivery.rate_per_second"},
	{"high rate", delivery("rate_per_second", "1001"), "body.delivery.rate_per_second"},
	{"order unknown", delivery("order", `"time"`), "body.delivery.order"},
	{"order empty", delivery("order", `""`), "body.delivery.order"},
	{"unknown below", delivery("backoff", "1"), "body.delivery.backoff"},
	{"exhausted unknown", onFailure("exhausted", `"drop"`), "body.delivery.on_failure.exhausted"},
	{"quick probe", onFailure("probe_seconds", "59"), "body.delivery.on_failure.probe_seconds"},
	{"slow probe", onFailure("probe_seconds", "86401"), "body.delivery.on_failure.probe_seconds"},
	{"early alert", onFailure("alert_after_seconds", "59"), "body.delivery.on_failure.alert_after_seconds"},
	{"disabled early", onFailure("disable_after_seconds", "3599"), "body.delivery.on_failure.disable_after_seconds"},
	{"disabled before", onFailure("disable_after_seconds", "-2"), "body.delivery.on_failure.disable_after_seconds"},
	{"disabled at once", onFailure("disable_after_seconds", "0"), "body.delivery.on_failure.disable_after_seconds"},
}

func TestEndpointBodies(t *testing.T) {
	t.Parallel()
	for _, b := range endpointBodies {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			got := f.ask(t, "POST", "/v1/webhook_endpoints", b.body)
			if b.at == "" {
				if got.status != 201 || len(f.book.endpoints) != 1 {
					t.Errorf("%d %s", got.status, got.body)
				}
				return
			}
			f.wantProblem(t, got, paymux.InvalidRequest)
			if !strings.Contains(got.body, `"location":"`+b.at+`"`) || len(f.book.endpoints) != 0 {
				t.Errorf("no fault at %s in %s", b.at, got.body)
			}
		})
	}
}

// TestEndpointPatches applies merge patches to an endpoint that has everything set.
func TestEndpointPatches(t *testing.T) {
	t.Parallel()
	var whole paymux.Delivery
	if err := json.Unmarshal([]byte(wholeDelivery), &whole); err != nil {
		t.Fatal(err)
	}
	before := paymux.Endpoint{
		URL: "https://shop.example/w", Description: "x", Events: []paymux.EventType{paymux.RefundDone}, Reason: "410",
		Status: paymux.EndpointDisabled, Signature: paymux.SignHMAC, Delivery: whole, Secrets: []paymux.SigningSecret{{Value: "whsec_kept"}},
	}
	for _, x := range []struct {
		name, patch string
		change      func(*paymux.Endpoint)
	}{
		{"nothing", `{}`, func(*paymux.Endpoint) {}},
		{"one member", `{"delivery":{"window":1}}`, func(e *paymux.Endpoint) { e.Delivery.Window = 1 }},
		{"one member further down", `{"delivery":{"on_failure":{"exhausted":"pull"}}}`, func(e *paymux.Endpoint) { e.Delivery.OnFailure.Exhausted = paymux.PullInstead }},
		{"a list as a whole", `{"delivery":{"retry_seconds":[7]}}`, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{7} }},
		{"null of a member", `{"delivery":{"timeout_ms":null,"order":null,"on_failure":{"disable_after_seconds":null}}}`, func(e *paymux.Endpoint) {
			e.Delivery.TimeoutMS, e.Delivery.Order, e.Delivery.OnFailure.DisableAfterSeconds = 0, "", 0
		}},
		{"null of a list", `{"events":null,"delivery":{"retry_seconds":null}}`, func(e *paymux.Endpoint) { e.Events, e.Delivery.RetrySeconds = nil, nil }},
		{"null of a part", `{"delivery":{"on_failure":null}}`, func(e *paymux.Endpoint) { e.Delivery.OnFailure = paymux.FailureStrategy{} }},
		{"null of all", `{"description":null,"delivery":null}`, func(e *paymux.Endpoint) { e.Description, e.Delivery = "", paymux.Delivery{} }},
		{"enabled", `{"status":"enabled"}`, func(e *paymux.Endpoint) { e.Status, e.Reason = paymux.EndpointEnabled, "" }},
		{"pulled", `{"status":"pull"}`, func(e *paymux.Endpoint) { e.Status = paymux.EndpointPull }},
		{"moved", `{"url":"https://new.example/w"}`, func(e *paymux.Endpoint) { e.URL = "https://new.example/w" }},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			path := f.endpoint(before)
			want := f.book.endpoints[0]
			want.UpdatedAt = frontTime
			x.change(&want)
			if got := f.ask(t, "PATCH", path, x.patch); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if diff := cmp.Diff(want, f.book.endpoints[0], cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	f := newFront(t)
	own, shared := f.endpoint(paymux.Endpoint{PerPayment: true}), f.endpoint(before)
	for _, x := range []struct{ path, patch, at string }{
		{own, `{"url":"https://shop.example/w"}`, "body.url"}, {shared, `{"url":null}`, "body.url"}, {shared, `{"status":null}`, "body.status"},
		{shared, `{"status":"failing"}`, "body.status"}, {shared, `{"signature":"ed25519"}`, "body.signature"}, {shared, `{"per_payment":true}`, "body.per_payment"},
		{shared, `{"delivery":{"window":0}}`, "body.delivery.window"},
	} {
		got := f.ask(t, "PATCH", x.path, x.patch)
		f.wantProblem(t, got, paymux.InvalidRequest)
		if !strings.Contains(got.body, `"location":"`+x.at+`"`) {
			t.Errorf("no fault at %s in %s", x.at, got.body)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	path := f.endpoint(paymux.Endpoint{URL: "https://shop.example/w", Signature: paymux.SignHMAC, Secrets: []paymux.SigningSecret{
		{Value: "whsec_1"}, {Value: "whsec_2", Expires: frontTime.Add(time.Hour)}, {Value: "whsec_3", Expires: frontTime.Add(-time.Hour)},
	}})
	turn := 0
	rotate := func(body string) answered {
		turn++
		return f.ask(t, "POST", path+"/rotate_secret", body, "Idempotency-Key", fmt.Sprint(turn))
	}
	ends := func() (hours []float64) {
		for _, s := range f.book.endpoints[0].Secrets {
			if s.Expires.IsZero() {
				hours = append(hours, -1)
			} else {
				hours = append(hours, s.Expires.Sub(frontTime).Hours())
			}
		}
		return hours
	}
	rotate(`{"expire_seconds":7200}`)
	if diff := cmp.Diff([]float64{-1, 2, 1}, ends()); diff != "" {
		t.Error("a replaced secret lives as long as was asked, an older one no longer than it would have, a dead one is gone:", diff)
	}
	rotate("")
	rotate(`{"expire_seconds":604800}`)
	if diff := cmp.Diff([]float64{-1, 168, 24, 2, 1}, ends()); diff != "" {
		t.Error(diff)
	}
	got := rotate("{}")
	f.wantProblem(t, got, paymux.StateConflict)
	if !strings.Contains(got.body, "2026-11-22T07:20:31Z") {
		t.Errorf("when there is room again is not said: %s", got.body)
	}
	if got := rotate(`{"expire_seconds":0}`); got.status != 200 || len(f.book.endpoints[0].Secrets) != 1 {
		t.Errorf("%d secrets are left after all were ended: %s", len(f.book.endpoints[0].Secrets), got.body)
	}
	for _, body := range []string{`{"expire_seconds":-1}`, `{"expire_seconds":604801}`, `{"expire_seconds":null}`, `{"overlap":1}`} {
		f.wantProblem(t, rotate(body), paymux.InvalidRequest)
	}
}

// TestEndpointKeys follows the keys of an endpoint through a rotation. No private key may leave.
func TestEndpointKeys(t *testing.T) {
	t.Parallel()
	now := frontTime
	f := newFront(t, func(c *access.Config) { c.Now = func() time.Time { return now } })
	made := f.ask(t, "POST", "/v1/webhook_endpoints", `{"url":"https://shop.example/w","signature":"ed25519"}`)
	path := "/v1/webhook_endpoints/" + made.member(t, "id").(string)
	keys := func(a answered) string { return fmt.Sprint(a.member(t, "public_keys")) }
	first := keys(made)
	rotated := f.ask(t, "POST", path+"/rotate_secret", `{"expire_seconds":60}`, "Idempotency-Key", "r")
	var want []any
	for _, s := range f.book.endpoints[0].Secrets {
		public, err := webhook.PublicKey(s.Value.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, public)
	}
	if len(want) != 2 || keys(rotated) != fmt.Sprint(want) || first != fmt.Sprint(want[1:]) {
		t.Errorf("made with %s, rotated to %s, want %v", first, keys(rotated), want)
	}
	now = now.Add(time.Hour)
	after := f.ask(t, "GET", path, "")
	if keys(after) != fmt.Sprint(want[:1]) {
		t.Errorf("an expired key is still shown: %s", after.body)
	}
	for _, a := range []answered{made, rotated, after} {
		if strings.Contains(a.body, "whsk_") || a.member(t, "secret") != nil || a.member(t, "secret_omitted") != nil {
			t.Errorf("a private key is shown or promised: %s", a.body)
		}
	}
}

func TestNotifyURL(t *testing.T) {
	t.Parallel()
	body := payment("notify_url", `"https://shop.example/n"`)
	f := newFront(t)
	var seen []string
	f.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) {
		seen = append(seen, r.NotifyURL)
		return paymux.Reply{Object: json.RawMessage(paymentObject), Created: true}, nil
	}
	f.endpoint(paymux.Endpoint{URL: "https://shop.example/w"})
	f.endpoint(paymux.Endpoint{PerPayment: true, Status: paymux.EndpointDisabled})
	refused := f.ask(t, "POST", "/v1/payments", body)
	f.wantProblem(t, refused, paymux.InvalidRequest)
	if !strings.Contains(refused.body, `"location":"body.notify_url"`) || !strings.Contains(refused.body, "per_payment") || len(seen) != 0 {
		t.Errorf("%s", refused.body)
	}
	batch := f.ask(t, "POST", "/v1/batches", `{"items":[{"service":"pay","request":`+body+`}]}`)
	if !strings.Contains(batch.body, `"location":"body.items[0].request.notify_url"`) {
		t.Errorf("%s", batch.body)
	}
	f.book.answers["had"] = paymux.Idempotency{Key: "had"} // the endpoint was enabled at the first request
	if got := f.ask(t, "POST", "/v1/payments", body, "Idempotency-Key", "had"); got.status != 201 {
		t.Errorf("a repeat is not given its first answer: %d %s", got.status, got.body)
	}
	f.endpoint(paymux.Endpoint{PerPayment: true})
	if got := f.ask(t, "POST", "/v1/payments", body); got.status != 201 || len(seen) != 2 || seen[1] != "https://shop.example/n" {
		t.Errorf("%d %s, seen %v", got.status, got.body, seen)
	}
	f.gate.merchant.Livemode = true
	f.wantProblem(t, f.ask(t, "POST", "/v1/payments", payment("notify_url", `"http://shop.example/n"`)), paymux.InvalidRequest)
	f.wantProblem(t, f.ask(t, "POST", "/v1/payments", payment("notify_url", `"/n"`)), paymux.InvalidRequest)
}

// TestGoldenEndpoints keeps whole answers about notifications, as merchants see them.
func TestGoldenEndpoints(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	all := furnish(f)
	var out bytes.Buffer
	mask := strings.NewReplacer()
	var names []string
	for _, id := range []string{string(f.book.endpoints[0].ID), string(f.book.events[0].ID), string(f.gate.merchant.ID)} {
		prefix, _, _ := strings.Cut(id, "_")
		names = append(names, id, prefix+"_…")
	}
	mask = strings.NewReplacer(names...)
	f.book.endpoints[0].Delivery = paymux.Delivery{RetrySeconds: []int{5}, OnFailure: paymux.FailureStrategy{DisableAfterSeconds: -1}}
	f.book.attempts[0].At = time.Date(2026, 11, 22, 6, 20, 44, 0, time.UTC)
	f.book.attempts[0].RequestHeader = map[string]string{"webhook-signature": "v1,[redacted] v1a,[redacted]"}
	for _, id := range []string{"getWebhookEndpoint", "listNotifications", "listAttempts", "resendEvent", "streamEvents"} {
		for _, x := range all {
			if x.id != id {
				continue
			}
			got := f.ask(t, x.method, x.target, x.body)
			text := got.body
			if json.Valid([]byte(text)) {
				text = indent(t, got)
			}
			fmt.Fprintf(&out, "# %s: %d %s\n%s\n\n", id, got.status, got.header.Get("Content-Type"), mask.Replace(text))
		}
	}
	golden(t, "testdata/endpoints.golden", out.Bytes())
}
