package test_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// asked is longer than the resolve task takes to ask about a call without an
// answer: the channel's time limit, some patience, and a busy machine.
const asked = 45 * time.Second

// play is one thing that can go wrong on the way to an institution, or go right by a way of its own.
type play struct {
	name     string
	policy   map[string]any
	accounts int // how many the merchant has; 0: one
	options  string
	act      func(s *scene)
}

var plays = []play{
	{name: "timeout after success", act: timeoutAfterSuccess},
	{name: "timeout after success, told by callback", act: timeoutThenCallback},
	{name: "unknown stays processing until the channel speaks", act: silence},
	{name: "notification lost", act: notificationLost},
	{name: "notified twice", act: notifiedTwice},
	{name: "wrong amount", act: wrongAmount},
	{name: "503 fails over", accounts: 2, act: failover},
	{name: "503 everywhere", act: nobodyReached},
	{name: "unknown code", act: unknownCode},
	{name: "notified late", act: notifiedLate},
	{name: "notified in the wrong order", act: reordered},
	{name: "forged first", act: forgedFirst},
	{name: "down", act: down},
	{name: "error rate", act: errorRate},
	{name: "late money kept", policy: map[string]any{"late_payment": paymux.LateKeep}, act: lateKept},
	{name: "late money refunded", policy: map[string]any{"late_payment": paymux.LateRefund}, act: lateRefunded},
	{name: "cards declined", act: declines},
	{name: "3-D Secure passed", act: securePassed},
	{name: "3-D Secure failed", act: secureFailed},
	{name: "QR approved", act: qrApproved},
	{name: "wallet refused", act: walletRefused},
	{name: "bank transfer", act: bankTransfer},
	{name: "expired at the institution", act: expired},
	{name: "expired without a method", act: expiredUnused},
}

func (y *play) account(n int) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(y.name))
	return fmt.Sprintf("%s_%d", plain, n)
}

// Whatever goes wrong between us and an institution, a payment ends as the
// institution's own book says, tells why, and is notified once.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	p.accounts = nil
	for _, y := range plays {
		for n := range max(1, y.accounts) {
			magic := []string{"on", "off"}[n] // a second account takes what the first one refused
			p.accounts = append(p.accounts, fmt.Sprintf("{name: %s, channel: sandbox, options: {magic_503: %q}}", y.account(n), magic))
		}
	}
	p.start()
	for _, y := range plays {
		t.Run(y.name, func(t *testing.T) {
			t.Parallel()
			var names []string
			for n := range max(1, y.accounts) {
				names = append(names, y.account(n))
			}
			y.act(newScene(t, p, y.policy, names...))
		})
	}
}

func timeoutAfterSuccess(s *scene) {
	s.faults(sandbox.Faults{Callbacks: sandbox.CallbacksLost})
	p := s.pay(s.wish(1005, paymux.Card, goodCard), http.StatusAccepted, paymux.Processing)
	if p.LastError == nil || p.LastError.Code != paymux.OutcomeUnknown {
		s.t.Errorf("last_error is %+v", p.LastError)
	}
	s.booked(p.ID, "pay succeeded 1")
	now := s.becomes(p.ID, paymux.Succeeded, asked)
	if now.Late || now.AmountReceived != 1005 || now.LastError != nil {
		s.t.Errorf("%+v", now)
	}
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "api: POST /v1/payments", "route: ", "pay unknown", "query: "+s.account+": pay succeeded", "notify: payment.succeeded")
}

// The answer and the callback race here: whichever comes first, the end is the same.
func timeoutThenCallback(s *scene) {
	p, err := s.CreatePayment(s.t.Context(), s.wish(1005, paymux.Card, goodCard))
	if err != nil {
		s.t.Fatal(err)
	}
	s.becomes(p.ID, paymux.Succeeded, 10*time.Second) // sooner than any query
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "callback: "+s.account+": pay succeeded")
}

// silence: neither answers nor queries nor callbacks come, for longer than the time limit and two queries.
func silence(s *scene) {
	s.faults(sandbox.Faults{TimeoutRate: 1, Callbacks: sandbox.CallbacksLost})
	p := s.pay(s.wish(1000, paymux.Card, goodCard), http.StatusAccepted, paymux.Processing)
	queries := func() int {
		n := 0
		for line := range strings.Lines(s.p.logged()) {
			if strings.Contains(line, `"msg":"resolve"`) && strings.Contains(line, string(p.ID)) {
				n++
			}
		}
		return n
	}
	s.await("asked for in vain", asked, func() bool { return queries() >= 1 })
	s.faults(sandbox.Faults{Down: true}) // a query that is refused proves nothing either
	s.await("asked for in vain again", asked, func() bool { return queries() >= 2 })
	if now := s.payment(p.ID); now.Status != paymux.Processing || now.AmountReceived != 0 {
		s.t.Fatalf("after failed queries it is %s", now.Status)
	}
	if told := s.sink.heard(string(p.ID)); len(told) != 0 {
		s.t.Errorf("told %v of a payment nobody knows the end of", told)
	}
	s.faults(sandbox.Faults{})
	now, err := s.SyncPayment(s.t.Context(), p.ID)
	if err != nil || now.Status != paymux.Succeeded {
		s.t.Fatalf("it answers again, and the payment is %+v, %v", now, err)
	}
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "pay unknown", "query: "+s.account+": pay succeeded")
}

