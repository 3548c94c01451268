package access_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paymux/paymux"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	object := json.RawMessage(`{"id":"re_1","object":"refund","status":"processing"}`)
	for _, x := range []struct {
		name   string
		reply  paymux.Reply
		err    error
		status int
		has    string
	}{
		{"made", paymux.Reply{Object: object, Created: true}, nil, 201, `"re_1"`},
		{"pending", paymux.Reply{Object: object, Created: true, Accepted: true}, nil, 202, `"re_1"`},
		{"unknown", paymux.Reply{Object: object, Accepted: true, Error: &paymux.Error{Code: paymux.OutcomeUnknown}}, nil, 202, `{"id":"re_1"`},
		{"declined", paymux.Reply{Object: object, Error: &paymux.Error{Code: paymux.PaymentDeclined}}, nil, 402, `"refund":{"id":"re_1"`},
		{"not sent", paymux.Reply{Object: object, Error: &paymux.Error{Code: paymux.NotSent}}, nil, 502, `"not_sent"`},
		{"reused key", paymux.Reply{Error: &paymux.Error{Code: paymux.KeyReused}}, nil, 422, `"idempotency_key_reused"`},
		{"in flight", paymux.Reply{Error: &paymux.Error{Code: paymux.KeyInFlight}}, nil, 409, `"idempotency_key_in_flight"`},
		{"lost", paymux.Reply{}, &paymux.Error{Code: paymux.OutcomeUnknown}, 504, `"outcome_unknown"`},
		{"unavailable", paymux.Reply{}, &paymux.Error{Code: paymux.Unavailable, RetryAfter: 3}, 503, `"unavailable"`},
		{"wrapped", paymux.Reply{}, fmt.Errorf("load payment: %w", paymux.Errorf(paymux.StateConflict, "It is canceled.")), 409, `"state_conflict"`},
		{"bug", paymux.Reply{}, errors.New("password=hunter2"), 500, `"internal"`},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			f.verbs.refund = func(paymux.CreateRefund) (paymux.Reply, error) { return x.reply, x.err }
			got := f.ask(t, "POST", "/v1/refunds", `{"payment":"`+f.ids.New(paymux.PrefixPayment)+`"}`)
			if got.status != x.status || !strings.Contains(got.body, x.has) || strings.Contains(got.body, "hunter2") {
				t.Errorf("%d %s\nwant %d with %s", got.status, got.body, x.status, x.has)
			}
			if wait := got.header.Get("Retry-After"); (got.status == 503 || got.status == 409 && x.name == "in flight") != (wait != "") {
				t.Errorf("Retry-After %q", wait)
			}
		})
	}
}

