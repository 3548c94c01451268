package payment_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// post has a callback refused n times by a payment room.
func (h *house) post(room interface {
	Callback(context.Context, paymux.CallbackRequest) (paymux.CallbackAck, error)
}, n int) {
	h.t.Helper()
	for range n {
		if _, err := room.Callback(h.t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first"}); !errors.Is(err, paymux.CallbackRefused) {
			h.t.Fatalf("%v, want CallbackRefused", err)
		}
	}
}

// forges makes every callback a forgery that names an operation.
func (h *house) forges(op paymux.OperationID) {
	h.first.notice = func(channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{Operation: op}, channel.ErrForged
	}
}

func (h *house) refusals(id paymux.PaymentID) int {
	h.t.Helper()
	return strings.Count(h.timeline(id), "callback refused")
}

// Anybody can post what names an operation: a timeline must not grow with it.
func TestManyForgeriesMakeFewLines(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.scanned(1250)
	h.forges(p.LatestOperation)
	h.post(h, 8)
	if n := h.refusals(p.ID); n != 8 {
		t.Fatalf("%d lines after 8, want each told", n)
	}
	h.post(h, 92)
	if line := h.timeline(p.ID); h.refusals(p.ID) != 11 || !strings.Contains(line, "; 64 refused so far") {
		t.Errorf("after 100 the timeline tells of %d, want the first 8 and the 16th, 32nd and 64th:\n%s", h.refusals(p.ID), line)
	}
	version := h.payment(p.ID).Version
	h.post(h, 27)
	if after := h.payment(p.ID); after.Version != version {
		t.Errorf("what is not told has changed the payment: version %d, then %d", version, after.Version)
	}
	restarted := h.beside()
	h.post(restarted, 63)
	if n := h.refusals(p.ID); n != 11 {
		t.Errorf("%d lines after a restart, want the count to go on from the timeline", n)
	}
	h.post(restarted, 1)
	if line := h.timeline(p.ID); h.refusals(p.ID) != 12 || !strings.Contains(line, "; 128 refused so far") {
		t.Errorf("after a restart:\n%s", line)
	}
	if err := h.tell(p.LatestOperation, paid(1250)); err != nil {
		t.Fatal(err)
	}
	if after := h.payment(p.ID); after.Status != paymux.Succeeded || after.AmountReceived != 1250 {
		t.Errorf("after the genuine one: %+v", after)
	}
}

// An institution repeats what is refused, perhaps for days.
func TestRepeatsOfAWrongAmountMakeFewLines(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.scanned(1250)
	h.forges(p.LatestOperation)
	h.post(h, 9) // which must not drown what the institution says
	h.first.notice = func(channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{ID: "notice", Operation: p.LatestOperation, Result: paid(1)}, nil
	}
	h.post(h, 40)
	if line := h.timeline(p.ID); h.refusals(p.ID) != 8+10 || !strings.Contains(line, "it states CNY 0.01 where CNY 12.50 was asked for; 32 refused so far") {
		t.Errorf("%d lines:\n%s", h.refusals(p.ID), line)
	}
	h.expect(p.ID, paymux.RequiresAction)
}

func TestForgeriesAtOnceDoNotKeepTheGenuineOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.scanned(1250)
	h.first.notice = func(r channel.CallbackRequest) (channel.Callback, error) {
		if string(r.Body) == "genuine" {
			return channel.Callback{ID: "notice", Operation: p.LatestOperation, Result: paid(1250)}, nil
		}
		return channel.Callback{Operation: p.LatestOperation}, channel.ErrForged
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			_, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first"})
			if !errors.Is(err, paymux.CallbackRefused) && !errors.Is(err, paymux.Unavailable) {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Go(func() {
		_, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first", Body: []byte("genuine")})
		if err != nil {
			t.Errorf("the genuine one: %v", err)
		}
	})
	wg.Wait()
	h.expect(p.ID, paymux.Succeeded, paymux.PaymentSucceeded)
	if n := h.refusals(p.ID); n < 8 || n > 11 {
		t.Errorf("%d lines of 64 forgeries", n)
	}
}
