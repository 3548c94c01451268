package test_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// bad is a request that must be refused before anything happens.
type bad struct {
	name   string
	ask    request
	status int
	code   paymux.Code
	param  string // empty: whatever it is
}

// order is a payment request as JSON whose fields a case replaces: order("amount", "0").
func order(replace ...string) string {
	fields := map[string]string{"amount": "1000", "currency": `"CNY"`, "merchant_order_id": `"bad-input"`, "payment_method": `{"type":"wechat_pay"}`}
	names := []string{"amount", "currency", "merchant_order_id", "payment_method"}
	for i := 0; i < len(replace); i += 2 {
		if _, known := fields[replace[i]]; !known {
			names = append(names, replace[i])
		}
		fields[replace[i]] = replace[i+1]
	}
	var b strings.Builder
	for _, name := range names {
		if fields[name] == "" {
			continue
		}
		fmt.Fprintf(&b, `,%q:%s`, name, fields[name])
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

func badBodies() []bad {
	const no = paymux.InvalidRequest
	var all []bad
	for _, c := range []struct {
		name, body, param string
	}{
		{"no body", "", ""},
		{"malformed", `{"amount":1000,`, ""},
		{"not an object", `[1,2]`, ""},
		{"text after the object", order() + "x", ""},
		{"a name twice", `{"amount":1,` + order()[1:], ""},
		{"deeply nested", strings.Repeat(`{"metadata":`, 5000) + "1" + strings.Repeat("}", 5000), ""},
		{"not UTF-8", order("description", "\"\xff\xfe\""), ""},
		{"unknown field", order("amuont", "1"), "amuont"},
		{"unknown field inside", order("payment_method", `{"type":"card","card":{"token":"tok_visa","pin":"1"}}`), "payment_method.card.pin"},
		{"missing field", order("merchant_order_id", ""), "merchant_order_id"},
		{"text for a number", order("amount", `"1000"`), "amount"},
		{"number for a text", order("merchant_order_id", "7"), "merchant_order_id"},
		{"null amount", order("amount", "null"), "amount"},
		{"object for a text", order("currency", `{"code":"CNY"}`), "currency"},
		{"zero", order("amount", "0"), "amount"},
		{"negative", order("amount", "-1"), "amount"},
		{"above the limit", order("amount", "1000000000000"), "amount"},
		{"above int64", order("amount", "9223372036854775808"), "amount"},
		{"huge exponent", order("amount", "1e400"), "amount"},
		{"fraction", order("amount", "10.5"), "amount"},
		{"unknown currency", order("currency", `"ABC"`), "currency"},
		{"small letters", order("currency", `"cny"`), "currency"},
		{"no currency of payments", order("currency", `"XAU"`), "currency"},
		{"unknown method", order("payment_method", `{"type":"cowrie"}`), "payment_method.type"},
		{"card with nothing", order("payment_method", `{"type":"card","card":{}}`), "payment_method.card"},
		{"card number with letters", order("payment_method", `{"type":"card","card":{"number":"4242x","exp_month":1,"exp_year":2040}}`), "payment_method.card.number"},
		{"month 13", order("payment_method", `{"type":"card","card":{"token":"tok_visa","exp_month":13}}`), "payment_method.card.exp_month"},
		{"long order number", order("merchant_order_id", `"`+strings.Repeat("x", 65)+`"`), "merchant_order_id"},
		{"not a URL", order("return_url", `"javascript:alert(1)"`), "return_url"},
		{"expired already", order("expires_at", `"2020-01-01T00:00:00Z"`), "expires_at"},
		{"not a time", order("expires_at", `"tomorrow"`), "expires_at"},
		{"unknown capture method", order("capture_method", `"later"`), "capture_method"},
	} {
		all = append(all, bad{c.name, request{method: http.MethodPost, path: "/v1/payments", key: "bad", body: c.body}, http.StatusBadRequest, no, c.param})
	}
	return all
}

// badRequests are wrong in another place than the body; id is of a payment that exists.
func badRequests(id paymux.PaymentID) []bad {
	const post, get = http.MethodPost, http.MethodGet
	mistyped := mistype(string(id))
	head := func(name, value string) map[string]string { return map[string]string{name: value} }
	return []bad{
		{"huge body", request{method: post, path: "/v1/payments", key: "bad", body: order("description", `"`+strings.Repeat("x", 70_000)+`"`)}, 413, paymux.PayloadTooLarge, ""},
		{"no content type", request{method: post, path: "/v1/payments", key: "bad", body: order(), header: head("Content-Type", "")}, 415, paymux.UnsupportedMedia, ""},
		{"form", request{method: post, path: "/v1/payments", key: "bad", body: order(), header: head("Content-Type", "application/x-www-form-urlencoded")}, 415, paymux.UnsupportedMedia, ""},
		{"packed body", request{method: post, path: "/v1/payments", key: "bad", body: order(), header: head("Content-Encoding", "gzip")}, 415, paymux.UnsupportedMedia, ""},
		{"not a JWE", request{method: post, path: "/v1/payments", key: "bad", body: order(), header: head("Content-Type", "application/jose")}, 400, paymux.InvalidRequest, ""},
		{"no key", request{method: post, path: "/v1/payments", body: order()}, 400, paymux.KeyMissing, ""},
		{"long key", request{method: post, path: "/v1/payments", key: strings.Repeat("k", 256), body: order()}, 400, paymux.InvalidRequest, ""},
		{"broken key", request{method: post, path: "/v1/payments", body: order(), header: head("Idempotency-Key", `"open`)}, 400, paymux.InvalidRequest, ""},
		{"used key", request{method: post, path: "/v1/payments", key: "used", body: order()}, 422, paymux.KeyReused, ""},
		{"order in use", request{method: post, path: "/v1/payments", key: "second", body: order("merchant_order_id", `"good-input"`)}, 409, paymux.OrderInUse, ""},
		{"no channel", request{method: post, path: "/v1/payments", key: "bad-paypal", body: order("payment_method", `{"type":"paypal"}`)}, 422, paymux.NoChannel, ""},
		{"wrong method", request{method: http.MethodPut, path: "/v1/payments"}, 405, paymux.MethodNotAllowed, ""},
		{"unknown path", request{method: get, path: "/v1/paymints"}, 404, paymux.NotFound, ""},
		{"no ID", request{method: get, path: "/v1/payments/12"}, 400, paymux.InvalidID, ""},
		{"mistyped ID", request{method: get, path: "/v1/payments/" + mistyped}, 400, paymux.InvalidID, ""},
		{"ID of another kind", request{method: get, path: "/v1/refunds/" + string(id)}, 400, paymux.InvalidID, ""},
		{"mistyped ID to capture", request{method: post, path: "/v1/payments/" + mistyped + "/capture", key: "bad"}, 400, paymux.InvalidID, ""},
		{"mistyped ID to refund", request{method: post, path: "/v1/refunds", key: "bad", body: fmt.Sprintf(`{"payment":%q}`, mistyped)}, 400, paymux.InvalidID, "payment"},
		{"unknown query", request{method: get, path: "/v1/payments?colour=red"}, 400, paymux.InvalidRequest, ""},
		{"limit out of range", request{method: get, path: "/v1/payments?limit=101"}, 400, paymux.InvalidRequest, ""},
		{"cursor that is none", request{method: get, path: "/v1/payments?cursor=xyz"}, 400, paymux.InvalidID, ""},
		{"refund of nothing paid", request{method: post, path: "/v1/refunds", key: "bad-refund", body: fmt.Sprintf(`{"payment":%q}`, id)}, 409, paymux.StateConflict, ""},
		{"capture of nothing reserved", request{method: post, path: "/v1/payments/" + string(id) + "/capture", key: "bad-capture"}, 409, paymux.StateConflict, ""},
		{"nobody", request{method: get, path: "/v1/payments", bearer: "-"}, 401, paymux.Unauthenticated, ""},
		{"unknown bearer", request{method: get, path: "/v1/payments", bearer: "sk_test_nobody"}, 401, paymux.Unauthenticated, ""},
		{"operators' door", request{method: post, path: "/ops/v1/merchants", key: "bad", body: `{"name":"x"}`}, 401, paymux.Unauthenticated, ""},
		{"forged callback", request{method: post, path: "/callbacks/sandbox/wallet", body: `{"id":"x"}`, bearer: "-"}, 400, paymux.CallbackRefused, ""},
		{"callback for nobody", request{method: post, path: "/callbacks/sandbox/nobody", body: `{}`, bearer: "-"}, 404, paymux.NotFound, ""},
	}
}

// mistype replaces one character in the middle of an ID, as a person would.
func mistype(id string) string {
	at := len(id) / 2
	other := byte('7')
	if id[at] == other {
		other = '8'
	}
	return id[:at] + string(other) + id[at+1:]
}

// Whatever is wrong with a request, the answer is a problem document that names it, and nothing was made.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	p.start()
	s := newScene(t, p, nil, "cards", "wallet")
	first := p.ask(t, s.post("/v1/payments", "used", order("merchant_order_id", `"good-input"`)))
	id := paymux.PaymentID(first.id(t))
	before := s.counted()
	t.Run("cases", func(t *testing.T) {
		for _, c := range append(badBodies(), badRequests(id)...) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				switch c.ask.bearer {
				case "":
					c.ask.bearer = s.bearer
				case "-":
					c.ask.bearer = ""
				}
				got := p.ask(t, c.ask)
				code, param := got.problem(t)
				if got.status != c.status || code != c.code || c.param != "" && param != c.param {
					t.Errorf("%d %s at %q, not %d %s at %q: %s", got.status, code, param, c.status, c.code, c.param, got.body)
				}
			})
		}
		t.Run("slow body", func(t *testing.T) { t.Parallel(); s.on(t).slowBody() })
		t.Run("endless body", func(t *testing.T) { t.Parallel(); s.on(t).endlessBody() })
	})
	if after := s.counted(); after != before {
		t.Errorf("there were %s, now there are %s", before, after)
	}
}

