package access_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paymux/paymux"
)

// outcome is one item of a batch's answer.
type outcome struct {
	Service string
	Status  int
	Object  json.RawMessage
	Error   struct{ Code, Detail string }
}

func outcomes(t *testing.T, a answered) []outcome {
	t.Helper()
	var b struct{ Items []outcome }
	if err := json.Unmarshal([]byte(a.body), &b); err != nil || a.status != 200 {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return b.Items
}

// mixed is a batch of every service type about one payment.
func mixed(f *front) (body, id string) {
	id = f.ids.New(paymux.PrefixPayment)
	f.book.payments = []paymux.Payment{{ID: paymux.PaymentID(id), Object: "payment", Merchant: f.gate.merchant.ID}}
	return fmt.Sprintf(`{"items":[{"service":"pay","request":%s},{"service":"capture","payment":%q,"request":{"amount":5}},{"service":"refund","request":{"payment":%q,"amount":1}},{"service":"cancel","payment":%q},{"service":"query","payment":%q}]}`,
		goodPayment, id, id, id, id), id
}

func TestBatch(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	body, id := mixed(f)
	var mu sync.Mutex
	var order []string
	keys := map[string]string{}
	note := func(what string, c paymux.Caller) (paymux.Reply, error) {
		mu.Lock()
		defer mu.Unlock()
		if what != "pay" {
			order = append(order, what)
		}
		keys[c.Idempotency] = string(c.Fingerprint)
		return paymux.Reply{Object: json.RawMessage(paymentObject), Created: what == "pay"}, nil
	}
	f.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) { return note("pay", r.Caller) }
	f.verbs.capture = func(r paymux.CapturePayment) (paymux.Reply, error) { return note("capture", r.Caller) }
	f.verbs.refund = func(r paymux.CreateRefund) (paymux.Reply, error) { return note("refund", r.Caller) }
	f.verbs.cancel = func(r paymux.CancelPayment) (paymux.Reply, error) { return note("cancel", r.Caller) }
	got := outcomes(t, f.ask(t, "POST", "/v1/batches", body, "Idempotency-Key", "b1"))
	for i, want := range []int{201, 200, 200, 200, 200} {
		if got[i].Status != want {
			t.Errorf("item %d: %+v, want %d", i, got[i], want)
		}
	}
	if !strings.Contains(string(got[4].Object), id) || strings.Join(order, " ") != "capture refund cancel" {
		t.Errorf("query %s, order %v", got[4].Object, order)
	}
	first := keys
	keys = map[string]string{}
	f.ask(t, "POST", "/v1/batches", body, "Idempotency-Key", "b1")
	if len(keys) != 4 || fmt.Sprint(keys) != fmt.Sprint(first) || keys["b1#0"] == "" {
		t.Error("a repeat of the batch does not repeat its items' keys and fingerprints")
	}
}

func TestBatchPolicies(t *testing.T) {
	t.Parallel()
	for _, policy := range []paymux.BatchPolicy{paymux.BatchAny, paymux.BatchAll} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			body, _ := mixed(f)
			f.gate.merchant.Policy.Batch = policy
			f.gate.merchant.Policy.Services = []paymux.ServiceType{paymux.ServicePay, paymux.ServiceQuery, paymux.ServiceCapture, paymux.ServiceCancel}
			calls := 0
			f.verbs.create = func(paymux.CreatePayment) (paymux.Reply, error) {
				calls++
				return paymux.Reply{Object: json.RawMessage(paymentObject), Created: true}, nil
			}
			f.verbs.refund = func(paymux.CreateRefund) (paymux.Reply, error) {
				t.Error("a refund without authority was carried out")
				return paymux.Reply{}, nil
			}
			answer := f.ask(t, "POST", "/v1/batches", body)
			if policy == paymux.BatchAll {
				f.wantProblem(t, answer, paymux.Forbidden)
				if !strings.Contains(answer.body, "service type refund") || answer.member(t, "param") != "items[2].service" || calls > 0 {
					t.Errorf("%d calls: %s", calls, answer.body)
				}
				return
			}
			got := outcomes(t, answer)
			if got[2].Status != 403 || got[2].Error.Code != "forbidden" || !strings.Contains(got[2].Error.Detail, "refund") || got[0].Status != 201 || got[4].Status != 200 || calls != 1 {
				t.Errorf("%d calls: %+v", calls, got)
			}
		})
	}
}

func TestBatchItemsAtFault(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	pay := f.ids.New(paymux.PrefixPayment)
	body := fmt.Sprintf(`{"items":[{"service":"pay","request":{"amount":0,"currency":"CNY","merchant_order_id":"A"}},{"service":"capture"},{"service":"manage"},{"service":"cancel","payment":"pay_x"},{"service":"pay","request":%s},{"service":"refund","payment":%q,"request":{"payment":%q}},{"service":"pay"},{"service":"query","payment":%q,"request":{}},{"service":"refund","request":{"payment":"pay_x"}}]}`,
		goodPayment, pay, pay, pay)
	answer := f.ask(t, "POST", "/v1/batches", body)
	got := outcomes(t, answer)
	for i, want := range []int{400, 400, 400, 400, 201, 400, 400, 400, 400} {
		if got[i].Status != want {
			t.Errorf("item %d: %+v, want %d", i, got[i], want)
		}
	}
	if !strings.Contains(answer.body, `"location":"body.items[0].request.amount"`) {
		t.Errorf("the fault's place is missing: %s", answer.body)
	}
	f.gate.merchant.Policy.Batch = paymux.BatchAll
	f.wantProblem(t, f.ask(t, "POST", "/v1/batches", body, "Idempotency-Key", "all"), paymux.InvalidRequest)
	f.wantProblem(t, f.ask(t, "POST", "/v1/batches", `{"items":[]}`), paymux.InvalidRequest)
	f.wantProblem(t, f.ask(t, "POST", "/v1/batches", `{"items":[`+strings.Repeat(`{"service":"pay"},`, 100)+`{"service":"pay"}]}`), paymux.InvalidRequest)
	f.wantProblem(t, f.ask(t, "POST", "/v1/batches", body, "Idempotency-Key", strings.Repeat("k", 252)), paymux.InvalidRequest)
}

// TestAnotherBatchUnderTheKey holds a longer batch to the key of a shorter one.
func TestAnotherBatchUnderTheKey(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	calls := 0
	f.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) {
		calls++
		f.book.answers[r.Idempotency] = paymux.Idempotency{Key: r.Idempotency, Fingerprint: r.Fingerprint, Answer: []byte(`{}`)}
		return paymux.Reply{Object: json.RawMessage(paymentObject), Created: true}, nil
	}
	item := `{"service":"pay","request":` + goodPayment + `}`
	f.ask(t, "POST", "/v1/batches", `{"items":[`+item+`]}`)
	f.wantProblem(t, f.ask(t, "POST", "/v1/batches", `{"items":[`+item+`,`+item+`]}`), paymux.KeyReused)
	if calls != 1 {
		t.Errorf("%d payments were made, want 1", calls)
	}
}
