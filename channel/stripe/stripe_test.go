package stripe_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/stripe"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/test/stripefake"
)

// later is the account's clock: so far ahead that, for it, nothing the suite sends is on its way any more.
const later = 11 * time.Minute

func accountClock() time.Time { return time.Now().Add(later) }

// driver is the real one with the account's clock ahead of the suite's.
func driver() channel.Driver {
	d := *stripe.Driver()
	open := d.Open
	d.Open = func(c channel.Config) (channel.Channel, error) {
		c.Now = accountClock
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
	token := func(id string) *paymux.CardDetails { return &paymux.CardDetails{Token: paymux.Secret(id)} }
	card := paymux.Method{Type: paymux.Card}
	complete := func(_ channeltest.T, op channel.Operation) { institution.Complete(string(op.ID), false) }
	fail := func(_ channeltest.T, op channel.Operation) { institution.Complete(string(op.ID), true) }
	return channeltest.Subject{
		Driver: driver(),
		Config: config,
		Payers: []channeltest.Payer{
			{Request: channeltest.Request{Method: card, Card: token(stripefake.Visa)}, State: paymux.OpSucceeded, Manual: true},
			{Request: channeltest.Request{Name: "three_d_secure", Method: card, Card: token(stripefake.Authenticate)},
				State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: complete},
			{Request: channeltest.Request{Name: "page", Method: card}, State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: complete},
			{Request: channeltest.Request{Method: paymux.Method{Type: paymux.Alipay}}, State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: complete},
			{Request: channeltest.Request{Method: paymux.Method{Type: paymux.WeChatPay}}, State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: complete},
		},
		Declines: []channeltest.Decline{
			{Request: channeltest.Request{Method: card, Card: token(stripefake.NoFunds)}, Code: paymux.DeclineInsufficientFunds},
			{Request: channeltest.Request{Method: card, Card: token(stripefake.Busy)}, Code: paymux.DeclineProcessing, Retryable: true},
			{Request: channeltest.Request{Method: card, Card: token(stripefake.NewDecline)}, Code: paymux.DeclineGeneric},
			{Request: channeltest.Request{Name: "no_such_token", Method: card, Card: token("pm_nobody")}, Code: paymux.DeclineProcessing},
			{Request: channeltest.Request{Method: card, Card: token(stripefake.Authenticate)}, Code: paymux.DeclineAuthenticationFailed, Complete: fail},
			{Request: channeltest.Request{Name: "fraction", Method: card, Money: paymux.Money{Amount: 1001, Currency: "KWD"}},
				Code: paymux.DeclineNotSupported, Retryable: true},
		},
		Unknown:   &channeltest.Request{Method: card, Card: token(stripefake.UnheardStatus)},
		Callbacks: callbacks(institution, paymux.Secret(config.Options["webhook_secret"])),
		Faults:    channeltest.HTTPFaults(config),
		Effects:   func(op paymux.OperationID) int { return institution.Effects(string(op)) },
	}
}

// fake starts an institution with state and returns an account there.
func fake(t *testing.T) (*stripefake.Institution, channel.Config) {
	t.Helper()
	institution := stripefake.New("sk_test_" + rand.Text())
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	return institution, channel.Config{
		Account: "main",
		Options: map[string]string{
			"api_key":        institution.Key,
			"webhook_secret": "whsec_" + rand.Text(),
			"base_url":       server.URL,
		},
		Client: server.Client(),
	}
}

// open gives the account its keys and, as in production, no option that is one.
func open(t *testing.T, c channel.Config) channel.Channel {
	t.Helper()
	c.Now = accountClock
	if c.Keys == nil {
		keys, err := channel.FixedKeys(stripe.Driver(), c.Options)
		if err != nil {
			t.Fatal(err)
		}
		c.Keys = keys
	}
	c.Options = maps.Clone(c.Options)
	for _, o := range stripe.Driver().Options {
		if o.Kind != "" && c.Options[o.Name] != "" {
			c.Options[o.Name] = "held elsewhere"
		}
	}
	ch, err := stripe.Driver().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func callbacks(institution *stripefake.Institution, secret paymux.Secret) *channeltest.Callbacks {
	object := func(op channel.Operation) json.RawMessage {
		_, body := institution.Object(string(op.ID))
		return body
	}
	return &channeltest.Callbacks{
		Success: func(t channeltest.T, op channel.Operation) channel.CallbackRequest {
			return signed(t, secret, "payment_intent.succeeded", object(op), accountClock())
		},
		Stale: func(t channeltest.T, op channel.Operation) channel.CallbackRequest {
			return signed(t, secret, "payment_intent.succeeded", object(op), accountClock().Add(-6*time.Minute))
		},
		Malformed: func(t channeltest.T) channel.CallbackRequest {
			return signed(t, secret, "payment_intent.succeeded", json.RawMessage(`{"id":"pi_1","amount":"much"}`), accountClock())
		},
		Unknown: func(t channeltest.T, op channel.Operation) channel.CallbackRequest {
			body := json.RawMessage(`{"id":"pi_1","object":"payment_intent","status":"requires_a_sign","metadata":{"paymux_operation":"` + string(op.ID) + `"}}`)
			return signed(t, secret, "payment_intent.processing", body, accountClock())
		},
	}
}

// tester is what signed needs of a test, the suite's included.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// signed is an event as Stripe's own test helper signs it.
func signed(t tester, secret paymux.Secret, kind string, object json.RawMessage, at time.Time) channel.CallbackRequest {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": "evt_" + rand.Text(), "object": "event", "type": kind, "api_version": "2020-08-27",
		"data": map[string]any{"object": object},
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	payload := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret.Reveal(), Timestamp: at})
	return channel.CallbackRequest{
		Channel: "stripe", Account: "main", Method: http.MethodPost, URL: "https://pay.example/callbacks/stripe/main",
		Header: map[string][]string{"Stripe-Signature": {payload.Header}}, Body: payload.Payload,
	}
}
