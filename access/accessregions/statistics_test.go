package accessregions_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
)

// counted groups facts as a store does: by time and by what is asked for, in that order.
func counted(facts []paymux.Fact, group []paymux.Dimension) []paymux.StatisticsRow {
	rows := map[string]*paymux.StatisticsRow{}
	for _, f := range facts {
		row := paymux.StatisticsRow{At: f.At.Truncate(time.Hour)}
		for _, d := range group {
			row.Set(d, f.Key.Part(d))
		}
		name := fmt.Sprint(row.At, row.StatisticsKey)
		if rows[name] == nil {
			rows[name] = &row
		}
		rows[name].Count(&f)
	}
	var all []paymux.StatisticsRow
	for _, r := range rows {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b paymux.StatisticsRow) int {
		order := a.At.Compare(b.At)
		for _, d := range group {
			order = cmp.Or(order, cmp.Compare(a.Part(d), b.Part(d)))
		}
		return order
	})
	return all
}

// Statistics over regions are those that a recount of all regions' facts gives, in the same order, and so are the first rows of them.
func TestStatisticsEqualARecount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		regions := rapid.IntRange(1, 3).Draw(rt, "regions")
		h, group := newHouse(t, regions), rapid.Permutation(paymux.Dimensions()).Draw(rt, "dimensions")
		group = group[:rapid.IntRange(0, len(group)).Draw(rt, "grouped by")]
		var all []paymux.Fact
		asOf := noon.Add(time.Hour)
		for name, r := range h.rooms {
			var facts []paymux.Fact
			for range rapid.IntRange(0, 15).Draw(rt, "facts of "+name) {
				pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, what) }
				facts = append(facts, paymux.Fact{
					At: noon.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "minutes")) * time.Minute), Measure: rapid.SampledFrom(paymux.Measures()).Draw(rt, "measure"),
					Key: paymux.StatisticsKey{
						Merchant: paymux.MerchantID(pick("merchant", "mer_1", "mer_2")), Mode: pick("mode", "live", "test"), Region: strconv.Itoa(int(r.number)),
						Channel: pick("channel", "", "sandbox"), Account: pick("account", "", "a", "b"), Currency: paymux.Currency(pick("currency", "CNY", "EUR")),
					},
					Amount: rapid.Int64Range(0, 1e9).Draw(rt, "amount"), MS: rapid.Int64Range(0, 1e8).Draw(rt, "ms"),
				})
			}
			r.counted = paymux.StatisticsAnswer{AsOf: noon.Add(time.Duration(rapid.IntRange(-60, 60).Draw(rt, "behind")) * time.Second), Rows: counted(facts, group)}
			if all = append(all, facts...); r.counted.AsOf.Before(asOf) {
				asOf = r.counted.AsOf
			}
		}
		want := counted(all, group)
		q := paymux.StatisticsQuery{Every: paymux.EveryHour, Group: group}
		for _, q.Limit = range []int{0, 1, rapid.IntRange(1, 20).Draw(rt, "limit")} {
			if q.Limit > 0 {
				want = want[:min(len(want), q.Limit)]
			}
			got, err := h.Statistics(ctx(), q)
			if diff := gocmp.Diff(want, got.Rows, cmpopts.EquateEmpty()); diff != "" || err != nil || !got.AsOf.Equal(asOf) {
				rt.Fatalf("limit %d, as of %v, want %v, %v:\n%s", q.Limit, got.AsOf, asOf, err, diff)
			}
			want = counted(all, group)
		}
	})
}

// A question about one region is asked of that one, whoever else is away.
func TestStatisticsOfOneRegion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.away("r1")
	if _, err := h.Statistics(ctx(), paymux.StatisticsQuery{Only: paymux.StatisticsKey{Region: "2"}}); err != nil {
		t.Error(err)
	}
	if asked := h.heard(); len(asked) != 1 || asked["r2"] == nil {
		t.Errorf("asked %v", asked)
	}
	_, err := h.Statistics(ctx(), paymux.StatisticsQuery{Only: paymux.StatisticsKey{Region: "9"}})
	wantAway(t, "of a region nobody has seen, while one is away", err)
}
