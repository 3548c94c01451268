package adyen_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/adyen"
	"github.com/paymux/paymux/test/adyenfake"
)

func event(code, reference, success string) adyenfake.Item {
	return adyenfake.Item{
		PSPReference: "NC6HT9CRT65ZGN82", OriginalReference: "ORIGINAL00000001", Merchant: merchant, Reference: reference, Value: 1250, Currency: "EUR",
		EventCode: code, Success: success, Reason: "Not enough balance", At: time.Now(), Live: "false",
	}
}

// What each event means for the operation in its reference.
func TestEvents(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	for name, c := range map[string]struct {
		code, reference, success string
		want                     paymux.OperationState // empty: of no interest
		decline                  paymux.DeclineCode
	}{
		"paid":                      {"AUTHORISATION", "op_1-pay", "true", paymux.OpSucceeded, ""},
		"reserved":                  {"AUTHORISATION", "op_1-pay-manual", "true", paymux.OpAuthorized, ""},
		"refused":                   {"AUTHORISATION", "op_1-pay", "false", paymux.OpDeclined, paymux.DeclineInsufficientFunds},
		"page paid":                 {"AUTHORISATION", "op_1-page", "true", paymux.OpSucceeded, ""},
		"page reserved":             {"AUTHORISATION", "op_1-page-manual", "true", paymux.OpAuthorized, ""},
		"page attempt":              {"AUTHORISATION", "op_1-page", "false", "", ""},
		"reservation expired":       {"EXPIRE", "op_1-pay-manual", "true", paymux.OpCanceled, ""},
		"offer closed":              {"OFFER_CLOSED", "op_1-pay", "true", paymux.OpCanceled, ""},
		"page offer closed":         {"OFFER_CLOSED", "op_1-page", "true", "", ""},
		"captured":                  {"CAPTURE", "op_1-capture", "true", paymux.OpSucceeded, ""},
		"capture refused":           {"CAPTURE", "op_1-capture", "false", paymux.OpDeclined, paymux.DeclineProcessing},
		"capture failed":            {"CAPTURE_FAILED", "op_1-capture", "true", paymux.OpDeclined, paymux.DeclineProcessing},
		"own capture failed":        {"CAPTURE_FAILED", "op_1-pay", "true", paymux.OpDeclined, paymux.DeclineProcessing},
		"captured in the console":   {"CAPTURE", "op_1-pay-manual", "true", "", ""},
		"console capture failed":    {"CAPTURE_FAILED", "op_1-pay-manual", "true", "", ""},
		"canceled":                  {"CANCELLATION", "op_1-cancel", "true", paymux.OpSucceeded, ""},
		"cancel refused":            {"CANCELLATION", "op_1-cancel", "false", paymux.OpDeclined, paymux.DeclineProcessing},
		"canceled by reference":     {"TECHNICAL_CANCEL", "op_1-cancel", "true", paymux.OpSucceeded, ""},
		"reversed":                  {"CANCEL_OR_REFUND", "op_1-cancel", "true", paymux.OpSucceeded, ""},
		"canceled in the console":   {"CANCELLATION", "op_1-pay-manual", "true", paymux.OpCanceled, ""},
		"not canceled there":        {"CANCELLATION", "op_1-pay-manual", "false", "", ""},
		"refunded":                  {"REFUND", "op_1-refund", "true", paymux.OpSucceeded, ""},
		"refund refused":            {"REFUND", "op_1-refund", "false", paymux.OpDeclined, paymux.DeclineRefundRefused},
		"refund failed":             {"REFUND_FAILED", "op_1-refund", "true", paymux.OpDeclined, paymux.DeclineRefundRefused},
		"refund came back":          {"REFUNDED_REVERSED", "op_1-refund", "true", paymux.OpDeclined, paymux.DeclineRefundRefused},
		"refunded in the console":   {"REFUND", "op_1-pay", "true", "", ""},
		"authorisation of a refund": {"AUTHORISATION", "op_1-refund", "true", "", ""},
		"not ours":                  {"AUTHORISATION", "order-1001", "true", "", ""},
		"almost ours":               {"AUTHORISATION", "op_1-pay-manual-later", "true", "", ""},
		"no reference":              {"REPORT_AVAILABLE", "", "true", "", ""},
		"of no interest":            {"NOTIFICATION_OF_FRAUD", "op_1-pay", "true", "", ""},
		"a code of tomorrow":        {"ENLIGHTENMENT", "op_1-pay", "true", paymux.OpUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			news, err := ch.Callback(t.Context(), posted(adyenfake.Webhook(institution.HMAC, event(c.code, c.reference, c.success))))
			if err != nil || news.ID == "" || string(news.Ack.Body) != "[accepted]" {
				t.Fatalf("%+v, %v", news, err)
			}
			if c.want == "" {
				if news.Operation != "" || news.Dispute != nil {
					t.Errorf("%+v, want nothing of interest", news)
				}
				return
			}
			r := news.Result
			if news.Operation != "op_1" || r.State != c.want || r.DeclineCode != c.decline || r.ChannelID == "" || r.Code == "" || r.Retryable {
				t.Errorf("operation %q: %+v; want op_1 %s %s", news.Operation, r, c.want, c.decline)
			}
			moves := (r.State == paymux.OpSucceeded || r.State == paymux.OpAuthorized) && !strings.HasSuffix(c.reference, "cancel")
			if moves && r.Money != (paymux.Money{Amount: 1250, Currency: "EUR"}) {
				t.Errorf("states %s, want EUR 12.50", r.Money)
			}
		})
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := payment(adyenfake.Visa)
	if _, err := ch.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]paymux.DisputeStatus{
		"NOTIFICATION_OF_CHARGEBACK": paymux.DisputeOpened, "CHARGEBACK": paymux.DisputeOpened, "CHARGEBACK_REVERSED": paymux.DisputeWon,
		"PREARBITRATION_WON": paymux.DisputeWon, "SECOND_CHARGEBACK": paymux.DisputeLost, "PREARBITRATION_LOST": paymux.DisputeLost,
		"REQUEST_FOR_INFORMATION": "",
	} {
		news, err := ch.Callback(t.Context(), posted(institution.Report(string(op.ID), code, "DISPUTE000000001").Body))
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if want == "" {
			if news.Dispute != nil || news.Operation != "" {
				t.Errorf("%s: %+v, want nothing of interest", code, news)
			}
			continue
		}
		if d := news.Dispute; d == nil || news.Operation != "" || d.Operation != op.ID || d.Status != want || d.Money != op.Money || d.ChannelID != "DISPUTE000000001" {
			t.Errorf("%s: %+v", code, news)
		}
	}
}

