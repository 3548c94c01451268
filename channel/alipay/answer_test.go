package alipay_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// pair is a key of each side, made once for all tests.
var pair = sync.OnceValue(func() (k struct{ app, alipay *rsa.PrivateKey }) {
	for _, key := range []**rsa.PrivateKey{&k.app, &k.alipay} {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		*key = made
	}
	return k
})

func private(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func public(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func signature(key *rsa.PrivateKey, content string) string {
	digest := sha256.Sum256([]byte(content))
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// answering is an account at a gateway that gives everything one answer.
func answering(t *testing.T, status int, body func(method string) string) (channel.Channel, *atomic.Int64) {
	t.Helper()
	calls := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		w.Write([]byte(body(r.URL.Query().Get("method"))))
	}))
	t.Cleanup(server.Close)
	return open(t, channel.Config{Account: "main", Client: server.Client(), Options: map[string]string{
		"app_id": "2021000000000001", "private_key": private(pair().app), "alipay_public_key": public(pair().alipay), "base_url": server.URL,
	}}), calls
}

// truly is an answer with a signature over its content.
func truly(content string) func(string) string {
	return func(method string) string {
		return fmt.Sprintf(`{"%s":%s,"sign":"%s"}`, member(method), content, signature(pair().alipay, content))
	}
}

func member(method string) string { return strings.ReplaceAll(method, ".", "_") + "_response" }

var mint = paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)

func operation(kind paymux.OperationKind) channel.Operation {
	op := channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: kind, Money: paymux.Money{Amount: 1250, Currency: "CNY"},
		Method: paymux.Method{Type: paymux.Alipay, Flow: paymux.FlowInApp, PayerID: "2088102146225135"}, Description: "tea",
		ExpiresAt: time.Now().Add(time.Hour), SentAt: time.Now().Add(-time.Minute),
	}
	if kind != paymux.Pay {
		op.PayID = paymux.OperationID(mint.New(paymux.PrefixOperation))
	}
	return op
}

