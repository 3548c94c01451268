package alipay_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/alipay"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/test/alipayfake"
)

// Buyers whose trades are refused.
const (
	blocked  = "2088000000000001"
	itself   = "2088000000000002"
	shut     = "2088000000000003"
	unheard  = "2088000000000004"
	overlong = "2088000000000005"
)

var refusals = map[string]string{
	blocked: "ACQ.BUYER_ENABLE_STATUS_FORBID", itself: "ACQ.BUYER_SELLER_EQUAL", shut: "ACQ.SELLER_BEEN_BLOCKED",
	unheard: "ACQ.SAID_TOMORROW", overlong: "ACQ.TOTAL_FEE_EXCEED",
}

func TestChannel(t *testing.T) {
	t.Parallel()
	for name, certified := range map[string]bool{"public_key": false, "certificates": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			channeltest.Run(t, subject(t, certified))
		})
	}
}

func TestChannelOverTheWire(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, channeltest.OverTheWire(wiretest.Open(t, 0).Connect(), subject(t, true)))
}

func subject(t *testing.T, certified bool) channeltest.Subject {
	t.Helper()
	institution, config := fake(t, alipayfake.Config{Certified: certified})
	for buyer, code := range refusals {
		institution.Refuse(buyer, code)
	}
	w := &wallet{institution: institution, next: map[paymux.OperationID]*paymux.NextAction{}, closes: map[paymux.OperationID]string{}}
	return channeltest.Subject{
		Driver: w.driver(),
		Config: config,
		Payers: []channeltest.Payer{
			{Request: request("in_app", paymux.FlowInApp, "2088102146225135"), State: paymux.OpPending, Action: paymux.ActionInvokeSDK, Complete: w.pay},
			{Request: request("open_id", paymux.FlowInApp, "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"), State: paymux.OpPending, Action: paymux.ActionInvokeSDK, Complete: w.pay},
			{Request: request("", "", ""), State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: w.pay},
			{Request: request("mobile_web", paymux.FlowMobileWeb, ""), State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: w.pay},
			{Request: request("qr", paymux.FlowQR, ""), State: paymux.OpPending, Action: paymux.ActionDisplayQR, Complete: w.pay},
			{Request: request("app", paymux.FlowApp, ""), State: paymux.OpPending, Action: paymux.ActionInvokeSDK, Complete: w.pay},
		},
		Declines: []channeltest.Decline{
			{Request: request("", paymux.FlowInApp, blocked), Code: paymux.DeclineInvalidAccount},
			{Request: request("itself", paymux.FlowInApp, itself), Code: paymux.DeclineInvalidAccount},
			{Request: request("", paymux.FlowInApp, overlong), Code: paymux.DeclineLimit},
			{Request: request("", paymux.FlowInApp, shut), Code: paymux.DeclineProcessing, Retryable: true},
			{Request: channeltest.Request{Method: paymux.Method{Type: paymux.Alipay}, Money: paymux.Money{Amount: 100_000_000_01, Currency: "CNY"}},
				Code: paymux.DeclineNotSupported, Retryable: true},
		},
		Unknown:   new(request("", paymux.FlowInApp, unheard)),
		Callbacks: callbacks(w.institution),
		Faults:    channeltest.HTTPFaults(config),
		Effects:   w.effects,
	}
}

func request(name string, flow paymux.MethodFlow, payer string) channeltest.Request {
	return channeltest.Request{Name: name, Method: paymux.Method{Type: paymux.Alipay, Flow: flow, PayerID: payer}}
}

// wallet is the payers: it sees what each was given, so that they can follow it.
type wallet struct {
	institution *alipayfake.Institution

	mu     sync.Mutex
	next   map[paymux.OperationID]*paymux.NextAction
	closes map[paymux.OperationID]string // order number by the operation that closes it
}

