package tally_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/bench/tally"
)

func TestJournalKeepsWhatManyAdd(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 5000
	j := tally.NewJournal(writers * each)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				if err := j.Add(tally.Record{Key: uint64(n) << 7, Due: -int64(n), At: math.MaxInt64 - int64(n), Endpoint: uint32(n), Phase: uint32(w)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := j.Add(tally.Record{}); !errors.Is(err, tally.ErrFull) {
		t.Errorf("one too many: %v, want ErrFull", err)
	}
	var b bytes.Buffer
	if err := j.Dump(&b); err != nil {
		t.Fatal(err)
	}
	whole := b.Len()
	got, err := tally.Read(&b)
	if err != nil || len(got) != writers*each {
		t.Fatalf("read %d records of %d bytes: %v; want %d", len(got), whole, err, writers*each)
	}
	slices.SortFunc(got, func(a, b tally.Record) int { return int(a.Endpoint) - int(b.Endpoint) })
	const n = 2*each + 17
	want := tally.Record{Key: n << 7, Due: -n, At: math.MaxInt64 - n, Endpoint: n, Phase: 2}
	if got[n] != want {
		t.Errorf("record %+v, want %+v", got[n], want)
	}
}

func TestReadRefusesHalfARecord(t *testing.T) {
	t.Parallel()
	if got, err := tally.Read(bytes.NewReader(make([]byte, 33))); err == nil {
		t.Errorf("read %d records of 33 bytes, want an error", len(got))
	}
}

func TestKeyTellsEventsAndEndpointsApart(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for _, event := range []string{"evt_1", "evt_2", "evt_12"} {
		for _, endpoint := range []uint32{0, 1, 256, 1 << 24} {
			seen[tally.Key(event, endpoint)] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d keys for 12 deliveries", len(seen))
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	emitted := []tally.Record{
		{Key: 5, Due: 1, At: 10, Endpoint: 50, Phase: 1},
		{Key: 3, Due: 2, At: 20, Endpoint: 30, Phase: 2},
		{Key: 9, Due: 3, At: 30, Endpoint: 90, Phase: 2},
	}
	arrived := []tally.Record{
		{Key: 5, At: 70}, {Key: 5, At: 60}, {Key: 5, At: 65}, // two duplicates, not in order
		{Key: 3, At: 15}, // before its committer was told
		{Key: 1, At: 11}, {Key: 4, At: 11}, {Key: 12, At: 11},
	}
	want := tally.Matched{
		Deliveries: []tally.Delivery{
			{Endpoint: 30, Phase: 2, Due: 2, Committed: 20, Arrived: 15},
			{Endpoint: 50, Phase: 1, Due: 1, Committed: 10, Arrived: 60},
		},
		Missing:    []tally.Record{{Key: 9, Due: 3, At: 30, Endpoint: 90, Phase: 2}},
		Duplicates: 2, Strange: 3,
	}
	got := tally.Match(emitted, arrived)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if d := got.Deliveries[0].Took(); d != 0 {
		t.Errorf("an arrival before the commit took %v, want 0", d)
	}
	if d := got.Deliveries[1].TookFromDue(); d != 59 {
		t.Errorf("from due: %v, want 59ns", d)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	var list []tally.Delivery // one each millisecond, and a straggler
	for i := range 100 {
		list = append(list, tally.Delivery{Committed: 0, Arrived: int64(i+1) * int64(time.Millisecond)})
	}
	list = append(list, tally.Delivery{Arrived: int64(time.Hour)})
	if got := tally.PerSecond(list); math.Abs(got-1000) > 1 {
		t.Errorf("%v a second, want 1000", got)
	}
	s := tally.SpreadOf(list, tally.Delivery.Took)
	if got := s.Quantile(.5); got != 51*time.Millisecond {
		t.Errorf("median %v, want 51ms", got)
	}
	if got := s.Quantile(1); got != time.Hour {
		t.Errorf("longest %v, want 1h", got)
	}
	if got := tally.LongestGap(list, int64(10*time.Millisecond), int64(50*time.Millisecond)); got != time.Millisecond {
		t.Errorf("longest gap %v, want 1ms", got)
	}
	if got := tally.LongestGap(nil, 0, 7); got != 7 {
		t.Errorf("longest gap without arrivals %v, want all of the time", got)
	}
	if got := tally.PerSecond(list[:9]); got != 0 {
		t.Errorf("%v a second of nine, want 0: too few to tell", got)
	}
	if got := (tally.Spread)(nil).Quantile(.5); got != 0 {
		t.Errorf("median of nothing %v, want 0", got)
	}
}
