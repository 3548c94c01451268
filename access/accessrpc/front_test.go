package accessrpc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/cashier"
)

// gate lets everybody in as one merchant that may do everything.
type gate struct{ merchant paymux.Merchant }

func (g gate) Authenticate(*http.Request, []byte) (access.Identity, error) {
	return access.Identity{Merchant: g.merchant, Key: paymux.Key{ID: "key_1"}, Client: paymux.Client{IP: "203.0.113.9"}}, nil
}
func (g gate) Authorize(access.Identity, paymux.ServiceType) error { return nil }
func (g gate) Take(paymux.MerchantID, paymux.ServiceType, paymux.Policy) (access.Quota, error) {
	return access.Quota{}, nil
}

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ids  = paymux.NewIDs([]byte("0123456789abcdef"), 1, func() time.Time { return noon })
)

// rooms is all that a front door and a cashier ask for beside verbs.
type rooms interface {
	access.Queries
	access.Merchants
	access.Endpoints
	access.Links
	access.Events
	access.Notifications
	access.NotificationLog
	access.Answers
	access.Tasks
	access.Statistics
	access.RuleSets
	access.RuleSetTrials
	access.Routes
	accessrpc.Payers
}

type verbs interface {
	access.Payments
	access.Callbacks
}

// payerSide is what the cashier asks of payments.
type payerSide struct {
	access.Payments
	accessrpc.Payers
}

// frontend is a front door and a cashier in front of r and v.
func frontend(t testing.TB, r rooms, v verbs) http.Handler {
	t.Helper()
	now, log := func() time.Time { return noon }, slog.New(slog.DiscardHandler)
	front, err := access.New(access.Config{
		Payments: v, Callbacks: v, Queries: r, Merchants: r, Endpoints: r, Links: r, Events: r, Notifications: r, NotificationLog: r, Answers: r, Tasks: r, Statistics: r, RuleSets: r, RuleSetTrials: r, Routes: r,
		Gate: gate{paymux.Merchant{ID: "mer_1"}}, IDs: ids, Now: now, Log: log, PublicURL: "https://pay.example", OpsToken: "ops",
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := cashier.New(cashier.Config{Payments: payerSide{v, r}, Links: r, PublicURL: "https://pay.example", IDs: ids, Now: now, Log: log})
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/pay/") {
			pages.ServeHTTP(w, q)
			return
		}
		front.ServeHTTP(w, q)
	})
}

// request is one that a merchant, an operator, an institution or a payer sends.
type request struct{ method, target, body, media string }

// minted is an ID, and any of them in a text.
var minted = regexp.MustCompile(`\b([a-z]+_)[0-9A-HJKMNP-TV-Z]{26}\b`)

// requests is one for every route of the API document, with the examples of its bodies, and what the document does not have.
func requests(t testing.TB, front http.Handler) []request {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	w := httptest.NewRecorder()
	front.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var all []request
	for path, methods := range doc.Paths {
		if path == "/v1/events/stream" {
			continue // it does not end
		}
		for method, about := range methods {
			body := about.RequestBody.Content["application/json"].Example
			body = minted.ReplaceAllFunc(body, func(id []byte) []byte {
				prefix, _, _ := strings.Cut(string(id), "_")
				return []byte(ids.New(prefix + "_"))
			})
			all = append(all, request{strings.ToUpper(method), target(path), string(body), "application/json"})
		}
	}
	pay, link := ids.New(paymux.PrefixPayment), ids.New(paymux.PrefixLink)
	choice := url.Values{"method": {"card"}, "attempt": {"3"}}.Encode()
	const form = "application/x-www-form-urlencoded"
	all = append(all,
		request{"POST", "/callbacks/bank/acct-1?x=%FF", "news \xff", "text/plain"},
		request{"GET", "/pay/" + pay, "", ""}, request{"GET", "/pay/" + pay + "/status", "", ""}, request{"GET", "/pay/" + pay + "/qr.svg", "", ""},
		request{"POST", "/pay/" + pay + "/confirm", choice, form}, request{"GET", "/pay/l/" + link, "", ""}, request{"POST", "/pay/l/" + link + "/pay", choice, form},
	)
	return all
}