// driver is the real one, with the wallet watching.
func (w *wallet) driver() channel.Driver {
	d := *alipay.Driver()
	open := d.Open
	d.Open = func(c channel.Config) (channel.Channel, error) {
		ch, err := open(c)
		return watched{ch, w}, err
	}
	return d
}

type watched struct {
	channel.Channel
	wallet *wallet
}

// Do lets the payer come before the merchant cancels: only then is there a trade that can be closed at once, which
// is what the suite asks for. What happens when nobody has come is in absence_test.go.
func (c watched) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	c.wallet.mu.Lock()
	defer c.wallet.mu.Unlock()
	if next := c.wallet.next[op.PayID]; op.Kind == paymux.Cancel && next != nil {
		c.wallet.institution.Come(next) // a second time it may be closed already
		c.wallet.closes[op.ID] = paymux.OrderNumber(string(op.PayID))
	}
	r, err := c.Channel.Do(ctx, op)
	if op.Kind == paymux.Pay && r.NextAction != nil {
		c.wallet.next[op.ID] = r.NextAction
	}
	return r, err
}

func (w *wallet) pay(t channeltest.T, op channel.Operation) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	number, err := w.institution.Come(w.next[op.ID])
	if err != nil || number != paymux.OrderNumber(string(op.ID)) {
		t.Fatalf("the payer gets to order %q: %v", number, err)
	}
	if err := w.institution.Pay(number); err != nil {
		t.Fatal(err)
	}
}

func (w *wallet) effects(op paymux.OperationID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if number, ok := w.closes[op]; ok {
		return w.institution.Closings(number)
	}
	return w.institution.Effects(paymux.OrderNumber(string(op)))
}

func callbacks(institution *alipayfake.Institution) *channeltest.Callbacks {
	told := func(op channel.Operation, at time.Time, change map[string]string) channel.CallbackRequest {
		p := institution.Notification(paymux.OrderNumber(string(op.ID)), at)
		maps.Copy(p, change)
		return posted(institution.Sign(p))
	}
	return &channeltest.Callbacks{
		Success: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest { return told(op, time.Now(), nil) },
		Stale: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
			return told(op, time.Now().Add(-27*time.Hour), nil)
		},
		Malformed: func(channeltest.T) channel.CallbackRequest {
			return posted(institution.Sign(map[string]string{
				"app_id": institution.AppID, "notify_id": "1", "notify_time": time.Now().In(beijing).Format(clock), "out_trade_no": "1", "total_amount": "much",
			}))
		},
		Unknown: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
			return told(op, time.Now(), map[string]string{"trade_status": "TRADE_ELSEWHERE"})
		},
	}
}

var beijing = time.FixedZone("UTC+8", 8*60*60)

const clock = "2006-01-02 15:04:05"

func posted(body []byte) channel.CallbackRequest {
	return channel.CallbackRequest{
		Channel: "alipay", Account: "main", Method: http.MethodPost, URL: "https://pay.example/callbacks/alipay/main",
		Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, Body: body,
	}
}

// model has the keys of all institutions here: making them takes its time.
var model = sync.OnceValue(func() *alipayfake.Institution {
	made, err := alipayfake.New(alipayfake.Config{})
	if err != nil {
		panic(err)
	}
	return made
})

// fake starts an institution and returns the configuration of an account there.
func fake(t channeltest.Reporter, c alipayfake.Config) (*alipayfake.Institution, channel.Config) {
	t.Helper()
	c.Like = model()
	institution, err := alipayfake.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	return institution, channel.Config{Account: "main", Options: institution.Options(server.URL), Client: server.Client(), Now: c.Now}
}

// failer is what tests, fuzz tests and the suite's have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// open is an account with what a running system fills in.
func open(t failer, c channel.Config) channel.Channel {
	t.Helper()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Keys == nil {
		keys, err := channel.FixedKeys(alipay.Driver(), c.Options)
		if err != nil {
			t.Fatal(err)
		}
		c.Keys = keys
	}
	ch, err := alipay.Driver().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}
