package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func orderTests() []test {
	return []test{
		{"order/taken", orderTaken},
		{"order/freed and not retaken", orderFreed},
		{"order/key before order", keyBeforeOrder},
	}
}

func orderTaken(t *testing.T, f *fixture) {
	first, second := f.payment(), f.payment()
	second.MerchantOrderID = first.MerchantOrderID
	f.commit(t, &payment.Change{Payment: first})
	idem := f.idempotency(string(second.ID))
	op := f.operation(second)
	err := f.Commit(t.Context(), &payment.Change{Payment: second, New: []paymux.Operation{op}, Begin: idem})
	wantErr(t, "a second payment of an order", err, paymux.ErrOrderTaken)
	_, err = f.Record(t.Context(), second.ID)
	wantErr(t, "the refused payment", err, paymux.NotFound)
	_, err = f.RecordOf(t.Context(), op.ID)
	wantErr(t, "its operation", err, paymux.NotFound)
	_, err = f.Idempotency(t.Context(), f.merchant, idem.Key)
	wantErr(t, "its idempotency record", err, paymux.NotFound)

	third := f.payment()
	third.Merchant, third.MerchantOrderID = "mer_other", first.MerchantOrderID
	f.commit(t, &payment.Change{Payment: third})
}

// An order is free again when its payment has ended without money. Money that
// comes late to that payment is taken, whoever has the order now.
func orderFreed(t *testing.T, f *fixture) {
	first, second := f.payment(), f.payment()
	second.MerchantOrderID = first.MerchantOrderID
	f.commit(t, &payment.Change{Payment: first})
	ended := f.next(first, paymux.Expired)
	f.commit(t, &payment.Change{Payment: ended})
	f.commit(t, &payment.Change{Payment: second})
	late := f.next(ended, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: late})
	same(t, "the late payment", must[payment.Record](t)(f.Record(t.Context(), first.ID)).Payment, late)

	// The late one never takes the order back, even when it is free.
	f.commit(t, &payment.Change{Payment: f.next(second, paymux.Failed)})
	f.commit(t, &payment.Change{Payment: f.next(late, paymux.Succeeded)})
	third := f.payment()
	third.MerchantOrderID = first.MerchantOrderID
	f.commit(t, &payment.Change{Payment: third})
	filter := paymux.PaymentFilter{Merchant: f.merchant, MerchantOrderID: first.MerchantOrderID, Page: paymux.Page{Limit: 10}}
	listed := must[[]paymux.Payment](t)(f.Payments(t.Context(), filter))
	if len(listed) != 3 || listed[0].ID != third.ID || listed[2].ID != first.ID {
		t.Fatalf("%d payments of the order, want all three, newest first", len(listed))
	}
}

// A repeat of a request has the same order as the first: it must hear of its key.
func keyBeforeOrder(t *testing.T, f *fixture) {
	first, repeat := f.payment(), f.payment()
	repeat.MerchantOrderID = first.MerchantOrderID
	idem := f.idempotency(string(first.ID))
	f.commit(t, &payment.Change{Payment: first, Begin: idem})
	again := *idem
	again.Object = string(repeat.ID)
	wantErr(t, "a repeat", f.Commit(t.Context(), &payment.Change{Payment: repeat, Begin: &again}), paymux.ErrKeyTaken)
	same(t, "the first record", must[paymux.Idempotency](t)(f.Idempotency(t.Context(), f.merchant, idem.Key)), *idem)
}
