package interop_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/adyen"
	"github.com/paymux/paymux/test/adyenfake"
)

const adyenMerchant = "TestMerchant"

// adyenKey is the key of Adyen's published example.
const adyenKey = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"

func adyenAccount(t *testing.T, url string, client *http.Client, apiKey string) channel.Channel {
	t.Helper()
	d := adyen.Driver()
	options := map[string]string{"merchant_account": adyenMerchant, "api_key": apiKey, "hmac_key": "hex:" + adyenKey, "base_url": url}
	keys, err := channel.FixedKeys(d, options)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := d.Open(channel.Config{Account: "main", Options: options, Keys: keys, Client: client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// adyenCase is an event, and its signature where Adyen has published one.
type adyenCase struct {
	item      adyenfake.Item
	published string
	refused   bool // by the channel: colons make it ambiguous, or it is another account's
}

func adyenCases() map[string]adyenCase {
	plain := adyenfake.Item{
		PSPReference: "7914073381342284", Merchant: adyenMerchant, Reference: "TestPayment-1407325143704",
		Value: 1130, Currency: "EUR", EventCode: "AUTHORISATION", Success: "true", At: time.Now(), Live: "false",
	}
	with := func(change func(*adyenfake.Item)) adyenfake.Item {
		i := plain
		change(&i)
		return i
	}
	return map[string]adyenCase{
		"published":            {item: plain, published: "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
		"ours":                 {item: with(func(i *adyenfake.Item) { i.Reference, i.OriginalReference = "op_1-pay-manual", "NC6HT9CRT65ZGN82" })},
		"failed":               {item: with(func(i *adyenfake.Item) { i.Success, i.Reason = "false", "Not enough balance" })},
		"colons in reference":  {item: with(func(i *adyenfake.Item) { i.Reference = "a:b::c:" })},
		"backslashes":          {item: with(func(i *adyenfake.Item) { i.Reference = `\:\\:\` })},
		"chinese":              {item: with(func(i *adyenfake.Item) { i.Reference, i.PSPReference = "茶与咖啡—支付", "支付" })},
		"nothing":              {item: with(func(i *adyenfake.Item) { i.Reference, i.Value = "", 0 })},
		"negative":             {item: with(func(i *adyenfake.Item) { i.Value = -1130 })},
		"white space":          {item: with(func(i *adyenfake.Item) { i.Reference = " \t\n" })},
		"quotes and markup":    {item: with(func(i *adyenfake.Item) { i.Reference = `"<&>'` })},
		"colons elsewhere":     {item: with(func(i *adyenfake.Item) { i.OriginalReference = "A:B" }), refused: true},
		"another account":      {item: with(func(i *adyenfake.Item) { i.Merchant = "测试商户" }), refused: true},
		"everything is colons": {item: with(func(i *adyenfake.Item) { i.PSPReference, i.Currency, i.EventCode = ":", "::", ":" }), refused: true},
	}
}

// TestAdyensLibraryAndWebhooks: Adyen's own library and the simulator sign to the same byte, the library accepts the
// simulator's webhooks and none that was changed, and the channel believes what the library has signed.
func TestAdyensLibraryAndWebhooks(t *testing.T) {
	t.Parallel()
	needModules(t, "@adyen/api-library")
	key, err := hex.DecodeString(adyenKey)
	if err != nil {
		t.Fatal(err)
	}
	cases := adyenCases()
	var input []map[string]any
	for name, c := range cases {
		body := adyenfake.Webhook(key, c.item)
		var w struct {
			NotificationItems []struct{ NotificationRequestItem json.RawMessage }
		}
		if err := json.Unmarshal(body, &w); err != nil {
			t.Fatal(err)
		}
		input = append(input, map[string]any{"name": name, "key": adyenKey, "item": w.NotificationItems[0].NotificationRequestItem, "body": string(body)})
	}
	var verdicts []struct {
		Name, Signature string
		Valid           bool
		Tampered        []string
	}
	if out := run(t, "adyen.mjs", map[string]any{"webhooks": input}); json.Unmarshal(out, &verdicts) != nil || len(verdicts) != len(cases) {
		t.Fatalf("the library answered %s", out)
	}
	ch := adyenAccount(t, "http://127.0.0.1:1", http.DefaultClient, "unused")
	for _, v := range verdicts {
		c := cases[v.Name]
		if ours := adyenfake.Sign(key, c.item); ours != v.Signature || c.published != "" && c.published != ours {
			t.Errorf("%s: the simulator signs %s, the library %s, published is %s", v.Name, ours, v.Signature, c.published)
		}
		if !v.Valid || len(v.Tampered) > 0 {
			t.Errorf("%s: the library finds it valid %t, and also with changed %s", v.Name, v.Valid, v.Tampered)
		}
		believes(t, ch, v.Name, c, strings.Replace(string(adyenfake.Webhook(key, c.item)), adyenfake.Sign(key, c.item), v.Signature, 1))
	}
}

// believes has the channel judge a webhook that the library has signed, untouched and changed.
func believes(t *testing.T, ch channel.Channel, name string, c adyenCase, body string) {
	t.Helper()
	_, err := ch.Callback(t.Context(), channel.CallbackRequest{Method: http.MethodPost, URL: "https://pay.example/callbacks/adyen/main", Body: []byte(body)})
	if c.refused != errors.Is(err, channel.ErrForged) || !c.refused && err != nil {
		t.Errorf("%s: %v; want it refused: %t", name, err, c.refused)
	}
	changed := strings.Replace(body, `"value":`+strconv.FormatInt(c.item.Value, 10), `"value":`+strconv.FormatInt(c.item.Value+1, 10), 1)
	if changed == body {
		t.Fatalf("%s: nothing was changed in %s", name, body)
	}
	if _, err := ch.Callback(t.Context(), channel.CallbackRequest{Method: http.MethodPost, Body: []byte(changed)}); !errors.Is(err, channel.ErrForged) {
		t.Errorf("%s, with another amount: %v", name, err)
	}
}

// TestAdyensLibraryDrivesTheSimulator: what the channel is tested against is an Adyen also to Adyen's own client.
func TestAdyensLibraryDrivesTheSimulator(t *testing.T) {
	t.Parallel()
	needModules(t, "@adyen/api-library")
	institution := adyenfake.New(adyenMerchant)
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	shopper, stored, _ := strings.Cut(adyenfake.Visa, "/")
	out := run(t, "adyen.mjs", map[string]any{"drive": map[string]any{
		"url": server.URL + "/v71", "apiKey": institution.Key, "merchant": adyenMerchant, "token": stored, "shopper": shopper,
	}})
	var steps struct {
		Paid, Again                  struct{ PSPReference, ResultCode string }
		Captured, Refunded, Canceled struct{ Status, PSPReference, PaymentPSPReference string }
		Link, Read, Closed           struct{ ID, URL, Status string }
		Refused                      int
	}
	if err := json.Unmarshal(out, &steps); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	psp := steps.Paid.PSPReference
	if steps.Paid.ResultCode != "Authorised" || psp == "" || steps.Again != steps.Paid {
		t.Errorf("paid %+v, and under the same key %+v", steps.Paid, steps.Again)
	}
	for name, m := range map[string]struct{ Status, PSPReference, PaymentPSPReference string }{"capture": steps.Captured, "refund": steps.Refunded, "cancel": steps.Canceled} {
		if m.Status != "received" || m.PaymentPSPReference != psp || m.PSPReference == psp {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if steps.Link.Status != "active" || steps.Read != steps.Link || steps.Closed.Status != "expired" || steps.Refused != http.StatusUnprocessableEntity {
		t.Errorf("links %+v, %+v, %+v; refund of nothing: %d", steps.Link, steps.Read, steps.Closed, steps.Refused)
	}
	for operation, want := range map[string]int{"op_sdk": 1, "op_sdk1": 1, "op_sdk2": 1, "op_sdk3": 0, "op_sdk5": 0} {
		if n := institution.Effects(operation); n != want {
			t.Errorf("%s took effect %d times, want %d", operation, n, want)
		}
	}
}
