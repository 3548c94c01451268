package wechatpay_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/wechatpayfake"
)

// fits reports whether the merchant's key has signed lines.
func fits(t *testing.T, institution *wechatpayfake.Institution, signature string, lines ...string) bool {
	t.Helper()
	block, _ := pem.Decode([]byte(institution.Merchant.PrivateKey))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	digest := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	return err == nil && rsa.VerifyPKCS1v15(&key.(*rsa.PrivateKey).PublicKey, crypto.SHA256, digest[:], raw) == nil
}

func TestActions(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	act := func(flow paymux.MethodFlow) *paymux.NextAction {
		t.Helper()
		r, err := ch.Do(t.Context(), payment(flow))
		if err != nil || r.NextAction == nil {
			t.Fatalf("%s: %+v, %v", flow, r, err)
		}
		return r.NextAction
	}
	m := institution.Merchant
	p := act(paymux.FlowInApp).InvokeSDK
	if p.SDK != "wechatpay_jsapi" || p.Params["appId"] != m.AppID || p.Params["signType"] != "RSA" || len(p.Params) != 6 ||
		!strings.HasPrefix(p.Params["package"], "prepay_id=wx") ||
		!fits(t, institution, p.Params["paySign"], m.AppID, p.Params["timeStamp"], p.Params["nonceStr"], p.Params["package"]) {
		t.Errorf("in_app: %+v", p)
	}
	p = act(paymux.FlowApp).InvokeSDK
	if p.SDK != "wechatpay_app" || p.Params["appid"] != m.AppID || p.Params["partnerid"] != m.MchID || p.Params["package"] != "Sign=WXPay" || len(p.Params) != 7 ||
		!fits(t, institution, p.Params["sign"], m.AppID, p.Params["timestamp"], p.Params["noncestr"], p.Params["prepayid"]) {
		t.Errorf("app: %+v", p)
	}
	to, err := url.Parse(act(paymux.FlowMobileWeb).Redirect.URL)
	if err != nil || to.Host != "wx.tenpay.com" || to.Query().Get("redirect_url") != "https://shop.example/back?order=1&x=茶" || to.Query().Get("package") == "" {
		t.Errorf("mobile_web: %v, %v", to, err)
	}
	qr := act("").DisplayQR
	if !strings.HasPrefix(qr.Data, "weixin://wxpay/") || qr.ImageURL != "https://pay.example/pay/pay_1/qr.svg" || qr.Brand != paymux.WeChatPay || !qr.ExpiresAt.After(time.Now()) {
		t.Errorf("qr: %+v", qr)
	}
}

