package alipay_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/alipayfake"
)

// notified is a payment that somebody has paid, and what Alipay tells of it.
func notified(t *testing.T) (k *counter, pay channel.Operation, told map[string]string) {
	t.Helper()
	k = newCounter(t, alipayfake.Config{})
	pay = k.payment(paymux.FlowWeb)
	number := k.come(t, k.do(t, pay, paymux.OpPending).NextAction)
	if err := k.institution.Pay(number); err != nil {
		t.Fatal(err)
	}
	return k, pay, k.institution.Notification(number, k.now())
}

// changed is a notification with pairs of names and values changed; an empty value takes a parameter away.
func changed(told map[string]string, pairs ...string) map[string]string {
	p := maps.Clone(told)
	for i := 0; i < len(pairs); i += 2 {
		if p[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(p, pairs[i])
		}
	}
	return p
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	k, pay, told := notified(t)
	refund := paymux.OperationID(k.ids.New(paymux.PrefixOperation))
	of := paymux.OrderNumber(string(refund))
	for name, c := range map[string]struct {
		change []string
		about  paymux.OperationID // empty: of no interest
		want   paymux.OperationState
	}{
		"paid":                {nil, pay.ID, paymux.OpSucceeded},
		"finished":            {[]string{"trade_status", "TRADE_FINISHED"}, pay.ID, paymux.OpSucceeded},
		"waiting":             {[]string{"trade_status", "WAIT_BUYER_PAY"}, pay.ID, paymux.OpPending},
		"held":                {[]string{"trade_status", "TRADE_PENDING"}, pay.ID, paymux.OpPending},
		"closed":              {[]string{"trade_status", "TRADE_CLOSED"}, pay.ID, paymux.OpCanceled},
		"unheard of":          {[]string{"trade_status", "TRADE_ELSEWHERE"}, pay.ID, paymux.OpUnknown},
		"nothing refunded":    {[]string{"refund_fee", "0.00"}, pay.ID, paymux.OpSucceeded},
		"no seller":           {[]string{"seller_id", ""}, pay.ID, paymux.OpSucceeded},
		"a value with all":    {[]string{"body", "a=b&c=d%20+ \"茶\"\n🍵"}, pay.ID, paymux.OpSucceeded},
		"an hour old":         {[]string{"notify_time", k.now().Add(-time.Hour).In(beijing).Format(clock)}, pay.ID, paymux.OpSucceeded},
		"part refunded":       {[]string{"refund_fee", "4.00", "gmt_refund", "2026-02-28 12:00:00.123", "out_biz_no", of}, refund, paymux.OpSucceeded},
		"all refunded":        {[]string{"trade_status", "TRADE_CLOSED", "refund_fee", "12.50", "gmt_refund", "2026-02-28 12:00:00.123", "out_biz_no", of}, refund, paymux.OpSucceeded},
		"refund without time": {[]string{"trade_status", "TRADE_CLOSED", "refund_fee", "12.50", "out_biz_no", of}, refund, paymux.OpSucceeded},
		"refund unheard of":   {[]string{"trade_status", "TRADE_ELSEWHERE", "refund_fee", "12.50", "gmt_refund", "x", "out_biz_no", of}, refund, paymux.OpUnknown},
		"refunded elsewhere":  {[]string{"trade_status", "TRADE_CLOSED", "refund_fee", "12.50", "gmt_refund", "2026-02-28 12:00:00.123"}, "", ""},
		"another program's":   {[]string{"out_trade_no", "20150320010101001"}, "", ""},
		"another kind":        {[]string{"notify_type", "open_app_auth_notify"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			news, err := k.channel.Callback(t.Context(), posted(k.institution.Sign(changed(told, c.change...))))
			if err != nil || news.ID == "" || string(news.Ack.Body) != "success" {
				t.Fatalf("%+v, %v", news, err)
			}
			if news.Operation != c.about || news.Result.State != c.want {
				t.Errorf("%q %s, want %q %s", news.Operation, news.Result.State, c.about, c.want)
			}
			if c.about == pay.ID && news.Result.Money != pay.Money || c.about == refund && news.Result.Money != (paymux.Money{}) {
				t.Errorf("states %s", news.Result.Money)
			}
		})
	}
}

// The amount is passed on as it was stated; the payment room does not believe another one than was asked for.
func TestAnotherAmountIsStatedAsItIs(t *testing.T) {
	t.Parallel()
	k, _, told := notified(t)
	for text, want := range map[string]int64{"0.01": 1, "12.5": 1250, "12.51": 1251, "100000000.00": 100_000_000_00, "7": 700} {
		news, err := k.channel.Callback(t.Context(), posted(k.institution.Sign(changed(told, "total_amount", text))))
		if err != nil || news.Result.Money != (paymux.Money{Amount: want, Currency: "CNY"}) {
			t.Errorf("%s yuan: %s, %v", text, news.Result.Money, err)
		}
	}
}

