package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wire"
)

// usual is a request as shops send them.
func usual() paymux.CreatePayment {
	at := time.Date(2026, 11, 22, 6, 20, 31, 123456000, time.UTC)
	return paymux.CreatePayment{
		Caller: paymux.Caller{
			Merchant: "mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", Key: "key_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", RequestID: "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD",
			Client: paymux.Client{IP: "203.0.113.9", Country: "DE"}, Idempotency: "A-1001-1", Fingerprint: make([]byte, 32),
			Policy: paymux.Policy{Bearer: true, Batch: paymux.BatchAny, LatePayment: paymux.LateKeep, TrafficLimit: []paymux.Limit{{Service: paymux.ServicePay, Requests: 100, Seconds: 1}}},
			Hops: []paymux.Hop{
				{At: at, Kind: paymux.HopAPI, Text: "POST /v1/payments", Ref: "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", Duration: 42, Data: map[string]string{"key": "key_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", "signed": "true", "idempotency_key": "A-1001-1", "client_country": "DE"}},
				{At: at, Kind: paymux.HopRelay, Text: "to region local, by hash of merchant and service type over 1"},
			},
		},
		Money: paymux.Money{Amount: 1250, Currency: "CNY"}, MerchantOrderID: "A-1001", Description: "Tea, 2 packs", Method: paymux.Method{Type: paymux.Card},
		Card: &paymux.CardDetails{Token: "tok_1234567890abcdef"}, CaptureMethod: paymux.CaptureAutomatic, Confirm: true,
		ReturnURL: "https://shop.example/orders/A-1001", Metadata: map[string]string{"sku": "tea", "cart": "17"}, ExpiresAt: at.Add(time.Hour),
	}
}

func usualReply(b *testing.B) paymux.Reply {
	p := paymux.Payment{
		ID: "pay_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", Object: "payment", Status: paymux.RequiresAction, Amount: 1250, Currency: "CNY", CaptureMethod: paymux.CaptureAutomatic,
		MerchantOrderID: "A-1001", Description: "Tea, 2 packs", Metadata: map[string]string{"sku": "tea", "cart": "17"}, Channel: "bank", Account: "bank-1",
		NextAction: &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example/authorize?id=op_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", Method: "GET"}},
		Routing:    &paymux.Routing{RuleSet: "default", Version: 1, Rule: "all", Reason: "first of its kind", Candidates: []paymux.Candidate{{Channel: "bank", Account: "bank-1"}}},
		Version:    2, Merchant: "mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD",
	}
	object, err := json.Marshal(&p)
	if err != nil {
		b.Fatal(err)
	}
	return paymux.Reply{Object: object, Created: true, RequestID: "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"}
}

func BenchmarkRequest(b *testing.B) { there(b, usual()) }

func BenchmarkReply(b *testing.B) { there(b, usualReply(b)) }

// there writes and reads a value, as a hop does with each.
func there[T any](b *testing.B, sent T) {
	b.ReportAllocs()
	b.ReportMetric(float64(len(wire.Append(nil, &sent))), "bytes")
	for b.Loop() {
		var got T
		if err := wire.Read(wire.Append(make([]byte, 0, 2048), &sent), &got); err != nil {
			b.Fatal(err)
		}
	}
}
