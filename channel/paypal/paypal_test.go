package paypal_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/paypal"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/test/paypalfake"
)

var (
	began = time.Now()
	mint  = paymux.NewIDs([]byte("0123456789abcdef"), 1, clock)
)

// clock is the institution's: it was noon when the tests began, so that no day ends meanwhile.
func clock() time.Time {
	return began.UTC().Truncate(24 * time.Hour).Add(12*time.Hour + time.Since(began))
}

// later is the account's clock: so far ahead that, for it, nothing the tests send is on its way any more.
func later() time.Time { return clock().Add(11 * time.Minute) }

// driver is the real one with the account's clock ahead of the suite's.
func driver() channel.Driver {
	d := *paypal.Driver()
	open := d.Open
	d.Open = func(c channel.Config) (channel.Channel, error) {
		c.Now = later
		return open(c)
	}
	return d
}

func TestChannel(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, subject(t))
}

func TestChannelOverTheWire(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, channeltest.OverTheWire(wiretest.Open(t, 0).Connect(), subject(t)))
}

func subject(t *testing.T) channeltest.Subject {
	t.Helper()
	institution, config := fake(t)
	wallet := paymux.Method{Type: paymux.PayPal}
	approve := func(_ channeltest.T, op channel.Operation) { institution.Approve(string(op.ID)) }
	refuse := func(kind, issue string) func(channeltest.T, *channel.Operation) {
		return func(_ channeltest.T, op *channel.Operation) { institution.Refuse(kind, string(op.ID), issue) }
	}
	return channeltest.Subject{
		Driver: driver(),
		Config: config,
		Payers: []channeltest.Payer{{
			Request: channeltest.Request{Method: wallet}, State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: approve, Manual: true,
		}},
		Declines: []channeltest.Decline{
			{Request: channeltest.Request{Name: "instrument", Method: wallet, Arrange: refuse("complete", "INSTRUMENT_DECLINED")}, Code: paymux.DeclineGeneric, Complete: approve},
			{Request: channeltest.Request{Name: "payer_locked", Method: wallet, Arrange: refuse("complete", "PAYER_ACCOUNT_RESTRICTED")}, Code: paymux.DeclineInvalidAccount, Complete: approve},
			{Request: channeltest.Request{Name: "account_restricted", Method: wallet, Arrange: refuse("create", "PAYEE_ACCOUNT_RESTRICTED")}, Code: paymux.DeclineProcessing, Retryable: true},
			{Request: channeltest.Request{Name: "fraction", Method: wallet, Money: paymux.Money{Amount: 1001, Currency: "HUF"}}, Code: paymux.DeclineNotSupported, Retryable: true},
		},
		Unknown:   &channeltest.Request{Method: wallet, Arrange: refuse("create", "MOON_IN_THE_WRONG_HOUSE")},
		Callbacks: callbacks(institution, config),
		Faults:    faults(config),
		Effects:   func(op paymux.OperationID) int { return effects(institution, op) },
	}
}

// fake starts an institution with state and returns an account there.
func fake(t testing.TB) (*paypalfake.Institution, channel.Config) {
	t.Helper()
	institution := paypalfake.New()
	institution.Now = clock
	server := httptest.NewTLSServer(institution)
	t.Cleanup(server.Close)
	return institution, channel.Config{
		Account: "main",
		Options: map[string]string{
			"client_id": institution.ClientID, "client_secret": institution.Secret, "webhook_id": institution.WebhookID, "merchant_id": paypalfake.Merchant,
			"base_url": server.URL, "certificate_host": strings.TrimPrefix(server.URL, "https://"), "certificate_roots": institution.Roots(),
		},
		Client: server.Client(),
		Now:    clock,
	}
}

func open(t testing.TB, c channel.Config) channel.Channel {
	t.Helper()
	keys, err := channel.FixedKeys(paypal.Driver(), c.Options)
	if err != nil {
		t.Fatal(err)
	}
	c.Now, c.Keys = later, keys
	ch, err := paypal.Driver().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// effects counts what moved money under the operation's invoice number and what ended something under its request ID.
func effects(institution *paypalfake.Institution, op paymux.OperationID) int {
	return institution.Effects(string(op)) + institution.Effects(paymux.OrderNumber(string(op)))
}

// faults breaks every line but the one to the access token: what happens there comes before the
// operation, see TestNoToken.
func faults(config channel.Config) *channeltest.Faults {
	f := channeltest.HTTPFaults(config)
	whole := func(broken func(channeltest.T) channel.Config) func(channeltest.T) channel.Config {
		return func(t channeltest.T) channel.Config {
			c := broken(t)
			c.Client = &http.Client{Transport: tokenPast{config.Client.Transport, c.Client.Transport}}
			return c
		}
	}
	f.Broken, f.Silent = whole(f.Broken), whole(f.Silent)
	return f
}

type tokenPast struct{ good, other http.RoundTripper }

func (t tokenPast) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v1/oauth2/token" {
		return t.good.RoundTrip(r)
	}
	return t.other.RoundTrip(r)
}

func callbacks(institution *paypalfake.Institution, config channel.Config) *channeltest.Callbacks {
	base := config.Options["base_url"]
	captured := func(op channel.Operation, at time.Time) channel.CallbackRequest {
		body := paypalfake.Event("PAYMENT.CAPTURE.COMPLETED", institution.Resource(string(op.ID), "capture"))
		return delivered(institution.Sign(base, body, paypalfake.Signing{At: at}), body)
	}
	return &channeltest.Callbacks{
		Success: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest { return captured(op, later()) },
		Stale: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
			return captured(op, later().Add(-81*time.Hour))
		},
		Malformed: func(channeltest.T) channel.CallbackRequest {
			body := paypalfake.Event("PAYMENT.CAPTURE.COMPLETED", []byte(`{"id":"1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"much"}}`))
			return delivered(institution.Sign(base, body, paypalfake.Signing{At: later()}), body)
		},
		Unknown: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
			body := paypalfake.Event("PAYMENT.CAPTURE.PENDING", []byte(`{"id":"1","status":"HALF_DONE","custom_id":"`+string(op.ID)+`"}`))
			return delivered(institution.Sign(base, body, paypalfake.Signing{At: later()}), body)
		},
	}
}

func delivered(header http.Header, body []byte) channel.CallbackRequest {
	return channel.CallbackRequest{
		Channel: "paypal", Account: "main", Method: http.MethodPost, URL: "https://pay.example/callbacks/paypal/main", Header: header, Body: body,
	}
}
