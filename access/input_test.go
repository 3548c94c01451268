package access_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

// payment is a good body with one member replaced, or taken away where the value is empty.
func payment(name, value string) string {
	members := map[string]json.RawMessage{"amount": []byte("1250"), "currency": []byte(`"CNY"`), "merchant_order_id": []byte(`"A-1001"`)}
	if members[name] = json.RawMessage(value); value == "" {
		delete(members, name)
	}
	body, err := json.Marshal(members)
	if err != nil {
		return fmt.Sprintf(`{"amount":1,"currency":"CNY","merchant_order_id":"A",%q:%s}`, name, value)
	}
	return string(body)
}

func manyEntries(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":"v"`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func quoted(n int) string { return `"` + strings.Repeat("x", n) + `"` }

// bodies are bodies of a payment and, for those that are refused, where errors must point.
var bodies = []struct{ name, body, at string }{
	{"smallest", payment("", ""), ""},
	{"all", `{"amount":999999999999,"currency":"KWD","merchant_order_id":"订单-1","description":"Tea","payment_method":{"type":"card","card":{"number":"4242424242424242","exp_month":12,"exp_year":2030,"cvc":"123"}},"allowed_methods":["card"],"capture_method":"manual","confirm":true,"account":"acct","return_url":"http://shop.example/","metadata":{"a":"b"},"expires_in":900,"client":{"ip":"2001:db8::1","country":"CN"}}`, ""},
	{"escapes", payment("description", `"\u8336 \ud83c\udf75 \"x\" \\ \/"`), ""},
	{"metadata at its limit", payment("metadata", manyEntries(50)), ""},
	{"metadata value at its limit", payment("metadata", `{"k":`+quoted(500)+`}`), ""},
	{"amount missing", payment("amount", ""), "body.amount"},
	{"amount zero", payment("amount", "0"), "body.amount"},
	{"amount negative", payment("amount", "-5"), "body.amount"},
	{"amount above the most", payment("amount", "1000000000000"), "body.amount"},
	{"amount overflows", payment("amount", "9223372036854775808"), "body.amount"},
	{"amount of many digits", payment("amount", "1"+strings.Repeat("0", 200)), "body.amount"},
	{"amount fractional", payment("amount", "12.5"), "body.amount"},
	{"amount with zero fraction", payment("amount", "12.0"), "body.amount"},
	{"amount with exponent", payment("amount", "1e3"), "body.amount"},
	{"amount a string", payment("amount", `"1250"`), "body.amount"},
	{"amount null", payment("amount", "null"), "body.amount"},
	{"currency unknown", payment("currency", `"XYZ"`), "body.currency"},
	{"currency lower case", payment("currency", `"cny"`), "body.currency"},
	{"order missing", payment("merchant_order_id", ""), "body.merchant_order_id"},
	{"order empty", payment("merchant_order_id", `""`), "body.merchant_order_id"},
	{"order too long", payment("merchant_order_id", quoted(65)), "body.merchant_order_id"},
	{"order with a line end", payment("merchant_order_id", `"a\nb"`), "body.merchant_order_id"},
	{"order with C1 control", payment("merchant_order_id", `"a\u0085b"`), "body.merchant_order_id"},
	{"unknown field", payment("ammount", "1"), "body.ammount"},
	{"field in capitals", payment("Description", `"x"`), "body.Description"},
	{"unknown field below", payment("client", `{"country":"CN","city":"x"}`), "body.client.city"},
	{"method unknown", payment("payment_method", `{"type":"gold"}`), "body.payment_method.type"},
	{"method without type", payment("payment_method", `{}`), "body.payment_method.type"},
	{"method an array", payment("payment_method", `[]`), "body.payment_method"},
	{"card without number or token", payment("payment_method", `{"type":"card","card":{}}`), "body.payment_method.card"},
	{"card with both", payment("payment_method", `{"type":"card","card":{"token":"t","number":"4242424242424242"}}`), "body.payment_method.card"},
	{"card without expiry", payment("payment_method", `{"type":"card","card":{"number":"4242424242424242"}}`), "body.payment_method.card"},
	{"card number with letters", payment("payment_method", `{"type":"card","card":{"number":"4242x"}}`), "body.payment_method.card.number"},
	{"card for another method", payment("payment_method", `{"type":"alipay","card":{"token":"t"}}`), "body.payment_method.card"},
	{"item of a list", payment("allowed_methods", `["card","gold"]`), "body.allowed_methods[1]"},
	{"empty list", payment("allowed_methods", `[]`), "body.allowed_methods"},
	{"confirm without method", payment("confirm", "true"), "body.confirm"},
	{"confirm a word", payment("confirm", `"yes"`), "body.confirm"},
	{"relative URL", payment("return_url", `"/orders"`), "body.return_url"},
	{"script URL", payment("return_url", `"javascript:alert(1)"`), "body.return_url"},
	{"URL with user", payment("return_url", `"https://a:b@shop.example/"`), "body.return_url"},
	{"metadata too many", payment("metadata", manyEntries(51)), "body.metadata"},
	{"metadata name too long", payment("metadata", `{`+quoted(41)+`:"v"}`), "body.metadata." + strings.Repeat("x", 40)},
	{"metadata value too long", payment("metadata", `{"k":`+quoted(501)+`}`), "body.metadata.k"},
	{"metadata of numbers", payment("metadata", `{"k":1}`), "body.metadata.k"},
	{"expiry past", payment("expires_at", `"2020-01-01T00:00:00Z"`), "body.expires_at"},
	{"expiry no time", payment("expires_at", `"tomorrow"`), "body.expires_at"},
	{"expiry with a comma", payment("expires_at", `"2026-12-22T06:20:31,5Z"`), "body.expires_at"},
	{"expiry with a short hour", payment("expires_at", `"2026-12-22T6:20:31Z"`), "body.expires_at"},
	{"expiry after years", payment("expires_at", `"2036-12-22T06:20:31Z"`), "body.expires_at"},
	{"both expiries", payment("expires_at", `"2026-12-22T06:20:31Z","expires_in":900`), "body.expires_in"},
	{"expiry too soon", payment("expires_in", "1"), "body.expires_in"},
	{"country", payment("client", `{"country":"China"}`), "body.client.country"},
	{"address", payment("client", `{"ip":"shop.example"}`), "body.client.ip"},
	{"not an object", `[1]`, "body"},
	{"a word", `true`, "body"},
	{"empty", ` `, "body"},
	{"cut short", `{"amount":1`, "body"},
	{"trailing data", payment("", "") + `{}`, "body"},
	{"trailing comma", `{"amount":1,}`, "body"},
	{"duplicate key", `{"amount":1,"amount":2}`, "body"},
	{"duplicate key, escaped", `{"amount":1,"\u0061mount":2}`, "body"},
	{"single quotes", `{'amount':1}`, "body"},
	{"comment", `{/**/}`, "body"},
	{"leading zero", payment("amount", "01"), "body"},
	{"plus sign", payment("amount", "+1"), "body"},
	{"NaN", payment("amount", "NaN"), "body"},
	{"invalid UTF-8", "{\"description\":\"\xff\"}", "body"},
	{"lone surrogate", payment("description", `"\ud800"`), "body"},
	{"control character", "{\"description\":\"a\x01\"}", "body"},
	{"too deep", payment("metadata", strings.Repeat(`{"a":`, 20)+"1"+strings.Repeat("}", 20)), "body"},
	{"byte order mark", "\ufeff{}", "body"},
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, b := range bodies {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			reached := false
			f.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) {
				reached = true
				return paymux.Reply{Object: json.RawMessage(paymentObject), Created: true}, r.Money.Validate()
			}
			got := f.ask(t, "POST", "/v1/payments", b.body)
			if b.at == "" {
				if got.status != 201 || !reached {
					t.Errorf("%d %s", got.status, got.body)
				}
				return
			}
			f.wantProblem(t, got, paymux.InvalidRequest)
			if !strings.Contains(got.body, `"location":"`+b.at+`"`) || reached {
				t.Errorf("reached %v; no fault at %s in %s", reached, b.at, got.body)
			}
		})
	}
}

