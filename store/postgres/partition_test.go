package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

const day = 24 * time.Hour

var noon = time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

// eventAt is an event whose ID was minted at a time.
func eventAt(now time.Time) paymux.Event {
	id := paymux.EventID(paymux.NewIDs([]byte("only for tests, no secret"), 7, at(now)).New(paymux.PrefixEvent))
	body := fmt.Sprintf(`{"id":%q,"type":"payment.succeeded","timestamp":%q}`, id, now.Format(time.RFC3339Nano))
	return paymux.Event{ID: id, Type: paymux.PaymentSucceeded, Merchant: "mer_1", ObjectID: "pay_1", Body: []byte(body)}
}

// logged commits an event and an attempt to deliver it.
func logged(t *testing.T, s *postgres.Store, now time.Time) paymux.Event {
	t.Helper()
	e := eventAt(now)
	a := paymux.Attempt{Event: e.ID, Endpoint: "we_1", At: now, Result: paymux.AttemptDelivered}
	err := s.Emit(t.Context(), e, nil)
	settled := s.Settle(t.Context(), []queue.Outcome{{Task: queue.Task{ID: "task_1"}, Done: true, Attempt: &a}})
	if err := errors.Join(err, settled); err != nil {
		t.Fatal(err)
	}
	return e
}

// partitions counts the rows in each partition.
func partitions(t *testing.T, url string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, name := range rows[string](t, url, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent IN ('events'::regclass, 'attempts'::regclass)") {
		counts[name] = rows[int](t, url, "SELECT count(*) FROM "+name)[0]
	}
	return counts
}

// A day's bound is what the first ID of that day begins with, as the mint has it.
func TestBoundsAreThoseOfTheMint(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{noon, noon.Truncate(day), time.UnixMilli(0), time.UnixMilli(1<<48 - 1), time.Now()} {
		id := string(eventAt(now).ID)
		low, high := postgres.EventsFrom(now), postgres.EventsFrom(now.Add(time.Millisecond))
		if !strings.HasPrefix(id, low) {
			t.Errorf("the ID %s of %s does not begin with %s", id, now, low)
		}
		if now.UnixMilli() < 1<<48-1 && (id < low || id >= high) {
			t.Errorf("the ID %s of %s is not from %s to %s", id, now, low, high)
		}
	}
}

// Rows go to their day. A clock that is wrong fails nothing: what has no day rests, and moves when its day is made.
func TestDays(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	s := openStore(t, postgres.Config{URL: url, Now: at(noon), Log: quiet()})
	for _, now := range []time.Time{noon, noon.Add(-day), noon.Add(3 * day), noon.Add(3*day + time.Hour), noon.Add(900 * day)} {
		logged(t, s, now)
	}
	want := map[string]int{
		"events_20260330": 1, "events_20260331": 0, "events_20260401": 0, "events_rest": 4,
		"attempts_20260330": 1, "attempts_20260331": 0, "attempts_20260401": 0, "attempts_rest": 4,
	}
	if diff := cmp.Diff(want, partitions(t, url)); diff != "" {
		t.Fatalf("rows by partition (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tomorrow := openStore(t, postgres.Config{URL: url, Now: at(noon.Add(2 * day)), Log: quiet()})
	want["events_20260402"], want["events_20260403"], want["events_rest"] = 2, 0, 2
	want["attempts_20260402"], want["attempts_20260403"], want["attempts_rest"] = 2, 0, 2
	if diff := cmp.Diff(want, partitions(t, url)); diff != "" {
		t.Fatalf("rows by partition, two days later (-want +got):\n%s", diff)
	}
	again := logged(t, tomorrow, noon.Add(3*day+2*time.Hour))
	if _, err := tomorrow.EventByID(t.Context(), again.ID); err != nil {
		t.Error(err)
	}
}

// Days that lie wholly before the time go, the day it is in stays, and so does what is young and has no day.
func TestPruneEvents(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	for _, ago := range []time.Duration{9, 6} { // three days each
		if err := openStore(t, postgres.Config{URL: url, Now: at(noon.Add(-ago * day)), Log: quiet()}).Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t, postgres.Config{URL: url, Now: at(noon), Log: quiet()})
	var kept, gone []paymux.EventID
	for _, ago := range []time.Duration{20, 20, 20, 9, 8, 7, 6} {
		gone = append(gone, logged(t, s, noon.Add(-ago*day)).ID)
	}
	for _, ago := range []time.Duration{5, 3, 0} {
		kept = append(kept, logged(t, s, noon.Add(-ago*day)).ID)
	}
	pruned, err := s.PruneEvents(t.Context(), noon.Add(-5*day-time.Hour), 2)
	if err != nil || pruned != 4 {
		t.Errorf("%d days were dropped, want 4: %v", pruned, err)
	}
	if pruned, err = s.PruneEvents(t.Context(), noon.Add(-5*day-time.Hour), 2); err != nil || pruned != 0 {
		t.Errorf("%d days were dropped again: %v", pruned, err)
	}
	for _, id := range gone {
		if _, err := s.EventByID(t.Context(), id); !errors.Is(err, paymux.NotFound) {
			t.Errorf("an old event: %v, want %v", err, paymux.NotFound)
		}
	}
	for _, id := range kept {
		if all, err := s.Attempts(t.Context(), "mer_1", id, ""); err != nil || len(all) != 1 {
			t.Errorf("%d attempts of a young event, %v", len(all), err)
		}
	}
	if n := rows[int](t, url, "SELECT count(*) FROM attempts")[0]; n != len(kept) {
		t.Errorf("%d attempts are left, want %d", n, len(kept))
	}
}

// Replicas that prune at once, while others commit, drop each day once and fail nobody.
func TestPruneEventsTogether(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	if err := openStore(t, postgres.Config{URL: url, Now: at(noon.Add(-9 * day)), Log: quiet()}).Close(); err != nil {
		t.Fatal(err)
	}
	stores := []*postgres.Store{
		openStore(t, postgres.Config{URL: url, Now: at(noon), Log: quiet()}),
		openStore(t, postgres.Config{URL: url, Now: at(noon), Log: quiet()}),
	}
	dropped := make([]int, 16)
	outcomes := together(len(dropped), func(i int) (err error) {
		s := stores[i%2]
		if i < 4 {
			dropped[i], err = s.PruneEvents(t.Context(), noon.Add(-6*day), 100)
			return err
		}
		for round := range 20 {
			p := newPayment(fmt.Sprint(i, " ", round))
			e := eventAt(noon.Add(time.Duration(i*1000+round) * time.Millisecond))
			e.Payment = p.ID
			err = errors.Join(err, s.Commit(t.Context(), &payment.Change{Payment: p, Events: []paymux.Event{e}}))
			_, pull := s.Events(t.Context(), paymux.EventFilter{Merchant: "mer_1", Oldest: true, Page: paymux.Page{Limit: 10}})
			err = errors.Join(err, pull)
		}
		return err
	})
	if err := errors.Join(outcomes...); err != nil {
		t.Error(err)
	}
	total := 0
	for _, n := range dropped {
		total += n
	}
	if total != 3 {
		t.Errorf("%v days were dropped, want 3", dropped)
	}
	old := slices.DeleteFunc(rows[string](t, url, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"),
		func(name string) bool { return name >= "events_20260325" })
	if len(old) > 0 {
		t.Errorf("old days are left: %v", old)
	}
}
