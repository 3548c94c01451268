package wechatpay_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/wechatpayfake"
)

const success = "TRANSACTION.SUCCESS"

func TestCallbacksThatAreNotToBeBelieved(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	op := paid(t, institution, ch)
	back := follow(paymux.Refunds, op, 100)
	if _, err := ch.Do(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	other := wechatpayfake.New(wechatpayfake.Config{})
	ours := wechatpayfake.Notice{Event: success, Number: number(op.ID)}
	refunded := wechatpayfake.Notice{Event: "REFUND.SUCCESS", Number: number(back.ID)}
	with := func(n wechatpayfake.Notice, change func(*wechatpayfake.Notice)) channel.CallbackRequest {
		change(&n)
		return notified(institution, n)
	}
	header := func(name, value string) channel.CallbackRequest {
		req := notified(institution, ours)
		http.Header(req.Header).Set(name, value)
		return req
	}
	_, foreign := other.Notify(wechatpayfake.Notice{Event: success, Plain: []byte(`{"out_trade_no":"1"}`)})
	for name, c := range map[string]struct {
		req channel.CallbackRequest
		is  error
		of  paymux.OperationID
	}{
		"another platform's":      {notified(other, wechatpayfake.Notice{Event: success, Plain: []byte(`{}`)}), channel.ErrForged, ""},
		"probe of the signature":  {header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+notified(institution, ours).Header["Wechatpay-Signature"][0]), channel.ErrForged, ""},
		"no signature":            {header("Wechatpay-Signature", ""), channel.ErrForged, ""},
		"no nonce":                {header("Wechatpay-Nonce", ""), channel.ErrForged, ""},
		"another nonce":           {header("Wechatpay-Nonce", "x"), channel.ErrForged, ""},
		"another time":            {header("Wechatpay-Timestamp", "1"), channel.ErrForged, ""},
		"time that is none":       {header("Wechatpay-Timestamp", "now"), channel.ErrForged, ""},
		"unknown public key":      {header("Wechatpay-Serial", "PUB_KEY_ID_0"), channel.ErrForged, ""},
		"merchant's own serial":   {header("Wechatpay-Serial", institution.Merchant.SerialNo), channel.ErrForged, ""}, // asks for certificates, of which there are none
		"old":                     {with(ours, func(n *wechatpayfake.Notice) { n.At = time.Now().Add(-6 * time.Minute) }), channel.ErrStale, op.ID},
		"from the future":         {with(ours, func(n *wechatpayfake.Notice) { n.At = time.Now().Add(6 * time.Minute) }), channel.ErrStale, op.ID},
		"another merchant number": {with(ours, func(n *wechatpayfake.Notice) { n.Resource = map[string]any{"mchid": "1900000110"} }), channel.ErrForged, op.ID},
		"another AppID":           {with(ours, func(n *wechatpayfake.Notice) { n.Resource = map[string]any{"appid": "wx9"} }), channel.ErrForged, op.ID},
		"refund of another":       {with(refunded, func(n *wechatpayfake.Notice) { n.Resource = map[string]any{"mchid": "1900000110"} }), channel.ErrForged, back.ID},
		"sealed with another key": {with(ours, func(n *wechatpayfake.Notice) { n.Envelope = resourceOf(t, foreign) }), channel.ErrForged, ""},
		"of no algorithm we know": {with(ours, func(n *wechatpayfake.Notice) {
			n.Envelope = map[string]any{"resource": map[string]any{"algorithm": "ROT13"}}
		}), channel.ErrMalformed, ""},
		"ciphertext not base64": {with(ours, func(n *wechatpayfake.Notice) {
			n.Envelope = map[string]any{"resource": map[string]any{"algorithm": "AEAD_AES_256_GCM", "ciphertext": "*"}}
		}), channel.ErrMalformed, ""},
		"no ID":                    {with(ours, func(n *wechatpayfake.Notice) { n.Envelope = map[string]any{"id": ""} }), channel.ErrMalformed, ""},
		"resource that is no JSON": {with(ours, func(n *wechatpayfake.Notice) { n.Plain = []byte("茶") }), channel.ErrMalformed, ""},
		"refund without a status":  {with(refunded, func(n *wechatpayfake.Notice) { n.Resource = map[string]any{"refund_status": ""} }), channel.ErrMalformed, back.ID},
	} {
		got, err := ch.Callback(t.Context(), c.req)
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
		if got.Operation != c.of || !reflect.DeepEqual(got.Result, channel.Result{}) {
			t.Errorf("%s: names operation %q with %+v; want %q and no result", name, got.Operation, got.Result, c.of)
		}
	}
	if _, err := ch.Callback(t.Context(), notified(institution, ours)); err != nil {
		t.Errorf("the good one afterwards: %v", err)
	}
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	op := paid(t, institution, ch)
	back := follow(paymux.Refunds, op, 100)
	if _, err := ch.Do(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	hundred := paymux.Money{Amount: 100, Currency: "CNY"}
	for name, c := range map[string]struct {
		notice wechatpayfake.Notice
		change map[string]any
		of     paymux.OperationID
		state  paymux.OperationState
		money  paymux.Money
	}{
		"paid":                      {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"trade_state": "SUCCESS"}, op.ID, paymux.OpSucceeded, op.Money},
		"another amount":            {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"amount": map[string]any{"total": 1, "currency": "CNY"}}, op.ID, paymux.OpSucceeded, paymux.Money{Amount: 1, Currency: "CNY"}},
		"another currency":          {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"amount": map[string]any{"total": 1250, "currency": "HKD"}}, op.ID, paymux.OpSucceeded, paymux.Money{Amount: 1250, Currency: "HKD"}},
		"success without an amount": {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"amount": nil}, op.ID, paymux.OpUnknown, paymux.Money{}},
		"state nobody knows":        {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"trade_state": "BEWITCHED"}, op.ID, paymux.OpUnknown, op.Money},
		"event nobody knows":        {wechatpayfake.Notice{Event: "TRANSACTION.FROZEN", Number: number(op.ID)}, nil, op.ID, paymux.OpUnknown, op.Money},
		"event with an order":       {wechatpayfake.Notice{Event: "TRANSACTION.SPLIT", Number: number(op.ID)}, map[string]any{"trade_state": ""}, "", "", paymux.Money{}},
		"event of tomorrow":         {wechatpayfake.Notice{Event: "TRANSACTION.SPLIT", Plain: []byte(`{"parts":2}`)}, nil, "", "", paymux.Money{}},
		"coupon":                    {wechatpayfake.Notice{Event: "COUPON.USE", Plain: []byte(`{}`)}, nil, "", "", paymux.Money{}},
		"order of another program":  {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"out_trade_no": "ORDER-2026-0001"}, "", "", paymux.Money{}},
		"attached by another":       {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"attach": "seat 12"}, "", "", paymux.Money{}},
		"nothing attached":          {wechatpayfake.Notice{Event: success, Number: number(op.ID)}, map[string]any{"attach": ""}, op.ID, paymux.OpSucceeded, op.Money},
		"refunded":                  {wechatpayfake.Notice{Event: "REFUND.SUCCESS", Number: number(back.ID)}, map[string]any{"refund_status": "SUCCESS"}, back.ID, paymux.OpSucceeded, hundred},
		"refund that cannot arrive": {wechatpayfake.Notice{Event: "REFUND.ABNORMAL", Number: number(back.ID)}, map[string]any{"refund_status": "ABNORMAL"}, back.ID, paymux.OpPending, hundred},
		"refund closed":             {wechatpayfake.Notice{Event: "REFUND.CLOSED", Number: number(back.ID)}, map[string]any{"refund_status": "CLOSED"}, back.ID, paymux.OpDeclined, hundred},
		"refund made by hand":       {wechatpayfake.Notice{Event: "REFUND.SUCCESS", Number: number(back.ID)}, map[string]any{"out_refund_no": "50000000382019052709732678859", "refund_status": "SUCCESS"}, "", "", paymux.Money{}},
	} {
		c.notice.Resource = c.change
		req := notified(institution, c.notice)
		got, err := ch.Callback(t.Context(), req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Operation != c.of || got.Result.State != c.state && c.of != "" || c.of != "" && got.Result.Money != c.money {
			t.Errorf("%s: %q is %s, %s; want %q, %s, %s", name, got.Operation, got.Result.State, got.Result.Money, c.of, c.state, c.money)
		}
		if got.ID == "" || got.Ack.Status != http.StatusNoContent || got.Dispute != nil {
			t.Errorf("%s: ID %q, ack %d, dispute %v", name, got.ID, got.Ack.Status, got.Dispute)
		}
		if again, err := ch.Callback(t.Context(), req); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: the same again is %+v, %v", name, again, err)
		}
	}
}

// resourceOf is the sealed resource of another notification.
func resourceOf(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var envelope map[string]any
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"resource": envelope["resource"]}
}
