package adyen_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/adyen"
	"github.com/paymux/paymux/test/adyenfake"
)

var mint = paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)

func newID() paymux.OperationID { return paymux.OperationID(mint.New(paymux.PrefixOperation)) }

func payment(token string) channel.Operation {
	return channel.Operation{
		ID: newID(), Kind: paymux.Pay, Payment: "pay_1",
		Money: paymux.Money{Amount: 1250, Currency: "EUR"}, Method: paymux.Method{Type: paymux.Card},
		Card: &paymux.CardDetails{Token: paymux.Secret(token)}, ReturnURL: "https://shop.example/back",
		PageURL: "https://pay.example/pay/pay_1", CallbackURL: "https://pay.example/callbacks/adyen/main",
		SentAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	}
}

func following(kind paymux.OperationKind, channelID string) channel.Operation {
	return channel.Operation{
		ID: newID(), Kind: kind, PayID: newID(), ChannelID: channelID, SentAt: time.Now(),
		Money: paymux.Money{Amount: 1250, Currency: "EUR"}, Method: paymux.Method{Type: paymux.Card},
	}
}

// answering is an account at an institution that gives everything one answer.
func answering(t *testing.T, status int, header, body string) (channel.Channel, *atomic.Int64) {
	t.Helper()
	calls := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	_, config := fake(t)
	config.Options["base_url"], config.Options["api_key"] = server.URL, "AQE-the-key"
	return open(t, config), calls
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		header  string
		body    string
		notSent bool
		decline paymux.DeclineCode
	}{
		"key refused":          {401, "", `{"status":401,"errorCode":"000","message":"key AQE-the-key is wrong","errorType":"security"}`, true, ""},
		"key without rights":   {403, "", `{"status":403,"errorCode":"010","message":"Not allowed","errorType":"security"}`, true, ""},
		"too many requests":    {429, "", `{}`, true, ""},
		"key at work":          {422, "", `{"status":422,"errorCode":"704","message":"request already processed or in progress","errorType":"validation"}`, false, ""},
		"conflict":             {409, "", `{"status":409,"message":"conflict"}`, false, ""},
		"transient":            {422, "Transient-Error: true", `{"status":422,"errorCode":"x","errorType":"validation"}`, false, ""},
		"internal":             {422, "", `{"status":422,"errorCode":"905","errorType":"internal"}`, false, ""},
		"broken":               {500, "", `{"status":500,"errorType":"internal","message":"oops"}`, false, ""},
		"broken without JSON":  {502, "", `<html>bad gateway</html>`, false, ""},
		"200 without JSON":     {200, "", `<html>welcome</html>`, false, ""},
		"200 of another":       {200, "", `{"resultCode":"Authorised","pspReference":"A1","merchantReference":"op_other-pay"}`, false, ""},
		"redirected":           {307, "", ``, false, ""},
		"redirected for good":  {308, "", ``, false, ""},
		"invalid card":         {422, "", `{"status":422,"errorCode":"101","message":"Invalid card number","errorType":"validation"}`, false, paymux.DeclineIncorrectNumber},
		"currency not taken":   {422, "", `{"status":422,"errorCode":"905_1","errorType":"configuration"}`, false, paymux.DeclineNotSupported},
		"malformed":            {400, "", `{"status":400,"errorCode":"702","errorType":"validation"}`, false, paymux.DeclineProcessing},
		"refused":              {200, "", `{"resultCode":"Refused","pspReference":"A1","refusalReasonCode":"6"}`, false, paymux.DeclineExpiredCard},
		"refused without why":  {200, "", `{"resultCode":"Refused","pspReference":"A1"}`, false, paymux.DeclineGeneric},
		"error":                {200, "", `{"resultCode":"Error","pspReference":"A1"}`, false, paymux.DeclineProcessing},
		"canceled":             {200, "", `{"resultCode":"Cancelled","pspReference":"A1"}`, false, paymux.DeclineCanceledByPayer},
		"error of a new class": {418, "", `{"status":418}`, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, calls := answering(t, c.status, c.header, c.body)
			r, err := ch.Do(t.Context(), payment(adyenfake.Visa))
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
			if c.decline != "" {
				if err != nil || r.State != paymux.OpDeclined || r.DeclineCode != c.decline || r.Code == "" {
					t.Fatalf("%+v, %v; want declined %s", r, err, c.decline)
				}
				return
			}
			if err == nil || errors.Is(err, channel.ErrNotSent) != c.notSent {
				t.Fatalf("%s, error %v; want an error, not sent %t", r.State, err, c.notSent)
			}
			if strings.Contains(err.Error(), "AQE-the-key") || strings.Contains(err.Error(), "html") {
				t.Errorf("error repeats what it must not: %v", err)
			}
		})
	}
}