func TestCallerIsComplete(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var seen []paymux.CreatePayment
	f.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) {
		seen = append(seen, r)
		return paymux.Reply{Object: json.RawMessage(paymentObject), Replayed: true}, nil
	}
	trace := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	got := f.ask(t, "POST", "/v1/payments", goodPayment, "Idempotency-Key", `"A-1001-1"`, "Traceparent", trace, "API-Version", paymux.APIVersion)
	f.ask(t, "POST", "/v1/payments", strings.Replace(goodPayment, "1250", "1251", 1), "Idempotency-Key", "A-1001-1")
	f.ask(t, "POST", "/v1/payments", strings.Replace(goodPayment, `"amount"`, `"client":{"ip":"198.51.100.1","country":"CN"},"amount"`, 1), "Idempotency-Key", "A-1001-1")
	if got.header.Get("Idempotent-Replayed") != "true" || len(seen) != 3 {
		t.Fatalf("Idempotent-Replayed %q, %d requests seen", got.header.Get("Idempotent-Replayed"), len(seen))
	}
	r := seen[0]
	if r.Merchant != f.gate.merchant.ID || r.Key != f.gate.key.ID || r.Idempotency != "A-1001-1" || len(r.Fingerprint) != 32 || !r.Confirm ||
		r.Client.Country != "DE" || r.CaptureMethod != paymux.CaptureAutomatic || r.Method.Type != paymux.WeChatPay || string(r.RequestID) != got.header.Get("Request-Id") {
		t.Errorf("%+v", r)
	}
	if len(r.Hops) != 1 || r.Hops[0].Kind != paymux.HopAPI || r.Hops[0].Data["traceparent"] != trace || r.Hops[0].Data["idempotency_key"] != "A-1001-1" || r.Hops[0].Ref != string(r.RequestID) {
		t.Errorf("hops %+v", r.Hops)
	}
	if seen[1].Idempotency != "A-1001-1" || string(seen[1].Fingerprint) == string(r.Fingerprint) {
		t.Error("another body has the same fingerprint, or the bare key is not the quoted one")
	}
	if seen[2].Client != (paymux.Client{IP: "198.51.100.1", Country: "CN"}) {
		t.Errorf("the client told is not the client seen: %+v", seen[2].Client)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, header, value string
		code                paymux.Code
	}{
		{"no key", "Idempotency-Key", "", paymux.KeyMissing},
		{"long key", "Idempotency-Key", strings.Repeat("k", 256), paymux.InvalidRequest},
		{"key with a tab", "Idempotency-Key", "a\tb", paymux.InvalidRequest},
		{"key not ASCII", "Idempotency-Key", "käse", paymux.InvalidRequest},
		{"broken structured key", "Idempotency-Key", `"a`, paymux.InvalidRequest},
		{"empty structured key", "Idempotency-Key", `""`, paymux.InvalidRequest},
		{"form", "Content-Type", "application/x-www-form-urlencoded", paymux.UnsupportedMedia},
		{"no type", "Content-Type", "", paymux.UnsupportedMedia},
		{"charset", "Content-Type", "application/json; charset=gbk", paymux.UnsupportedMedia},
		{"compressed", "Content-Encoding", "gzip", paymux.UnsupportedMedia},
		{"encrypted", "Content-Type", "application/jose", paymux.UnsupportedMedia},
		{"version", "API-Version", "2020-01-01", paymux.InvalidRequest},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			f.wantProblem(t, f.ask(t, "POST", "/v1/payments", goodPayment, x.header, x.value), x.code)
		})
	}
	f := newFront(t)
	if got := f.ask(t, "POST", "/v1/payments", goodPayment, "Content-Type", "application/json; charset=UTF-8", "Idempotency-Key", strings.Repeat("k", 255)); got.status != 201 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	id := f.ids.New(paymux.PrefixPayment)
	mistyped := id[:len(id)-1] + "0"
	if mistyped == id {
		mistyped = id[:len(id)-1] + "1"
	}
	for _, x := range []struct {
		method, target string
		code           paymux.Code
	}{
		{"GET", "/v1/payments/" + mistyped, paymux.InvalidID},
		{"GET", "/v1/payments/re_123", paymux.InvalidID},
		{"GET", "/v1/payments/" + id, paymux.NotFound},
		{"GET", "/v1/refunds?payment=" + mistyped, paymux.InvalidID},
		{"GET", "/v1/payments?cursor=x", paymux.InvalidID},
		{"GET", "/v1/payments?limit=0", paymux.InvalidRequest},
		{"GET", "/v1/payments?limit=101", paymux.InvalidRequest},
		{"GET", "/v1/payments?limit=5&limit=6", paymux.InvalidRequest},
		{"GET", "/v1/payments?status=gone", paymux.InvalidRequest},
		{"GET", "/v1/payments?created[gte]=yesterday", paymux.InvalidRequest},
		{"GET", "/v1/payments?offset=5", paymux.InvalidRequest},
		{"GET", "/v1/payments/" + id + "?expand[]=events", paymux.InvalidRequest},
		{"PUT", "/v1/payments", paymux.MethodNotAllowed},
		{"DELETE", "/v1/payments/" + id, paymux.MethodNotAllowed},
		{"GET", "/v1/paiements", paymux.NotFound},
		{"GET", "/", paymux.NotFound},
		{"GET", "/errors/no_such_code", paymux.NotFound},
	} {
		f.wantProblem(t, f.ask(t, x.method, x.target, ""), x.code)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for range 5 {
		f.book.payments = append([]paymux.Payment{{ID: paymux.PaymentID(f.ids.New(paymux.PrefixPayment))}}, f.book.payments...)
	}
	cursor, seen, asked := "", 0, 0
	for {
		got := f.ask(t, "GET", "/v1/payments?limit=2"+cursor, "")
		seen += len(got.member(t, "data").([]any))
		asked++
		if got.member(t, "has_more") == false {
			break
		}
		cursor = "&cursor=" + got.member(t, "next_cursor").(string)
	}
	if seen != 5 || asked != 3 {
		t.Errorf("%d payments on %d pages, want 5 on 3", seen, asked)
	}
	f.book.payments = f.book.payments[:4]
	if got := f.ask(t, "GET", "/v1/payments?limit=4", ""); got.member(t, "has_more") != false {
		t.Errorf("a full last page promises another: %s", got.body)
	}
}

func TestTrafficControl(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.gate.left = 1
	if got := f.ask(t, "GET", "/v1/payments", ""); got.status != 200 || got.header.Get("RateLimit") != `"default";r=9;t=7` || got.header.Get("RateLimit-Policy") != `"default";q=100;w=60` {
		t.Errorf("%d %v", got.status, got.header)
	}
	got := f.ask(t, "GET", "/v1/payments", "")
	f.wantProblem(t, got, paymux.RateLimited)
	if got.header.Get("Retry-After") != "7" || got.header.Get("RateLimit") == "" {
		t.Errorf("headers %v", got.header)
	}
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var mu sync.Mutex
	var seen paymux.CallbackRequest
	f.verbs.callback = func(r paymux.CallbackRequest) (paymux.CallbackAck, error) {
		mu.Lock()
		defer mu.Unlock()
		seen = r
		switch string(r.Body) {
		case "forged":
			return paymux.CallbackAck{}, paymux.Errorf(paymux.CallbackRefused, "The signature is wrong.")
		case "later":
			return paymux.CallbackAck{}, paymux.Errorf(paymux.Unavailable, "Later.")
		}
		return paymux.CallbackAck{Status: 202, ContentType: "text/plain", Body: []byte("SUCCESS")}, nil
	}
	got := f.ask(t, "PUT", "/callbacks/sandbox/acct?a=b", "news", "Authorization", "")
	if got.status != 202 || got.body != "SUCCESS" || seen.Channel != "sandbox" || seen.Account != "acct" || seen.Method != "PUT" || seen.URL != "https://pay.example/callbacks/sandbox/acct?a=b" || string(seen.Body) != "news" {
		t.Errorf("%d %s %+v", got.status, got.body, seen)
	}
	f.wantProblem(t, f.ask(t, "POST", "/callbacks/sandbox/acct", "forged"), paymux.CallbackRefused)
	f.wantProblem(t, f.ask(t, "POST", "/callbacks/sandbox/acct", "later"), paymux.Unavailable)
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.verbs.create = func(paymux.CreatePayment) (paymux.Reply, error) { panic("boom") }
	f.wantProblem(t, f.ask(t, "POST", "/v1/payments", goodPayment), paymux.Internal)
	if !strings.Contains(f.log.String(), "boom") {
		t.Error("the log says nothing of it")
	}
}