// walletPayment waits for its payer.
func (s *scene) walletPayment(amount int64) *paymux.Payment {
	s.t.Helper()
	return s.pay(s.wish(amount, paymux.WeChatPay, ""), http.StatusCreated, paymux.RequiresAction)
}

func notificationLost(s *scene) {
	p := s.walletPayment(1006)
	s.payer(p.ID, "approve")
	s.becomes(p.ID, paymux.Succeeded, asked)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "pay pending", "query: "+s.account+": pay succeeded", "notify: payment.succeeded")
	if strings.Contains(s.story(p.ID), "callback:") {
		s.t.Error("a lost callback arrived")
	}
}

func notifiedTwice(s *scene) {
	p := s.walletPayment(1007)
	s.payer(p.ID, "approve")
	s.becomes(p.ID, paymux.Succeeded, 10*time.Second)
	s.await("both acknowledged", 10*time.Second, func() bool { return s.p.charges(s.t, p.ID)[0].Callbacks == 2 })
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	if n := strings.Count(s.story(p.ID), "callback: "+s.account+": pay succeeded"); n != 1 {
		s.t.Errorf("the timeline tells of the payment's success by callback %d times", n)
	}
}

// wrongAmount: the callback is not believed; the institution, asked, says the right amount.
func wrongAmount(s *scene) {
	p := s.walletPayment(1008)
	s.payer(p.ID, "approve")
	now := s.becomes(p.ID, paymux.Succeeded, asked)
	if now.AmountReceived != 1008 {
		s.t.Errorf("received %d", now.AmountReceived)
	}
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "callback refused, it states CNY 10.09 where CNY 10.08 was asked for", "query: "+s.account+": pay succeeded")
	if c := s.p.charges(s.t, p.ID)[0]; c.Callbacks != 0 {
		s.t.Errorf("a callback with a wrong amount was acknowledged")
	}
}

func failover(s *scene) {
	p := s.walletPayment(1009)
	other := strings.TrimSuffix(s.account, "0") + "1"
	if p.Account != other || p.Routing == nil || !strings.Contains(p.Routing.Reason, "failed over to "+other) {
		s.t.Errorf("it is at %s, routed %+v", p.Account, p.Routing)
	}
	s.payer(p.ID, "approve")
	s.becomes(p.ID, paymux.Succeeded, 10*time.Second)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, s.account+" not_sent; failed over to "+other, other+": pay pending", "callback: "+other+": pay succeeded")
}

func nobodyReached(s *scene) { s.notSent(1009) }

func down(s *scene) {
	s.faults(sandbox.Faults{Down: true})
	s.notSent(1000)
	s.faults(sandbox.Faults{})
	s.pay(s.wish(1000, paymux.Card, goodCard), http.StatusCreated, paymux.Succeeded) // the order is free again
}

func errorRate(s *scene) {
	s.faults(sandbox.Faults{ErrorRate: 1})
	s.notSent(1000)
}

func (s *scene) notSent(amount int64) {
	s.t.Helper()
	p := s.pay(s.wish(amount, paymux.Card, goodCard), http.StatusBadGateway, paymux.Failed)
	if p.LastError == nil || p.LastError.Code != paymux.NotSent {
		s.t.Errorf("last_error is %+v", p.LastError)
	}
	s.booked(p.ID)
	s.told(string(p.ID), paymux.PaymentFailed)
	s.tells(p.ID, s.account+": pay not_sent", "notify: payment.failed")
}

func unknownCode(s *scene) {
	s.faults(sandbox.Faults{Callbacks: sandbox.CallbacksLost})
	p := s.pay(s.wish(1010, paymux.Card, goodCard), http.StatusAccepted, paymux.Processing)
	if p.LastError == nil || p.LastError.ChannelCode == "" {
		s.t.Errorf("the institution's own code is not shown: %+v", p.LastError)
	}
	s.becomes(p.ID, paymux.Succeeded, asked)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "pay unknown", "query: "+s.account+": pay succeeded")
}

