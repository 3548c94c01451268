package alipay_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/test/alipayfake"
)

// counter is an institution and an account there, with one clock between them that can be put forward.
type counter struct {
	institution *alipayfake.Institution
	channel     channel.Channel
	ids         *paymux.IDs
	at          atomic.Int64
}

func newCounter(t channeltest.Reporter, c alipayfake.Config) *counter {
	t.Helper()
	k := &counter{}
	k.at.Store(time.Date(2026, 2, 28, 15, 59, 30, 0, time.UTC).UnixNano()) // 23:59:30 in Beijing
	c.Now = k.now
	institution, config := fake(t, c)
	k.institution, k.channel, k.ids = institution, open(t, config), paymux.NewIDs([]byte("0123456789abcdef"), 1, k.now)
	return k
}

func (k *counter) now() time.Time          { return time.Unix(0, k.at.Load()) }
func (k *counter) forward(d time.Duration) { k.at.Add(int64(d)) }

func (k *counter) payment(flow paymux.MethodFlow) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(k.ids.New(paymux.PrefixOperation)), Kind: paymux.Pay, Money: paymux.Money{Amount: 1250, Currency: "CNY"},
		Method: paymux.Method{Type: paymux.Alipay, Flow: flow}, Description: "两杯茶 & 饼干", ReturnURL: "https://shop.example/back",
		CallbackURL: "https://pay.example/callbacks/alipay/main", PageURL: "https://pay.example/pay/pay_1",
		ExpiresAt: k.now().Add(time.Hour), SentAt: k.now(),
	}
}

func (k *counter) after(kind paymux.OperationKind, pay channel.Operation) channel.Operation {
	op := pay
	op.ID, op.Kind, op.PayID, op.PayMoney, op.SentAt = paymux.OperationID(k.ids.New(paymux.PrefixOperation)), kind, pay.ID, pay.Money, k.now()
	return op
}

func (k *counter) do(t *testing.T, op channel.Operation, want paymux.OperationState) channel.Result {
	t.Helper()
	r, err := k.channel.Do(t.Context(), op)
	if err != nil || r.State != want {
		t.Fatalf("do %s: %s (%s), %v; want %s", op.Kind, r.State, r.Code, err, want)
	}
	return r
}

func (k *counter) ask(t *testing.T, op channel.Operation, want paymux.OperationState) channel.Result {
	t.Helper()
	r, err := k.channel.Query(t.Context(), op)
	if err != nil || r.State != want {
		t.Fatalf("query %s: %s (%s), %v; want %s", op.Kind, r.State, r.Code, err, want)
	}
	return r
}

func (k *counter) come(t *testing.T, next *paymux.NextAction) string {
	t.Helper()
	number, err := k.institution.Come(next)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

var beginning = []paymux.MethodFlow{paymux.FlowWeb, paymux.FlowMobileWeb, paymux.FlowApp, paymux.FlowQR}

// While the payer may still come, an order that Alipay does not know is pending: were it believed not to be
// there, it would be paid elsewhere, and then here as well.
func TestAnOrderNobodyHasComeToIsPendingUntilItExpires(t *testing.T) {
	t.Parallel()
	for _, flow := range beginning {
		t.Run(string(flow), func(t *testing.T) {
			t.Parallel()
			k := newCounter(t, alipayfake.Config{})
			op := k.payment(flow)
			k.do(t, op, paymux.OpPending)
			k.ask(t, op, paymux.OpPending)
			k.forward(time.Hour + time.Minute) // expired, though not yet by every clock
			k.ask(t, op, paymux.OpPending)
			k.forward(2 * time.Minute)
			if r := k.ask(t, op, paymux.OpCanceled); r.Code != "ACQ.TRADE_NOT_EXIST" {
				t.Errorf("code %q", r.Code)
			}
		})
	}
}

// The trade begins with the payer; from then on it is Alipay's own number that counts.
func TestThePayerComesAndPays(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	op := k.payment(paymux.FlowQR)
	r := k.do(t, op, paymux.OpPending)
	number := k.come(t, r.NextAction)
	waits := k.ask(t, op, paymux.OpPending)
	if waits.ChannelID == number || waits.Money != op.Money {
		t.Errorf("the trade is %q over %s", waits.ChannelID, waits.Money)
	}
	if err := k.institution.Pay(number); err != nil {
		t.Fatal(err)
	}
	if done := k.ask(t, op, paymux.OpSucceeded); done.ChannelID != waits.ChannelID || done.Money != op.Money {
		t.Errorf("paid is %q over %s", done.ChannelID, done.Money)
	}
}

// Where the answer to Do was lost, a query has what the payer needs: it leads to the same order.
func TestAQueryInvitesAgain(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	for _, flow := range []paymux.MethodFlow{paymux.FlowWeb, paymux.FlowMobileWeb, paymux.FlowApp} {
		op := k.payment(flow)
		r := k.ask(t, op, paymux.OpPending)
		if number := k.come(t, r.NextAction); number != paymux.OrderNumber(string(op.ID)) {
			t.Errorf("%s leads to order %s", flow, number)
		}
		k.forward(time.Minute)
	}
	late := k.payment(paymux.FlowWeb)
	k.forward(time.Hour - 30*time.Second)
	if r := k.ask(t, late, paymux.OpPending); r.NextAction != nil {
		t.Error("invited although it is too late to come")
	}
}

func TestATradeForAPayerInsideTheAppIsAbsentWhenItIsNotThere(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	if _, err := k.channel.Query(t.Context(), k.payment(paymux.FlowInApp)); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("%v, want ErrAbsent", err)
	}
}

