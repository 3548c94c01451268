package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/store/postgres"
)

// A transaction that began before others and commits long after them: what they committed is withheld until it has ended, and
// a reader that goes on from where it stands gets everything, once.
func TestPullWaitsForLateCommits(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	s := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	filter := paymux.EventFilter{Merchant: "mer_1", Oldest: true, Page: paymux.Page{Limit: 10}}
	// Other tests write in the same cluster, and withhold events for a moment, too.
	pull := func() []paymux.EventID {
		var ids []paymux.EventID
		events, err := s.Events(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			ids = append(ids, e.ID)
			filter.After = string(e.ID)
		}
		return ids
	}
	emit := func() paymux.EventID {
		e := eventAt(time.Now())
		if err := s.Emit(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	first := emit()
	var got []paymux.EventID
	eventually(t, "the first event is shown", func() bool { got = append(got, pull()...); return len(got) == 1 })

	late, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close(t.Context())
	begin := eventAt(time.Now())
	_, err = late.Exec(t.Context(), "BEGIN")
	_, insert := late.Exec(t.Context(), "INSERT INTO events (id, merchant, type, object_id, payment, body) VALUES ($1, 'mer_1', $2, '', '', $3)",
		string(begin.ID), string(begin.Type), string(begin.Body))
	if err := errors.Join(err, insert); err != nil {
		t.Fatal(err)
	}
	second, third := emit(), emit()
	for range 3 {
		if shown := pull(); len(shown) > 0 {
			t.Fatalf("%v were shown before one that may come in between", shown)
		}
	}
	if _, err := late.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all are shown", func() bool { got = append(got, pull()...); return len(got) >= 4 })
	if want := []paymux.EventID{first, begin.ID, second, third}; !slices.Equal(got, want) {
		t.Errorf("pulled %v, want %v", got, want)
	}
}

// Events restored from another server's dump have numbers of transactions that this one will not reach for long. They are
// shown all the same, before what is new.
func TestPullAfterRestore(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	s := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	var want []paymux.EventID
	for i := range 4 {
		e := eventAt(noon.Add(time.Duration(i) * time.Minute))
		if want = append(want, e.ID); i == 3 {
			rows[any](t, url, "UPDATE events SET xact = (1000000000000 + length(id))::text::xid8")
			rows[any](t, url, "UPDATE origin SET system = 1")
			s = openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
		}
		if err := s.Emit(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
	filter := paymux.EventFilter{Merchant: "mer_1", Oldest: true, Page: paymux.Page{Limit: 10}}
	var got []paymux.EventID
	eventually(t, "all are shown", func() bool {
		events, err := s.Events(t.Context(), filter)
		got = nil
		for _, e := range events {
			got = append(got, e.ID)
		}
		return err == nil && len(got) == len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("pulled %v, want %v", got, want)
	}
}
