package adyen_test

import (
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/adyen"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/test/adyenfake"
)

const merchant = "TestMerchant"

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
	plain := open(t, config)
	told := &told{institution: institution}
	token := func(text string) *paymux.CardDetails { return &paymux.CardDetails{Token: paymux.Secret(text)} }
	card := paymux.Method{Type: paymux.Card}
	page := func(_ channeltest.T, op channel.Operation) { institution.PayOnPage(string(op.ID), true) }
	back := func(well bool) func(channeltest.T, channel.Operation) {
		return func(t channeltest.T, op channel.Operation) {
			t.Helper()
			news, err := plain.Callback(t.Context(), browser(institution.Authenticate(string(op.ID), well)))
			if err != nil || news.Operation != op.ID || news.Ack.Status != http.StatusOK {
				t.Fatalf("the payer comes back: %+v, %v", news, err)
			}
		}
	}
	redirect := func(m paymux.MethodType) channeltest.Payer {
		return channeltest.Payer{Request: channeltest.Request{Method: paymux.Method{Type: m}}, State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: page}
	}
	cardPage := redirect(paymux.Card)
	cardPage.Name = "page"
	return channeltest.Subject{
		Driver: told.driver(),
		Config: config,
		Payers: []channeltest.Payer{
			{Request: channeltest.Request{Method: card, Card: token(adyenfake.Visa)}, State: paymux.OpSucceeded, Manual: true},
			{Request: channeltest.Request{Name: "encrypted", Method: card, Card: token(encrypted)}, State: paymux.OpSucceeded},
			{Request: channeltest.Request{Name: "three_d_secure", Method: card, Card: token(adyenfake.Authenticate)},
				State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: back(true)},
			{Request: channeltest.Request{Name: "slow", Method: card, Card: token(adyenfake.Slow)}, State: paymux.OpPending,
				Complete: func(_ channeltest.T, op channel.Operation) { institution.Settle(string(op.ID)) }},
			cardPage, redirect(paymux.Alipay), redirect(paymux.WeChatPay), redirect(paymux.PayPal),
		},
		Declines: []channeltest.Decline{
			{Request: channeltest.Request{Method: card, Card: token(adyenfake.NoFunds)}, Code: paymux.DeclineInsufficientFunds},
			{Request: channeltest.Request{Method: card, Card: token(adyenfake.Stolen)}, Code: paymux.DeclineFraud},
			{Request: channeltest.Request{Method: card, Card: token(adyenfake.Unavailable)}, Code: paymux.DeclineProcessing, Retryable: true},
			{Request: channeltest.Request{Method: card, Card: token(adyenfake.NewRefusal)}, Code: paymux.DeclineGeneric},
			{Request: channeltest.Request{Method: card, Card: token(adyenfake.Authenticate)}, Code: paymux.DeclineAuthenticationFailed, Complete: back(false)},
			{Request: channeltest.Request{Name: "no_such_card", Method: card, Card: token("shopper-1/nobody")}, Code: paymux.DeclineInvalidAccount},
			{Request: channeltest.Request{Name: "no_token", Method: card, Card: token("pm_card_visa")}, Code: paymux.DeclineProcessing},
			{Request: channeltest.Request{Name: "fraction", Method: paymux.Method{Type: paymux.PayPal}, Money: paymux.Money{Amount: 1001, Currency: "CVE"}},
				Code: paymux.DeclineNotSupported, Retryable: true},
		},
		Unknown:   &channeltest.Request{Method: card, Card: token(adyenfake.NewResult)},
		Callbacks: callbacks(institution),
		Faults:    channeltest.HTTPFaults(config),
		Effects:   told.effects,
	}
}

// encrypted is what Adyen's Component makes, in the form that its test environment takes.
const encrypted = `{"paymentMethod":{"type":"scheme","encryptedCardNumber":"test_4111111111111111","encryptedExpiryMonth":"test_03",
"encryptedExpiryYear":"test_2030","encryptedSecurityCode":"test_737","holderName":"J. Smith"},"browserInfo":{"userAgent":"Mozilla/5.0",
"acceptHeader":"*/*","language":"nl-NL","colorDepth":24,"screenHeight":723,"screenWidth":1536,"timeZoneOffset":0,"javaEnabled":true},
"origin":"https://shop.example","clientStateDataIndicator":true,"riskData":{"clientData":"eyJ"}}`

// fake starts an institution with state and returns an account there.
func fake(t testing.TB) (*adyenfake.Institution, channel.Config) {
	t.Helper()
	institution := adyenfake.New(merchant)
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	return institution, channel.Config{
		Account: "main",
		Options: map[string]string{
			"merchant_account": merchant,
			"api_key":          institution.Key,
			"hmac_key":         "hex:" + hex.EncodeToString(institution.HMAC),
			"base_url":         server.URL + "/v71",
			"reports_url":      server.URL + "/reports",
			"report_user":      institution.ReportUser,
			"report_password":  institution.ReportPassword,
		},
		Client: server.Client(),
	}
}

func open(t testing.TB, c channel.Config) channel.Channel {
	t.Helper()
	d := adyen.Driver()
	keys, err := channel.FixedKeys(d, c.Options)
	if err != nil {
		t.Fatal(err)
	}
	c.Keys = keys
	if c.Now == nil {
		c.Now = time.Now
	}
	ch, err := d.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func callbacks(institution *adyenfake.Institution) *channeltest.Callbacks {
	made := func(op channel.Operation, change func(*adyenfake.Item)) channel.CallbackRequest {
		i := adyenfake.Item{
			PSPReference: "NC6HT9CRT65ZGN82", Merchant: merchant, Reference: string(op.ID) + "-pay", Value: op.Money.Amount,
			Currency: string(op.Money.Currency), EventCode: "AUTHORISATION", Success: "true", At: time.Now(), Live: "false",
		}
		change(&i)
		return posted(adyenfake.Webhook(institution.HMAC, i))
	}
	return &channeltest.Callbacks{
		Success: func(t channeltest.T, op channel.Operation) channel.CallbackRequest {
			t.Helper()
			for _, e := range institution.Events(string(op.ID)) {
				if e.Code == "AUTHORISATION" && e.Success {
					return posted(e.Body)
				}
			}
			t.Fatal("there was no webhook")
			return channel.CallbackRequest{}
		},
		Stale: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
			return made(op, func(i *adyenfake.Item) { i.At = time.Now().Add(-31 * 24 * time.Hour) })
		},
		Malformed: func(channeltest.T) channel.CallbackRequest {
			return made(channel.Operation{ID: "op_1"}, func(i *adyenfake.Item) { i.Success = "perhaps" })
		},
		Unknown: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
			return made(op, func(i *adyenfake.Item) { i.EventCode = "ENLIGHTENMENT" })
		},
		// Eight fields are signed, not the body: TestTampered changes them one by one.
		Unsigned: true,
	}
}

// posted is a webhook as it arrives.
func posted(body []byte) channel.CallbackRequest {
	return channel.CallbackRequest{
		Channel: "adyen", Account: "main", Method: http.MethodPost, URL: "https://pay.example/callbacks/adyen/main",
		Header: map[string][]string{"Content-Type": {"application/json"}}, Body: body,
	}
}

// browser is the payer who comes back.
func browser(to string) channel.CallbackRequest {
	return channel.CallbackRequest{Channel: "adyen", Account: "main", Method: http.MethodGet, URL: to}
}
