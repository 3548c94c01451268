package paymux_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
)

var mintKey = []byte("0123456789abcdef0123456789abcdef")

func TestIDsAscendWhileTheClockStandsStillOrStepsBack(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	ids := paymux.NewIDs(mintKey, 7, func() time.Time { now = now.Add(-time.Millisecond); return now })
	last := ""
	for range 40_000 {
		id := ids.New(paymux.PrefixPayment)
		if id <= last {
			t.Fatalf("%s does not follow %s", id, last)
		}
		last = id
	}
}

func TestIDsOfConcurrentCallersDiffer(t *testing.T) {
	t.Parallel()
	ids := paymux.NewIDs(mintKey, 1, time.Now)
	var mu sync.Mutex
	var all []string
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			mine := make([]string, 5000)
			for i := range mine {
				mine[i] = ids.New(paymux.PrefixOperation)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	wg.Wait()
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != 40_000 {
		t.Fatalf("%d different IDs among 40000", n)
	}
}

func TestIDCarriesRegionAndTime(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_795_328_444_123).UTC()
	for _, region := range []paymux.Region{0, 1, 255, 4095} {
		id := paymux.NewIDs(mintKey, region, func() time.Time { return at }).New(paymux.PrefixRefund)
		if got, ok := paymux.RegionOf(id); !ok || got != region {
			t.Errorf("RegionOf(%s) = %d, %t; want %d", id, got, ok, region)
		}
		if got, ok := paymux.TimeOf(id); !ok || !got.Equal(at) {
			t.Errorf("TimeOf(%s) = %s, %t; want %s", id, got, ok, at)
		}
		if n := paymux.OrderNumber(id); len(n) != 26 || strings.ContainsAny(n, "_-") {
			t.Errorf("OrderNumber(%s) = %q", id, n)
		}
	}
}

func TestCheckRefusesEveryMistypedCharacter(t *testing.T) {
	t.Parallel()
	ids := paymux.NewIDs(mintKey, 3, time.Now)
	id := ids.New(paymux.PrefixPayment)
	if err := ids.Check(paymux.PrefixPayment, id); err != nil {
		t.Fatal(err)
	}
	for i := len(paymux.PrefixPayment); i < len(id); i++ {
		for _, c := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
			typo := id[:i] + string(c) + id[i+1:]
			if err := ids.Check(paymux.PrefixPayment, typo); typo != id && !errors.Is(err, paymux.InvalidID) {
				t.Errorf("Check(%s), mistyped at %d: %v", typo, i, err)
			}
		}
	}
	for _, bad := range []string{
		"", "pay_", id[4:], "op_" + id[4:], id + "0", id[:len(id)-1], strings.ToLower(id), "pay_" + strings.Repeat("U", 26),
		"pay_" + strings.Repeat("Z", 26), paymux.NewIDs([]byte("another key, of another system"), 3, time.Now).New(paymux.PrefixPayment),
	} {
		if err := ids.Check(paymux.PrefixPayment, bad); !errors.Is(err, paymux.InvalidID) {
			t.Errorf("Check(%q) = %v, want InvalidID", bad, err)
		}
	}
}

func FuzzCheckID(f *testing.F) {
	ids := paymux.NewIDs(mintKey, 3, time.Now)
	f.Add(ids.New(paymux.PrefixPayment))
	f.Add("pay_")
	f.Add("pay_7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
	f.Fuzz(func(t *testing.T, id string) {
		if ids.Check(paymux.PrefixPayment, id) != nil {
			return
		}
		if _, ok := paymux.RegionOf(id); !ok || len(id) != len(paymux.PrefixPayment)+26 {
			t.Fatalf("%q passed the check without being an ID", id)
		}
	})
}

// Stores find rows by ordinals and list by them.
func TestOrdinalsAreUniqueAndAscendAsIDs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ids := paymux.NewIDs([]byte("only for tests, no secret"), 4095, func() time.Time { return at })
	var last int64
	for i := range 40_000 { // more than the sequence counts in a millisecond
		id := ids.New(paymux.PrefixPayment)
		n, ok := paymux.OrdinalOf(id)
		if !ok || n <= last {
			t.Fatalf("ID %d, %s, has the ordinal %d after %d", i, id, n, last)
		}
		last = n
	}
	for _, id := range []string{"", "pay_", "pay", "_", "pay_0", "pay_ZZZZZZZZZZZZZZZZZZZZZZZZZZ"} {
		if n, ok := paymux.OrdinalOf(id); ok || n != 0 {
			t.Errorf("%q, which is no ID, has the ordinal %d", id, n)
		}
	}
}