// What is not to be believed names its operation, where it can be read, so that the timeline can tell.
func TestRefusedNotifications(t *testing.T) {
	t.Parallel()
	k, pay, told := notified(t)
	good := k.institution.Sign(told)
	raw := func(edit func(url.Values)) []byte {
		values, err := url.ParseQuery(string(good))
		if err != nil {
			t.Fatal(err)
		}
		edit(values)
		return []byte(values.Encode())
	}
	for name, c := range map[string]struct {
		body  []byte
		is    error
		named bool
	}{
		"forged amount":          {raw(func(v url.Values) { v.Set("total_amount", "1.00") }), channel.ErrForged, true},
		"forged status":          {raw(func(v url.Values) { v.Set("trade_status", "TRADE_CLOSED") }), channel.ErrForged, true},
		"one parameter more":     {raw(func(v url.Values) { v.Set("body", "") }), channel.ErrForged, true},
		"one parameter less":     {raw(func(v url.Values) { v.Del("subject") }), channel.ErrForged, true},
		"a parameter twice":      {append([]byte("trade_status=TRADE_CLOSED&"), good...), channel.ErrForged, false},
		"the same thing twice":   {[]byte(string(good) + "&app_id=" + k.institution.AppID), channel.ErrForged, false},
		"encoded badly":          {[]byte(string(good) + "&x=%2"), channel.ErrForged, false},
		"no value":               {[]byte(string(good) + "&x"), channel.ErrForged, false},
		"no signature":           {raw(func(v url.Values) { v.Del("sign") }), channel.ErrForged, true},
		"signed with SHA-1":      {raw(func(v url.Values) { v.Set("sign_type", "RSA") }), channel.ErrForged, true},
		"no signature type":      {raw(func(v url.Values) { v.Del("sign_type") }), channel.ErrForged, true},
		"a signature with a bit": {raw(func(v url.Values) { v.Set("sign", stray(v.Get("sign"))) }), channel.ErrForged, true},
		"another application's":  {k.institution.Sign(changed(told, "app_id", "2021000000000009")), channel.ErrForged, true},
		"no application":         {k.institution.Sign(changed(told, "app_id", "")), channel.ErrForged, true},
		"another seller's":       {k.institution.Sign(changed(told, "seller_id", "2088000000000009")), channel.ErrForged, true},
		"27 hours old":           {k.institution.Sign(changed(told, "notify_time", k.now().Add(-27*time.Hour).In(beijing).Format(clock))), channel.ErrStale, true},
		"of tomorrow":            {k.institution.Sign(changed(told, "notify_time", k.now().Add(16*time.Minute).In(beijing).Format(clock))), channel.ErrStale, true},
		"in UTC":                 {k.institution.Sign(changed(told, "notify_time", "2026-02-28T16:00:00Z")), channel.ErrMalformed, true},
		"of no time":             {k.institution.Sign(changed(told, "notify_time", "")), channel.ErrMalformed, true},
		"without an amount":      {k.institution.Sign(changed(told, "total_amount", "")), channel.ErrMalformed, true},
		"an amount of words":     {k.institution.Sign(changed(told, "total_amount", "much")), channel.ErrMalformed, true},
		"a fraction of a fen":    {k.institution.Sign(changed(told, "total_amount", "12.505")), channel.ErrMalformed, true},
		"below zero":             {k.institution.Sign(changed(told, "total_amount", "-12.50")), channel.ErrMalformed, true},
		"without an order":       {k.institution.Sign(changed(told, "out_trade_no", "")), channel.ErrMalformed, false},
		"without a status":       {k.institution.Sign(changed(told, "trade_status", "")), channel.ErrMalformed, true},
		"without a trade number": {k.institution.Sign(changed(told, "trade_no", "")), channel.ErrMalformed, true},
		"without an ID":          {k.institution.Sign(changed(told, "notify_id", "")), channel.ErrMalformed, true},
		"a page":                 {[]byte("<html>"), channel.ErrForged, false},
		"nothing":                {nil, channel.ErrForged, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			news, err := k.channel.Callback(t.Context(), posted(c.body))
			if !errors.Is(err, c.is) {
				t.Fatalf("%+v, %v; want %v", news, err, c.is)
			}
			if news.Result.State != "" || (news.Operation == pay.ID) != c.named {
				t.Errorf("names %q, says %q", news.Operation, news.Result.State)
			}
		})
	}
	if _, err := k.channel.Callback(t.Context(), posted(good)); err != nil {
		t.Errorf("the honest one: %v", err)
	}
}

// stray is a base64 text with a bit set that decodes to nothing.
func stray(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := strings.LastIndexFunc(text, func(r rune) bool { return r != '=' })
	at := strings.IndexByte(alphabet, text[last])
	return text[:last] + string(alphabet[at^1]) + text[last+1:]
}

// FuzzNotification: whatever is posted, nothing is believed that the key did not sign, and every refusal is one of the contract's.
func FuzzNotification(f *testing.F) {
	key := public(pair().alipay)
	ch := open(f, channel.Config{Options: map[string]string{
		"app_id": "2021000000000001", "private_key": private(pair().app), "alipay_public_key": key, "base_url": "http://127.0.0.1:1",
	}, Client: http.DefaultClient})
	f.Add([]byte("app_id=2021000000000001&sign_type=RSA2&sign=AAAA"))
	f.Add([]byte("a=b&c=%E8%8C%B6&&=&sign=" + strings.Repeat("A", 344)))
	f.Add([]byte("app_id=1;b=2&x=%zz&y=+"))
	f.Fuzz(func(t *testing.T, body []byte) {
		news, err := ch.Callback(t.Context(), posted(body))
		if err == nil {
			t.Fatalf("believed %q: %+v", body, news)
		}
		if !errors.Is(err, channel.ErrForged) {
			t.Fatalf("refused with %v", err)
		}
	})
}