// Result codes that ask for nothing that was asked for leave the outcome unknown, with the code.
func TestResultCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]paymux.OperationState{
		"Authorised": paymux.OpSucceeded, "Received": paymux.OpPending, "Pending": paymux.OpPending, "PresentToShopper": paymux.OpPending,
		"ChallengeShopper": paymux.OpPending, "PartiallyAuthorised": paymux.OpUnknown, "AuthenticationFinished": paymux.OpUnknown,
		"AuthenticationNotRequired": paymux.OpUnknown, "Success": paymux.OpUnknown, "Levitating": paymux.OpUnknown, "": paymux.OpUnknown,
	} {
		ch, _ := answering(t, 200, "", `{"pspReference":"A1","resultCode":"`+code+`"}`)
		r, err := ch.Do(t.Context(), payment(adyenfake.Visa))
		if err != nil || r.State != want || r.Code != code {
			t.Errorf("%s: %+v, %v; want %s", code, r, err, want)
		}
	}
}

func TestModificationsThatAreNotReceived(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   paymux.OperationState // empty: an error that proves nothing
	}{
		"received":           {201, `{"status":"received","pspReference":"B1"}`, paymux.OpPending},
		"a new status":       {201, `{"status":"pondered","pspReference":"B1"}`, paymux.OpUnknown},
		"of another request": {201, `{"status":"received","pspReference":"B1","reference":"op_other-capture"}`, ""},
		"no such payment":    {422, `{"status":422,"errorCode":"167","errorType":"validation"}`, paymux.OpDeclined},
		"broken":             {503, ``, ""},
	} {
		for _, kind := range []paymux.OperationKind{paymux.Capture, paymux.Cancel, paymux.Refunds} {
			ch, _ := answering(t, c.status, "", c.body)
			r, err := ch.Do(t.Context(), following(kind, "NC6HT9CRT65ZGN82"))
			if r.State != c.want || (err == nil) != (c.want != "") || errors.Is(err, channel.ErrNotSent) {
				t.Errorf("%s, %s: %+v, %v; want %q", kind, name, r, err, c.want)
			}
			if c.want == paymux.OpDeclined && (r.Retryable || kind == paymux.Refunds && r.DeclineCode != paymux.DeclineRefundRefused) {
				t.Errorf("%s, %s: %+v", kind, name, r)
			}
		}
	}
}

func TestRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	ch, calls := answering(t, 200, "", `{}`)
	live, number, spelled, old, nowhere := payment(adyenfake.Visa), payment(""), payment(`{"type":"scheme","number":"4111111111111111"}`), payment(adyenfake.Visa), payment(adyenfake.Visa)
	live.Livemode = true
	number.Card = &paymux.CardDetails{Number: "4111111111111111"}
	old.SentAt = time.Now().Add(-7 * 24 * time.Hour)
	nowhere.CallbackURL = ""
	transfer := payment("")
	transfer.Method.Type = paymux.BankTransfer
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		op  channel.Operation
		is  error
	}{
		"live payment at a test account":   {t.Context(), live, channel.ErrNotSent},
		"card number":                      {t.Context(), number, channel.ErrUnsupported},
		"card number in a token":           {t.Context(), spelled, channel.ErrUnsupported},
		"no way back from 3-D Secure":      {t.Context(), nowhere, channel.ErrNotSent},
		"another method":                   {t.Context(), transfer, channel.ErrUnsupported},
		"context done":                     {done, payment(adyenfake.Visa), channel.ErrNotSent},
		"refund without a pspReference":    {t.Context(), following(paymux.Refunds, "PL61C53A8B97E6915A"), channel.ErrNotSent},
		"capture by our reference":         {t.Context(), following(paymux.Capture, "op_1-pay"), channel.ErrNotSent},
		"cancel of nothing":                {t.Context(), following(paymux.Cancel, ""), channel.ErrNotSent},
		"cancel of what is no reference":   {t.Context(), following(paymux.Cancel, "../payments"), channel.ErrNotSent},
		"refund of what is no reference":   {t.Context(), following(paymux.Refunds, "A/../../cancels?"), channel.ErrNotSent},
		"an operation that nobody planned": {t.Context(), following("levitate", "A"), channel.ErrUnsupported},
	} {
		if _, err := ch.Do(c.ctx, c.op); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	// Its key may be forgotten at Adyen: sending it again could do it twice, and saying "not sent" could, too.
	if _, err := ch.Do(t.Context(), old); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("resend after a week: %v", err)
	}
	manual := payment("")
	manual.Method.Type, manual.Card, manual.Manual = paymux.Alipay, nil, true
	if r, err := ch.Do(t.Context(), manual); err != nil || r.DeclineCode != paymux.DeclineNotSupported || !r.Retryable {
		t.Errorf("reservation with a wallet: %+v, %v", r, err)
	}
	if calls.Load() != 0 {
		t.Errorf("%d requests left", calls.Load())
	}
}

