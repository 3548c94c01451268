package test_test

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/adyenfake"
	"github.com/paymux/paymux/test/paypalfake"
	"github.com/paymux/paymux/test/stripefake"
)

func stripeForger(t *testing.T) *forger {
	t.Helper()
	bank := stripefake.New("sk_test_" + t.Name())
	const secret, twin = "whsec_of_the_tests", "whsec_of_another_account"
	object := func(p *paymux.Payment) []byte {
		_, body := bank.Object(string(p.LatestOperation))
		return body
	}
	event := func(secret string, at time.Time, object []byte) letter {
		body := stripefake.Event("payment_intent.succeeded", object)
		return letter{header: stripefake.Sign(secret, at, body), body: body}
	}
	f := &forger{
		institution: &institution{
			channel: "stripe", options: map[string]string{"api_key": bank.Key, "webhook_secret": secret, "base_url": serve(t, bank)},
			method: client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: stripefake.Authenticate}},
			act:    func(p *paymux.Payment) error { bank.Complete(string(p.LatestOperation), false); return nil },
			effects: func(op paymux.OperationID) int {
				if _, body := bank.Object(string(op)); !strings.Contains(string(body), `"status":"succeeded"`) {
					return 0 // there is a PaymentIntent, and nothing has moved
				}
				return bank.Effects(string(op))
			},
		},
		twin: map[string]string{"webhook_secret": twin}, keyed: true, stale: 6 * time.Minute, ackStatus: http.StatusOK,
		genuine: func(p *paymux.Payment) letter { return event(secret, time.Now(), object(p)) },
		unsign:  without("Stripe-Signature"), alter: replacing(t, `"amount_received":1250`, `"amount_received":1251`),
		// Nothing in an event says whom it is for but the secret that signs it.
		says: map[string]string{"of another merchant": notSigned, "at another account's URL": notSigned},
	}
	f.claim = func(p *paymux.Payment, l lie) letter {
		paid := l.of(p)
		key := map[bool]string{l.stranger: "whsec_guessed", l.foreign: twin}[true]
		if key == "" {
			key = secret
		}
		claimed := map[string]any{
			"status": "succeeded", "next_action": nil, "amount": paid.Amount, "amount_received": paid.Amount, "currency": strings.ToLower(string(paid.Currency)),
		}
		if l.malformed {
			claimed["amount_received"] = "all of it"
		}
		return event(key, l.at(), edited(object(p), claimed))
	}
	f.elsewhere = func(p *paymux.Payment) letter { return f.claim(p, lie{}) }
	return f
}

func paypalForger(t *testing.T) *forger {
	t.Helper()
	bank := paypalfake.New()
	server := httptest.NewTLSServer(bank) // PayPal's certificates come from https URLs alone
	t.Cleanup(server.Close)
	base := server.URL
	f := &forger{stale: 96 * time.Hour, asked: onTheSpot, ackStatus: http.StatusOK, institution: &institution{
		channel: "paypal", method: client.PaymentMethod{Type: paymux.PayPal},
		env: []string{"SSL_CERT_FILE=" + write(t, t.TempDir(), "roots.pem", certificatePEM(server.Certificate()))},
		options: map[string]string{
			"client_id": bank.ClientID, "client_secret": bank.Secret, "webhook_id": bank.WebhookID, "merchant_id": paypalfake.Merchant,
			"base_url": base, "certificate_host": strings.TrimPrefix(base, "https://"), "certificate_roots": bank.Roots(),
		},
		act:     func(p *paymux.Payment) error { bank.Approve(string(p.LatestOperation)); return nil },
		effects: func(op paymux.OperationID) int { return bank.Effects(paymux.OrderNumber(string(op))) },
	}}
	send := func(kind string, resource []byte, how paypalfake.Signing) letter {
		body := paypalfake.Event(kind, resource)
		return letter{header: bank.Sign(base, body, how), body: body}
	}
	order := func(p *paymux.Payment, from, to string) letter {
		resource := string(bank.Resource(string(p.LatestOperation), "order"))
		if !strings.Contains(resource, from) {
			t.Errorf("there is no %s in %s", from, resource)
		}
		return send("CHECKOUT.ORDER.APPROVED", []byte(strings.ReplaceAll(resource, from, to)), paypalfake.Signing{})
	}
	f.genuine = func(p *paymux.Payment) letter { return order(p, "", "") }
	// PayPal's events are hints: what they say of money is asked for, and where it is not so they are refused as forged.
	f.claim = func(p *paymux.Payment, l lie) letter {
		paid := l.of(p)
		value, payee, how := paid.String()[len("USD "):], paypalfake.Merchant, paypalfake.Signing{At: l.at()}
		if l.foreign {
			payee = "ANOTHERMERCHANT"
		}
		if l.malformed {
			value = "all of it"
		}
		if l.stranger {
			how.Certificate = paypalfake.Strange
		}
		return send("PAYMENT.CAPTURE.COMPLETED", encode(map[string]any{
			"id": rand.Text()[:17], "status": "COMPLETED", "amount": map[string]string{"currency_code": string(paid.Currency), "value": value},
			"custom_id": p.LatestOperation, "invoice_id": number(p), "payee": map[string]string{"merchant_id": payee},
		}), how)
	}
	f.unsign, f.alter = without("Paypal-Transmission-Sig"), replacing(t, `"value":"12.50"`, `"value":"12.51"`)
	f.elsewhere = f.genuine
	f.misstated = func(p *paymux.Payment) letter { return order(p, "12.50", "99.00") }
	const denied = "the institution denies what it says"
	f.says = map[string]string{"of another amount": denied, "of another currency": denied}
	f.more = []attack{
		{"for another webhook", func(_ *forger, p *paymux.Payment) letter {
			body := paypalfake.Event("CHECKOUT.ORDER.APPROVED", bank.Resource(string(p.LatestOperation), "order"))
			return letter{header: bank.Sign(base, body, paypalfake.Signing{WebhookID: "1JE4291016473214C"}), body: body}
		}, "", notSigned},
		{"a capture that never was", func(f *forger, p *paymux.Payment) letter { return f.claim(p, lie{}) }, "", denied},
		{"an order that never was", func(_ *forger, p *paymux.Payment) letter { return order(p, `"id":"`, `"id":"0`) }, "", denied},
	}
	return f
}

