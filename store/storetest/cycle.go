package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// Cycle measures orders a second: 64 callers, each making a payment durable and
// then its outcome, as the payment room does. A store's benchmark calls it.
func Cycle(b *testing.B, open Open) { CycleOn(b, false, newFixture(b, open)) }

// CycleQuota is Cycle where every order takes room in the same quotas, of payments and of their amounts.
func CycleQuota(b *testing.B, open Open) { CycleOn(b, true, newFixture(b, open)) }

// CycleOn is Cycle on several stores that share their data, 64 callers each.
func CycleOn(b *testing.B, quotas bool, stores ...payment.Store) {
	ids := paymux.NewIDs([]byte("only for tests, no secret"), 7, time.Now)
	merchant := paymux.MerchantID(ids.New(paymux.PrefixMerchant))
	orders := make(chan struct{})
	var callers sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for i := range 64 * len(stores) {
		callers.Go(func() {
			for range orders {
				create, answer := QRPayment(ids, merchant)
				if quotas {
					create.Reserve = []paymux.Reservation{
						take(quotaKey("sandbox", "daily", ""), 1, 1e15), take(quotaKey("sandbox", "daily", create.Payment.Currency), create.Payment.Amount, 1e15),
					}
				}
				if err := stores[i%len(stores)].Commit(b.Context(), create); err != nil {
					b.Error(err)
				}
				if err := stores[i%len(stores)].Commit(b.Context(), answer); err != nil {
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

// QRPayment is the two changes that the payment room commits of a payment by QR
// code, with rows of the size they really have: before the institution is called,
// and with its answer.
func QRPayment(ids *paymux.IDs, merchant paymux.MerchantID) (create, answer *payment.Change) {
	create = qrCreate(ids, merchant)
	op := create.New[0]
	next := create.Payment
	next.Version, next.Status = 2, paymux.RequiresAction
	page := "https://pay.example.com/pay/" + string(next.ID)
	next.NextAction = &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{
		Brand: paymux.WeChatPay, Data: fmt.Sprintf("weixin://wxpay/bizpayurl?pr=%x", rand.Uint64()), ImageURL: page + "/qr.svg", ExpiresAt: next.ExpiresAt,
	}}
	op.State, op.Answer, op.AnswerMS, op.ChannelID = paymux.OpPending, paymux.OpPending, 3, fmt.Sprintf("ch_%x", rand.Uint64())
	object, err := json.Marshal(&next)
	if err != nil {
		panic(err) // a payment is always JSON
	}
	finish := &paymux.Idempotency{Merchant: merchant, Key: op.IdempotencyKey}
	finish.Answer = fmt.Appendf(nil, `{"object":%s,"created":true,"request_id":%q}`, object, next.Hops[0].Ref)
	answered := qrFact(&next, paymux.CountAnswered)
	answered.Amount, answered.MS, answered.Pay, answered.Answer = 0, op.AnswerMS, true, op.Answer
	return create, &payment.Change{Payment: next, Operations: []paymux.Operation{op}, Finish: finish, Facts: []paymux.Fact{answered}}
}

func qrFact(p *paymux.Payment, m paymux.Measure) paymux.Fact {
	return paymux.Fact{At: p.CreatedAt, Measure: m, Amount: p.Amount, Key: paymux.StatisticsKey{
		Merchant: p.Merchant, Mode: "live", Region: "1", Channel: p.Channel, Account: p.Account, Method: p.Method.Type, Currency: p.Currency,
	}}
}

func qrCreate(ids *paymux.IDs, merchant paymux.MerchantID) *payment.Change {
	now := time.Now().UTC().Truncate(time.Microsecond)
	p := paymux.Payment{
		ID: paymux.PaymentID(ids.New(paymux.PrefixPayment)), Object: "payment", Livemode: true, Status: paymux.Processing,
		Amount: 12_50, Currency: "CNY", CaptureMethod: paymux.CaptureAutomatic, Description: "two coffees, one cake",
		Method: paymux.Method{Type: paymux.WeChatPay}, ReturnURL: "https://shop.example.com/thanks",
		Metadata: map[string]string{"table": "14", "shop": "north gate"}, ExpiresAt: now.Add(time.Hour),
		Channel: "sandbox", Account: "sandbox", CreatedAt: now, UpdatedAt: now, Version: 1, Merchant: merchant,
		Client:  paymux.Client{IP: "203.0.113.7", Country: "CN"},
		Routing: &paymux.Routing{RuleSet: "default", Version: 3, Rule: "all", Reason: "first account that takes wechat_pay in CNY", Candidates: []paymux.Candidate{{Channel: "sandbox", Account: "sandbox"}}},
		Hops: []paymux.Hop{
			{At: now, Kind: paymux.HopAPI, Text: "POST /v1/payments", Ref: ids.New(paymux.PrefixRequest), Duration: 120},
			{At: now, Kind: paymux.HopRoute, Text: "default: all -> sandbox (first account that takes wechat_pay in CNY)"},
		},
	}
	p.MerchantOrderID = "ORDER-" + paymux.OrderNumber(string(p.ID))[6:]
	key := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	op := paymux.Operation{
		ID: paymux.OperationID(ids.New(paymux.PrefixOperation)), Object: "operation", Payment: p.ID, Merchant: merchant, Kind: paymux.Pay,
		State: paymux.OpSent, Amount: p.Amount, Currency: p.Currency, Channel: "sandbox", Account: "sandbox", CreatedAt: now, SentAt: now,
		IdempotencyKey: key,
	}
	p.LatestOperation = op.ID
	begin := &paymux.Idempotency{Merchant: merchant, Key: key, Fingerprint: make([]byte, 32), Object: string(p.ID), CreatedAt: now}
	resolve := queue.Task{ID: paymux.TaskID(ids.New(paymux.PrefixTask)), Kind: payment.KindResolve, Lane: "sandbox", Ref: string(p.ID), Due: now.Add(15 * time.Second), CreatedAt: now}
	facts := []paymux.Fact{qrFact(&p, paymux.CountCreated), qrFact(&p, paymux.CountTried)}
	return &payment.Change{Payment: p, New: []paymux.Operation{op}, Begin: begin, Tasks: []queue.Task{resolve}, Facts: facts}
}
