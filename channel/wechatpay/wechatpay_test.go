package wechatpay_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/wechatpay"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/test/wechatpayfake"
)

func number(id paymux.OperationID) string { return paymux.OrderNumber(string(id)) }

func wechat(flow paymux.MethodFlow) paymux.Method {
	return paymux.Method{Type: paymux.WeChatPay, Flow: flow, PayerID: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
}

// TestChannel runs the suite with a WeChat Pay public key, as new merchants have.
func TestChannel(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{EarlyBills: true})
	channeltest.Run(t, subject(institution, config))
}

func TestChannelOverTheWire(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{EarlyBills: true})
	channeltest.Run(t, channeltest.OverTheWire(wiretest.Open(t, 0).Connect(), subject(institution, config)))
}

// TestChannelWithCertificates runs it with platform certificates that are downloaded. The suite's
// broken lines are left out: over those the download fails first, and nothing is sent.
func TestChannelWithCertificates(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{EarlyBills: true, Certificates: true})
	s := subject(institution, config)
	s.Faults = nil
	channeltest.Run(t, s)
}

func subject(institution *wechatpayfake.Institution, config channel.Config) channeltest.Subject {
	pay := func(t channeltest.T, op channel.Operation) {
		if err := institution.Pay(number(op.ID)); err != nil {
			t.Fatal(err)
		}
	}
	closes := new(sync.Map)
	answers := func(replies ...wechatpayfake.Reply) func(channeltest.T, *channel.Operation) {
		return func(channeltest.T, *channel.Operation) { institution.Script(replies...) }
	}
	again := wechatpayfake.Reply{} // the question that follows a no, answered as it is
	declined := func(name string, status int, code string) channeltest.Request {
		no := wechatpayfake.Reply{Status: status, Code: code, Message: "不行"}
		return channeltest.Request{Name: name, Method: wechat(""), Arrange: answers(no, again, no, again)}
	}
	noPayer, noAddress := wechat(paymux.FlowInApp), func(_ channeltest.T, op *channel.Operation) { op.Client.IP = "unknown" }
	noPayer.PayerID = ""
	return channeltest.Subject{
		Driver: noting(closes),
		Config: config,
		Payers: []channeltest.Payer{
			{Request: channeltest.Request{Method: wechat("")}, State: paymux.OpPending, Action: paymux.ActionDisplayQR, Complete: pay},
			{Request: channeltest.Request{Name: "qr", Method: wechat(paymux.FlowQR)}, State: paymux.OpPending, Action: paymux.ActionDisplayQR, Complete: pay},
			{Request: channeltest.Request{Name: "in_app", Method: wechat(paymux.FlowInApp)}, State: paymux.OpPending, Action: paymux.ActionInvokeSDK, Complete: pay},
			{Request: channeltest.Request{Name: "mobile_web", Method: wechat(paymux.FlowMobileWeb)}, State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: pay},
			{Request: channeltest.Request{Name: "app", Method: wechat(paymux.FlowApp)}, State: paymux.OpPending, Action: paymux.ActionInvokeSDK, Complete: pay},
		},
		Declines: []channeltest.Decline{
			{Request: channeltest.Request{Name: "web", Method: wechat(paymux.FlowWeb)}, Code: paymux.DeclineNotSupported, Retryable: true},
			{Request: channeltest.Request{Name: "dollars", Method: wechat(""), Money: paymux.Money{Amount: 1250, Currency: "USD"}}, Code: paymux.DeclineNotSupported, Retryable: true},
			{Request: channeltest.Request{Name: "no_payer", Method: noPayer}, Code: paymux.DeclineInvalidAccount},
			{Request: channeltest.Request{Name: "no_address", Method: wechat(paymux.FlowMobileWeb), Arrange: noAddress}, Code: paymux.DeclineProcessing},
			{Request: declined("invalid", 400, "INVALID_REQUEST"), Code: paymux.DeclineProcessing},
			{Request: declined("limit", 403, "RULE_LIMIT"), Code: paymux.DeclineLimit, Retryable: true},
			{Request: declined("account", 403, "ACCOUNT_ERROR"), Code: paymux.DeclineInvalidAccount},
		},
		Unknown: &channeltest.Request{Method: wechat(""), Arrange: answers(wechatpayfake.Reply{Status: 403, Code: "A_CODE_OF_TOMORROW"})},
		Callbacks: &channeltest.Callbacks{
			Success: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
				return notified(institution, wechatpayfake.Notice{Event: "TRANSACTION.SUCCESS", Number: number(op.ID)})
			},
			Stale: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
				return notified(institution, wechatpayfake.Notice{Event: "TRANSACTION.SUCCESS", Number: number(op.ID), At: time.Now().Add(-6 * time.Minute)})
			},
			Malformed: func(channeltest.T) channel.CallbackRequest {
				return notified(institution, wechatpayfake.Notice{Event: "TRANSACTION.SUCCESS", Plain: []byte(`{"out_trade_no":7}`)})
			},
			Unknown: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
				return notified(institution, wechatpayfake.Notice{Event: "TRANSACTION.SUCCESS", Number: number(op.ID), Resource: map[string]any{"trade_state": "BEWITCHED"}})
			},
		},
		Faults: channeltest.HTTPFaults(config),
		Effects: func(op paymux.OperationID) int {
			if order, ok := closes.Load(op); ok {
				return institution.Closed(order.(string))
			}
			return institution.Effects(number(op))
		},
	}
}