// TestGoldenProblems keeps whole problem documents, as merchants see them.
func TestGoldenProblems(t *testing.T) {
	t.Parallel()
	var all bytes.Buffer
	for _, x := range []struct{ name, body string }{
		{"several", `{"amount":-1,"currency":"cny","ammount":1,"payment_method":{"type":"card","card":{"number":"4242 4242","cvc":"abcd"}}}`},
		{"syntax", "{\"amount\":1,\n \"currency\" \"CNY\"}"},
	} {
		got := newFront(t).ask(t, "POST", "/v1/payments", x.body)
		fmt.Fprintf(&all, "# %s: %d\n%s\n", x.name, got.status, indent(t, got))
	}
	f := newFront(t)
	f.verbs.create = func(paymux.CreatePayment) (paymux.Reply, error) {
		return paymux.Reply{
			Error:  &paymux.Error{Code: paymux.PaymentDeclined, Message: "The card has insufficient funds.", DeclineCode: paymux.DeclineInsufficientFunds, Advice: paymux.TryOtherMethod},
			Object: json.RawMessage(`{"id":"pay_1","object":"payment","status":"failed","last_error":{"code":"payment_declined","message":"…","channel":"sandbox","channel_code":"51","channel_message":"NSF"}}`),
		}, nil
	}
	got := f.ask(t, "POST", "/v1/payments", goodPayment)
	fmt.Fprintf(&all, "# declined: %d\n%s\n", got.status, indent(t, got))
	golden(t, "testdata/problems.golden", all.Bytes())
}

// indent lays a document out and hides the request ID, which is new each time.
func indent(t *testing.T, got answered) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(strings.ReplaceAll(got.body, got.header.Get("Request-Id"), "req_…")), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNothingSecretIsEchoed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		payment("payment_method", `{"type":"card","card":{"number":"4242424242424242SECRET","exp_month":1,"exp_year":2030}}`),
		payment("payment_method", `{"type":"card","card":{"token":"SECRET","number":"42"}}`),
		payment("payment_method", `{"type":"card","card":{"numbr":"SECRET"}}`),
		payment("payment_method", `{"type":"card","card":{"token":"t","cvc":"SECRET"}}`),
		`{"amount":1,"payment_method":{"card":{"number":"SECRET"`,
	} {
		f := newFront(t)
		got := f.ask(t, "POST", "/v1/payments", body)
		if got.status != 400 || strings.Contains(got.body, "SECRET") || strings.Contains(f.log.String(), "SECRET") {
			t.Errorf("%d %s\nlog %s", got.status, got.body, f.log)
		}
	}
}
