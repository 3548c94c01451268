package access_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// verbs is access.Payments and access.Callbacks made of functions; one that is not set echoes a payment.
type verbs struct {
	create   func(paymux.CreatePayment) (paymux.Reply, error)
	confirm  func(paymux.ConfirmPayment) (paymux.Reply, error)
	capture  func(paymux.CapturePayment) (paymux.Reply, error)
	cancel   func(paymux.CancelPayment) (paymux.Reply, error)
	refund   func(paymux.CreateRefund) (paymux.Reply, error)
	callback func(paymux.CallbackRequest) (paymux.CallbackAck, error)
}

const paymentObject = `{"id":"pay_1","object":"payment","status":"succeeded"}`

func echo[T any](do func(T) (paymux.Reply, error), r T, created bool) (paymux.Reply, error) {
	if do != nil {
		return do(r)
	}
	return paymux.Reply{Object: json.RawMessage(paymentObject), Created: created}, nil
}

func (v *verbs) Create(_ context.Context, r paymux.CreatePayment) (paymux.Reply, error) {
	return echo(v.create, r, true)
}
func (v *verbs) Confirm(_ context.Context, r paymux.ConfirmPayment) (paymux.Reply, error) {
	return echo(v.confirm, r, false)
}
func (v *verbs) Capture(_ context.Context, r paymux.CapturePayment) (paymux.Reply, error) {
	return echo(v.capture, r, false)
}
func (v *verbs) Cancel(_ context.Context, r paymux.CancelPayment) (paymux.Reply, error) {
	return echo(v.cancel, r, false)
}
func (v *verbs) Refund(_ context.Context, r paymux.CreateRefund) (paymux.Reply, error) {
	return echo(v.refund, r, true)
}
func (v *verbs) Sync(_ context.Context, r paymux.SyncPayment) (paymux.Reply, error) {
	return echo(nil, r, false)
}
func (v *verbs) Callback(_ context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error) {
	return v.callback(r)
}

// gate lets in whoever says who they are in the Merchant header, with the authority it was given.
type gate struct {
	merchant paymux.Merchant
	key      paymux.Key
	left     int // requests until traffic control refuses; negative: never
}

func (g *gate) Authenticate(r *http.Request, _ []byte) (access.Identity, error) {
	if r.Header.Get("Authorization") != "Bearer sk_test_good" {
		return access.Identity{}, paymux.Errorf(paymux.Unauthenticated, "Who are you?")
	}
	return access.Identity{Merchant: g.merchant, Key: g.key, Client: paymux.Client{IP: "203.0.113.9", Country: "DE"}}, nil
}

func (g *gate) Authorize(who access.Identity, service paymux.ServiceType) error {
	if !who.Merchant.Policy.May(service) {
		return paymux.Errorf(paymux.Forbidden, "No authority for service type %s.", service)
	}
	return nil
}

func (g *gate) Take(_ paymux.MerchantID, service paymux.ServiceType, _ paymux.Policy) (access.Quota, error) {
	if g.left == 0 {
		return access.Quota{Policy: "default", Requests: 1, Seconds: 60, Reset: 7, Refused: true}, &paymux.Error{Code: paymux.RateLimited, Message: "Too many.", RetryAfter: 7}
	}
	if g.left > 0 {
		g.left--
	}
	return access.Quota{Policy: "default", Requests: 100, Seconds: 60, Remaining: 9, Reset: 7}, nil
}

// front is a front door with everything behind it in memory.
type front struct {
	*access.Server
	ids   *paymux.IDs
	gate  *gate
	verbs *verbs
	book  *book
	log   *bytes.Buffer
}

var frontTime = time.Date(2026, 11, 22, 6, 20, 31, 0, time.UTC)

func newFront(t testing.TB, adjust ...func(*access.Config)) *front {
	t.Helper()
	now := func() time.Time { return frontTime }
	f := &front{ids: paymux.NewIDs([]byte("a key of sixteen"), 1, now), verbs: &verbs{}, log: &bytes.Buffer{}}
	f.gate = &gate{left: -1, merchant: paymux.Merchant{ID: paymux.MerchantID(f.ids.New(paymux.PrefixMerchant)), Object: "merchant", Policy: paymux.Policy{Batch: paymux.BatchAny}}}
	f.gate.key.ID = paymux.KeyID(f.ids.New(paymux.PrefixKey))
	f.book = &book{answers: map[string]paymux.Idempotency{}, merchants: []paymux.Merchant{f.gate.merchant}}
	c := access.Config{
		Payments: f.verbs, Queries: f.book, Callbacks: f.verbs, Merchants: f.book, Endpoints: f.book, Links: f.book, Events: f.book,
		Notifications: f.book, NotificationLog: f.book, Answers: f.book, Tasks: f.book, Channels: f.book, Statistics: f.book, RuleSets: f.book, RuleSetTrials: f.book, Routes: f.book, Gate: f.gate, IDs: f.ids, Now: now,
		Log: slog.New(slog.NewTextHandler(f.log, nil)), PublicURL: "https://pay.example", OpsToken: "ops-secret",
	}
	for _, a := range adjust {
		a(&c)
	}
	if *overWire {
		putWire(t, &c)
	}
	if *overRegions > 0 {
		putRegions(t, &c, empty(*overRegions-1))
	}
	s, err := access.New(c)
	if err != nil {
		t.Fatal(err)
	}
	f.Server = s
	return f
}

// answered is a response, read.
type answered struct {
	status int
	header http.Header
	body   string
}

func (a answered) member(t testing.TB, name string) any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return o[name]
}

// ask sends a request as the good merchant, or as the operator below /ops. header are pairs; an empty value takes one away.
func (f *front) ask(t testing.TB, method, target, body string, header ...string) answered {
	t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, from)
	r.Header.Set("Authorization", "Bearer sk_test_good")
	if strings.HasPrefix(target, "/ops/") {
		r.Header.Set("Authorization", "Bearer ops-secret")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Idempotency-Key", "k-"+cmp.Or(method, "GET"))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	if strings.HasPrefix(target, "/v1/events/stream") {
		gone, leave := context.WithCancel(r.Context())
		if *overWire {
			defer time.AfterFunc(time.Second, leave).Stop() // what there was takes a moment to come
		} else {
			leave() // a reader who is gone again gets what there was
		}
		r = r.WithContext(gone)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return answered{w.Code, w.Header(), w.Body.String()}
}

func (f *front) wantProblem(t testing.TB, got answered, code paymux.Code) {
	t.Helper()
	if got.member(t, "code") != string(code) || got.status != access.StatusOf(code) || got.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s %s\nwant the problem %s", got.status, got.header.Get("Content-Type"), got.body, code)
	}
	if got.member(t, "request_id") != got.header.Get("Request-Id") || got.header.Get("Request-Id") == "" {
		t.Errorf("request_id %v is not that of the header %q", got.member(t, "request_id"), got.header.Get("Request-Id"))
	}
}
