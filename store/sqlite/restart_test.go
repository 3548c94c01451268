package sqlite_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/store/sqlite"
)

// What an earlier run held is free at once, for no other process can be alive; its epochs are not given out again.
func TestLeasesEndWithTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	var epochs []int64
	for _, replica := range []string{"before", "after"} {
		s := openStore(t, sqlite.Config{Path: path})
		leases, err := s.Acquire(t.Context(), replica, []int{7}, time.Hour)
		if err != nil || len(leases) != 1 {
			t.Fatalf("%s acquired %v, %v", replica, leases, err)
		}
		epochs = append(epochs, leases[0].Epoch)
		if _, alive, err := s.Attend(t.Context(), replica, time.Hour); err != nil || !slices.Equal(alive, []string{replica}) {
			t.Fatalf("alive with %s: %v, %v", replica, alive, err)
		}
		closeStore(t, s)
	}
	if epochs[1] <= epochs[0] {
		t.Errorf("epochs %v, want them to rise", epochs)
	}
}

// An event committed after a restart with the clock set back comes after those before it.
func TestClockSetBackBetweenRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	ids := newIDs()
	var want []paymux.EventID
	for _, merchant := range []paymux.MerchantID{"mer_3", "mer_1", "mer_2", "mer_1"} {
		clock := start.Add(-time.Duration(len(want)) * time.Hour)
		s := openStore(t, sqlite.Config{Path: path, Now: func() time.Time { return clock }})
		for range 2 {
			e := paymux.Event{ID: paymux.EventID(ids.New(paymux.PrefixEvent)), Type: paymux.PaymentFailed, Timestamp: clock, Merchant: merchant}
			e.Data.Object = json.RawMessage("{}")
			e.Body = e.AppendJSON(nil)
			if err := s.Emit(t.Context(), e, nil); err != nil {
				t.Fatal(err)
			}
			want = append(want, e.ID)
		}
		closeStore(t, s)
	}
	var got []paymux.EventID
	for _, id := range column(t, path, "SELECT id FROM events ORDER BY seq") {
		got = append(got, paymux.EventID(id))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the order of commits is %v, want %v", got, want)
	}
}
