package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// A payment whose outcome nobody knows is counted while it is asked for here, and no longer.
func TestUnknownOutcomesAreCountedUntilTheyAreKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	lost := errors.New("connection reset")
	h.first.answers(channel.Result{}, lost)
	h.first.finds(channel.Result{}, lost)
	one, _ := h.create(h.order(1000))
	two, _ := h.create(h.order(2000))
	if n := h.Unknown(); n != 0 {
		t.Errorf("%d before anybody has asked", n)
	}
	h.pass(time.Minute)
	h.resolve(one.ID)
	h.resolve(two.ID)
	h.resolve(two.ID)
	if n := h.Unknown(); n != 2 {
		t.Errorf("%d are unknown, want 2", n)
	}
	h.first.finds(paid(1000), nil)
	h.resolve(one.ID)
	h.expect(one.ID, paymux.Succeeded, paymux.PaymentSucceeded)
	if n := h.Unknown(); n != 1 {
		t.Errorf("%d are unknown, want 1", n)
	}
	h.pass(2 * time.Hour) // another replica asks for it now
	if n := h.Unknown(); n != 0 {
		t.Errorf("%d are unknown that this process has not asked for in two hours", n)
	}
}
