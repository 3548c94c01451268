package payment_test

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

func TestCreateByWhatTheBankAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result   channel.Result
		err      error
		status   paymux.PaymentStatus
		told     []paymux.EventType
		code     paymux.Code
		accepted bool
	}{
		"paid":            {result: paid(1250), status: paymux.Succeeded, told: []paymux.EventType{paymux.PaymentSucceeded}},
		"to be scanned":   {result: scan, status: paymux.RequiresAction},
		"pending":         {result: channel.Result{State: paymux.OpPending}, status: paymux.Processing, accepted: true},
		"declined":        {result: refused, status: paymux.Failed, told: []paymux.EventType{paymux.PaymentFailed}, code: paymux.PaymentDeclined},
		"answer lost":     {err: lost, status: paymux.Processing, accepted: true},
		"unknown code":    {result: channel.Result{State: paymux.OpUnknown, Code: "E999"}, status: paymux.Processing, accepted: true},
		"no such state":   {result: channel.Result{State: "approved"}, status: paymux.Processing, accepted: true},
		"another amount":  {result: paid(1), status: paymux.Processing, accepted: true},
		"another money":   {result: channel.Result{State: paymux.OpSucceeded, Money: paymux.Money{Amount: 1250, Currency: "JPY"}}, status: paymux.Processing, accepted: true},
		"canceled":        {result: channel.Result{State: paymux.OpCanceled}, status: paymux.Canceled, told: []paymux.EventType{paymux.PaymentCanceled}, code: paymux.PaymentDeclined},
		"amount unstated": {result: channel.Result{State: paymux.OpSucceeded}, status: paymux.Succeeded, told: []paymux.EventType{paymux.PaymentSucceeded}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.first.answers(c.result, c.err)
			p, reply := h.create(h.order(1250))
			if reply.Accepted != c.accepted || !reply.Created {
				t.Errorf("accepted %t, created %t", reply.Accepted, reply.Created)
			}
			if got := codeOf(reply.Error); got != c.code {
				t.Errorf("answered with %q, want %q", got, c.code)
			}
			h.expect(p.ID, c.status, c.told...)
			if n := h.first.done[p.LatestOperation]; n != 1 || len(h.second.calls) != 0 {
				t.Errorf("called %d times, the other bank %d", n, len(h.second.calls))
			}
		})
	}
}

func codeOf(e *paymux.Error) paymux.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

func TestFailoverOnlyAfterProofThatNothingHappened(t *testing.T) {
	t.Parallel()
	retryable := refused
	retryable.Retryable = true
	for name, c := range map[string]struct {
		result channel.Result
		err    error
		moves  bool
	}{
		"not sent":           {err: down, moves: true},
		"retryable decline":  {result: retryable, moves: true},
		"decline":            {result: refused},
		"answer lost":        {err: lost},
		"unknown, retryable": {result: channel.Result{State: paymux.OpUnknown, Retryable: true}},
		"pending, retryable": {result: channel.Result{State: paymux.OpPending, Retryable: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.first.answers(c.result, c.err)
			h.second.answers(paid(700), nil)
			p, reply := h.create(h.order(700))
			ops := h.ops(p.ID)
			if moved := len(h.second.calls) > 0; moved != c.moves {
				t.Fatalf("second bank called: %t, want %t", moved, c.moves)
			}
			if !c.moves {
				return
			}
			h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
			if len(ops) != 2 || ops[0].ID == ops[1].ID || p.Account != "second" || reply.Error != nil {
				t.Errorf("operations %+v, account %s, error %v", ops, p.Account, reply.Error)
			}
		})
	}
}

func TestNobodyReachedIsAFailureThatSaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, down)
	h.second.answers(channel.Result{}, down)
	p, reply := h.create(h.order(700))
	if codeOf(reply.Error) != paymux.NotSent {
		t.Errorf("answered %+v", reply.Error)
	}
	h.expect(p.ID, paymux.Failed, paymux.PaymentFailed)
}

func TestOneKeyMakesOnePaymentHoweverOftenAndAtOnceItIsSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(900), nil)
	request := h.order(900)
	var wg sync.WaitGroup
	answers := make(chan paymux.PaymentID, 200)
	for range 200 {
		wg.Go(func() {
			for {
				reply, err := h.Create(t.Context(), request)
				if errors.Is(err, paymux.KeyInFlight) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				answers <- paymentIn(t, reply).ID
				return
			}
		})
	}
	wg.Wait()
	close(answers)
	seen := map[paymux.PaymentID]bool{}
	for id := range answers {
		seen[id] = true
	}
	if len(seen) != 1 || len(h.first.calls) != 1 {
		t.Errorf("%d payments, %d calls", len(seen), len(h.first.calls))
	}
}

func TestAKeyIsRefusedToAnotherRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(900), nil)
	request := h.order(900)
	h.create(request)
	request.Fingerprint = []byte("another body")
	if _, err := h.Create(t.Context(), request); !errors.Is(err, paymux.KeyReused) {
		t.Errorf("%v, want KeyReused", err)
	}
	request.Merchant = "mer_other" // another merchant's key is another key
	if _, err := h.Create(t.Context(), request); err != nil {
		t.Error(err)
	}
}

func TestARepeatIsAnsweredByteForByte(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]channel.Result{"paid": paid(900), "declined": refused, "scan": scan} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.first.answers(result, nil)
			request := h.order(900)
			_, first := h.create(request)
			_, again := h.create(request)
			if !again.Replayed || string(again.Object) != string(first.Object) || codeOf(again.Error) != codeOf(first.Error) {
				t.Errorf("first  %s %v\nagain %s %v", first.Object, first.Error, again.Object, again.Error)
			}
		})
	}
}

func TestAnOrderIsHeldByOnePaymentUntilItEndsUnpaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(scan, nil)
	one, two := h.order(900), h.order(900)
	two.MerchantOrderID = one.MerchantOrderID
	p, _ := h.create(one)
	if _, err := h.Create(t.Context(), two); !errors.Is(err, paymux.OrderInUse) {
		t.Fatalf("%v, want OrderInUse", err)
	}
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: p.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Create(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	// The first was paid after all: it is recorded although its order is taken.
	if err := h.tell(p.LatestOperation, paid(900)); err != nil {
		t.Fatal(err)
	}
	if late := h.payment(p.ID); late.Status != paymux.Succeeded || !late.Late {
		t.Errorf("%s, late %t", late.Status, late.Late)
	}
}

func TestCreateRefusesWhatCouldNeverBePaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, spoil := range map[string]func(*paymux.CreatePayment){
		"amount":         func(r *paymux.CreatePayment) { r.Money.Amount = 0 },
		"currency":       func(r *paymux.CreatePayment) { r.Money.Currency = "ABC" },
		"order":          func(r *paymux.CreatePayment) { r.MerchantOrderID = "" },
		"method":         func(r *paymux.CreatePayment) { r.Method.Type = "" },
		"capture_method": func(r *paymux.CreatePayment) { r.CaptureMethod = "never" },
		"expires_at":     func(r *paymux.CreatePayment) { r.ExpiresAt = h.clock().Add(-time.Hour) },
		"account":        func(r *paymux.CreatePayment) { r.Designated = "nobody" },
	} {
		r := h.order(100)
		spoil(&r)
		if _, err := h.Create(t.Context(), r); !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%s: %v, want InvalidRequest", name, err)
		}
	}
	r := h.order(100)
	r.Policy.Accounts = []string{"third"}
	if _, err := h.Create(t.Context(), r); !errors.Is(err, paymux.NoChannel) {
		t.Errorf("%v, want NoChannel", err)
	}
	if len(h.first.calls)+len(h.second.calls) != 0 {
		t.Error("a bank was called")
	}
}

// As long as accounts may be missing, what none takes is asked to come again; once it was paid, its repeat is answered all the same.
func TestNobodyIsRefusedForGoodBeforeTheAccountsAreKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(100), nil)
	kept := h.order(100)
	made, err := h.Create(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	h.gathered(false)
	kept.Policy.Accounts = []string{"third"} // as if the account were not known
	if again, err := h.Create(t.Context(), kept); err != nil || !again.Replayed || !bytes.Equal(again.Object, made.Object) {
		t.Errorf("the repeat is answered %+v, %v", again, err)
	}
	elsewhere, designated := h.order(100), h.order(100)
	elsewhere.Policy.Accounts, designated.Designated = []string{"third"}, "third"
	for name, r := range map[string]paymux.CreatePayment{"allowed": elsewhere, "designated": designated} {
		var refused *paymux.Error
		if _, err := h.Create(t.Context(), r); !errors.As(err, &refused) || refused.Code != paymux.Unavailable || refused.RetryAfter == 0 {
			t.Errorf("%s: %v, want Unavailable for a while", name, err)
		}
	}
	h.gathered(true)
	if _, err := h.Create(t.Context(), elsewhere); !errors.Is(err, paymux.NoChannel) {
		t.Errorf("%v, want NoChannel", err)
	}
}
