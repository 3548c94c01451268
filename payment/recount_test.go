package payment_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor"
)

// Every test's house is counted at its end: the statistics are a recount of its orders, whatever the test did
// to them. The recount reads payments, operations and events, and knows nothing of facts.

// ledger recounts.
type ledger struct {
	t    testing.TB
	rows map[slot]*paymux.Numbers
}

type slot struct {
	at time.Time
	paymux.StatisticsKey
}

func (l *ledger) add(at time.Time, key paymux.StatisticsKey) *paymux.Numbers {
	s := slot{at.UTC().Truncate(time.Minute), key}
	if l.rows[s] == nil {
		l.rows[s] = &paymux.Numbers{}
	}
	return l.rows[s]
}

func more(s *paymux.Sum, amount int64) {
	s.Count++
	s.Amount += amount
}

func keyOf(p *paymux.Payment, channel, account string) paymux.StatisticsKey {
	return paymux.StatisticsKey{Merchant: p.Merchant, Mode: "test", Region: "1", Channel: channel, Account: account, Method: p.Method.Type, Currency: p.Currency}
}

func (l *ledger) payment(p *paymux.Payment, ops []paymux.Operation) {
	created := keyOf(p, "", "")
	created.Method = ""
	if len(ops) > 0 && len(ops[0].Hops) == 0 { // sent by the request that made it
		created = keyOf(p, ops[0].Channel, ops[0].Account)
	}
	more(&l.add(p.CreatedAt, created).Created, p.Amount)
	for i := range ops {
		l.operation(p, &ops[i])
	}
}

func (l *ledger) operation(p *paymux.Payment, op *paymux.Operation) {
	key := keyOf(p, op.Channel, op.Account)
	if op.Kind == paymux.Pay {
		more(&l.add(op.CreatedAt, key).Tried, op.Amount)
	}
	if op.Answer == "" {
		return
	}
	n := l.add(op.SentAt.Add(time.Duration(op.AnswerMS)*time.Millisecond), key)
	n.Answers.Count(op.AnswerMS, paymux.AnswerBounds())
	switch {
	case op.Answer == paymux.OpNotSent:
		n.Unreached++
	case op.Answer == paymux.OpUnknown:
		n.Unanswered++
	case op.Answer == paymux.OpDeclined && op.Kind == paymux.Pay:
		n.Declined++
	}
}

// event counts what one event tells. received is what the payment had received before.
func (l *ledger) event(e *paymux.Event, now *paymux.Payment, ops []paymux.Operation, received int64) (receivedThen int64) {
	switch e.Type {
	case paymux.RefundDone, paymux.RefundNotDone:
		var r paymux.Refund
		l.read(e, &r)
		i := slices.IndexFunc(ops, func(op paymux.Operation) bool { return op.ID == r.Operation })
		n := l.add(e.Timestamp, keyOf(now, ops[i].Channel, ops[i].Account))
		if e.Type == paymux.RefundDone {
			more(&n.Refunded, r.Amount)
		} else {
			more(&n.RefundFailed, r.Amount)
		}
		return received
	case paymux.DisputeWasOpened, paymux.DisputeWasWon, paymux.DisputeWasLost:
		l.dispute(e, now)
		return received
	}
	var p paymux.Payment
	l.read(e, &p)
	n := l.add(e.Timestamp, keyOf(&p, p.Channel, p.Account))
	if p.AmountReceived > received {
		more(&n.Captured, p.AmountReceived-received)
	}
	switch e.Type {
	case paymux.PaymentSucceeded:
		more(&n.Succeeded, p.AmountReceived)
		n.Successes.Count(max(1, e.Timestamp.Sub(p.CreatedAt).Milliseconds()), paymux.SuccessBounds())
		if p.Late {
			n.Late++
		}
	case paymux.PaymentAuthorized:
		more(&n.Authorized, p.Amount)
	case paymux.PaymentFailed:
		more(&n.Failed, p.Amount)
	case paymux.PaymentCanceled:
		more(&n.Canceled, p.Amount)
	case paymux.PaymentExpired:
		more(&n.Expired, p.Amount)
	}
	return p.AmountReceived
}

func (l *ledger) dispute(e *paymux.Event, now *paymux.Payment) {
	var d paymux.Dispute
	l.read(e, &d)
	key := keyOf(now, "bank", d.Account)
	key.Currency = d.Currency
	n := l.add(e.Timestamp, key)
	if d.Version == 1 {
		more(&n.Disputed, d.Amount)
	}
	switch d.Status {
	case paymux.DisputeWon:
		more(&n.DisputeWon, d.Amount)
	case paymux.DisputeLost:
		more(&n.DisputeLost, d.Amount)
	}
}

func (l *ledger) read(e *paymux.Event, into any) {
	if err := json.Unmarshal(e.Data.Object, into); err != nil {
		l.t.Fatal(err)
	}
}

// recount is the numbers of each minute, by everything.
func (h *house) recount(t testing.TB) []paymux.StatisticsRow {
	l := &ledger{t, map[slot]*paymux.Numbers{}}
	for _, of := range []paymux.MerchantID{merchant, "mer_other"} {
		h.recountOf(l, of)
	}
	var rows []paymux.StatisticsRow
	for s, n := range l.rows {
		rows = append(rows, paymux.StatisticsRow{At: s.at, StatisticsKey: s.StatisticsKey, Numbers: *n})
	}
	return rows
}

func (h *house) recountOf(l *ledger, of paymux.MerchantID) {
	ctx, all := context.Background(), paymux.Page{Limit: 10_000}
	payments, err := h.store.Payments(ctx, paymux.PaymentFilter{Merchant: of, Page: all})
	if err != nil {
		l.t.Fatal(err)
	}
	events, err := h.store.Events(ctx, paymux.EventFilter{Merchant: of, Oldest: true, Page: all})
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range payments {
		rec, err := h.store.Record(ctx, payments[i].ID)
		if err != nil {
			l.t.Fatal(err)
		}
		l.payment(&rec.Payment, rec.Operations)
		received := int64(0)
		for j := range events {
			if events[j].Payment == rec.Payment.ID {
				received = l.event(&events[j], &rec.Payment, rec.Operations, received)
			}
		}
		if received != rec.Payment.AmountReceived {
			l.t.Errorf("%s received %d, and its events tell of %d", rec.Payment.ID, rec.Payment.AmountReceived, received)
		}
	}
}

// wantCounted compares the statistics with a recount.
func (h *house) wantCounted(t testing.TB) {
	t.Helper()
	counter := monitor.NewCounter(monitor.Config{Store: h.store, IDs: h.ids, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if more, err := counter.Count(context.Background()); err != nil || more {
		t.Fatalf("count: more %t, %v", more, err)
	}
	got, err := h.store.Statistics(context.Background(), paymux.StatisticsQuery{
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Every: paymux.EveryMinute, Group: paymux.Dimensions(),
	})
	if err != nil {
		t.Fatal(err)
	}
	byAll := func(a, b paymux.StatisticsRow) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		for _, d := range paymux.Dimensions() {
			if x, y := a.Part(d), b.Part(d); x != y {
				if x < y {
					return -1
				}
				return 1
			}
		}
		return 0
	}
	want := h.recount(t)
	slices.SortFunc(want, byAll)
	slices.SortFunc(got.Rows, byAll)
	if diff := cmp.Diff(want, got.Rows); diff != "" {
		t.Errorf("the statistics are not a recount of the orders (-recount +statistics):\n%s", diff)
	}
}