func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	ch, calls := answering(t, 200, "", `{}`)
	for _, token := range []string{
		"visa", "/stored", "ab/stored", "shopper/", `{"type":"scheme"}`, `{"type":"sepadirectdebit","encryptedCardNumber":"x"}`,
		`{"type":"scheme","encryptedCardNumber":"x","iban":"NL"}`, `{"paymentMethod":3}`, `{"paymentMethod":{"type":7}}`, `{`,
		"shopper/" + strings.Repeat("9", 65),
	} {
		r, err := ch.Do(t.Context(), payment(token))
		if err != nil || r.State != paymux.OpDeclined || r.Retryable || strings.Contains(r.Message, token) {
			t.Errorf("%s: %+v, %v", token, r, err)
		}
	}
	if calls.Load() != 0 {
		t.Errorf("%d requests left", calls.Load())
	}
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	for name, change := range map[string]map[string]string{
		"live without its host":   {"live": "true", "base_url": ""},
		"live of another kind":    {"live": "perhaps"},
		"base URL":                {"base_url": "checkout.example"},
		"base URL with a query":   {"base_url": "https://checkout.example/v71?x=1"},
		"3-D Secure":              {"three_ds": "sometimes"},
		"user without password":   {"webhook_user": "u"},
		"password without user":   {"webhook_password": "p"},
		"tolerance":               {"webhook_tolerance": "soon"},
		"reports":                 {"reports_url": "ftp://reports.example"},
		"report user only":        {"report_password": ""},
		"time zone":               {"report_time_zone": "Middle/Earth"},
		"merchant with a colon":   {"merchant_account": "A:B"},
		"HMAC key missing":        {"hmac_key": ""},
		"merchant missing":        {"merchant_account": ""},
		"an option of another":    {"secret": "x"},
		"live with the test host": {"live": "true", "base_url": ""},
	} {
		options := maps.Clone(config.Options)
		maps.Copy(options, change)
		keys, err := channel.FixedKeys(adyen.Driver(), config.Options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = adyen.Driver().Open(channel.Config{Options: options, Keys: keys, Client: http.DefaultClient, Now: time.Now})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// noKeys is a key service that cannot be reached.
type noKeys struct{ channel.Keys }

func (noKeys) Reveal(context.Context, string) (paymux.Secret, error) {
	return "", errors.New("no key service")
}

func TestNothingIsSentWithoutAKey(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	keys, err := channel.FixedKeys(adyen.Driver(), config.Options)
	if err != nil {
		t.Fatal(err)
	}
	config.Keys, config.Now = noKeys{keys}, time.Now
	ch, err := adyen.Driver().Open(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Do(t.Context(), payment(adyenfake.Visa)); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("%v, want ErrNotSent", err)
	}
}

func TestQueryKnowsLinksOnly(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := payment("")
	op.Card = nil
	made, err := ch.Do(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	want := func(what string, state paymux.OperationState, action bool) {
		t.Helper()
		op.ChannelID = made.ChannelID
		r, err := ch.Query(t.Context(), op)
		if err != nil || r.State != state || (r.NextAction != nil) != action || r.ChannelID != made.ChannelID || r.Money != op.Money {
			t.Errorf("%s: %+v, %v; want %s", what, r, err, state)
		}
	}
	want("open", paymux.OpPending, true)
	institution.PayOnPage(string(op.ID), false)
	want("after an attempt that failed", paymux.OpPending, true)
	institution.PayOnPage(string(op.ID), true)
	want("paid: the webhook names the transaction", paymux.OpPending, false)

	other := payment("")
	other.ChannelID = made.ChannelID
	if _, err := ch.Query(t.Context(), other); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("another payment's link: %v", err)
	}
	if made, err = ch.Do(t.Context(), func() channel.Operation { op = payment(""); op.Card = nil; return op }()); err != nil {
		t.Fatal(err)
	}
	institution.ExpireLink(string(op.ID))
	want("expired", paymux.OpCanceled, false)

	closing := following(paymux.Cancel, made.ChannelID)
	closing.PayID = op.ID
	if r, err := ch.Query(t.Context(), closing); err != nil || r.State != paymux.OpSucceeded {
		t.Errorf("closing of an expired page: %+v, %v", r, err)
	}
	for _, id := range []string{"", "NC6HT9CRT65ZGN82", "op_1-pay"} {
		op.ChannelID = id
		if _, err := ch.Query(t.Context(), op); !errors.Is(err, channel.ErrUnsupported) {
			t.Errorf("query of %q: %v, want ErrUnsupported", id, err)
		}
	}
}

// What is asked of Adyen per request: its own capture setting is never relied on, and no secret is logged.
func TestRequest(t *testing.T) {
	t.Parallel()
	var body, key string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body, key = string(text), r.Header.Get("Idempotency-Key")
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(server.Close)
	_, config := fake(t)
	var log bytes.Buffer
	config.Options["base_url"], config.Log = server.URL, slog.New(slog.NewTextHandler(&log, nil))
	ch := open(t, config)
	for _, manual := range []bool{false, true} {
		op := payment(adyenfake.Visa)
		op.Manual = manual
		_, err := ch.Do(t.Context(), op)
		if err == nil || strings.Contains(err.Error()+log.String(), config.Options["api_key"]) {
			t.Errorf("error %v, log %s", err, log.String())
		}
		if key != string(op.ID) || !strings.Contains(body, `"reference":"`+string(op.ID)+`-pay`) {
			t.Errorf("key %q in %s", key, body)
		}
		if strings.Contains(body, `"captureDelayHours":0`) == manual || strings.Contains(body, `"manualCapture":"true"`) != manual {
			t.Errorf("manual %t: %s", manual, body)
		}
	}
}

// A cancel whose answer was lost is found on the page itself.
func TestQueryOfClosing(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]paymux.OperationState{
		"expired": paymux.OpSucceeded, "completed": paymux.OpDeclined, "paid": paymux.OpDeclined, "paymentPending": paymux.OpPending, "pondering": paymux.OpUnknown,
	} {
		op := following(paymux.Cancel, "PL61C53A8B97E6915A")
		ch, _ := answering(t, 200, "", `{"id":"PL61C53A8B97E6915A","status":"`+status+`","reference":"`+string(op.PayID)+`-page"}`)
		if r, err := ch.Query(t.Context(), op); err != nil || r.State != want {
			t.Errorf("%s: %+v, %v; want %s", status, r, err, want)
		}
	}
	op := following(paymux.Cancel, "PL61C53A8B97E6915A")
	ch, _ := answering(t, 200, "", `{"id":"PL61C53A8B97E6915A","status":"active","reference":"`+string(op.PayID)+`-page"}`)
	if _, err := ch.Query(t.Context(), op); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("still open: %v, want ErrAbsent", err)
	}
	ch, _ = answering(t, 503, "", ``)
	if _, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("Adyen broken: %v, want an error that says nothing", err)
	}
}

// net/http repeats a request on a connection that the server has closed, if an Idempotency-Key
// says that it may. Here nobody repeats anything by himself.
func TestBrokenConnectionIsNotRepeated(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if calls.Add(1) == 1 {
			io.WriteString(w, `{"resultCode":"Received","pspReference":"A1"}`) // the connection is kept
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	}))
	t.Cleanup(server.Close)
	_, config := fake(t)
	config.Options["base_url"], config.Client = server.URL, server.Client()
	ch := open(t, config)
	if _, err := ch.Do(t.Context(), payment(adyenfake.Visa)); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Do(t.Context(), payment(adyenfake.Visa)); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("%v, want an error that proves nothing", err)
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}
