package paymux_test

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
)

// A position has the last of each region, whatever came in between, and reads as it was written.
func TestPositions(t *testing.T) {
	t.Parallel()
	mints := map[paymux.Region]*paymux.IDs{}
	for _, region := range []paymux.Region{0, 1, 4095} {
		mints[region] = paymux.NewIDs(mintKey, region, time.Now)
	}
	rapid.Check(t, func(rt *rapid.T) {
		last, position := map[paymux.Region]string{}, ""
		for _, region := range rapid.SliceOf(rapid.SampledFrom([]paymux.Region{0, 1, 4095})).Draw(rt, "rows") {
			last[region] = mints[region].New(paymux.PrefixEvent)
			if position = paymux.MoveOn(position, last[region]); len(last) == 1 && position != last[region] {
				rt.Fatalf("of one region it is %q, not its row %s", position, last[region])
			}
		}
		at, ok := paymux.ReadPosition(position)
		if !ok || !maps.Equal(at, last) || paymux.JoinPosition(at) != position {
			rt.Fatalf("%q: %v, %t; want %v", position, at, ok, last)
		}
	})
	id := mints[1].New(paymux.PrefixEvent)
	for _, wrong := range []string{"x", ",", id + ",", "," + id, id + "," + id, id + "," + mints[1].New(paymux.PrefixEvent), id + ",evt_1"} {
		if at, ok := paymux.ReadPosition(wrong); ok {
			t.Errorf("%q is read as %v", wrong, at)
		}
	}
	if got := paymux.MoveOn("evt_1", "evt_2"); got != "evt_2" {
		t.Errorf("words that are no IDs: %q", got)
	}
}

// A row is passed by who has come to a later one of another region.
func TestWhatAReaderHasPassed(t *testing.T) {
	t.Parallel()
	at := func(region paymux.Region, days int) string {
		return paymux.NewIDs(mintKey, region, func() time.Time { return time.Unix(1_800_000_000, 0).AddDate(0, 0, days) }).New(paymux.PrefixEvent)
	}
	old, later := at(1, 0), at(2, 90)
	for _, c := range []struct {
		position, id string
		passed       bool
	}{
		{old + "," + later, old, true}, {old + "," + later, later, false}, {old, old, false}, {old + "," + at(2, 0), old, false}, {"", old, false}, {"x", old, false},
	} {
		if got := paymux.Passed(c.position, c.id); got != c.passed {
			t.Errorf("%s at %s: %t", c.id, c.position, got)
		}
	}
}