// What the gateway's codes mean for what was asked.
func TestCodes(t *testing.T) {
	t.Parallel()
	const failed = "an error" // an outcome that nobody knows
	const unsent = "not sent"
	for _, c := range []struct {
		kind          paymux.OperationKind
		code, subCode string
		want          string // state, or what error
		decline       paymux.DeclineCode
		retryable     bool
	}{
		{paymux.Pay, "20000", "isp.unknow-error", failed, "", false},
		{paymux.Refunds, "20000", "aop.unknow-error", failed, "", false},
		{paymux.Pay, "20001", "aop.invalid-auth-token", unsent, "", false},
		{paymux.Pay, "40001", "isv.missing-signature", unsent, "", false},
		{paymux.Refunds, "40002", "isv.invalid-signature", unsent, "", false},
		{paymux.Cancel, "40005", "isv.app-call-limited", unsent, "", false},
		{paymux.Pay, "40006", "isv.insufficient-isv-permissions", unsent, "", false},
		{paymux.Pay, "10003", "", "pending", "", false},
		{paymux.Pay, "40004", "ACQ.SYSTEM_ERROR", failed, "", false},
		{paymux.Pay, "40004", "aop.ACQ.SYSTEM_ERROR", failed, "", false},
		{paymux.Cancel, "40004", "AQC.SYSTEM_ERROR", failed, "", false},
		{paymux.Refunds, "40004", "ACQ.DISCORDANT_REPEAT_REQUEST", failed, "", false},
		{paymux.Pay, "40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "declined", paymux.DeclineInsufficientFunds, false},
		{paymux.Pay, "40004", "aop.ACQ.BUYER_BALANCE_NOT_ENOUGH", "declined", paymux.DeclineInsufficientFunds, false},
		{paymux.Pay, "40004", "ACQ.PAYMENT_REQUEST_HAS_RISK", "declined", paymux.DeclineFraud, false},
		{paymux.Pay, "40004", "ACQ.ACCESS_FORBIDDEN", "declined", paymux.DeclineNotSupported, true},
		{paymux.Pay, "40004", "ACQ.PARTNER_ERROR", "declined", paymux.DeclineProcessing, true},
		{paymux.Refunds, "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "declined", paymux.DeclineRefundRefused, false},
		{paymux.Refunds, "40004", "ACQ.TRADE_NOT_EXIST", "declined", paymux.DeclineRefundRefused, false},
		{paymux.Pay, "40004", "ACQ.SAID_TOMORROW", "unknown", "", false},
		{paymux.Refunds, "40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "unknown", "", false}, // a payment's code proves nothing of a refund
		{paymux.Cancel, "40004", "ACQ.SAID_TOMORROW", "unknown", "", false},
		{paymux.Pay, "40004", "", "unknown", "", false},
		{paymux.Pay, "50000", "", "unknown", "", false},
	} {
		t.Run(string(c.kind)+" "+c.code+" "+c.subCode, func(t *testing.T) {
			t.Parallel()
			ch, calls := answering(t, 200, truly(fmt.Sprintf(`{"code":"%s","msg":"no","sub_code":"%s","sub_msg":"不行"}`, c.code, c.subCode)))
			r, err := ch.Do(t.Context(), operation(c.kind))
			got := string(r.State)
			switch {
			case errors.Is(err, channel.ErrNotSent):
				got = unsent
			case err != nil:
				got = failed
			}
			if got != c.want || r.DeclineCode != c.decline || r.Retryable != c.retryable {
				t.Errorf("%s %s retryable %t (%v); want %s %s %t", got, r.DeclineCode, r.Retryable, err, c.want, c.decline, c.retryable)
			}
			if r.Code != c.subCode && r.Code != c.code {
				t.Errorf("the institution's code is lost: %q", r.Code)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
		})
	}
}

// A query that is refused says nothing, whatever the code, unless it says that there is no such trade.
func TestARefusedQueryIsNoOutcome(t *testing.T) {
	t.Parallel()
	for _, code := range []string{`"20000"`, `"40001"`, `"40002"`, `"40006"`, `"40004","sub_code":"ACQ.SYSTEM_ERROR"`, `"40004","sub_code":"ACQ.INVALID_PARAMETER"`, `"77777"`} {
		ch, _ := answering(t, 200, truly(`{"code":`+code+`,"msg":"no"}`))
		for _, kind := range []paymux.OperationKind{paymux.Pay, paymux.Cancel, paymux.Refunds} {
			r, err := ch.Query(t.Context(), operation(kind))
			if err == nil || errors.Is(err, channel.ErrAbsent) || errors.Is(err, channel.ErrNotSent) {
				t.Errorf("query %s answered %s: %s, %v; want an error that says nothing", kind, code, r.State, err)
			}
		}
	}
}

// What is not signed, or not by Alipay, or is about something else, is not known: neither believed nor taken for a refusal.
func TestUnverifiedAnswersAreNotBelieved(t *testing.T) {
	t.Parallel()
	op := operation(paymux.Pay)
	number := paymux.OrderNumber(string(op.ID))
	content := `{"code":"10000","msg":"Success","out_trade_no":"` + number + `","trade_no":"2026","trade_status":"TRADE_SUCCESS","total_amount":"12.50"}`
	closed := strings.Replace(content, "TRADE_SUCCESS", "TRADE_CLOSED", 1)
	absent := `{"code":"40004","msg":"no","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在"}`
	forged := func(content, sign string) func(string) string {
		return func(method string) string { return fmt.Sprintf(`{"%s":%s,"sign":"%s"}`, member(method), content, sign) }
	}
	for name, body := range map[string]func(string) string{
		"no signature":        func(m string) string { return `{"` + member(m) + `":` + content + `}` },
		"empty signature":     forged(content, ""),
		"another's signature": forged(content, signature(pair().app, content)),
		"another answer's":    forged(closed, signature(pair().alipay, content)),
		"one space more":      forged(strings.Replace(content, ",", ", ", 1), signature(pair().alipay, content)),
		"escaped otherwise":   forged(strings.Replace(content, "TRADE_SUCCESS", `TRADE\u005fSUCCESS`, 1), signature(pair().alipay, content)),
		"a second, forged one": func(m string) string {
			return `{"` + member(m) + `":` + content + `,"` + member(m) + `":` + closed + `,"sign":"` + signature(pair().alipay, content) + `"}`
		},
		"an unsigned refusal": func(string) string { return `{"error_response":` + absent + `}` },
		"a refusal signed wrong": func(string) string {
			return `{"error_response":` + absent + `,"sign":"` + signature(pair().alipay, content) + `"}`
		},
		"another method's": func(string) string { return truly(content)("alipay.trade.close") },
		"another order":    truly(strings.Replace(content, number, paymux.OrderNumber(mint.New("op_")), 1)),
		"a list":           truly(`[]`),
		"no code":          truly(`{}`),
		"no JSON":          func(string) string { return "<html>welcome</html>" },
		"nothing":          func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, _ := answering(t, 200, body)
			if r, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
				t.Errorf("query: %s, %v", r.State, err)
			}
			r, err := ch.Do(t.Context(), op)
			if err == nil && r.State != paymux.OpUnknown || errors.Is(err, channel.ErrNotSent) {
				t.Errorf("do: %s, %v; want an error other than ErrNotSent", r.State, err)
			}
			if err != nil && (strings.Contains(err.Error(), "welcome") || strings.Contains(err.Error(), "sign=")) {
				t.Errorf("the error repeats what it must not: %v", err)
			}
		})
	}
	ch, _ := answering(t, 200, truly(content))
	if r, err := ch.Query(t.Context(), op); err != nil || r.State != paymux.OpSucceeded || r.Money != op.Money {
		t.Errorf("the honest answer: %+v, %v", r, err)
	}
}

func TestHTTPFailuresAreNotKnown(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 307, 403, 429, 500, 502, 503} {
		ch, calls := answering(t, status, truly(`{"code":"40002","msg":"no"}`))
		if r, err := ch.Do(t.Context(), operation(paymux.Refunds)); err == nil || errors.Is(err, channel.ErrNotSent) {
			t.Errorf("HTTP %d: %s, %v; want an error other than ErrNotSent", status, r.State, err)
		}
		if calls.Load() != 1 {
			t.Errorf("HTTP %d: %d requests", status, calls.Load())
		}
	}
}

