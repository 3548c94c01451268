package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func refundTests() []test {
	return []test{{"refund/round trip and list", refundRoundTrip}}
}

func refundRoundTrip(t *testing.T, f *fixture) {
	p, other := f.payment(), f.payment()
	first, second, third := f.refund(p), f.refund(p), f.refund(other)
	f.commit(t, &payment.Change{Payment: p, NewRefunds: []paymux.Refund{first, second}})
	f.commit(t, &payment.Change{Payment: other, NewRefunds: []paymux.Refund{third}})
	same(t, "the refund", must[paymux.Refund](t)(f.Refund(t.Context(), first.ID)), first)

	changed := f.refund(p)
	changed.ID, changed.CreatedAt, changed.Version, changed.Status = first.ID, first.CreatedAt, 2, paymux.RefundSucceeded
	f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Refunds: []paymux.Refund{changed}})
	same(t, "the changed refund", must[paymux.Refund](t)(f.Refund(t.Context(), first.ID)), changed)

	list := func(filter paymux.RefundFilter) []paymux.Refund {
		filter.Merchant, filter.Limit = f.merchant, max(filter.Limit, 2)
		return must[[]paymux.Refund](t)(f.Refunds(t.Context(), filter))
	}
	same(t, "a page", list(paymux.RefundFilter{}), []paymux.Refund{third, second})
	same(t, "the next", list(paymux.RefundFilter{Page: paymux.Page{After: string(second.ID)}}), []paymux.Refund{changed})
	same(t, "the payment's", list(paymux.RefundFilter{Payment: p.ID}), []paymux.Refund{second, changed})
	same(t, "the payment's next", list(paymux.RefundFilter{Payment: p.ID, Page: paymux.Page{After: string(second.ID)}}), []paymux.Refund{changed})
	stranger := must[[]paymux.Refund](t)(f.Refunds(t.Context(), paymux.RefundFilter{Merchant: "mer_other", Payment: p.ID, Page: paymux.Page{Limit: 5}}))
	same(t, "a stranger's", stranger, nil)
	_, err := f.Refund(t.Context(), "re_none")
	wantErr(t, "an unknown refund", err, paymux.NotFound)
}