func notifiedLate(s *scene) {
	p := s.walletPayment(1011)
	s.payer(p.ID, "approve")
	if now := s.payment(p.ID); now.Status != paymux.RequiresAction {
		s.t.Errorf("%s before anybody told us", now.Status)
	}
	s.becomes(p.ID, paymux.Succeeded, asked)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "pay pending", "callback: "+s.account+": pay succeeded")
}

func reordered(s *scene) {
	p := s.walletPayment(1012)
	s.payer(p.ID, "approve")
	s.await("both acknowledged", 10*time.Second, func() bool { return s.p.charges(s.t, p.ID)[0].Callbacks == 2 })
	s.becomes(p.ID, paymux.Succeeded, time.Second)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
}

func forgedFirst(s *scene) {
	p := s.walletPayment(1013)
	s.await("the forgery refused", 10*time.Second, func() bool { return strings.Contains(s.p.logged(), "/callbacks/sandbox/"+s.account) })
	if now := s.payment(p.ID); now.Status != paymux.RequiresAction {
		s.t.Fatalf("a forged callback made it %s", now.Status)
	}
	s.payer(p.ID, "approve")
	s.becomes(p.ID, paymux.Succeeded, 10*time.Second)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
}

// late cancels a payment, whose payer pays all the same.
func (s *scene) late() paymux.PaymentID {
	s.t.Helper()
	p := s.walletPayment(1000)
	s.faults(sandbox.Faults{LateSuccess: true})
	if _, err := s.CancelPayment(s.t.Context(), p.ID, "changed my mind"); err != nil {
		s.t.Fatal(err)
	}
	s.becomes(p.ID, paymux.Canceled, 10*time.Second)
	s.payer(p.ID, "approve")
	if now := s.becomes(p.ID, paymux.Succeeded, 10*time.Second); !now.Late || now.AmountReceived != 1000 {
		s.t.Errorf("late money: %+v", now)
	}
	return p.ID
}

func lateKept(s *scene) {
	id := s.late()
	s.told(string(id), paymux.PaymentCanceled, paymux.PaymentSucceeded)
	s.booked(id, "pay succeeded 1", "cancel succeeded 1")
	s.tells(id, "cancel succeeded", "callback: "+s.account+": pay succeeded")
	if now := s.payment(id); now.AmountRefunded != 0 || now.AmountRefunding != 0 {
		s.t.Errorf("kept money was given back: %+v", now)
	}
}

func lateRefunded(s *scene) {
	id := s.late()
	s.await("given back", 20*time.Second, func() bool { return s.payment(id).AmountRefunded == 1000 })
	s.told(string(id), paymux.PaymentCanceled, paymux.PaymentSucceeded)
	s.booked(id, "pay succeeded 1", "cancel succeeded 1", "refund succeeded 1")
	s.tells(id, "callback: "+s.account+": pay succeeded", s.account+": refund succeeded")
	refunds := 0
	for r, err := range s.Refunds(s.t.Context(), client.RefundQuery{Payment: id}) {
		if err != nil {
			s.t.Fatal(err)
		}
		refunds++
		s.told(string(r.ID), paymux.RefundDone)
	}
	if refunds != 1 {
		s.t.Errorf("%d refunds", refunds)
	}
}

func declines(s *scene) {
	for number, code := range map[string]paymux.DeclineCode{
		"4000000000000002": paymux.DeclineGeneric, "4000000000009995": paymux.DeclineInsufficientFunds,
		"4000000000009987": paymux.DeclineLostCard, "4000000000009979": paymux.DeclineStolenCard,
		"4000000000000069": paymux.DeclineExpiredCard, "4000000000000127": paymux.DeclineIncorrectCVC,
		"4000000000000119": paymux.DeclineProcessing,
	} {
		p := s.pay(s.wish(1000, paymux.Card, number), http.StatusPaymentRequired, paymux.Failed)
		if p.LastError == nil || p.LastError.DeclineCode != code || p.LastError.Advice == "" {
			s.t.Errorf("%s: %+v", code, p.LastError)
		}
		s.booked(p.ID, "pay declined 0")
		s.told(string(p.ID), paymux.PaymentFailed)
		s.tells(p.ID, s.account+": pay declined", "notify: payment.failed")
	}
}

const home = "https://shop.example/orders/1"

// secure is a payment whose card asks for 3-D Secure, and the bank's page.
func (s *scene) secure() (id paymux.PaymentID, page string) {
	s.t.Helper()
	r := s.wish(1000, paymux.Card, "4000002500003155")
	r.ReturnURL = home
	p := s.pay(r, http.StatusCreated, paymux.RequiresAction)
	if p.NextAction == nil || p.NextAction.Redirect == nil {
		s.t.Fatalf("next_action is %+v", p.NextAction)
	}
	return p.ID, p.NextAction.Redirect.URL
}

