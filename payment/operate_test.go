package payment_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

var authorized = channel.Result{State: paymux.OpAuthorized, ChannelID: "tx-1"}

// reserve makes a payment whose money is reserved.
func (h *house) reserve(amount int64) paymux.PaymentID {
	h.t.Helper()
	r := h.order(amount)
	r.CaptureMethod = paymux.CaptureManual
	h.first.answers(authorized, nil)
	p, _ := h.create(r)
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	return p.ID
}

func (h *house) capture(id paymux.PaymentID, amount int64, final bool) (paymux.Reply, error) {
	return h.Capture(h.t.Context(), paymux.CapturePayment{Caller: h.caller(), Payment: id, Amount: amount, Final: final})
}

func (h *house) refund(id paymux.PaymentID, amount int64) (paymux.Refund, paymux.Reply, error) {
	reply, err := h.Refund(h.t.Context(), paymux.CreateRefund{Caller: h.caller(), Payment: id, Amount: amount, Reason: "requested_by_customer"})
	var r paymux.Refund
	if err == nil {
		err = json.Unmarshal(reply.Object, &r)
	}
	return r, reply, err
}

func TestCaptureWholeAndInParts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	whole := h.reserve(1000)
	if _, err := h.capture(whole, 0, false); err != nil {
		t.Fatal(err)
	}
	if p := h.payment(whole); p.Status != paymux.Succeeded || p.AmountReceived != 1000 || p.AmountCapturable != 0 {
		t.Errorf("%+v", p)
	}
	parts := h.reserve(1000)
	for _, amount := range []int64{300, 200} {
		if _, err := h.capture(parts, amount, false); err != nil {
			t.Fatal(err)
		}
	}
	if p := h.payment(parts); p.Status != paymux.PartiallyCaptured || p.AmountReceived != 500 || p.AmountCapturable != 500 {
		t.Errorf("%+v", p)
	}
	if _, err := h.capture(parts, 501, false); !errors.Is(err, paymux.AmountTooLarge) {
		t.Errorf("%v, want AmountTooLarge", err)
	}
	if _, err := h.capture(parts, 100, true); err != nil {
		t.Fatal(err)
	}
	if p := h.payment(parts); p.Status != paymux.Succeeded || p.AmountReceived != 600 || p.AmountCapturable != 0 {
		t.Errorf("%+v", p)
	}
	if _, err := h.capture(parts, 1, true); !errors.Is(err, paymux.StateConflict) {
		t.Errorf("%v, want StateConflict", err)
	}
}

func TestACaptureThatFailsLeavesTheReservation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.reserve(1000)
	h.first.answers(refused, nil)
	reply, err := h.capture(id, 0, true)
	if err != nil || codeOf(reply.Error) != paymux.PaymentDeclined {
		t.Errorf("%+v, %v", reply.Error, err)
	}
	if p := h.payment(id); p.Status != paymux.Authorized || p.AmountCapturable != 1000 {
		t.Errorf("%+v", p)
	}
	h.first.answers(channel.Result{}, lost)
	if reply, err = h.capture(id, 0, true); err != nil || !reply.Accepted {
		t.Errorf("%+v, %v", reply, err)
	}
	if _, err = h.capture(id, 0, true); !errors.Is(err, paymux.StateConflict) {
		t.Errorf("a second capture beside an unknown one: %v, want StateConflict", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cancel := func(id paymux.PaymentID) (paymux.Reply, error) {
		return h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: id, Reason: "changed my mind"})
	}
	unconfirmed := h.order(100)
	unconfirmed.Confirm, unconfirmed.Method = false, paymux.Method{}
	created, _ := h.create(unconfirmed)
	h.first.answers(scan, nil)
	waiting, _ := h.create(h.order(100))
	reserved := h.reserve(100)
	partly := h.reserve(100)
	if _, err := h.capture(partly, 40, false); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[paymux.PaymentID]paymux.PaymentStatus{
		created.ID: paymux.Canceled, waiting.ID: paymux.Canceled, reserved: paymux.Canceled, partly: paymux.Succeeded,
	} {
		if reply, err := cancel(id); err != nil || reply.Error != nil {
			t.Fatalf("%v, %+v", err, reply.Error)
		}
		if p := h.payment(id); p.Status != want || p.AmountCapturable != 0 {
			t.Errorf("%s, %d capturable; want %s", p.Status, p.AmountCapturable, want)
		}
		if _, err := cancel(id); !errors.Is(err, paymux.StateConflict) {
			t.Errorf("canceled twice: %v", err)
		}
	}
}

func TestCancelOfAnUnknownPaymentWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, lost)
	p, _ := h.create(h.order(100))
	if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: p.ID}); !errors.Is(err, paymux.StateConflict) {
		t.Errorf("%v, want StateConflict", err)
	}
	h.expect(p.ID, paymux.Processing)
}

func TestRefundsNeverGiveBackMoreThanCame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	p, _ := h.create(h.order(1000))
	var wg sync.WaitGroup
	outcomes := make(chan error, 30)
	for range 30 {
		wg.Go(func() {
			_, _, err := h.refund(p.ID, 100)
			outcomes <- err
		})
	}
	wg.Wait()
	close(outcomes)
	done := 0
	for err := range outcomes {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, paymux.AmountTooLarge) && !errors.Is(err, paymux.Unavailable):
			t.Error(err)
		}
	}
	after := h.payment(p.ID)
	if after.AmountRefunded != int64(done)*100 || after.AmountRefunded > 1000 || after.AmountRefunding != 0 {
		t.Errorf("%d refunds done, %d refunded, %d reserved", done, after.AmountRefunded, after.AmountRefunding)
	}
}

func TestARefundWithoutAnOutcomeStaysReserved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	p, _ := h.create(h.order(1000))
	h.first.answers(channel.Result{}, lost)
	r, reply, err := h.refund(p.ID, 600)
	if err != nil || !reply.Accepted || r.Status != paymux.RefundUnknown {
		t.Fatalf("%s, accepted %t, %v", r.Status, reply.Accepted, err)
	}
	if _, _, err := h.refund(p.ID, 401); !errors.Is(err, paymux.AmountTooLarge) {
		t.Errorf("%v, want AmountTooLarge", err)
	}
	h.first.finds(refused, nil)
	h.pass(queryAfter)
	h.resolve(p.ID)
	after, _ := h.RefundByID(t.Context(), merchant, r.ID)
	if q := h.payment(p.ID); after.Status != paymux.RefundFailed || q.AmountRefunding != 0 || q.AmountRefunded != 0 {
		t.Errorf("refund %s, %+v", after.Status, q)
	}
}

func TestAnotherMerchantSeesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(100), nil)
	p, _ := h.create(h.order(100))
	other := h.caller()
	other.Merchant = "mer_other"
	_, err := h.Refund(t.Context(), paymux.CreateRefund{Caller: other, Payment: p.ID})
	if !errors.Is(err, paymux.NotFound) {
		t.Errorf("refund: %v", err)
	}
	if _, err := h.Timeline(t.Context(), "mer_other", p.ID); !errors.Is(err, paymux.NotFound) {
		t.Errorf("timeline: %v", err)
	}
	if _, err := h.Payment(t.Context(), "mer_other", p.ID); !errors.Is(err, paymux.NotFound) {
		t.Errorf("payment: %v", err)
	}
}
