package paypal_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// A day with more bookings than fit a page or an answer: all are there once, with their operations and fees.
func TestStatement(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	want := map[paymux.OperationID]channel.StatementLine{}
	note := func(op channel.Operation, fee int64) {
		want[op.ID] = channel.StatementLine{Operation: op.ID, Kind: op.Kind, Money: op.Money, Fee: fee}
	}
	for range 20 {
		note(paid(t, institution, ch, false), 37)
		institution.Pass(time.Minute)
	}
	held := paid(t, institution, ch, true)
	part := follow(paymux.Capture, held, 1000)
	do(t, ch, part, paymux.OpSucceeded)
	note(part, 30)
	sold := paid(t, institution, ch, false)
	note(sold, 37)
	for range 25 {
		back := follow(paymux.Refunds, sold, 10)
		do(t, ch, back, paymux.OpSucceeded)
		note(back, 0)
	}
	institution.Book("T0400", -5000, "EUR") // a withdrawal
	institution.Book("T0000", -700, "EUR")  // a payment to somebody else
	institution.Book("T0006", 900, "EUR")   // of another program
	lines, err := ch.Statement(t.Context(), clock())
	if err != nil {
		t.Fatal(err)
	}
	got, foreign := map[paymux.OperationID]channel.StatementLine{}, 0
	for _, l := range lines {
		if l.Operation == "" {
			foreign++
			continue
		}
		if _, twice := got[l.Operation]; twice || l.ChannelID == "" || l.At.UTC().Truncate(24*time.Hour) != clock().Truncate(24*time.Hour) {
			t.Errorf("%+v, seen before: %t", l, twice)
		}
		l.ChannelID, l.At = "", time.Time{}
		got[l.Operation] = l
	}
	if diff := cmp.Diff(want, got); diff != "" || foreign != 1 {
		t.Errorf("%d lines of others, want 1; ours:\n%s", foreign, diff)
	}
}

// A day that is over and that PayPal's report does not cover to its end is an error, not a short statement. So is what cannot be read.
func TestStatementIsWholeOrAnError(t *testing.T) {
	t.Parallel()
	day := clock().Add(-24 * time.Hour).Truncate(24 * time.Hour)
	at := day.Add(time.Hour).Format("2006-01-02T15:04:05-0700")
	report := func(refreshed time.Time, info string) string {
		r := map[string]any{"total_pages": 1, "last_refreshed_datetime": refreshed.Format("2006-01-02T15:04:05-0700"), "transaction_details": []any{}}
		if info != "" {
			r["transaction_details"] = []any{map[string]any{"transaction_info": json.RawMessage(info)}}
		}
		text, _ := json.Marshal(r)
		return string(text)
	}
	good := `{"transaction_id":"1","transaction_event_code":"T0006","transaction_status":"S","transaction_initiation_date":"` + at +
		`","transaction_amount":{"currency_code":"EUR","value":"5.00"},"fee_amount":{"currency_code":"EUR","value":"-0.30"}}`
	over := day.Add(25 * time.Hour)
	for name, c := range map[string]struct {
		answer string
		lines  int // -1: an error
	}{
		"complete":       {report(over, good), 1},
		"empty":          {report(over, ""), 0},
		"lagging":        {report(day.Add(23*time.Hour), good), -1},
		"no refreshment": {`{"total_pages":1}`, -1},
		"no report":      {`<html>`, -1},
		"amount":         {report(over, strings.Replace(good, "5.00", "much", 1)), -1},
		"fee":            {report(over, strings.Replace(good, "-0.30", "much", 1)), -1},
		"fee's currency": {report(over, strings.Replace(good, `"EUR","value":"-0.30`, `"USD","value":"-0.30`, 1)), -1},
		"time":           {report(over, strings.Replace(good, at, "today", 1)), -1},
		"pending":        {report(over, strings.Replace(good, `"S"`, `"P"`, 1)), 0},
		"denied":         {report(over, strings.Replace(good, `"S"`, `"D"`, 1)), 0},
		"another day":    {report(over, strings.Replace(good, at, day.Add(-time.Second).Format(time.RFC3339), 1)), 0},
	} {
		ch, _ := answering(t, http.StatusOK, c.answer)
		lines, err := ch.Statement(t.Context(), day.Add(7*time.Hour))
		if (err != nil) != (c.lines < 0) || err == nil && len(lines) != c.lines {
			t.Errorf("%s: %+v, %v; want %d lines", name, lines, err, c.lines)
		}
		if c.lines == 1 && lines[0].Fee != 30 {
			t.Errorf("fee %d, want 30", lines[0].Fee)
		}
	}
}
