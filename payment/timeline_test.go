package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

// notified is a payment's store that knows its notifications only.
type notified struct {
	payment.Store
	attempts []paymux.Attempt
	err      error
}

func (n notified) Record(context.Context, paymux.PaymentID) (payment.Record, error) {
	return payment.Record{Payment: paymux.Payment{ID: "pay_1", Merchant: merchant}}, nil
}

func (n notified) Hops(context.Context, paymux.PaymentID) ([]paymux.Hop, error) { return nil, nil }

func (n notified) Notified(context.Context, paymux.PaymentID) ([]paymux.Attempt, error) {
	return n.attempts, n.err
}

func TestTimelineTellsOfNotifications(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	attempt := func(a paymux.Attempt) paymux.Attempt {
		a.Event, a.Type, a.Endpoint, a.At, a.URL = "evt_1", paymux.PaymentSucceeded, "we_1", at, "https://shop.example/hooks"
		return a
	}
	tests := []struct {
		attempt paymux.Attempt
		text    string
		data    map[string]string
	}{
		{paymux.Attempt{Result: paymux.AttemptDelivered, Number: 3, Status: 200, Duration: 3400},
			"payment.succeeded -> https://shop.example/hooks 200 in 3 ms",
			map[string]string{"attempt": "3", "status": "200", "endpoint": "we_1"}},
		{paymux.Attempt{Result: paymux.AttemptFailed, Number: 1, Status: 500, Duration: 3000, NextAt: at.Add(1203 * time.Millisecond), Error: "answered 500 Internal Server Error"},
			"payment.succeeded -> https://shop.example/hooks 500 in 3 ms, attempt 1, next in 1s",
			map[string]string{"attempt": "1", "status": "500", "endpoint": "we_1"}},
		{paymux.Attempt{Result: paymux.AttemptFailed, Number: 2, Duration: 2e6, NextAt: at.Add(62 * time.Second), Error: "connection refused"},
			"payment.succeeded -> https://shop.example/hooks connection refused in 2000 ms, attempt 2, next in 1m0s",
			map[string]string{"attempt": "2", "endpoint": "we_1"}},
		{paymux.Attempt{Result: paymux.AttemptDead, Number: 10, Status: 503, Duration: 1000, Error: "answered 503 Service Unavailable"},
			"payment.succeeded -> https://shop.example/hooks 503 in 1 ms, given up after attempt 10",
			map[string]string{"attempt": "10", "status": "503", "endpoint": "we_1"}},
		{paymux.Attempt{Result: paymux.AttemptDead, Number: 1, Status: 410, Duration: 1000, Error: "answered 410 Gone; the endpoint was disabled"},
			"payment.succeeded -> https://shop.example/hooks 410 in 1 ms, given up after attempt 1, the endpoint was disabled",
			map[string]string{"attempt": "1", "status": "410", "endpoint": "we_1"}},
		{paymux.Attempt{Result: paymux.AttemptDropped, Number: 1, Error: "the endpoint was deleted"},
			"payment.succeeded not delivered: the endpoint was deleted",
			map[string]string{"endpoint": "we_1"}},
	}
	var attempts []paymux.Attempt
	var want []paymux.Hop
	for _, test := range tests {
		attempts = append(attempts, attempt(test.attempt))
		want = append(want, paymux.Hop{At: at, Kind: paymux.HopNotify, Ref: "evt_1", Text: test.text, Duration: test.attempt.Duration, Data: test.data})
	}
	s := payment.New(payment.Config{Store: notified{attempts: attempts}})
	got, err := s.Timeline(t.Context(), merchant, "pay_1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	down := errors.New("down")
	s = payment.New(payment.Config{Store: notified{err: down}})
	if _, err := s.Timeline(t.Context(), merchant, "pay_1"); !errors.Is(err, down) {
		t.Errorf("a log that cannot be read: %v", err)
	}
}
