package paymentrpc_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment/paymentrpc"
)

// BenchmarkHop is a request of ordinary size to a node that answers at once, with its reply.
func BenchmarkHop(b *testing.B) {
	h := newHouse(b, 0)
	q := ordinary()
	if err := h.server.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
	h.serve(b, h.back, instant{})
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		from := time.Now()
		if _, err := h.Create(b.Context(), q); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(from))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkHops is the same from many callers at once: what a hop costs in processor time.
func BenchmarkHops(b *testing.B) {
	h := newHouse(b, 0)
	q := ordinary()
	if err := h.server.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
	h.serve(b, h.back, instant{})
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := h.Create(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// instant is a node that answers at once with a payment of ordinary size.
type instant struct{ paymentrpc.Node }

func (instant) Create(context.Context, paymux.CreatePayment) (paymux.Reply, error) {
	object := slices.Concat([]byte(`{"object":"`), bytes.Repeat([]byte("x"), 1100), []byte(`"}`))
	return paymux.Reply{Object: object, Created: true, RequestID: "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"}, nil
}

func ordinary() paymux.CreatePayment {
	at := time.Date(2026, 11, 22, 6, 20, 31, 123456000, time.UTC)
	return paymux.CreatePayment{
		Caller: paymux.Caller{
			Merchant: "mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", Key: "key_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", RequestID: "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD",
			Client: paymux.Client{IP: "203.0.113.9", Country: "DE"}, Idempotency: "A-1001-1", Fingerprint: make([]byte, 32),
			Policy: paymux.Policy{Bearer: true, Batch: paymux.BatchAny, LatePayment: paymux.LateKeep},
			Hops:   []paymux.Hop{{At: at, Kind: paymux.HopAPI, Text: "POST /v1/payments", Ref: "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", Data: map[string]string{"signed": "true", "idempotency_key": "A-1001-1"}}},
		},
		Money: paymux.Money{Amount: 1250, Currency: "CNY"}, MerchantOrderID: "A-1001", Method: paymux.Method{Type: paymux.Card},
		Card: &paymux.CardDetails{Token: "tok_1234567890abcdef"}, Confirm: true, ReturnURL: "https://shop.example/orders/A-1001",
		Metadata: map[string]string{"sku": "tea"}, ExpiresAt: at.Add(time.Hour),
	}
}
