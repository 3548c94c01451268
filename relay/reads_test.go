package relay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wire"
	"github.com/paymux/paymux/relay"
)

// shelf is what a region answers questions from.
type shelf struct {
	region string
	rows   []string // in the region's order
	err    error
}

func shelves(t *testing.T, r *relay.Relay, all map[string]*shelf) *relay.Reads[*shelf] {
	t.Helper()
	return relay.NewReads(r, func(region string) (*shelf, error) {
		if s := all[region]; s != nil {
			return s, nil
		}
		return nil, errors.New("no such region")
	})
}

func fixedRegions(t *testing.T, names ...string) *relay.Relay {
	t.Helper()
	var all []relay.Region
	for i, name := range names {
		all = append(all, relay.Region{Number: paymux.Region(i), Name: name, Weight: 1, Node: node{}})
	}
	return newRelay(t, all...)
}

func TestAQuestionGoesToTheRegionOfItsID(t *testing.T) {
	t.Parallel()
	r := fixedRegions(t, "a", "b")
	reads := shelves(t, r, map[string]*shelf{"a": {region: "a"}, "b": {region: "b", err: paymux.Errorf(paymux.NotFound, "None.")}})
	ask := func(_ context.Context, s *shelf) (string, error) { return s.region, s.err }
	if got, err := relay.ByID(t.Context(), reads, string(issued(0)), ask); got != "a" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	for id, want := range map[string]paymux.Code{string(issued(1)): paymux.NotFound, string(issued(2)): paymux.NotFound, "pay_1": paymux.InvalidID} {
		if _, err := relay.ByID(t.Context(), reads, id, ask); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
}

// A region that does not answer is asked no more for a while; its answers of any kind are answers.
func TestQuestionsShareTheCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := fixedRegions(t, "a", "b")
		lost := &paymux.Error{Code: paymux.Unavailable, RetryAfter: 1, Err: wire.ErrLost}
		a := &shelf{region: "a", err: lost}
		reads, asked := shelves(t, r, map[string]*shelf{"a": a, "b": {region: "b"}}), 0
		ask := func(_ context.Context, s *shelf) (string, error) { asked++; return s.region, s.err }
		for range 10 {
			_, err := relay.ByID(t.Context(), reads, string(issued(0)), ask)
			later(t, "lost", err)
		}
		_, err := r.Sync(t.Context(), paymux.SyncPayment{Payment: issued(0)})
		later(t, "a change", err)
		_, err = relay.Merge(t.Context(), reads, 10, func(a, b *string) bool { return *a > *b }, func(_ context.Context, s *shelf) ([]string, error) { return nil, s.err })
		later(t, "a list", err)
		if asked != 3 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func newest(a, b *string) bool { return *a > *b }

// page is what a region's store answers: what comes after a row in its order, at most limit.
func (s *shelf) page(after string, limit int) []string {
	rows := s.rows
	if i := slices.Index(rows, after); i >= 0 {
		rows = rows[i+1:]
	}
	return rows[:min(limit, len(rows))]
}

// A list over all regions is read whole, page by page, without a gap and without a row twice.
func TestListsAreMerged(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c"}
	r := fixedRegions(t, names...)
	rapid.Check(t, func(rt *rapid.T) {
		all, want, byID := map[string]*shelf{}, []string{}, map[string]*shelf{}
		for i, name := range names {
			all[name] = &shelf{region: name}
			for range rapid.IntRange(0, 12).Draw(rt, name) {
				all[name].rows = append(all[name].rows, string(issued(paymux.Region(i))))
			}
			slices.SortFunc(all[name].rows, func(a, b string) int { return strings.Compare(b, a) })
			want = append(want, all[name].rows...)
			byID[name] = all[name]
		}
		slices.SortFunc(want, func(a, b string) int { return strings.Compare(b, a) })
		limit := rapid.IntRange(1, 7).Draw(rt, "limit")
		reads := shelves(t, r, all)
		var got []string
		for after := ""; ; {
			rows, err := relay.Merge(t.Context(), reads, limit, newest, func(_ context.Context, s *shelf) ([]string, error) {
				below := []string{}
				for _, row := range s.rows {
					if (after == "" || row < after) && len(below) < limit {
						below = append(below, row)
					}
				}
				return below, nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			if len(rows) == 0 {
				break
			}
			got, after = append(got, rows...), rows[len(rows)-1]
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("none", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			rt.Fatalf("by one cursor:\n%s", diff)
		}
		// In an order of each region's own, such as that of commits, only a cursor of each will do.
		for _, s := range all {
			slices.SortFunc(s.rows, func(a, b string) int { return strings.Compare(a[20:]+a, b[20:]+b) })
		}
		seen := map[string]int{}
		for after := ""; ; {
			rows, next, err := relay.MergeFrom(t.Context(), reads, after, limit, func(s *string) string { return *s }, newest,
				func(_ context.Context, s *shelf, after string) ([]string, error) { return s.page(after, limit), nil })
			if err != nil {
				rt.Fatal(err)
			}
			for _, row := range rows {
				seen[row]++
			}
			if len(rows) == 0 {
				if next != after && after != "" {
					rt.Fatalf("an empty page moved the cursor from %q to %q", after, next)
				}
				break
			}
			after = next
		}
		if len(seen) != len(want) {
			rt.Fatalf("%d of %d rows were seen", len(seen), len(want))
		}
		for row, n := range seen {
			if n != 1 {
				rt.Fatalf("%s was seen %d times", row, n)
			}
		}
	})
}

func TestACursorThatWasNotGivenOut(t *testing.T) {
	t.Parallel()
	reads := shelves(t, fixedRegions(t, "a"), map[string]*shelf{"a": {}})
	for _, cursor := range []string{"x", ",", string(issued(0)) + "," + string(issued(0)), string(issued(0)) + ","} {
		_, _, err := relay.MergeFrom(t.Context(), reads, cursor, 1, func(s *string) string { return *s }, newest,
			func(context.Context, *shelf, string) ([]string, error) { return nil, nil })
		if !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%q: %v", cursor, err)
		}
	}
	// That of a region that has gone is kept.
	_, next, err := relay.MergeFrom(t.Context(), reads, string(issued(9)), 1, func(s *string) string { return *s }, newest,
		func(context.Context, *shelf, string) ([]string, error) { return nil, nil })
	if number, _ := paymux.RegionOf(next); err != nil || number != 9 {
		t.Errorf("%q, %v", next, err)
	}
}

func TestSuggestedRegions(t *testing.T) {
	t.Parallel()
	two, three := string(issued(2)), string(issued(3))
	for name, c := range map[string]struct {
		url, body string
		want      []paymux.Region
	}{
		"none":                {"https://pay.example/callbacks/bank/main", `{"status":"ok"}`, nil},
		"query, then body":    {"https://pay.example/callbacks/bank/main?ref=" + two, `{"order":"` + paymux.OrderNumber(three) + `"}`, []paymux.Region{2, 3}},
		"form":                {"", "out_trade_no=" + paymux.OrderNumber(two) + "&x=1&again=" + two, []paymux.Region{2}},
		"XML":                 {"", "<id><![CDATA[" + paymux.OrderNumber(three) + "]]></id>", []paymux.Region{3}},
		"at the end":          {"", paymux.OrderNumber(three), []paymux.Region{3}},
		"longer, not ours":    {"", "A" + paymux.OrderNumber(three), nil},
		"not of our alphabet": {"", strings.Repeat("U", 26), nil},
	} {
		if diff := cmp.Diff(c.want, relay.Suggested(&paymux.CallbackRequest{URL: c.url, Body: []byte(c.body)})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// The likeliest region is asked first: whose ID is to be seen, then who has the account.
func TestCallbacksGoToTheLikeliestFirst(t *testing.T) {
	t.Parallel()
	var order []string
	var regions []relay.Region
	for i, name := range []string{"a", "b", "c", "d"} {
		g := relay.Region{Number: paymux.Region(i), Name: name, Weight: 1, Node: node{callback: func(paymux.CallbackRequest) (paymux.CallbackAck, error) {
			order = append(order, name)
			return paymux.CallbackAck{}, paymux.Errorf(paymux.CallbackRefused, "No.")
		}}}
		switch name {
		case "a":
			g.Accounts = []string{"other"}
		case "c":
			g.Accounts = []string{"main"}
		}
		regions = append(regions, g)
	}
	r := newRelay(t, regions...)
	for body, want := range map[string]string{"": "c b d a", fmt.Sprintf(`{"id":%q}`, issued(3)): "d c b a"} {
		order = nil
		if _, err := r.Callback(t.Context(), paymux.CallbackRequest{Account: "main", Body: []byte(body)}); !errors.Is(err, paymux.CallbackRefused) {
			t.Error(err)
		}
		if got := strings.Join(order, " "); got != want {
			t.Errorf("%q: asked %s, want %s", body, got, want)
		}
	}
}
