package storetest

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// Cycle measures orders a second: 64 callers, each making a payment durable and
// then its outcome, as the payment room does. A store's benchmark calls it.
func Cycle(b *testing.B, open Open) {
	f := newFixture(b, open)
	orders := make(chan struct{})
	var callers sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range 64 {
		callers.Go(func() {
			for range orders {
				if err := f.cycle(b); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		orders <- struct{}{}
	}
	close(orders)
	callers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

// cycle is one order's life, with rows of the size they really have.
func (f *fixture) cycle(b *testing.B) error {
	now := start
	p := paymux.Payment{
		ID: paymux.PaymentID(f.ids.New(paymux.PrefixPayment)), Object: "payment", Livemode: true, Status: paymux.Processing,
		Amount: 12_50, Currency: "CNY", CaptureMethod: paymux.CaptureAutomatic, Description: "two coffees, one cake",
		Method:   paymux.Method{Type: paymux.WeChatPay},
		Metadata: map[string]string{"table": "14", "shop": "north gate"}, ExpiresAt: now.Add(time.Hour),
		Channel: "sandbox", Account: "sandbox", CreatedAt: now, UpdatedAt: now, Version: 1, Merchant: f.merchant,
		Client:  paymux.Client{IP: "203.0.113.7", Country: "CN"},
		Routing: &paymux.Routing{RuleSet: "default", Version: 3, Rule: "all", Reason: "first account that takes wechat_pay in CNY", Candidates: []paymux.Candidate{{Channel: "sandbox", Account: "sandbox"}}},
		Hops: []paymux.Hop{
			{At: now, Kind: paymux.HopAPI, Text: "POST /v1/payments", Ref: "req_01K2", Duration: 120},
			{At: now, Kind: paymux.HopRoute, Text: "sandbox: first account that takes wechat_pay in CNY"},
		},
	}
	p.MerchantOrderID = "ORDER-" + string(p.ID[len(p.ID)-20:])
	op := paymux.Operation{
		ID: paymux.OperationID(f.ids.New(paymux.PrefixOperation)), Object: "operation", Payment: p.ID, Merchant: p.Merchant, Kind: paymux.Pay,
		State: paymux.OpSent, Amount: p.Amount, Currency: p.Currency, Channel: "sandbox", Account: "sandbox", CreatedAt: now, SentAt: now,
	}
	p.LatestOperation = op.ID
	idem := &paymux.Idempotency{Merchant: p.Merchant, Key: "key-" + string(p.ID), Fingerprint: make([]byte, 32), Object: string(p.ID), CreatedAt: now}
	op.IdempotencyKey = idem.Key
	resolve := queue.Task{ID: paymux.TaskID(f.ids.New(paymux.PrefixTask)), Kind: "resolve", Lane: "sandbox", Ref: string(op.ID), Due: now.Add(time.Minute), CreatedAt: now}
	create := &payment.Change{Payment: p, New: []paymux.Operation{op}, Begin: idem, Tasks: []queue.Task{resolve}}
	if err := f.Commit(b.Context(), create); err != nil {
		return err
	}

	next := p
	next.Version, next.Status, next.AmountReceived = 2, paymux.Succeeded, p.Amount
	next.ChannelTransactionID = "tx" + strconv.FormatInt(now.UnixNano(), 10)
	op.State, op.ChannelID, op.AnswerMS, op.EndedAt = paymux.OpSucceeded, next.ChannelTransactionID, 3, now
	answered := *idem
	answered.Answer = make([]byte, 900) // a payment as JSON has about that size
	advance := &payment.Change{
		Payment: next, Operations: []paymux.Operation{op}, Finish: &answered,
		Drop: []payment.TaskRef{{Kind: "resolve", Ref: string(op.ID)}},
		Hops: []paymux.Hop{{At: now, Kind: paymux.HopChannel, Text: "pay at sandbox: succeeded", Ref: string(op.ID), Duration: 3000}},
	}
	return f.Commit(b.Context(), advance)
}