// counted is how much there is of everything a merchant can make.
func (s *scene) counted() string {
	s.t.Helper()
	payments, refunds := 0, 0
	for _, err := range s.Payments(s.t.Context(), client.PaymentQuery{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		payments++
	}
	for _, err := range s.Refunds(s.t.Context(), client.RefundQuery{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		refunds++
	}
	return fmt.Sprintf("%d payments, %d refunds, %d charges", payments, refunds, len(s.p.charges(s.t, "")))
}

// dial opens a connection and sends the head of a payment request.
func (s *scene) dial(more string) net.Conn {
	s.t.Helper()
	line, err := net.Dial("tcp", s.p.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { line.Close() })
	fmt.Fprintf(line, "POST /v1/payments HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nIdempotency-Key: \"slow\"\r\n%s\r\n\r\n",
		s.p.address, s.bearer.Reveal(), more)
	return line
}

func (s *scene) refusedOn(line net.Conn, status int, code paymux.Code) {
	s.t.Helper()
	_ = line.SetReadDeadline(time.Now().Add(30 * time.Second))
	a, err := read(http.ReadResponse(bufio.NewReader(line), nil))
	if err != nil {
		s.t.Fatal(err)
	}
	if got, _ := a.problem(s.t); a.status != status || got != code {
		s.t.Errorf("%d %s, not %d %s", a.status, got, status, code)
	}
}

// slowBody sends half a body and then nothing.
func (s *scene) slowBody() {
	line := s.dial("Content-Length: 1000")
	io.WriteString(line, `{"amount":`)
	s.refusedOn(line, http.StatusRequestTimeout, paymux.RequestTimeout)
}

// endlessBody announces no length and does not end.
func (s *scene) endlessBody() {
	line := s.dial("Transfer-Encoding: chunked")
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 4096, strings.Repeat(" ", 4096))
	for range 20 {
		if _, err := io.WriteString(line, chunk); err != nil {
			break // it has answered already
		}
	}
	s.refusedOn(line, http.StatusRequestEntityTooLarge, paymux.PayloadTooLarge)
}

// Amounts are in minor units, however many decimals a currency has.
func TestCurrencies(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	p.start()
	s := newScene(t, p, nil, "cards", "wallet")
	for _, m := range []struct {
		paymux.Money
		shown string
	}{
		{paymux.Money{Amount: 500, Currency: "JPY"}, "500"},
		{paymux.Money{Amount: 1250, Currency: "KWD"}, "1.250"},
		{paymux.Money{Amount: 1250, Currency: "CNY"}, "12.50"},
	} {
		r := s.wish(m.Amount, paymux.Card, goodCard)
		r.Currency, r.MerchantOrderID = m.Currency, string(m.Currency)
		now := s.pay(r, http.StatusCreated, paymux.Succeeded)
		if c := p.charges(t, now.ID); len(c) != 1 || c[0].Amount != m.Amount || c[0].Currency != m.Currency || now.AmountReceived != m.Amount {
			t.Errorf("%s: received %d, booked %+v", m.Currency, now.AmountReceived, c)
		}
		r = s.wish(m.Amount, paymux.WeChatPay, "")
		r.Currency, r.MerchantOrderID = m.Currency, string(m.Currency)+"-page"
		waiting := s.pay(r, http.StatusCreated, paymux.RequiresAction)
		page := p.ask(t, request{method: http.MethodGet, path: strings.TrimPrefix(waiting.NextAction.DisplayQR.Data, p.url())})
		if !strings.Contains(page.body, m.shown) {
			t.Errorf("the payer's page does not show %s %s:\n%s", m.Currency, m.shown, page.body)
		}
	}
}
