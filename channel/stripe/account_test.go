package stripe_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/stripe"
	"github.com/paymux/paymux/test/stripefake"
)

func absent(err error) bool {
	return errors.Is(err, channel.ErrAbsent) || strings.Contains(err.Error(), "no proof")
}

var mint = paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)

func payment(token string) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: paymux.Pay, Payment: "pay_1",
		Money: paymux.Money{Amount: 1250, Currency: "EUR"}, Method: paymux.Method{Type: paymux.Card},
		Card: &paymux.CardDetails{Token: paymux.Secret(token)}, ReturnURL: "https://shop.example/back", SentAt: time.Now(),
	}
}

// answering is an account at an institution that gives everything one answer.
func answering(t *testing.T, status int, body string) (channel.Channel, *atomic.Int64) {
	t.Helper()
	calls := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Request-Id", "req_1")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return open(t, channel.Config{Account: "main", Client: server.Client(), Options: map[string]string{"api_key": "sk_test_1", "base_url": server.URL}}), calls
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		body    string
		notSent bool
		decline paymux.DeclineCode // empty: an error
	}{
		"key refused":          {401, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: sk_test_1"}}`, true, ""},
		"key without rights":   {403, `{"error":{"type":"invalid_request_error","message":"no permission"}}`, true, ""},
		"too many requests":    {429, `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"slow down"}}`, true, ""},
		"object locked":        {429, `{"error":{"type":"invalid_request_error","code":"lock_timeout","message":"locked"}}`, true, ""},
		"key in use":           {409, `{"error":{"type":"invalid_request_error","code":"idempotency_key_in_use","message":"running"}}`, false, ""},
		"key of another":       {400, `{"error":{"type":"idempotency_error","message":"other parameters"}}`, false, ""},
		"broken":               {500, `{"error":{"type":"api_error","message":"oops"}}`, false, ""},
		"broken without JSON":  {502, `<html>bad gateway</html>`, false, ""},
		"200 without JSON":     {200, `<html>welcome</html>`, false, ""},
		"redirected":           {307, ``, false, ""},
		"invalid":              {400, `{"error":{"type":"invalid_request_error","code":"parameter_invalid_empty","message":"no"}}`, false, paymux.DeclineProcessing},
		"currency not taken":   {400, `{"error":{"type":"invalid_request_error","code":"amount_too_small","message":"no"}}`, false, paymux.DeclineNotSupported},
		"declined":             {402, `{"error":{"type":"card_error","code":"card_declined","decline_code":"lost_card","message":"no"}}`, false, paymux.DeclineLostCard},
		"declined without why": {402, `{"error":{"type":"card_error","code":"card_declined","message":"no"}}`, false, paymux.DeclineGeneric},
		"error of a new type":  {418, `{"error":{"type":"tea_error","message":"no"}}`, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ch, calls := answering(t, c.status, c.body)
			r, err := ch.Do(t.Context(), payment("pm_1"))
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
			if c.decline != "" {
				if err != nil || r.State != paymux.OpDeclined || r.DeclineCode != c.decline {
					t.Fatalf("%s %s, %v; want declined %s", r.State, r.DeclineCode, err, c.decline)
				}
				return
			}
			if err == nil || errors.Is(err, channel.ErrNotSent) != c.notSent {
				t.Fatalf("%s, error %v; want an error, not sent %t", r.State, err, c.notSent)
			}
			if strings.Contains(err.Error(), "sk_test_1") || strings.Contains(err.Error(), "html") {
				t.Errorf("error repeats what it must not: %v", err)
			}
		})
	}
}

// A client secret lets its holder act for the payer: it is in no error.
func TestErrorsKeepClientSecrets(t *testing.T) {
	t.Parallel()
	ch, _ := answering(t, 500, `{"error":{"type":"api_error","message":"oops","payment_intent":{"id":"pi_1","client_secret":"pi_1_secret_2"}}}`)
	_, err := ch.Do(t.Context(), payment("pm_1"))
	if err == nil || strings.Contains(err.Error(), "secret_2") {
		t.Fatalf("error %v", err)
	}
}

func TestRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	ch, calls := answering(t, 200, `{}`)
	live, number, old := payment("pm_1"), payment(""), payment("pm_1")
	live.Livemode = true
	number.Card = &paymux.CardDetails{Number: "4242424242424242"}
	old.SentAt = accountClock().Add(-25 * time.Hour)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		op  channel.Operation
		is  error
	}{
		"live payment on a test key": {t.Context(), live, channel.ErrNotSent},
		"card number":                {t.Context(), number, channel.ErrUnsupported},
		"context done":               {done, payment("pm_1"), channel.ErrNotSent},
	} {
		if _, err := ch.Do(c.ctx, c.op); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	// Its key is forgotten at Stripe: sending it again could do it twice, and saying "not sent" could, too.
	if _, err := ch.Do(t.Context(), old); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("resend after a day: %v", err)
	}
	if calls.Load() != 0 {
		t.Errorf("%d requests left", calls.Load())
	}
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()
	options := map[string]string{"api_key": "sk_test_1"}
	keys, err := channel.FixedKeys(stripe.Driver(), options)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]channel.Config{
		"no keys":   {Options: options},
		"tolerance": {Options: map[string]string{"api_key": "set", "webhook_tolerance": "soon"}, Keys: keys},
		"base URL":  {Options: map[string]string{"api_key": "set", "base_url": "stripe.example"}, Keys: keys},
	} {
		c.Client, c.Now = http.DefaultClient, time.Now
		_, err := stripe.Driver().Open(c)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A query that Stripe does not answer with the operation says nothing while the operation may be on its way.
func TestYoungOperationIsNotAbsent(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	ch := open(t, config)
	op := payment("")
	op.SentAt = accountClock().Add(-time.Minute)
	if _, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("a minute after sending: %v, want an error that is not ErrAbsent", err)
	}
	op.SentAt = accountClock().Add(-time.Hour)
	if _, err := ch.Query(t.Context(), op); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("an hour after sending: %v, want ErrAbsent", err)
	}
}

// A lost answer is found again without Stripe's ID, through lists.
func TestQueryWithoutChannelID(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	for _, token := range []string{stripefake.Visa, stripefake.Authenticate, ""} {
		op := payment(token)
		done, err := ch.Do(t.Context(), op)
		if err != nil {
			t.Fatal(err)
		}
		op.Card = nil
		found, err := ch.Query(t.Context(), op)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(done, found); diff != "" {
			t.Errorf("token %q: query and answer differ:\n%s", token, diff)
		}
	}
	// Once the index has caught up, search finds even what was sent at a time we do not know.
	op := payment(stripefake.Visa)
	done, err := ch.Do(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	op.SentAt = time.Time{}
	if _, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("before the index has caught up: %v, want an error that proves nothing", err)
	}
	institution.Index()
	refund := channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: paymux.Refunds, PayID: op.ID, Money: op.Money, SentAt: time.Now(),
	}
	if found, err := ch.Query(t.Context(), op); err != nil || found.ChannelID != done.ChannelID {
		t.Errorf("afterwards: %+v, %v", found, err)
	}
	if back, err := ch.Do(t.Context(), refund); err != nil || back.State != paymux.OpSucceeded {
		t.Errorf("refund of a payment whose ID at Stripe is not known: %+v, %v", back, err)
	}
}

// A partly captured reservation keeps its own amount; the capture states what was taken.
func TestPartialCapture(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := payment(stripefake.Visa)
	op.Manual = true
	paid, err := ch.Do(t.Context(), op)
	if err != nil || paid.State != paymux.OpAuthorized {
		t.Fatalf("reserve: %+v, %v", paid, err)
	}
	part := channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: paymux.Capture, PayID: op.ID, ChannelID: paid.ChannelID,
		Money: paymux.Money{Amount: 400, Currency: "EUR"}, SentAt: time.Now(),
	}
	took, err := ch.Do(t.Context(), part)
	if err != nil || took.State != paymux.OpSucceeded || took.Money != part.Money {
		t.Fatalf("capture: %+v, %v", took, err)
	}
	op.ChannelID = paid.ChannelID
	asked, err := ch.Query(t.Context(), op)
	if err != nil || asked.State != paymux.OpAuthorized || asked.Money != op.Money {
		t.Errorf("the reservation afterwards: %+v, %v", asked, err)
	}
	_, object := institution.Object(string(op.ID))
	news, err := ch.Callback(t.Context(), signed(t, paymux.Secret(config.Options["webhook_secret"]), "payment_intent.succeeded", object, accountClock()))
	if err != nil || news.Operation != part.ID || news.Result.Money != part.Money {
		t.Errorf("callback: %+v, %v; want news of the capture", news, err)
	}
}
