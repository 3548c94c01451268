package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/replay"
)

func historyTests() []test {
	return []test{
		{"history/whole payments, oldest first", historyWhole},
		{"history/by time", historyByTime},
		{"history/a page at a time", historyPages},
	}
}

// past commits payments of two merchants in turns.
func (f *fixture) past(t *testing.T, n int) []paymux.Payment {
	t.Helper()
	other := paymux.MerchantID(f.ids.New(paymux.PrefixMerchant))
	list := make([]paymux.Payment, n)
	for i := range list {
		p := f.payment()
		if i%2 == 1 {
			p.Merchant = other
		}
		f.commit(t, &payment.Change{Payment: p})
		list[i] = p
	}
	return list
}

func (f *fixture) history(t *testing.T, q replay.Filter) []paymux.Payment {
	t.Helper()
	return must[[]paymux.Payment](t)(f.History(t.Context(), q))
}

func historyWhole(t *testing.T, f *fixture) {
	list := f.past(t, 4)
	list[1] = f.next(list[1], paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: list[1]})
	same(t, "all", f.history(t, replay.Filter{Limit: 10}), list)
	same(t, "one merchant's", f.history(t, replay.Filter{Merchant: f.merchant, Limit: 10}), []paymux.Payment{list[0], list[2]})
	same(t, "nobody's", f.history(t, replay.Filter{Merchant: "mer_nobody", Limit: 10}), nil)
}

func historyByTime(t *testing.T, f *fixture) {
	list := f.past(t, 6)
	at := func(i int) time.Time {
		at, _ := paymux.TimeOf(string(list[i].ID))
		return at
	}
	same(t, "from the third on", f.history(t, replay.Filter{From: at(2), Limit: 10}), list[2:])
	same(t, "before the third", f.history(t, replay.Filter{To: at(2), Limit: 10}), list[:2])
	same(t, "between", f.history(t, replay.Filter{From: at(1), To: at(4), Limit: 10}), list[1:4])
	same(t, "one merchant's between", f.history(t, replay.Filter{Merchant: f.merchant, From: at(1), To: at(5), Limit: 10}), []paymux.Payment{list[2], list[4]})
	same(t, "after the last", f.history(t, replay.Filter{From: at(5).Add(time.Millisecond), Limit: 10}), nil)
}

func historyPages(t *testing.T, f *fixture) {
	list := f.past(t, 7)
	for _, merchant := range []paymux.MerchantID{"", f.merchant} {
		want := slices.DeleteFunc(slices.Clone(list), func(p paymux.Payment) bool { return merchant != "" && p.Merchant != merchant })
		q := replay.Filter{Merchant: merchant, From: start.Add(-time.Hour), Limit: 2}
		var got []paymux.Payment
		for page := f.history(t, q); len(page) > 0; page = f.history(t, q) {
			if len(page) > q.Limit {
				t.Fatalf("a page has %d payments, %d were asked for", len(page), q.Limit)
			}
			got, q.After = append(got, page...), page[len(page)-1].ID
		}
		same(t, "all pages of "+string(merchant), got, want)
	}
}