func securePassed(s *scene) {
	id, page := s.secure()
	if to := press(s.t, page, "approve"); to != home {
		s.t.Errorf("the payer is sent to %s, not back to the shop", to)
	}
	s.becomes(id, paymux.Succeeded, 10*time.Second)
	s.booked(id, "pay succeeded 1")
	s.told(string(id), paymux.PaymentSucceeded)
	s.tells(id, "pay pending", "callback: "+s.account+": pay succeeded")
}

func secureFailed(s *scene) {
	id, page := s.secure()
	press(s.t, page, "decline")
	if p := s.becomes(id, paymux.Failed, 10*time.Second); p.LastError == nil || p.LastError.DeclineCode != paymux.DeclineAuthenticationFailed {
		s.t.Errorf("last_error is %+v", p.LastError)
	}
	s.booked(id, "pay declined 0")
	s.told(string(id), paymux.PaymentFailed)
	s.tells(id, "pay pending", "callback: "+s.account+": pay declined")
}

func qrApproved(s *scene) {
	p := s.walletPayment(1000)
	if p.NextAction == nil || p.NextAction.DisplayQR == nil {
		s.t.Fatalf("next_action is %+v", p.NextAction)
	}
	image, err := http.Get(p.NextAction.DisplayQR.ImageURL)
	if err != nil {
		s.t.Fatal(err)
	}
	image.Body.Close()
	if kind := image.Header.Get("Content-Type"); image.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "image/svg+xml") {
		s.t.Errorf("the QR code is %s %s", image.Status, kind)
	}
	press(s.t, p.NextAction.DisplayQR.Data, "approve")
	s.becomes(p.ID, paymux.Succeeded, 10*time.Second)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "pay pending", "callback: "+s.account+": pay succeeded")
}

func walletRefused(s *scene) {
	p := s.walletPayment(1000)
	press(s.t, p.NextAction.DisplayQR.Data, "decline")
	if now := s.becomes(p.ID, paymux.Failed, 10*time.Second); now.LastError == nil || now.LastError.DeclineCode != paymux.DeclineCanceledByPayer {
		s.t.Errorf("last_error is %+v", now.LastError)
	}
	s.booked(p.ID, "pay declined 0")
	s.told(string(p.ID), paymux.PaymentFailed)
}

func bankTransfer(s *scene) {
	p := s.pay(s.wish(1000, paymux.BankTransfer, ""), http.StatusCreated, paymux.RequiresAction)
	if p.NextAction == nil || p.NextAction.Instructions == nil || len(p.NextAction.Instructions.Lines) == 0 {
		s.t.Fatalf("next_action is %+v", p.NextAction)
	}
	press(s.t, p.NextAction.Instructions.URL, "approve")
	s.becomes(p.ID, paymux.Succeeded, 10*time.Second)
	s.booked(p.ID, "pay succeeded 1")
	s.told(string(p.ID), paymux.PaymentSucceeded)
	s.tells(p.ID, "pay pending", "callback: "+s.account+": pay succeeded")
}

func expired(s *scene) {
	r := s.wish(1000, paymux.WeChatPay, "")
	r.ExpiresAt = time.Now().Add(2 * time.Second)
	p := s.pay(r, http.StatusCreated, paymux.RequiresAction)
	s.becomes(p.ID, paymux.Expired, asked)
	if c := s.p.charges(s.t, p.ID)[0]; c.State != paymux.OpCanceled || c.Effects != 0 {
		s.t.Errorf("at the institution it is %s with %d effects", c.State, c.Effects)
	}
	if err := s.p.ops().Call(s.t.Context(), http.MethodPost, "/sandbox/api/payments/"+string(p.ID)+"/approve", nil, nil); err == nil {
		s.t.Error("an expired order can still be paid")
	}
	s.told(string(p.ID), paymux.PaymentExpired)
	s.tells(p.ID, "pay pending", "canceled (order_expired)", "notify: payment.expired")
}

func expiredUnused(s *scene) {
	r := s.wish(1000, "", "")
	r.PaymentMethod, r.ExpiresAt = nil, time.Now().Add(2*time.Second)
	p := s.pay(r, http.StatusCreated, paymux.Created)
	s.becomes(p.ID, paymux.Expired, asked)
	s.booked(p.ID)
	s.told(string(p.ID), paymux.PaymentExpired)
	s.tells(p.ID, "nobody chose a method in time", "notify: payment.expired")
}