func adyenForger(t *testing.T) *forger {
	t.Helper()
	bank := adyenfake.New("TeaHouseECOM")
	f := &forger{
		institution: &institution{
			channel: "adyen", method: client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: adyenfake.Slow}},
			options: map[string]string{
				"merchant_account": bank.Merchant, "api_key": bank.Key, "hmac_key": "hex:" + hex.EncodeToString(bank.HMAC), "base_url": serve(t, bank) + "/v71",
			},
			act:     func(p *paymux.Payment) error { bank.Settle(string(p.LatestOperation)); return nil },
			effects: func(op paymux.OperationID) int { return bank.Effects(string(op)) },
		},
		keyed: true, stale: 31 * 24 * time.Hour, asked: never, ackStatus: http.StatusOK, ackBody: "[accepted]",
		genuine: func(p *paymux.Payment) letter {
			told := bank.Events(string(p.LatestOperation))
			return letter{body: told[len(told)-1].Body}
		},
		unsign: replacing(t, `"hmacSignature"`, `"signature"`), alter: replacing(t, `"value":1250`, `"value":1251`),
	}
	item := func(p *paymux.Payment, l lie) (key []byte, it adyenfake.Item) {
		paid := l.of(p)
		key, it = bank.HMAC, adyenfake.Item{
			PSPReference: rand.Text()[:16], Merchant: bank.Merchant, Reference: string(p.LatestOperation) + "-pay", Value: paid.Amount, Currency: string(paid.Currency),
			EventCode: "AUTHORISATION", Success: "true", At: l.at(), Live: "false",
		}
		if l.stranger {
			key = []byte("a key of nobody")
		}
		if l.foreign {
			it.Merchant = "AnotherECOM"
		}
		if l.malformed {
			it.Success = "perhaps"
		}
		return key, it
	}
	f.claim = func(p *paymux.Payment, l lie) letter { return letter{body: adyenfake.Webhook(item(p, l))} }
	f.elsewhere = func(p *paymux.Payment) letter { return f.claim(p, lie{}) }
	f.more = []attack{
		{"of the live world", func(_ *forger, p *paymux.Payment) letter {
			key, it := item(p, lie{})
			it.Live = "true"
			return letter{body: adyenfake.Webhook(key, it)}
		}, "", notForUs},
		{"a payer's return that nobody sealed", func(_ *forger, p *paymux.Payment) letter {
			return letter{query: "?operation=" + string(p.LatestOperation) + "-pay&back=https://evil.example&until=&redirectResult=x&seal=AAAA"}
		}, "", notSigned},
	}
	return f
}
