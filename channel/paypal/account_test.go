package paypal_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/paypal"
)

func issue(name string) string {
	return `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"` + name + `","description":"no"}]}`
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		body    string
		notSent bool
		state   paymux.OperationState // empty: an error
		decline paymux.DeclineCode
	}{
		"token refused":        {401, `{"name":"AUTHENTICATION_FAILURE"}`, true, "", ""},
		"no permission":        {403, `{"name":"NOT_AUTHORIZED","details":[{"issue":"PERMISSION_DENIED"}]}`, true, "", ""},
		"too many requests":    {429, `{"name":"RATE_LIMIT_REACHED"}`, true, "", ""},
		"conflict":             {409, `{"name":"RESOURCE_CONFLICT","details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}]}`, false, "", ""},
		"not found":            {404, `{"name":"RESOURCE_NOT_FOUND"}`, false, "", ""},
		"broken":               {500, `{"name":"INTERNAL_SERVER_ERROR"}`, false, "", ""},
		"unavailable":          {503, `{"name":"SERVICE_UNAVAILABLE"}`, false, "", ""},
		"broken without JSON":  {502, `<html>bad gateway</html>`, false, "", ""},
		"200 without JSON":     {200, `<html>welcome</html>`, false, "", ""},
		"200 of another":       {200, `{"id":"1","status":"CREATED","purchase_units":[{"custom_id":"op_2"}]}`, false, "", ""},
		"redirected":           {307, ``, false, "", ""},
		"status of tomorrow":   {418, `{"name":"TEAPOT"}`, false, "", ""},
		"invalid":              {400, `{"name":"INVALID_REQUEST","details":[{"issue":"MALFORMED_REQUEST_JSON"}]}`, false, paymux.OpDeclined, paymux.DeclineProcessing},
		"currency not taken":   {422, issue("INVALID_CURRENCY_CODE"), false, paymux.OpDeclined, paymux.DeclineNotSupported},
		"limit":                {422, issue("TRANSACTION_LIMIT_EXCEEDED"), false, paymux.OpDeclined, paymux.DeclineLimit},
		"refused":              {422, issue("TRANSACTION_REFUSED"), false, paymux.OpDeclined, paymux.DeclineGeneric},
		"done before, perhaps": {422, issue("DUPLICATE_INVOICE_ID"), false, paymux.OpUnknown, ""},
		"issue of tomorrow":    {422, issue("MOON_IN_THE_WRONG_HOUSE"), false, paymux.OpUnknown, ""},
		"422 without an issue": {422, `{"name":"UNPROCESSABLE_ENTITY"}`, false, paymux.OpUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, calls := answering(t, c.status, c.body)
			r, err := ch.Do(t.Context(), payment())
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
			if c.state != "" {
				if err != nil || r.State != c.state || r.DeclineCode != c.decline || r.Code == "" {
					t.Fatalf("%s %s (%s), %v; want %s %s", r.State, r.DeclineCode, r.Code, err, c.state, c.decline)
				}
				return
			}
			if err == nil || errors.Is(err, channel.ErrNotSent) != c.notSent {
				t.Fatalf("%s, error %v; want an error, not sent %t", r.State, err, c.notSent)
			}
			if text := err.Error(); strings.Contains(text, "html") || strings.Contains(text, "secret-1") || strings.Contains(text, "token-1") {
				t.Errorf("error repeats what it must not: %v", err)
			}
		})
	}
}

func TestRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	ch, calls := answering(t, 200, `{}`)
	live, old, orphan := payment(), payment(), payment()
	live.Livemode = true
	old.SentAt = later().Add(-6 * time.Hour)
	orphan.Kind = paymux.Refunds
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		op  channel.Operation
	}{
		"live payment at a test institution": {t.Context(), live},
		"refund of an order without an ID":   {t.Context(), orphan},
		"context done":                       {done, payment()},
	} {
		if _, err := ch.Do(c.ctx, c.op); !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s: %v, want ErrNotSent", name, err)
		}
	}
	// Its key is forgotten at PayPal: sending it again could do it twice, and saying "not sent" could, too.
	if _, err := ch.Do(t.Context(), old); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("resend after six hours: %v", err)
	}
	if calls.Load() != 0 {
		t.Errorf("%d requests left", calls.Load())
	}
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()
	good := map[string]string{"client_id": "id", "client_secret": "s"}
	keys, err := channel.FixedKeys(paypal.Driver(), good)
	if err != nil {
		t.Fatal(err)
	}
	config := channel.Config{Options: good, Keys: keys, Client: http.DefaultClient, Now: time.Now}
	if _, err := paypal.Driver().Open(config); err != nil {
		t.Fatalf("the plain options: %v", err)
	}
	for name, more := range map[string][2]string{
		"tolerance": {"webhook_tolerance", "soon"}, "negative tolerance": {"webhook_tolerance", "-1h"},
		"base URL": {"base_url", "paypal.example"}, "roots": {"certificate_roots", "a certificate"},
	} {
		c := config
		c.Options = map[string]string{"client_id": "id", "client_secret": "s", more[0]: more[1]}
		if _, err := paypal.Driver().Open(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	config.Keys = nil
	if _, err := paypal.Driver().Open(config); err == nil {
		t.Error("opened without anybody to ask for the secret")
	}
}

// Money moves where base_url leads, so a live operation goes to the live institution only, and the other way round.
func TestLivemode(t *testing.T) {
	t.Parallel()
	for base, live := range map[string]bool{
		"": true, "https://api-m.paypal.com": true, "https://api-m.sandbox.paypal.com": false, "https://api-m.paypal.com.example": false,
	} {
		config := channel.Config{Options: map[string]string{"client_id": "id", "client_secret": "s", "base_url": base}, Client: &http.Client{Transport: unplugged{}}}
		op := payment()
		op.Livemode = !live
		if _, err := open(t, config).Do(t.Context(), op); !errors.Is(err, channel.ErrNotSent) || !strings.Contains(err.Error(), "livemode") {
			t.Errorf("%q: an operation of the other mode: %v", base, err)
		}
		op.Livemode = live
		if _, err := open(t, config).Do(t.Context(), op); err == nil || strings.Contains(err.Error(), "livemode") {
			t.Errorf("%q: an operation of its own mode: %v", base, err)
		}
	}
}

var errUnplugged = errors.New("unplugged")

type unplugged struct{}

func (unplugged) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUnplugged }

// While its answer may still lead a payer to an order, the operation is not absent.
func TestYoungOperationIsNotAbsent(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	ch := open(t, config)
	op := payment()
	op.SentAt = later().Add(-time.Minute)
	if _, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("a minute after sending: %v, want an error that is not ErrAbsent", err)
	}
	op.SentAt = later().Add(-time.Hour)
	if _, err := ch.Query(t.Context(), op); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("an hour after sending: %v, want ErrAbsent", err)
	}
	op.SentAt = time.Time{}
	if _, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("sent nobody knows when: %v, want an error that is not ErrAbsent", err)
	}
}
