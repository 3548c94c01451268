package payment_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// scanned makes a payment that waits for the payer.
func (h *house) scanned(amount int64) paymux.Payment {
	h.t.Helper()
	h.first.answers(scan, nil)
	p, _ := h.create(h.order(amount))
	return p
}

func (h *house) timeline(id paymux.PaymentID) string {
	h.t.Helper()
	hops, err := h.Timeline(h.t.Context(), merchant, id)
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	for _, hop := range hops {
		fmt.Fprintf(&b, "%s %s\n", hop.Kind, hop.Text)
	}
	return b.String()
}

func TestACallbackMakesItPaidOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.scanned(1250)
	for range 3 {
		if err := h.tell(p.LatestOperation, paid(1250)); err != nil {
			t.Fatal(err)
		}
	}
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
	if n := strings.Count(h.timeline(p.ID), "callback "); n != 1 {
		t.Errorf("%d callbacks on the timeline:\n%s", n, h.timeline(p.ID))
	}
}

func TestReorderedCallbacksEndTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.scanned(1250)
	for _, r := range []channel.Result{paid(1250), {State: paymux.OpPending}, {State: paymux.OpUnknown}, refused, {State: paymux.OpCanceled}} {
		if err := h.tell(p.LatestOperation, r); err != nil {
			t.Fatal(err)
		}
	}
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
}

func TestACallbackThatIsNotBelievedChangesNothingButTheTimeline(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cb   channel.Callback
		err  error
		says string
	}{
		"forged":        {err: channel.ErrForged, says: "its signature is missing or wrong"},
		"foreign":       {err: channel.ErrForeign, says: "it was made for another merchant, application or account"},
		"stale":         {err: channel.ErrStale, says: "it is too old"},
		"malformed":     {err: channel.ErrMalformed, says: "it is malformed"},
		"wrong amount":  {cb: channel.Callback{Result: paid(1)}, says: "it states CNY 0.01 where CNY 12.50 was asked for"},
		"wrong money":   {cb: channel.Callback{Result: channel.Result{State: paymux.OpSucceeded, Money: paymux.Money{Amount: 1250, Currency: "USD"}}}, says: "it states USD 12.50"},
		"other account": {cb: channel.Callback{Result: paid(1250)}, says: "another account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			p := h.scanned(1250)
			c.cb.Operation = p.LatestOperation
			notice := func(channel.CallbackRequest) (channel.Callback, error) { return c.cb, c.err }
			h.first.notice, h.second.notice = notice, notice
			account := "first"
			if name == "other account" {
				account = "second"
			}
			_, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: account})
			if !errors.Is(err, paymux.CallbackRefused) {
				t.Errorf("%v, want CallbackRefused", err)
			}
			h.expect(p.ID, paymux.RequiresAction)
			if line := h.timeline(p.ID); !strings.Contains(line, c.says) {
				t.Errorf("the timeline does not say %q:\n%s", c.says, line)
			}
		})
	}
}

func TestACallbackForNothingOfOursIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, id := range []string{"op_00000000000000000000000000", "op_x", h.IDs.New(paymux.PrefixOperation)} {
		if err := h.tell(paymux.OperationID(id), paid(1)); !errors.Is(err, paymux.CallbackRefused) {
			t.Errorf("%s: %v, want CallbackRefused", id, err)
		}
	}
	_, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "nobody"})
	if !errors.Is(err, paymux.NotFound) {
		t.Errorf("%v, want NotFound", err)
	}
}

func TestACallbackBeforeTheAnswerIsTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.do = func(op channel.Operation) (channel.Result, error) {
		if err := h.tell(op.ID, paid(1250)); err != nil {
			t.Error(err)
		}
		return channel.Result{}, lost
	}
	request := h.order(1250)
	p, reply := h.create(request)
	if p.Status != paymux.Succeeded || reply.Accepted || reply.Error != nil || reply.Replayed {
		t.Errorf("%s, %+v", p.Status, reply)
	}
	if _, again := h.create(request); !again.Replayed || string(again.Object) != string(reply.Object) {
		t.Errorf("first  %s\nagain %s", reply.Object, again.Object)
	}
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
	if line := h.timeline(p.ID); !strings.Contains(line, "channel first: pay unknown") {
		t.Errorf("the timeline does not say what the call was answered:\n%s", line)
	}
}

func TestLateMoneyIsKeptOrGivenBackAsTheMerchantWants(t *testing.T) {
	t.Parallel()
	for _, policy := range []paymux.LatePolicy{paymux.LateKeep, paymux.LateRefund} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.policy.LatePayment = policy
			p := h.scanned(1250)
			h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
			if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: p.ID}); err != nil {
				t.Fatal(err)
			}
			if err := h.tell(p.LatestOperation, paid(1250)); err != nil {
				t.Fatal(err)
			}
			told := []paymux.EventType{paymux.PaymentCanceled, paymux.PaymentSucceeded}
			h.expect(p.ID, paymux.Succeeded, told...)
			h.resolve(p.ID)
			after := h.payment(p.ID)
			if !after.Late {
				t.Error("not marked late")
			}
			if policy == paymux.LateRefund {
				h.expect(p.ID, paymux.Succeeded, append(told, paymux.RefundDone)...)
			}
			if want := map[paymux.LatePolicy]int64{paymux.LateRefund: 1250}[policy]; after.AmountRefunded != want {
				t.Errorf("%d refunded, want %d", after.AmountRefunded, want)
			}
		})
	}
}

func TestMoneyThatTwoBanksTookIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, down)
	h.second.answers(paid(1250), nil)
	p, _ := h.create(h.order(1250))
	first := h.ops(p.ID)[0].ID
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	for range 2 {
		if err := h.tell(first, paid(1250)); err != nil {
			t.Fatal(err)
		}
	}
	h.resolve(p.ID)
	after := h.payment(p.ID)
	if after.AmountReceived != 1250 || after.AmountRefunded != 0 || after.Account != "second" {
		t.Errorf("%+v", after)
	}
	back := h.first.calls[len(h.first.calls)-1]
	if back.Kind != paymux.Refunds || back.PayID != first || back.Money != yuan(1250) || len(h.ops(p.ID)) != 3 {
		t.Errorf("gave back %+v; operations %d", back, len(h.ops(p.ID)))
	}
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(1250), nil)
	p, _ := h.create(h.order(1250))
	dispute := func(s paymux.DisputeStatus) {
		t.Helper()
		h.first.notice = func(channel.CallbackRequest) (channel.Callback, error) {
			return channel.Callback{Dispute: &channel.Dispute{ChannelID: "case-1", Operation: p.LatestOperation, Status: s, Money: yuan(1250), Reason: "fraudulent"}}, nil
		}
		if _, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first"}); err != nil {
			t.Fatal(err)
		}
	}
	dispute(paymux.DisputeOpened)
	dispute(paymux.DisputeOpened)
	if got := h.payment(p.ID).AmountDisputed; got != 1250 {
		t.Errorf("%d disputed", got)
	}
	dispute(paymux.DisputeWon)
	dispute(paymux.DisputeLost) // after the end: nothing
	if got := h.payment(p.ID).AmountDisputed; got != 0 {
		t.Errorf("%d disputed", got)
	}
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded, paymux.DisputeWasOpened, paymux.DisputeWasWon)
}