// What is sent, member by member, and the same to the letter when it is sent again.
func TestOrders(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	op := payment(paymux.FlowMobileWeb)
	op.Description = "茶\n<\"`,\x00" + strings.Repeat("茶", 200)
	op.ExpiresAt = time.Date(2099, 12, 31, 20, 0, 0, 5, time.UTC)
	for range 2 {
		if _, err := ch.Do(t.Context(), op); err != nil {
			t.Fatal(err)
		}
		op.SentAt = op.SentAt.Add(time.Hour)
	}
	asked := institution.Asked()
	if diff := cmp.Diff(asked[0].Body, asked[1].Body); diff != "" {
		t.Errorf("the order sent again differs:\n%s", diff)
	}
	var body map[string]any
	if err := json.Unmarshal(asked[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	description := body["description"].(string)
	if n := utf8.RuneCountInString(description); n != 127 || !strings.HasPrefix(description, "茶 <\"`, 茶") {
		t.Errorf("description of %d characters: %q", n, description)
	}
	delete(body, "description")
	want := map[string]any{
		"appid": "wx8888888888888888", "mchid": "1900000109", "out_trade_no": number(op.ID), "attach": string(op.ID),
		"time_expire": "2100-01-01T04:00:00+08:00", "notify_url": op.CallbackURL,
		"amount":     map[string]any{"total": 1250.0, "currency": "CNY"},
		"scene_info": map[string]any{"payer_client_ip": "203.0.113.7", "h5_info": map[string]any{"type": "Wap"}},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("the order differs:\n%s", diff)
	}
}

// A refund states what the payment was, and WeChat Pay's word on the amount is passed on.
func TestRefundsAndAmounts(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	op := paid(t, institution, ch)
	back := follow(paymux.Refunds, op, 100)
	back.Reason, back.CallbackURL = "茶凉了\n"+strings.Repeat("凉", 100), op.CallbackURL
	r, err := ch.Do(t.Context(), back)
	if err != nil || r.State != paymux.OpPending || r.Money != back.Money || r.ChannelID == "" {
		t.Fatalf("refund: %+v, %v", r, err)
	}
	wrong := follow(paymux.Refunds, op, 100)
	wrong.PayMoney.Amount = 1
	if r, err := ch.Do(t.Context(), wrong); err != nil || r.State != paymux.OpDeclined || r.Code != "INVALID_REQUEST" || r.Message == "" {
		t.Errorf("refund of a payment of another amount: %+v, %v", r, err)
	}
	institution.Change(number(op.ID), "", 9)
	if r, err := ch.Query(t.Context(), op); err != nil || r.Money != (paymux.Money{Amount: 9, Currency: "CNY"}) || r.State != paymux.OpSucceeded {
		t.Errorf("an order of another amount: %+v, %v", r, err)
	}
}

// The statement of a UTC day is cut out of two bills of Beijing's days.
func TestStatement(t *testing.T) {
	t.Parallel()
	institution, config, k := clocked(t, wechatpayfake.Config{})
	ch := open(t, config)
	day := time.Date(2030, 3, 5, 0, 0, 0, 0, time.UTC)
	at := func(when time.Time) channel.Operation {
		t.Helper()
		k.move(when.Sub(k.now()))
		return paid(t, institution, ch)
	}
	at(day.Add(-time.Minute))
	first := at(day.Add(time.Minute))
	second := at(day.Add(17 * time.Hour)) // the next day in Beijing
	back := follow(paymux.Refunds, second, 250)
	if _, err := ch.Do(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	at(day.Add(24*time.Hour + time.Minute))
	if lines, err := ch.Statement(t.Context(), day); err == nil {
		t.Errorf("a statement of %d lines before the bills are made", len(lines))
	}
	none := wechatpayfake.Reply{Status: 400, Code: "NO_STATEMENT_EXIST"} // which is no news before the bills are made
	institution.Script(none)
	if lines, err := ch.Statement(t.Context(), day); err == nil {
		t.Errorf("a statement of %d lines before the bills are made, which do not exist", len(lines))
	}
	k.move(day.Add(50*time.Hour + time.Minute).Sub(k.now()))
	lines, err := ch.Statement(t.Context(), day.Add(5*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var got []channel.StatementLine
	for _, l := range lines {
		if l.ChannelID == "" || l.At.Before(day) || l.At.After(day.Add(24*time.Hour)) || l.At.Location() != time.UTC {
			t.Errorf("line %+v", l)
		}
		l.ChannelID, l.At = "", time.Time{}
		got = append(got, l)
	}
	want := []channel.StatementLine{
		{Operation: first.ID, Kind: paymux.Pay, Money: first.Money, Fee: 8},
		{Operation: second.ID, Kind: paymux.Pay, Money: second.Money, Fee: 8},
		{Operation: back.ID, Kind: paymux.Refunds, Money: back.Money, Fee: -2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the statement differs:\n%s", diff)
	}
	if lines, err := ch.Statement(t.Context(), day.AddDate(0, 0, -20)); err != nil || len(lines) != 0 {
		t.Errorf("a day without trade: %d lines, %v", len(lines), err)
	}
	for name, reply := range map[string]wechatpayfake.Reply{
		"another digest":     {Body: `{"hash_type":"SHA1","hash_value":"00","download_url":"` + config.Options["base_url"] + `/v3/billdownload/file?token=x"}`},
		"digest of no kind":  {Body: `{"hash_type":"MD5","hash_value":"00","download_url":"http://127.0.0.1"}`},
		"no address":         {Body: `{"hash_type":"SHA1","hash_value":"00","download_url":"file:///etc/passwd"}`},
		"nothing":            {Body: `[]`},
		"a code of tomorrow": {Status: 400, Code: "A_CODE_OF_TOMORROW"},
	} {
		institution.Script(reply)
		if lines, err := ch.Statement(t.Context(), day); err == nil {
			t.Errorf("%s: %d lines", name, len(lines))
		}
	}
}
