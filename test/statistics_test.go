package test_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// recount adds up a merchant's payments and events, as the merchant can read them.
func recount(t testing.TB, merchant *client.Client) map[paymux.Measure]paymux.Sum {
	t.Helper()
	sums := map[paymux.Measure]paymux.Sum{}
	add := func(m paymux.Measure, count, amount int64) {
		sums[m] = paymux.Sum{Count: sums[m].Count + count, Amount: sums[m].Amount + amount}
	}
	for p, err := range merchant.Payments(t.Context(), client.PaymentQuery{PageSize: 100}) {
		if err != nil {
			t.Fatal(err)
		}
		add(paymux.CountCreated, 1, p.Amount)
		add(paymux.CountCaptured, 0, p.AmountReceived)
		add(paymux.CountRefunded, 0, p.AmountRefunded)
	}
	for e, err := range merchant.Events(t.Context(), client.EventQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		var p paymux.Payment
		if err := json.Unmarshal(e.Data.Object, &p); err != nil {
			t.Fatal(err)
		}
		switch e.Type {
		case paymux.PaymentSucceeded:
			add(paymux.CountSucceeded, 1, p.AmountReceived)
		case paymux.PaymentFailed:
			add(paymux.CountFailed, 1, p.Amount)
		case paymux.PaymentCanceled:
			add(paymux.CountCanceled, 1, p.Amount)
		}
	}
	return sums
}

// counted is the same as the statistics have it.
func counted(t testing.TB, merchant *client.Client, every paymux.Interval) map[paymux.Measure]paymux.Sum {
	t.Helper()
	s, err := merchant.Statistics(t.Context(), client.StatisticsQuery{Every: every, From: time.Now().Add(-3 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var all paymux.Numbers
	for i := range s.Data {
		all.Add(&s.Data[i].Numbers)
	}
	sums := map[paymux.Measure]paymux.Sum{}
	for m, sum := range map[paymux.Measure]paymux.Sum{
		paymux.CountCreated: all.Created, paymux.CountSucceeded: all.Succeeded, paymux.CountFailed: all.Failed, paymux.CountCanceled: all.Canceled,
		paymux.CountCaptured: {Amount: all.Captured.Amount}, paymux.CountRefunded: {Amount: all.Refunded.Amount},
	} {
		if sum.Count > 0 || m == paymux.CountCaptured || m == paymux.CountRefunded {
			sums[m] = sum
		}
	}
	return sums
}

// wantRecount waits until the statistics equal a recount of the orders.
func wantRecount(t testing.TB, merchant *client.Client) {
	t.Helper()
	for _, every := range paymux.Intervals() {
		diff := ""
		if !within(30*time.Second, func() bool {
			diff = cmp.Diff(recount(t, merchant), counted(t, merchant, every))
			return diff == ""
		}) {
			t.Errorf("the statistics of each %s are no recount of the orders (-recount +statistics):\n%s", every, diff)
		}
	}
}
