package interop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/wechatpay"
	"github.com/paymux/paymux/test/wechatpayfake"
)

// awkward are texts that break what joins, escapes or counts carelessly.
var awkward = []string{
	"", " ", "茶 & café", "一二三\r\n四", `"quoted" 'twice' \ back`, "a=b&c=d#e?f%20%2F+", "<script>&amp;</script>", "👨‍👩‍👧 🍵", "`,`", "{\"json\":[1]}", "\u2028\u0000\u200b", strings.Repeat("长", 300),
}

// wechatRun has wechatpay.mjs do what input asks for.
func wechatRun(t *testing.T, input map[string]any) (out struct {
	Sign  []string
	Open  []struct{ Plain, Refused string }
	Make  []wechatNotice
	Drive []struct {
		Status int
		Error  string
		Data   json.RawMessage
	}
}) {
	t.Helper()
	if err := json.Unmarshal(run(t, "wechatpay.mjs", input), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

type wechatNotice struct {
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
	Keys    map[string]string `json:"keys,omitempty"`
	Secret  string            `json:"secret,omitempty"`
}

func (n wechatNotice) request() channel.CallbackRequest {
	h := http.Header{}
	for k, v := range n.Headers {
		h.Set(k, v)
	}
	return channel.CallbackRequest{Channel: "wechatpay", Account: "main", Method: http.MethodPost, Header: h, Body: n.Body}
}

// wechat starts the simulator and opens an account there.
func wechat(t *testing.T) (*wechatpayfake.Institution, channel.Channel, string) {
	t.Helper()
	institution := wechatpayfake.New(wechatpayfake.Config{})
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	d, options := wechatpay.Driver(), institution.Options(server.URL)
	keys, err := channel.FixedKeys(d, options)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := d.Open(channel.Config{Account: "main", Options: options, Keys: keys, Client: server.Client(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return institution, ch, server.URL
}

var wechatIDs = paymux.NewIDs([]byte("sixteen bytes or more"), 1, time.Now)

func wechatPay(flow paymux.MethodFlow, text string) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(wechatIDs.New(paymux.PrefixOperation)), Kind: paymux.Pay, Payment: "pay_1", SentAt: time.Now(),
		Money: paymux.Money{Amount: 1250, Currency: "CNY"}, Method: paymux.Method{Type: paymux.WeChatPay, Flow: flow, PayerID: "o" + text[:min(len(text), 100)]},
		Description: text, MerchantOrderID: "A-1", ReturnURL: "https://shop.example/?" + text, CallbackURL: "https://pay.example/callbacks/wechatpay/main",
		PageURL: "https://pay.example/pay/pay_1", Client: paymux.Client{IP: "203.0.113.7"},
	}
}

var wechatPart = regexp.MustCompile(`(timestamp|nonce_str)="([^"]*)"`)

// What the channel has signed, the SDK signs to the same letters: requests with their header, and the parameters
// that pages and apps hand to WeChat.
func TestWeChatPaySignaturesAreTheSDKs(t *testing.T) {
	t.Parallel()
	needModules(t, "wechatpay-axios-plugin")
	institution, ch, _ := wechat(t)
	var ask []map[string]any
	var want []string
	parameters := func(p map[string]string, signature string, lines ...string) {
		ask = append(ask, map[string]any{"key": institution.Merchant.PrivateKey, "lines": lines})
		want = append(want, p[signature])
	}
	for _, text := range awkward {
		for _, flow := range paymux.MethodFlows() {
			op := wechatPay(flow, text)
			r, err := ch.Do(t.Context(), op)
			if err != nil {
				t.Fatalf("%s %q: %v", flow, text, err)
			}
			if flow == paymux.FlowInApp {
				p := r.NextAction.InvokeSDK.Params
				parameters(p, "paySign", p["appId"], p["timeStamp"], p["nonceStr"], p["package"])
			}
			if flow == paymux.FlowApp {
				p := r.NextAction.InvokeSDK.Params
				parameters(p, "sign", p["appid"], p["timestamp"], p["noncestr"], p["prepayid"])
			}
			if flow != paymux.FlowWeb {
				if _, err := ch.Query(t.Context(), op); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, q := range institution.Asked() {
		parts := map[string]string{}
		for _, m := range wechatPart.FindAllStringSubmatch(q.Authorization, -1) {
			parts[m[1]] = m[2]
		}
		ask = append(ask, map[string]any{
			"key": institution.Merchant.PrivateKey, "mchid": institution.Merchant.MchID, "serial": institution.Merchant.SerialNo,
			"method": q.Method, "uri": q.URI, "at": parts["timestamp"], "nonce": parts["nonce_str"], "body": q.Body,
		})
		want = append(want, q.Authorization)
	}
	if len(want) < len(awkward)*10 {
		t.Errorf("%d signatures to compare", len(want))
	}
	got := wechatRun(t, map[string]any{"sign": ask}).Sign
	for i, w := range want {
		if got[i] != w {
			t.Errorf("%v:\nwe signed %s\nthe SDK   %s", ask[i], w, got[i])
		}
	}
}

// Notifications that the simulator makes are opened by the SDK, and what the SDK makes is opened by
// the channel; what was changed on the way, by neither.
func TestWeChatPayNotifications(t *testing.T) {
	t.Parallel()
	needModules(t, "wechatpay-axios-plugin")
	institution, ch, _ := wechat(t)
	pems, ids := institution.PublicKeys()
	var notices []wechatNotice
	for _, text := range awkward {
		plain, err := json.Marshal(map[string]any{
			"appid": institution.Merchant.AppID, "mchid": institution.Merchant.MchID, "out_trade_no": paymux.OrderNumber(wechatIDs.New("op_")),
			"transaction_id": "42", "trade_state": "SUCCESS", "trade_state_desc": text, "amount": map[string]any{"total": 1, "currency": "CNY"},
		})
		if err != nil {
			t.Fatal(err)
		}
		h, body := institution.Notify(wechatpayfake.Notice{Event: "TRANSACTION.SUCCESS", Plain: plain, Envelope: map[string]any{"summary": text}})
		n := wechatNotice{Headers: map[string]string{}, Body: body, Keys: map[string]string{ids[0]: pems[0]}, Secret: institution.Merchant.APIv3Key}
		for name := range h {
			n.Headers[name] = h.Get(name)
		}
		notices = append(notices, n)
	}
	good := len(notices)
	spoil := func(f func(*wechatNotice)) {
		bad := notices[0]
		bad.Headers = maps.Clone(bad.Headers)
		f(&bad)
		notices = append(notices, bad)
	}
	spoil(func(n *wechatNotice) { n.Body = append(bytes.Clone(n.Body), ' ') })
	spoil(func(n *wechatNotice) { n.Headers["Wechatpay-Nonce"] += "0" })
	spoil(func(n *wechatNotice) { n.Headers["Wechatpay-Serial"] = "PUB_KEY_ID_0" })
	spoil(func(n *wechatNotice) { n.Headers["Wechatpay-Timestamp"] = fmt.Sprint(time.Now().Unix() + 1000) })
	spoil(func(n *wechatNotice) {
		n.Headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + n.Headers["Wechatpay-Signature"]
	})
	for i, judged := range wechatRun(t, map[string]any{"open": notices}).Open {
		news, err := ch.Callback(t.Context(), notices[i].request())
		if want := i < good; (judged.Refused == "") != want || (err == nil) != want {
			t.Errorf("%d: the SDK says %q, the channel %v", i, judged.Refused, err)
		}
		if i < good && (news.Result.Message != awkward[i] || !strings.Contains(judged.Plain, string(news.Operation)[len("op_"):])) {
			t.Errorf("%d: the channel reads %q out of %s", i, news.Result.Message, judged.Plain)
		}
	}
}

// The channel opens what the SDK has encrypted and a platform's key has signed.
func TestWeChatPayOpensWhatTheSDKSeals(t *testing.T) {
	t.Parallel()
	needModules(t, "wechatpay-axios-plugin")
	// The SDK plays the platform with a key of ours, so the merchant's key stands for the platform's.
	platform := wechatpayfake.New(wechatpayfake.Config{})
	server := httptest.NewServer(platform)
	defer server.Close()
	options := platform.Options(server.URL)
	options["platform_public_key"], options["platform_public_key_id"] = platform.Merchant.PublicKey(), "PUB_KEY_ID_SDK"
	d := wechatpay.Driver()
	keys, err := channel.FixedKeys(d, options)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := d.Open(channel.Config{Account: "main", Options: options, Keys: keys, Client: server.Client(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var ask []map[string]any
	for _, text := range awkward {
		plain, _ := json.Marshal(map[string]any{
			"appid": platform.Merchant.AppID, "mchid": platform.Merchant.MchID, "out_trade_no": paymux.OrderNumber(wechatIDs.New("op_")),
			"transaction_id": "42", "trade_state": "SUCCESS", "trade_state_desc": text, "amount": map[string]any{"total": 1250, "currency": "CNY"},
		})
		ask = append(ask, map[string]any{"plain": string(plain), "aad": text, "secret": platform.Merchant.APIv3Key, "key": platform.Merchant.PrivateKey, "serial": "PUB_KEY_ID_SDK"})
	}
	for i, n := range wechatRun(t, map[string]any{"make": ask}).Make {
		news, err := ch.Callback(t.Context(), n.request())
		if err != nil || news.Result.State != paymux.OpSucceeded || news.Result.Message != awkward[i] || news.Operation == "" {
			t.Errorf("%q: %+v, %v", awkward[i], news, err)
		}
		n.Body = bytes.Replace(n.Body, []byte(`"ciphertext":"`), []byte(`"ciphertext":"A`), 1)
		if _, err := ch.Callback(t.Context(), n.request()); !errors.Is(err, channel.ErrForged) {
			t.Errorf("%q, changed: %v", awkward[i], err)
		}
	}
}

// The SDK works with the simulator as with WeChat Pay: it is let in, believes the signed answers, and
// refuses those that were changed.
func TestWeChatPaySDKAndSimulator(t *testing.T) {
	t.Parallel()
	needModules(t, "wechatpay-axios-plugin")
	institution, _, url := wechat(t)
	m := institution.Merchant
	pems, ids := institution.PublicKeys()
	order := func(no string) map[string]any {
		return map[string]any{
			"appid": m.AppID, "mchid": m.MchID, "description": awkward[2] + awkward[4] + awkward[7], "out_trade_no": no, "attach": awkward[6],
			"notify_url": "https://shop.example/notify", "amount": map[string]any{"total": 1250, "currency": "CNY"},
		}
	}
	back := map[string]any{"out_trade_no": "ORDER-1", "out_refund_no": "BACK-1", "reason": awkward[5], "amount": map[string]any{"refund": 100, "total": 1250, "currency": "CNY"}}
	const orders, refunds = "v3/pay/transactions", "v3/refund/domestic/refunds"
	type call struct {
		Method string `json:"method"`
		URL    string `json:"url"`
		Data   any    `json:"data,omitempty"`
	}
	drive := func(serial string, certs map[string]string, calls ...call) []string {
		out := wechatRun(t, map[string]any{"drive": map[string]any{
			"account": map[string]any{"baseURL": url, "mchid": m.MchID, "serial": serial, "privateKey": m.PrivateKey, "certs": certs, "secret": m.APIv3Key},
			"calls":   calls,
		}}).Drive
		var says []string
		for _, r := range out {
			says = append(says, fmt.Sprintf("%d %s %s", r.Status, r.Error, r.Data))
		}
		return says
	}
	certs := map[string]string{ids[0]: pems[0]}
	check := func(what string, got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %q", what, got)
		}
		for i, w := range want {
			if !strings.Contains(got[i], w) {
				t.Errorf("%s, call %d: %s; want %s", what, i, got[i], w)
			}
		}
	}
	check("orders", drive(m.SerialNo, certs,
		call{"post", orders + "/native", order("ORDER-1")}, call{"post", orders + "/native", order("ORDER-1")},
		call{"get", orders + "/out-trade-no/ORDER-1?mchid=" + m.MchID, nil}, call{"post", orders + "/native", order("ORDER-2")},
		call{"post", orders + "/out-trade-no/ORDER-2/close", map[string]any{"mchid": m.MchID}}, call{"get", orders + "/out-trade-no/ORDER-2?mchid=" + m.MchID, nil},
		call{"get", orders + "/out-trade-no/ORDER-3?mchid=" + m.MchID, nil}, call{"post", orders + "/native", map[string]any{"appid": m.AppID}},
	), "weixin://wxpay/", "weixin://wxpay/", `"NOTPAY"`, "weixin://wxpay/", "204", `"CLOSED"`, "ORDER_NOT_EXIST", "PARAM_ERROR")
	if err := institution.Pay("ORDER-1"); err != nil {
		t.Fatal(err)
	}
	check("refunds", drive(m.SerialNo, certs,
		call{"get", orders + "/out-trade-no/ORDER-1?mchid=" + m.MchID, nil}, call{"post", refunds, back}, call{"post", refunds, back}, call{"get", refunds + "/BACK-1", nil},
	), `"SUCCESS"`, `"PROCESSING"`, `"PROCESSING"`, `"SUCCESS"`)
	if n := institution.Effects("BACK-1"); n != 1 {
		t.Errorf("refunded %d times", n)
	}
	query := call{"get", refunds + "/BACK-1", nil}
	check("another merchant's certificate", drive(strings.Repeat("0", 40), certs, query), "401")
	check("another platform's key", drive(m.SerialNo, map[string]string{ids[0]: wechatpayfake.New(wechatpayfake.Config{}).Merchant.PublicKey()}, query), "EV3_RES_HEADER_SIGNATURE_DIGEST")
	for want, spoil := range map[string]func(http.Header, []byte) []byte{
		"EV3_RES_HEADERS_INCOMPLATE":      func(h http.Header, b []byte) []byte { h.Del("Wechatpay-Signature"); return b },
		"EV3_RES_HEADER_PLATFORM_SERIAL":  func(h http.Header, b []byte) []byte { h.Set("Wechatpay-Serial", "PUB_KEY_ID_0"); return b },
		"EV3_RES_HEADER_SIGNATURE_DIGEST": func(_ http.Header, b []byte) []byte { return slices.Concat(b, []byte(" ")) },
		"EV3_RES_HEADER_TIMESTAMP_OFFSET": func(h http.Header, b []byte) []byte { h.Set("Wechatpay-Timestamp", "1"); return b },
	} {
		institution.Script(wechatpayfake.Reply{Spoil: spoil})
		check(want, drive(m.SerialNo, certs, query), want)
	}
}
