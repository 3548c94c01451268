package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/payment"
)

// queryAfter is past the time limit and the patience of a call.
const queryAfter = 10 * time.Second

func TestUnknownNeverBecomesFailedByTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, lost)
	p, _ := h.create(h.order(1250))
	for _, query := range []struct {
		result channel.Result
		err    error
	}{
		{err: errors.New("503")},
		{err: channel.ErrUnsupported},
		{result: channel.Result{State: paymux.OpUnknown, Code: "E999"}},
		{result: channel.Result{State: "exploded"}},
		{result: paid(1)},
	} {
		h.first.finds(query.result, query.err)
		for range 20 {
			h.pass(13 * time.Hour)
			if v := h.resolve(p.ID); v.Done {
				t.Fatalf("given up silently after %v, %v", query.result, query.err)
			}
			h.expect(p.ID, paymux.Processing)
		}
	}
	if v := h.resolve(p.ID); !v.Bury || v.Hop == nil {
		t.Errorf("after 54 days: %+v, want it buried with a line on the timeline", v)
	}
	h.first.finds(paid(1250), nil)
	h.resolve(p.ID)
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
}

func TestResolveFindsWhatWasNotReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found  channel.Result
		err    error
		status paymux.PaymentStatus
		told   []paymux.EventType
	}{
		"paid":     {found: paid(1250), status: paymux.Succeeded, told: []paymux.EventType{paymux.PaymentSucceeded}},
		"declined": {found: refused, status: paymux.Failed, told: []paymux.EventType{paymux.PaymentFailed}},
		"pending":  {found: channel.Result{State: paymux.OpPending}, status: paymux.Processing},
		"absent":   {err: channel.ErrAbsent, status: paymux.Failed, told: []paymux.EventType{paymux.PaymentFailed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.first.answers(channel.Result{}, lost)
			p, _ := h.create(h.order(1250))
			h.first.finds(c.found, c.err)
			h.pass(queryAfter)
			verdict := h.resolve(p.ID)
			h.expect(p.ID, c.status, c.told...)
			if verdict.Done != c.status.Ended() {
				t.Errorf("done %t while %s", verdict.Done, c.status)
			}
			if len(h.second.calls) != 0 {
				t.Error("another bank was tried from unknown")
			}
		})
	}
}

func TestAbsentIsNotBelievedWhileTheCallMayBeUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, lost)
	p, _ := h.create(h.order(1250))
	h.first.finds(channel.Result{}, channel.ErrAbsent)
	h.resolve(p.ID)
	h.expect(p.ID, paymux.Processing)
}

func TestARefundTheBankNeverSawIsSentAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(1250), nil)
	p, _ := h.create(h.order(1250))
	h.first.answers(channel.Result{}, lost)
	r, _, err := h.refund(p.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	h.first.finds(channel.Result{}, channel.ErrAbsent)
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	h.pass(queryAfter)
	h.resolve(p.ID)
	if got := h.first.calls[len(h.first.calls)-1].ID; got != r.Operation {
		t.Errorf("sent again as %s, first as %s", got, r.Operation)
	}
	if after := h.payment(p.ID); after.AmountRefunded != 1250 || after.AmountRefunding != 0 {
		t.Errorf("%+v", after)
	}
}

func TestExpiryClosesAtTheBankFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found  channel.Result
		closed channel.Result
		err    error
		status paymux.PaymentStatus
	}{
		"closed":                  {found: scan, closed: channel.Result{State: paymux.OpSucceeded}, status: paymux.Expired},
		"paid at the last moment": {found: paid(1250), status: paymux.Succeeded},
		"bank refuses to close":   {found: scan, closed: refused, status: paymux.RequiresAction},
		"bank does not answer":    {found: scan, err: lost, status: paymux.RequiresAction},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			p := h.scanned(1250)
			h.first.finds(c.found, nil)
			h.first.answers(c.closed, c.err)
			h.pass(31 * time.Minute)
			h.resolve(p.ID)
			if got := h.payment(p.ID); got.Status != c.status {
				t.Errorf("%s, want %s", got.Status, c.status)
			}
		})
	}
}

func TestAPaymentNobodyConfirmedExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.order(100)
	r.Confirm, r.Method = false, paymux.Method{}
	p, _ := h.create(r)
	if v := h.resolve(p.ID); v.Done || v.Due.Before(p.ExpiresAt) {
		t.Errorf("looked at again at %s, done %t", v.Due, v.Done)
	}
	h.pass(31 * time.Minute)
	if v := h.resolve(p.ID); !v.Done {
		t.Errorf("%+v", v)
	}
	h.expect(p.ID, paymux.Expired, paymux.PaymentExpired)
	if len(h.first.calls) != 0 {
		t.Error("the bank was called")
	}
}

func TestACrashBetweenTheCommitsIsHealedAndItsKeyAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	release := make(chan struct{})
	h.first.do = func(channel.Operation) (channel.Result, error) {
		<-release // the process "dies" here: its answer is never seen before the task looks
		return channel.Result{}, lost
	}
	request := h.order(1250)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if _, err := h.Create(t.Context(), request); err != nil {
			t.Error(err)
		}
	}()
	var p paymux.Payment
	for p.ID == "" {
		list, err := h.Payments(t.Context(), paymux.PaymentFilter{Merchant: merchant, Page: paymux.Page{Limit: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 {
			p = list[0]
		}
	}
	if _, err := h.Create(t.Context(), request); !errors.Is(err, paymux.KeyInFlight) {
		t.Errorf("%v, want KeyInFlight", err)
	}
	h.first.finds(paid(1250), nil)
	h.pass(queryAfter)
	h.resolve(p.ID)
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
	_, reply := h.create(request)
	if !reply.Replayed || paymentIn(t, reply).Status != paymux.Succeeded {
		t.Errorf("%+v", reply)
	}
	close(release)
	<-answered
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
}

func TestResolveOfWhatIsGoneIsDone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if v := h.resolve(paymux.PaymentID(h.IDs.New(paymux.PrefixPayment))); !v.Done {
		t.Errorf("%+v", v)
	}
	if payment.GiveUp < 7*24*time.Hour {
		t.Error("institutions take days")
	}
}