// The last year an ordinal can hold is far off, and the sign is never touched.
func TestOrdinalOfALateID(t *testing.T) {
	t.Parallel()
	at := time.Date(2109, 1, 1, 0, 0, 0, 0, time.UTC)
	ids := paymux.NewIDs([]byte("only for tests, no secret"), 1, func() time.Time { return at })
	n, ok := paymux.OrdinalOf(ids.New(paymux.PrefixOperation))
	if !ok || n>>21 != at.UnixMilli() {
		t.Fatalf("the ordinal %d does not begin with the time %d", n, at.UnixMilli())
	}
}

func TestIDsOfAnotherRegion(t *testing.T) {
	t.Parallel()
	ids := paymux.NewIDs(mintKey, 3, time.Now)
	id := ids.NewIn(4095, paymux.PrefixLink)
	if region, ok := paymux.RegionOf(id); !ok || region != 4095 || ids.Check(paymux.PrefixLink, id) != nil {
		t.Errorf("%s is of region %d", id, region)
	}
	if next := ids.New(paymux.PrefixLink); next[:len(paymux.PrefixLink)+10] < id[:len(paymux.PrefixLink)+10] {
		t.Errorf("%s was minted before %s", next, id)
	}
}

// What is below an ID in another region's list is below its stand-in there, by text and by ordinal, which knows no region.
func TestBelowInAnotherRegion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var at time.Time
		mints := make(map[paymux.Region]*paymux.IDs) // one a region: ordinals of two are not told apart
		var ids []string
		for range rapid.IntRange(2, 8).Draw(rt, "issued") {
			at = time.UnixMilli(1_790_000_000_000 + rapid.Int64Range(0, 2).Draw(rt, "ms"))
			region := rapid.SampledFrom([]paymux.Region{0, 1, 2, 4095}).Draw(rt, "region")
			if mints[region] == nil {
				mints[region] = paymux.NewIDs(mintKey, region, func() time.Time { return at })
			}
			ids = append(ids, mints[region].New(paymux.PrefixPayment))
		}
		cursor, row := rapid.SampledFrom(ids).Draw(rt, "cursor"), rapid.SampledFrom(ids).Draw(rt, "row")
		region, _ := paymux.RegionOf(row)
		bound := paymux.Below(cursor, region)
		if at, ok := paymux.RegionOf(bound); !ok || at != region {
			rt.Fatalf("%s stands for %s in region %d", bound, cursor, region)
		}
		limit, _ := paymux.OrdinalOf(bound)
		n, _ := paymux.OrdinalOf(row)
		if want := row < cursor; row < bound != want || n < limit != want {
			rt.Fatalf("%s below %s: %t; below its stand-in %s: %t, by ordinal %t", row, cursor, want, bound, row < bound, n < limit)
		}
	})
	for _, id := range []string{"", "pay_1", "x"} {
		if got := paymux.Below(id, 7); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestSinceATime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		at := time.UnixMilli(1_790_000_000_000 + rapid.Int64Range(-2, 2).Draw(rt, "ms"))
		mint := paymux.NewIDs(mintKey, rapid.SampledFrom([]paymux.Region{0, 1, 4095}).Draw(rt, "region"), func() time.Time { return at })
		since := time.UnixMilli(1_790_000_000_000)
		bound, id := paymux.Since(paymux.PrefixPayment, since), mint.New(paymux.PrefixPayment)
		limit, _ := paymux.OrdinalOf(bound)
		n, _ := paymux.OrdinalOf(id)
		if want := at.Before(since); id < bound != want || n < limit != want {
			rt.Fatalf("%s of %s is below %s of %s: %t", id, at, bound, since, id < bound)
		}
	})
}

func TestMarksAreKeyedAndTellTextsApart(t *testing.T) {
	t.Parallel()
	ids, others := paymux.NewIDs(mintKey, 7, time.Now), paymux.NewIDs([]byte("another key of sixteen bytes"), 7, time.Now)
	mark := ids.Mark("mer_1", "card", "4242424242424242")
	if again := paymux.NewIDs(mintKey, 8, time.Now).Mark("mer_1", "card", "4242424242424242"); again != mark || len(mark) != 16 {
		t.Errorf("%s, and again %s", mark, again)
	}
	for _, other := range []string{others.Mark("mer_1", "card", "4242424242424242"), ids.Mark("mer_1", "card4", "242424242424242"), ids.Mark("mer_1card", "4242424242424242"), ids.Mark()} {
		if other == mark {
			t.Errorf("%s is the mark of something else, too", mark)
		}
	}
}
