package relay_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

const merchants = 20_000

// placed is where new payments of each merchant go, by the region's number.
func placed(t *testing.T, weights ...float64) []paymux.Region {
	t.Helper()
	var to paymux.Region
	var regions []relay.Region
	for i, w := range weights {
		number := paymux.Region(i)
		regions = append(regions, relay.Region{Number: number, Name: fmt.Sprintf("region-%d", i), Weight: w, Node: node{
			create: func(paymux.CreatePayment) (paymux.Reply, error) { to = number; return paymux.Reply{}, nil },
		}})
	}
	r := newRelay(t, regions...)
	all := make([]paymux.Region, merchants)
	for i := range all {
		if _, err := r.Create(t.Context(), paymux.CreatePayment{Caller: paymux.Caller{Merchant: paymux.MerchantID(fmt.Sprintf("mer_%d", i))}}); err != nil {
			t.Fatal(err)
		}
		all[i] = to
	}
	return all
}

func TestSharesFollowWeights(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]float64{{1, 1}, {1, 1, 1, 1}, {3, 1}, {0.5, 0.2, 0.2, 0.1}, {100, 0, 300}, {0, 0, 1}, {1, 0.001}} {
		total, got := 0.0, make([]float64, len(weights))
		for _, w := range weights {
			total += w
		}
		for _, g := range placed(t, weights...) {
			got[g] += 1.0 / merchants
		}
		for i, w := range weights {
			if want := w / total; math.Abs(got[i]-want) > 0.015 || w == 0 && got[i] != 0 {
				t.Errorf("of the weights %v, number %d takes %.2f %%, want %.2f %%", weights, i, got[i]*100, want*100)
			}
		}
	}
}

func TestAMerchantStaysWhereItIs(t *testing.T) {
	t.Parallel()
	first, again := placed(t, 2, 1, 1), placed(t, 2, 1, 1)
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("merchant %d went to region %d, then to %d", i, first[i], again[i])
		}
	}
}

// A region that comes takes its share from the others and moves nothing between
// them; read the other way round, so does one that goes, or takes no more.
func TestARegionMovesItsOwnShareOnly(t *testing.T) {
	t.Parallel()
	before := placed(t, 2, 1, 1)
	closed, after := placed(t, 2, 1, 1, 0), placed(t, 2, 1, 1, 1)
	moved := 0.0
	for i := range before {
		if closed[i] != before[i] {
			t.Fatalf("a region without weight moved merchant %d from %d to %d", i, before[i], closed[i])
		}
		if after[i] == before[i] {
			continue
		}
		if after[i] != 3 {
			t.Fatalf("merchant %d moved from %d to %d, and not to the new region", i, before[i], after[i])
		}
		moved += 1.0 / merchants
	}
	if math.Abs(moved-0.2) > 0.015 {
		t.Errorf("%.1f %% moved to a region of a fifth of the weight", moved*100)
	}
}

func TestAHeavierRegionOnlyGains(t *testing.T) {
	t.Parallel()
	before, after := placed(t, 1, 1, 1), placed(t, 1, 2, 1)
	gained := 0
	for i := range before {
		if after[i] == before[i] {
			continue
		}
		if after[i] != 1 {
			t.Fatalf("merchant %d moved from %d to %d, whose weight is the same", i, before[i], after[i])
		}
		gained++
	}
	if gained == 0 {
		t.Error("twice the weight brought nobody")
	}
}