// target puts IDs into a path.
func target(path string) string {
	for part, prefix := range map[string]string{
		"/payments/": paymux.PrefixPayment, "/refunds/": paymux.PrefixRefund, "/payment_links/": paymux.PrefixLink, "/events/": paymux.PrefixEvent,
		"/webhook_endpoints/": paymux.PrefixEndpoint, "/replays/": paymux.PrefixReplay, "/v1/api_keys/": paymux.PrefixKey, "/merchants/": paymux.PrefixMerchant,
	} {
		path = strings.ReplaceAll(path, part+"{id}", part+ids.New(prefix))
	}
	return strings.NewReplacer("{key}", ids.New(paymux.PrefixKey), "{name}", "spring", "{version}", "7", "{account}", "main").Replace(path)
}

// secrets are drawn anew for each answer.
var secrets = regexp.MustCompile(`"(secret|hint)":"[^"]*"|whpk_[^"]*|` + minted.String())

// answered is what came back, without what is drawn anew each time.
type answered struct {
	Status int
	Header http.Header
	Body   string
}

func send(h http.Handler, q request) answered {
	r := httptest.NewRequest(q.method, q.target, strings.NewReader(q.body))
	if q.body == "" {
		r = httptest.NewRequest(q.method, q.target, nil)
	}
	r.Header.Set("Idempotency-Key", "k")
	r.Header.Set("Content-Type", q.media)
	if strings.HasPrefix(q.target, "/ops/") {
		r.Header.Set("Authorization", "Bearer ops")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, values := range w.Header() {
		for i := range values {
			values[i] = secrets.ReplaceAllString(values[i], "*")
		}
	}
	w.Header().Del("Content-Length")
	return answered{w.Code, w.Header(), secrets.ReplaceAllString(w.Body.String(), "*")}
}

// codes are those of error.go.
func codes(t testing.TB) []paymux.Code {
	t.Helper()
	source, err := os.ReadFile("../../error.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []paymux.Code
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Code = "(\w+)"`).FindAllSubmatch(source, -1) {
		all = append(all, paymux.Code(m[1]))
	}
	if len(all) < 25 {
		t.Fatalf("only %d codes are found", len(all))
	}
	return all
}

// Nobody in front of the front door can tell whether the rooms are in the same process.
func TestTheFrontDoorIsTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0, (*room).node)
	direct, wired := frontend(t, h.room, h.room), frontend(t, h.Client, h.payments)
	all := requests(t, direct)
	if len(all) < 50 {
		t.Fatalf("only %d requests", len(all))
	}
	compare := func(what string, only ...string) (statuses []int) {
		for _, q := range all {
			if len(only) > 0 && !slices.Contains(only, q.method) {
				continue
			}
			want, got := send(direct, q), send(wired, q)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s %s:\n%s", what, q.method, q.target, diff)
			}
			statuses = append(statuses, got.Status)
		}
		return statuses
	}
	newKey := func(what string) error {
		if what == "Idempotency" {
			return paymux.NotFound
		}
		return nil
	}
	for seed := range uint64(4) {
		h.room.seed = seed
		h.room.fault = nil
		compare(fmt.Sprintf("answers of seed %d", seed))
		h.room.fault = newKey
		good := 0
		for _, status := range compare(fmt.Sprintf("answers of seed %d, new key", seed)) {
			if status < 400 {
				good++
			}
		}
		if good < 30 {
			t.Errorf("only %d of %d requests did anything", good, len(all))
		}
	}
	changes := func(err error) func(string) error {
		return func(what string) error {
			if !strings.Contains(reads, " "+what+" ") {
				return err
			}
			return newKey(what)
		}
	}
	for _, code := range codes(t) {
		whole := paymux.Errorf(code, "It is so.").At("amount").Because(errors.New("a cause"))
		whole.RetryAfter, whole.Fields = 7, []paymux.FieldError{{Location: "body.amount", Message: "is <wrong>", Value: []any{"x", 1.5, nil}}}
		h.room.fault = func(string) error { return whole }
		compare("all fail with " + string(code))
		h.room.fault = changes(fmt.Errorf("commit: %w", code))
		compare("changes fail with the code "+string(code), "POST", "PATCH", "DELETE")
	}
	for _, fault := range []error{paymux.ErrStale, paymux.ErrKeyTaken, paymux.ErrOrderTaken, errors.New("broken"), &paymux.Error{Code: paymux.StateConflict}} {
		h.room.fault = changes(fault)
		compare(fmt.Sprintf("changes fail with %v", fault), "POST", "PATCH", "DELETE")
	}
}