// Canceled is only what nobody can pay any more.
func TestACancellationWaitsForThePayerWhoMayStillCome(t *testing.T) {
	t.Parallel()
	for _, flow := range beginning {
		t.Run(string(flow), func(t *testing.T) {
			t.Parallel()
			k := newCounter(t, alipayfake.Config{})
			pay := k.payment(flow)
			next := k.do(t, pay, paymux.OpPending).NextAction
			cancel := k.after(paymux.Cancel, pay)
			k.do(t, cancel, paymux.OpPending)
			k.ask(t, cancel, paymux.OpPending)
			k.come(t, next)
			// Now there is a trade, and it is open: the room sends the cancellation again.
			if _, err := k.channel.Query(t.Context(), cancel); !errors.Is(err, channel.ErrAbsent) {
				t.Fatalf("an open trade after a cancellation: %v, want ErrAbsent", err)
			}
			k.do(t, cancel, paymux.OpSucceeded)
			k.ask(t, cancel, paymux.OpSucceeded)
			k.ask(t, pay, paymux.OpCanceled)
		})
	}
}

func TestACancellationIsDoneWhenNobodyCame(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	pay := k.payment(paymux.FlowWeb)
	k.do(t, pay, paymux.OpPending)
	cancel := k.after(paymux.Cancel, pay)
	k.do(t, cancel, paymux.OpPending)
	k.forward(63 * time.Minute)
	k.ask(t, cancel, paymux.OpSucceeded)
	k.do(t, k.after(paymux.Cancel, pay), paymux.OpSucceeded) // as expiry does it
}

func TestACancellationLosesToThePayer(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	pay := k.payment(paymux.FlowWeb)
	next := k.do(t, pay, paymux.OpPending).NextAction
	early := k.after(paymux.Cancel, pay)
	k.do(t, early, paymux.OpPending)
	if err := k.institution.Pay(k.come(t, next)); err != nil {
		t.Fatal(err)
	}
	k.ask(t, early, paymux.OpDeclined)
	if r := k.do(t, k.after(paymux.Cancel, pay), paymux.OpDeclined); r.DeclineCode == "" {
		t.Error("declined without a reason")
	}
	k.ask(t, pay, paymux.OpSucceeded)
}

// An order that the payer came to and left is closed by Alipay when it expires.
func TestExpiryClosesTheTrade(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	pay := k.payment(paymux.FlowMobileWeb)
	number := k.come(t, k.do(t, pay, paymux.OpPending).NextAction)
	k.forward(time.Hour)
	k.ask(t, pay, paymux.OpCanceled)
	if err := k.institution.Pay(number); err == nil {
		t.Error("paid after its expiry")
	}
	k.do(t, k.after(paymux.Cancel, pay), paymux.OpSucceeded)
}

func TestARefundThatTakesItsTime(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	pay := k.payment(paymux.FlowWeb)
	if err := k.institution.Pay(k.come(t, k.do(t, pay, paymux.OpPending).NextAction)); err != nil {
		t.Fatal(err)
	}
	k.institution.SlowRefunds()
	refund := k.after(paymux.Refunds, pay)
	refund.Money.Amount = 400
	if r := k.do(t, refund, paymux.OpPending); r.Code != "fund_change_N" {
		t.Errorf("code %q", r.Code)
	}
	if r, err := k.channel.Query(t.Context(), refund); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("asked at once: %s, %v; want an error that says nothing", r.State, err)
	}
	k.forward(11 * time.Second)
	if _, err := k.channel.Query(t.Context(), refund); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("asked later: %v, want ErrAbsent, after which it is sent again", err)
	}
	k.do(t, refund, paymux.OpPending)
	k.institution.SettleRefunds()
	if r := k.ask(t, refund, paymux.OpSucceeded); r.Money != refund.Money {
		t.Errorf("states %s, want %s", r.Money, refund.Money)
	}
	k.do(t, refund, paymux.OpSucceeded)
	if n := k.institution.Effects(paymux.OrderNumber(string(refund.ID))); n != 1 {
		t.Errorf("refunded %d times", n)
	}
	other := refund
	other.Money.Amount = 401 // under the same number
	if r, err := k.channel.Do(t.Context(), other); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("another amount under the same number: %s, %v; want not known", r.State, err)
	}
}
