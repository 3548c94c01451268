package payment_test

import (
	"context"
	"errors"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/payment"
)

// breaking is a store that goes away once an institution has been called.
type breaking struct {
	payment.Store
	gone *bool
}

func (b breaking) Commit(ctx context.Context, c *payment.Change) error {
	if *b.gone {
		return paymux.Errorf(paymux.Unavailable, "The store cannot be reached. Nothing was done; try again.")
	}
	return b.Store.Commit(ctx, c)
}

// Money may have moved: whoever asked must not be told that nothing was done.
func TestAnOutcomeThatCannotBeStoredIsUnknown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	gone := false
	h.Store = breaking{h.store, &gone}
	paid := channel.Result{State: paymux.OpSucceeded}
	h.first.do = func(channel.Operation) (channel.Result, error) { gone = true; return paid, nil }
	order := h.order(1000)
	if _, err := h.Create(t.Context(), order); !errors.Is(err, paymux.OutcomeUnknown) {
		t.Errorf("create: %v", err)
	}
	gone = false
	if _, err := h.Create(t.Context(), order); !errors.Is(err, paymux.KeyInFlight) {
		t.Errorf("its repeat: %v", err)
	}

	h.first.do = func(channel.Operation) (channel.Result, error) { return paid, nil }
	other, _ := h.create(h.order(1000))
	h.first.do = func(channel.Operation) (channel.Result, error) { gone = true; return paid, nil }
	if _, err := h.Refund(t.Context(), paymux.CreateRefund{Caller: h.caller(), Payment: other.ID}); !errors.Is(err, paymux.OutcomeUnknown) {
		t.Errorf("refund: %v", err)
	}
}