// noting is the driver, whose accounts note which order a cancel closes: WeChat Pay never hears of the operation.
func noting(closes *sync.Map) channel.Driver {
	d := *wechatpay.Driver()
	open := d.Open
	d.Open = func(c channel.Config) (channel.Channel, error) {
		ch, err := open(c)
		return noter{ch, closes}, err
	}
	return d
}

type noter struct {
	channel.Channel
	closes *sync.Map
}

func (n noter) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if op.Kind == paymux.Cancel {
		n.closes.Store(op.ID, number(op.PayID))
	}
	return n.Channel.Do(ctx, op)
}

// fake starts an institution and returns the configuration of an account there.
func fake(t *testing.T, c wechatpayfake.Config) (*wechatpayfake.Institution, channel.Config) {
	t.Helper()
	institution := wechatpayfake.New(c)
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	return institution, channel.Config{Account: "main", Options: institution.Options(server.URL), Client: server.Client()}
}

// open is an account with a configuration's keys.
func open(t *testing.T, c channel.Config) channel.Channel {
	t.Helper()
	d := wechatpay.Driver()
	if c.Keys == nil {
		keys, err := channel.FixedKeys(d, c.Options)
		if err != nil {
			t.Fatal(err)
		}
		c.Keys = keys
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	ch, err := d.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func notified(institution *wechatpayfake.Institution, n wechatpayfake.Notice) channel.CallbackRequest {
	h, body := institution.Notify(n)
	return channel.CallbackRequest{
		Channel: "wechatpay", Account: "main", Method: http.MethodPost, URL: "https://pay.example/callbacks/wechatpay/main", Header: h, Body: body,
	}
}

var mint = paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)

func payment(flow paymux.MethodFlow) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: paymux.Pay, Payment: "pay_1",
		Money: paymux.Money{Amount: 1250, Currency: "CNY"}, Method: wechat(flow), Description: "两杯茶",
		ReturnURL: "https://shop.example/back?order=1&x=茶", CallbackURL: "https://pay.example/callbacks/wechatpay/main",
		PageURL: "https://pay.example/pay/pay_1", Client: paymux.Client{IP: "203.0.113.7"}, SentAt: time.Now(),
	}
}

func follow(kind paymux.OperationKind, pay channel.Operation, amount int64) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: kind, Payment: pay.Payment, PayID: pay.ID, PayMoney: pay.Money,
		Money: paymux.Money{Amount: amount, Currency: "CNY"}, SentAt: time.Now(),
	}
}

// paid is a payment that the payer has made.
func paid(t *testing.T, institution *wechatpayfake.Institution, ch channel.Channel) channel.Operation {
	t.Helper()
	op := payment("")
	if _, err := ch.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	if err := institution.Pay(number(op.ID)); err != nil {
		t.Fatal(err)
	}
	return op
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	keys, err := channel.FixedKeys(wechatpay.Driver(), config.Options)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]map[string]string{
		"merchant number":   {"mch_id": `19"00`},
		"AppID":             {"app_id": "wx 8"},
		"serial number":     {"serial_no": `A"`},
		"tolerance":         {"callback_tolerance": "soon"},
		"base URL":          {"base_url": "api.mch.weixin.qq.com"},
		"base URL's path":   {"base_url": "https://api.mch.weixin.qq.com/v3"},
		"livemode":          {"livemode": "yes"},
		"public key":        {"platform_public_key": "MIIB"},
		"a private key":     {"platform_public_key": institution.Merchant.PrivateKey},
		"no ID":             {"platform_public_key_id": ""},
		"ID without a key":  {"platform_public_key_id": "PUB_KEY_ID_1,PUB_KEY_ID_2"},
		"same ID for both":  {"platform_public_key": config.Options["platform_public_key"] + config.Options["platform_public_key"], "platform_public_key_id": "PUB_KEY_ID_1,PUB_KEY_ID_1"},
		"option of no such": {"app_secret": "x"},
	} {
		options := map[string]string{}
		for _, m := range []map[string]string{config.Options, change} {
			for k, v := range m {
				options[k] = v
			}
		}
		_, err := wechatpay.Driver().Open(channel.Config{Options: options, Keys: keys, Client: http.DefaultClient, Now: time.Now})
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: the error repeats a key: %v", name, err)
		}
	}
}