func TestADisputeInAnotherCurrencyIsNotAddedUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(1250), nil)
	p, _ := h.create(h.order(1250))
	h.first.notice = func(r channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{Dispute: &channel.Dispute{
			ChannelID: "case-1", Operation: p.LatestOperation, Status: paymux.DisputeStatus(r.Body), Money: paymux.Money{Amount: 180, Currency: "USD"},
		}}, nil
	}
	for _, status := range []paymux.DisputeStatus{paymux.DisputeOpened, paymux.DisputeWon} {
		if _, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first", Body: []byte(status)}); err != nil {
			t.Fatal(err)
		}
		d, err := h.store.Dispute(t.Context(), "first", "case-1")
		if got := h.payment(p.ID).AmountDisputed; err != nil || got != 0 || d.Amount != 180 || d.Currency != "USD" || d.Status != status {
			t.Errorf("%s: %d fen disputed, %+v, %v", status, got, d, err)
		}
	}
}

// A dispute of what another account has carried is refused, and the timeline says so.
func TestADisputeByAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(1250), nil)
	p, _ := h.create(h.order(1250))
	h.second.notice = func(channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{Dispute: &channel.Dispute{ChannelID: "case-1", Operation: p.LatestOperation, Status: paymux.DisputeOpened, Money: yuan(1250)}}, nil
	}
	_, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "second"})
	if !errors.Is(err, paymux.CallbackRefused) || h.payment(p.ID).AmountDisputed != 0 {
		t.Errorf("%v, %d disputed", err, h.payment(p.ID).AmountDisputed)
	}
	if line := h.timeline(p.ID); !strings.Contains(line, "second: callback refused, it is about an operation of another account") {
		t.Errorf("the timeline tells nothing of it:\n%s", line)
	}
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
}

func TestNewsOfOneDisputeAtOnceMakesOneDispute(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(1250), nil)
	p, _ := h.create(h.order(1250))
	h.first.notice = func(r channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{Dispute: &channel.Dispute{
			ChannelID: "case-1", Operation: p.LatestOperation, Status: paymux.DisputeStatus(r.Body), Money: yuan(1250),
		}}, nil
	}
	var wg sync.WaitGroup
	for n := range 16 {
		status := []paymux.DisputeStatus{paymux.DisputeOpened, paymux.DisputeLost}[n%2]
		wg.Go(func() {
			_, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first", Body: []byte(status)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := h.payment(p.ID).AmountDisputed; got != 1250 {
		t.Errorf("%d disputed", got)
	}
	d, err := h.store.Dispute(t.Context(), "first", "case-1")
	if err != nil || d.Status != paymux.DisputeLost {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWhatAnotherProcessHasChangedIsReadAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.beside() // another process on the same store
	p := h.scanned(1250)
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	if _, err := other.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: p.ID}); err != nil {
		t.Fatal(err)
	}
	if err := h.tell(p.LatestOperation, channel.Result{State: paymux.OpPending}); err != nil {
		t.Fatal(err)
	}
	if got := h.payment(p.ID); got.Status != paymux.Canceled {
		t.Errorf("%s after old news", got.Status)
	}
	if err := h.tell(p.LatestOperation, paid(1250)); err != nil {
		t.Fatal(err)
	}
	if got := h.payment(p.ID); got.Status != paymux.Succeeded || !got.Late || got.AmountReceived != 1250 {
		t.Errorf("%s, late %t, %d received", got.Status, got.Late, got.AmountReceived)
	}
}

func TestAnAttemptThatWasReplacedGivesThePayerNothingToDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, down)
	h.second.answers(scan, nil)
	p, _ := h.create(h.order(1250))
	again := scan
	again.NextAction = &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://first.example", Method: "GET"}}
	if err := h.tell(h.ops(p.ID)[0].ID, again); err != nil {
		t.Fatal(err)
	}
	if got := h.payment(p.ID); got.Status != paymux.RequiresAction || got.NextAction.Type != paymux.ActionDisplayQR || got.Account != "second" {
		t.Errorf("%s, %+v at %s: the payer was sent to pay a second time", got.Status, got.NextAction, got.Account)
	}
	if op := h.ops(p.ID)[0]; op.State != paymux.OpPending {
		t.Errorf("the first attempt is %s, want it watched as pending", op.State)
	}
}