// noKeys can sign nothing, as where the key service is down.
type noKeys struct{ channel.Keys }

func (noKeys) KeyID(context.Context, string) (string, error) {
	return "", errors.New("the key service is down")
}

func TestRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	calls := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(server.Close)
	config := channel.Config{Client: server.Client(), Options: map[string]string{
		"app_id": "2021000000000001", "private_key": private(pair().app), "alipay_public_key": public(pair().alipay), "base_url": server.URL,
	}}
	at := func(base string, keys channel.Keys) channel.Channel {
		c := config
		c.Options = map[string]string{}
		for name, value := range config.Options {
			c.Options[name] = value
		}
		c.Options["base_url"], c.Keys = base, keys
		return open(t, c)
	}
	with := func(change func(*channel.Operation)) channel.Operation {
		op := operation(paymux.Pay)
		change(&op)
		return op
	}
	if _, err := at(server.URL, noKeys{}).Query(t.Context(), operation(paymux.Refunds)); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("a question that could not be signed: %v; want an error that says nothing of the operation", err)
	}
	canceled, stop := context.WithCancel(t.Context())
	stop()
	here := at(server.URL, nil)
	for name, c := range map[string]struct {
		ctx context.Context
		ch  channel.Channel
		op  channel.Operation
		is  error
	}{
		"no keys":              {t.Context(), at(server.URL, noKeys{}), operation(paymux.Pay), channel.ErrNotSent},
		"no keys for a page":   {t.Context(), at(server.URL, noKeys{}), with(func(op *channel.Operation) { op.Method.Flow = paymux.FlowWeb }), channel.ErrNotSent},
		"context done":         {canceled, here, operation(paymux.Pay), channel.ErrNotSent},
		"page, context done":   {canceled, here, with(func(op *channel.Operation) { op.Method.Flow = paymux.FlowWeb }), channel.ErrNotSent},
		"live at the test":     {t.Context(), at("https://openapi-sandbox.dl.alipaydev.com/gateway.do", nil), with(func(op *channel.Operation) { op.Livemode = true }), channel.ErrNotSent},
		"test at the real":     {t.Context(), at("https://openapi.alipay.com/gateway.do", nil), operation(paymux.Pay), channel.ErrNotSent},
		"no payer":             {t.Context(), here, with(func(op *channel.Operation) { op.Method.PayerID = "" }), channel.ErrNotSent},
		"a payer of two lines": {t.Context(), here, with(func(op *channel.Operation) { op.Method.PayerID = "2088\n1" }), channel.ErrNotSent},
		"no time left":         {t.Context(), here, with(func(op *channel.Operation) { op.ExpiresAt = time.Now().Add(30 * time.Second) }), channel.ErrNotSent},
		"reservation":          {t.Context(), here, with(func(op *channel.Operation) { op.Manual = true }), channel.ErrUnsupported},
		"dollars":              {t.Context(), here, with(func(op *channel.Operation) { op.Money.Currency = "USD" }), channel.ErrUnsupported},
		"another method":       {t.Context(), here, with(func(op *channel.Operation) { op.Method.Type = paymux.Card }), channel.ErrUnsupported},
		"a flow of tomorrow":   {t.Context(), here, with(func(op *channel.Operation) { op.Method.Flow = "watch" }), channel.ErrUnsupported},
		"capture":              {t.Context(), here, operation(paymux.Capture), channel.ErrUnsupported},
	} {
		r, err := c.ch.Do(c.ctx, c.op)
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %s, %v; want %v", name, r.State, err, c.is)
		}
	}
	if calls.Load() != 0 {
		t.Errorf("%d requests left", calls.Load())
	}
}

// net/http repeats by itself what it can rewind.
func TestNothingCanBeRewound(t *testing.T) {
	t.Parallel()
	line := tripper(func(r *http.Request) (*http.Response, error) {
		if r.GetBody != nil {
			t.Error("the request can be rewound")
		}
		return nil, errors.New("broken")
	})
	ch := open(t, channel.Config{Client: &http.Client{Transport: line}, Options: map[string]string{
		"app_id": "2021000000000001", "private_key": private(pair().app), "alipay_public_key": public(pair().alipay),
	}})
	op := operation(paymux.Refunds)
	op.Livemode = true
	if _, err := ch.Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("a broken line: %v", err)
	}
}