// Every signed field, changed on the way, and everything else that makes a webhook another's.
func TestTampered(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	good := event("AUTHORISATION", "op_1-pay", "true")
	signature := adyenfake.Sign(institution.HMAC, good)
	for name, c := range map[string]struct {
		change func(*adyenfake.Item)
		is     error
	}{
		"pspReference":       {func(i *adyenfake.Item) { i.PSPReference = "NC6HT9CRT65ZGN83" }, channel.ErrForged},
		"originalReference":  {func(i *adyenfake.Item) { i.OriginalReference = "" }, channel.ErrForged},
		"merchant account":   {func(i *adyenfake.Item) { i.Merchant = "Another" }, channel.ErrForged},
		"merchant reference": {func(i *adyenfake.Item) { i.Reference = "op_2-pay" }, channel.ErrForged},
		"manual":             {func(i *adyenfake.Item) { i.Reference = "op_1-pay-manual" }, channel.ErrForged},
		"amount":             {func(i *adyenfake.Item) { i.Value = 1 }, channel.ErrForged},
		"currency":           {func(i *adyenfake.Item) { i.Currency = "JPY" }, channel.ErrForged},
		"event code":         {func(i *adyenfake.Item) { i.EventCode = "CAPTURE" }, channel.ErrForged},
		"success":            {func(i *adyenfake.Item) { i.Success = "false" }, channel.ErrForged},
		"live":               {func(i *adyenfake.Item) { i.Live = "true" }, channel.ErrForged},
		"live left out":      {func(i *adyenfake.Item) { i.Live = "" }, channel.ErrForged},
		"too old":            {func(i *adyenfake.Item) { i.At = time.Now().Add(-31 * 24 * time.Hour) }, channel.ErrStale},
		"from the future":    {func(i *adyenfake.Item) { i.At = time.Now().Add(48 * time.Hour) }, channel.ErrStale},
		// The words for a decline are not signed, and decide nothing.
		"reason":    {func(i *adyenfake.Item) { i.Reason = "Issuer Unavailable" }, nil},
		"a day old": {func(i *adyenfake.Item) { i.At = time.Now().Add(-24 * time.Hour) }, nil},
	} {
		bad := good
		c.change(&bad)
		body := strings.Replace(string(adyenfake.Webhook(institution.HMAC, bad)), adyenfake.Sign(institution.HMAC, bad), signature, 1)
		news, err := ch.Callback(t.Context(), posted([]byte(body)))
		if !errors.Is(err, c.is) || err == nil && news.Result.State != paymux.OpSucceeded {
			t.Errorf("%s: %+v, %v; want %v", name, news, err, c.is)
		}
		if err != nil && !strings.HasPrefix(string(news.Operation), "op_") {
			t.Errorf("%s: the operation is not named beside the error", name)
		}
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	good := event("AUTHORISATION", "op_1-pay", "true")
	body := string(adyenfake.Webhook(institution.HMAC, good))
	foreign, colon, undated := good, good, strings.Replace(body, good.At.Format("2006-01-02"), "someday", 1)
	foreign.Merchant = "Another"
	colon.OriginalReference, colon.Merchant = "A:"+merchant, ""
	itemStart, itemEnd := strings.Index(body, `{"NotificationRequestItem"`), strings.Index(body, `]`)
	twice := body[:itemEnd] + "," + body[itemStart:itemEnd] + body[itemEnd:]
	for name, c := range map[string]struct {
		body string
		is   error
	}{
		"another key":            {string(adyenfake.Webhook([]byte("another"), good)), channel.ErrForged},
		"no signature":           {strings.Replace(body, "hmacSignature", "signature", 1), channel.ErrForged},
		"signature not base64":   {strings.Replace(body, adyenfake.Sign(institution.HMAC, good), "?", 1), channel.ErrForged},
		"another account's":      {string(adyenfake.Webhook(institution.HMAC, foreign)), channel.ErrForged},
		"fields moved by colons": {string(adyenfake.Webhook(institution.HMAC, colon)), channel.ErrForged},
		"two items":              {twice, channel.ErrMalformed},
		"no items":               {`{"live":"false","notificationItems":[]}`, channel.ErrMalformed},
		"an empty item":          {`{"live":"false","notificationItems":[{}]}`, channel.ErrMalformed},
		"not JSON":               {`live=false&eventCode=AUTHORISATION`, channel.ErrMalformed},
		"amount of another kind": {strings.Replace(body, `"value":1250`, `"value":12.5`, 1), channel.ErrMalformed},
		"no date":                {undated, channel.ErrMalformed},
		"null":                   {`null`, channel.ErrMalformed},
		"nothing":                {``, channel.ErrMalformed},
	} {
		if _, err := ch.Callback(t.Context(), posted([]byte(c.body))); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	if !json.Valid([]byte(twice)) {
		t.Errorf("the batch is no JSON: %s", twice)
	}
	if _, err := ch.Callback(t.Context(), posted([]byte(body))); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestBasicAuthentication(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	config.Options["webhook_user"], config.Options["webhook_password"] = "adyen", "open sesame"
	ch := open(t, config)
	body := adyenfake.Webhook(institution.HMAC, event("AUTHORISATION", "op_1-pay", "true"))
	for _, c := range []struct {
		user, password string
		ok             bool
	}{{"adyen", "open sesame", true}, {"adyen", "", false}, {"", "open sesame", false}, {"adyen", "open sesame!", false}, {"Adyen", "open sesame", false}} {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(c.user, c.password)
		req := posted(body)
		req.Header = r.Header
		if _, err := ch.Callback(t.Context(), req); (err == nil) != c.ok || !c.ok && !errors.Is(err, channel.ErrForged) {
			t.Errorf("%q %q: %v", c.user, c.password, err)
		}
	}
	if _, err := ch.Callback(t.Context(), posted(body)); !errors.Is(err, channel.ErrForged) {
		t.Errorf("without: %v, want ErrForged", err)
	}
}

// rotated are keys with two live versions of the HMAC key.
type rotated struct{ channel.Keys }

var oldKey = []byte("the old key, still live")

func (r rotated) Verify(ctx context.Context, option string, message, signature []byte) error {
	if err := r.Keys.Verify(ctx, option, message, signature); !errors.Is(err, channel.ErrForged) {
		return err
	}
	old, err := channel.FixedKeys(adyen.Driver(), map[string]string{"hmac_key": "hex:" + hex.EncodeToString(oldKey)})
	if err != nil {
		return err
	}
	return old.Verify(ctx, option, message, signature)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	keys, err := channel.FixedKeys(adyen.Driver(), config.Options)
	if err != nil {
		t.Fatal(err)
	}
	config.Keys, config.Now = rotated{keys}, time.Now
	ch, err := adyen.Driver().Open(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]byte{"new": institution.HMAC, "old": oldKey} {
		if _, err := ch.Callback(t.Context(), posted(adyenfake.Webhook(key, event("REFUND", "op_1-refund", "true")))); err != nil {
			t.Errorf("%s key: %v", name, err)
		}
	}
	if _, err := ch.Callback(t.Context(), posted(adyenfake.Webhook([]byte("stolen"), event("REFUND", "op_1-refund", "true")))); !errors.Is(err, channel.ErrForged) {
		t.Errorf("another key: %v", err)
	}
}

func FuzzCallback(f *testing.F) {
	institution, config := fake(f)
	ch := open(f, config)
	f.Add("NC6HT9CRT65ZGN82", "", merchant, "op_1-pay", int64(1250), "EUR", "AUTHORISATION", "true", "why", "false")
	f.Add("a:b", ":", "\\:", "op_1-page-manual", int64(-1), "", "CHARGEBACK", "false", "", "true")
	f.Add("支付", "\\", merchant, "茶:op_1-pay", int64(0), "ISK", "REFUND", "true", "", "false")
	f.Fuzz(func(t *testing.T, psp, original, account, reference string, value int64, currency, code, success, why, live string) {
		news, err := ch.Callback(t.Context(), posted(adyenfake.Webhook(institution.HMAC, adyenfake.Item{
			PSPReference: psp, OriginalReference: original, Merchant: account, Reference: reference, Value: value, Currency: currency,
			EventCode: code, Success: success, Reason: why, At: time.Now(), Live: live,
		})))
		switch {
		case err != nil && (errors.Is(err, channel.ErrForged) || errors.Is(err, channel.ErrStale) || errors.Is(err, channel.ErrMalformed)):
		case err != nil:
			t.Errorf("refused with %v", err)
		case account != merchant || live != "false":
			t.Errorf("believed what is for %q, live %q", account, live)
		case news.Operation != "" && (news.Result.State == "" || !strings.HasPrefix(reference, string(news.Operation))):
			t.Errorf("news of %q from %q: %+v", news.Operation, reference, news.Result)
		}
	})
}

func FuzzCallbackBody(f *testing.F) {
	institution, config := fake(f)
	ch := open(f, config)
	f.Add(adyenfake.Webhook(institution.HMAC, event("AUTHORISATION", "op_1-pay", "true")))
	f.Add([]byte(`{"live":"false","notificationItems":[{"NotificationRequestItem":null}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		news, err := ch.Callback(t.Context(), posted(body))
		if err == nil && news.Operation != "" && news.Operation != "op_1" {
			t.Errorf("believed %s", body)
		}
	})
}
