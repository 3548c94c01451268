package relay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
		_, err = relay.Merge(t.Context(), reads, paymux.Page{Limit: 10}, func(s *string) string { return *s }, func(_ context.Context, s *shelf, _ paymux.Page) ([]string, error) { return nil, s.err })
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

// A list over all regions is read whole, page by page, in its order, without a gap and without a row twice, also where regions
// have issued IDs in the same millisecond, and stores number their rows without the region.
func TestListsAreMerged(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c"}
	r := fixedRegions(t, names...)
	rapid.Check(t, func(rt *rapid.T) {
		all, want, now := map[string]*shelf{}, []string{}, time.UnixMilli(1_790_000_000_000)
		for i, name := range names {
			all[name] = &shelf{region: name}
			mint := paymux.NewIDs([]byte("only for tests, no secret"), paymux.Region(i), func() time.Time {
				return now.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "ms")) * time.Millisecond)
			})
			for range rapid.IntRange(0, 12).Draw(rt, name) {
				all[name].rows = append(all[name].rows, mint.New(paymux.PrefixPayment))
			}
			slices.SortFunc(all[name].rows, func(a, b string) int { return strings.Compare(b, a) })
			want = append(want, all[name].rows...)
		}
		slices.SortFunc(want, func(a, b string) int { return strings.Compare(b, a) })
		page := paymux.Page{Limit: rapid.IntRange(1, 7).Draw(rt, "limit")}
		reads := shelves(t, r, all)
		var got []string
		for {
			rows, err := relay.Merge(t.Context(), reads, page, func(s *string) string { return *s }, func(_ context.Context, s *shelf, p paymux.Page) ([]string, error) {
				bound, _ := paymux.OrdinalOf(p.After)
				below := []string{}
				for _, row := range s.rows {
					if n, _ := paymux.OrdinalOf(row); (p.After == "" || n < bound && row < p.After) && len(below) < p.Limit {
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
			got, page.After = append(got, rows...), rows[len(rows)-1]
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("by one cursor:\n%s", diff)
		}
		// In an order of each region's own, such as that of commits, only a cursor of each will do.
		for _, s := range all {
			slices.SortFunc(s.rows, func(a, b string) int { return strings.Compare(a[20:]+a, b[20:]+b) })
		}
		whole := followed(rt, reads, relay.MergeFrom[*shelf, string], 100)
		got = followed(rt, reads, relay.MergeFrom[*shelf, string], page.Limit)
		if diff := cmp.Diff(whole, got, cmpopts.EquateEmpty()); diff != "" || len(got) != len(want) {
			rt.Fatalf("%d of %d rows, by positions:\n%s", len(got), len(want), diff)
		}
	})
}

// merge is MergeFrom or MergeFollowing.
type merge func(context.Context, *relay.Reads[*shelf], paymux.Page, func(a, b *string) bool, func(context.Context, *shelf, paymux.Page) ([]string, error)) ([]string, error)

// followed reads a list page by page until one is empty.
func followed(rt *rapid.T, reads *relay.Reads[*shelf], read merge, limit int) (all []string) {
	for page := (paymux.Page{Limit: limit}); ; {
		rows, err := read(context.Background(), reads, page, newest, func(_ context.Context, s *shelf, p paymux.Page) ([]string, error) {
			return s.page(p.After, p.Limit), s.err
		})
		if err != nil {
			rt.Fatal(err)
		}
		if len(rows) == 0 {
			return all
		}
		for _, row := range rows {
			page.After = paymux.MoveOn(page.After, row)
		}
		all = append(all, rows...)
	}
}

// Who follows a list gets what a region has that was away as soon as it is back, and nothing twice.
func TestFollowingPassesOverWhoIsAway(t *testing.T) {
	t.Parallel()
	r := fixedRegions(t, "a", "b")
	a, b := &shelf{rows: []string{string(issued(0)), string(issued(0))}}, &shelf{rows: []string{string(issued(1)), string(issued(1))}}
	reads := shelves(t, r, map[string]*shelf{"a": a, "b": b})
	page := paymux.Page{Limit: 10}
	ask := func(_ context.Context, s *shelf, p paymux.Page) ([]string, error) {
		if s.err != nil {
			return nil, s.err
		}
		return s.page(p.After, p.Limit), nil
	}
	read := func(want ...string) {
		t.Helper()
		rows, err := relay.MergeFollowing(t.Context(), reads, page, func(a, b *string) bool { return *a < *b }, ask)
		slices.Sort(rows)
		slices.Sort(want)
		if err != nil || !slices.Equal(rows, want) {
			t.Errorf("%v, %v; want %v", rows, err, want)
		}
		for _, row := range rows {
			page.After = paymux.MoveOn(page.After, row)
		}
	}
	away := &paymux.Error{Code: paymux.Unavailable, RetryAfter: 1}
	b.err = away
	read(a.rows...)
	read()
	b.err = nil
	read(b.rows...)
	a.err = away
	b.rows = append(b.rows, string(issued(1)))
	read(b.rows[2])
	b.err = away
	if _, err := relay.MergeFollowing(t.Context(), reads, page, newest, ask); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("all are away: %v", err)
	}
	if _, err := relay.MergeFrom(t.Context(), reads, page, newest, ask); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("a list without a part: %v", err)
	}
	a.err, b.err = nil, errors.New("broken")
	if _, err := relay.MergeFollowing(t.Context(), reads, page, newest, ask); err == nil || errors.Is(err, paymux.Unavailable) {
		t.Errorf("a fault is no absence: %v", err)
	}
}

func TestACursorThatWasNotGivenOut(t *testing.T) {
	t.Parallel()
	reads := shelves(t, fixedRegions(t, "a", "b"), map[string]*shelf{"a": {}, "b": {}})
	read := func(cursor string) error {
		_, err := relay.MergeFrom(t.Context(), reads, paymux.Page{After: cursor, Limit: 1}, newest,
			func(context.Context, *shelf, paymux.Page) ([]string, error) { return nil, nil })
		return err
	}
	for _, cursor := range []string{"x", ",", string(issued(0)) + "," + string(issued(0)), string(issued(0)) + ","} {
		if err := read(cursor); !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%q: %v", cursor, err)
		}
	}
	if err := read(string(issued(9)) + "," + string(issued(1))); err != nil {
		t.Errorf("of a region that has gone: %v", err)
	}
}

// Where there is one region for good, it is asked for everything, and cursors are its own.
func TestOneRegionForGood(t *testing.T) {
	t.Parallel()
	reads := shelves(t, fixedRegions(t, "a"), map[string]*shelf{"a": {region: "a"}})
	ask := func(_ context.Context, s *shelf) (string, error) { return s.region, nil }
	for _, id := range []string{string(issued(7)), "mer_1", ""} {
		if got, err := relay.ByID(t.Context(), reads, id, ask); got != "a" || err != nil || reads.Home(id) != "a" {
			t.Errorf("%q: %s, %v", id, got, err)
		}
	}
	for _, cursor := range []string{"", "x", string(issued(7)) + "," + string(issued(0))} {
		got := ""
		page := func(_ context.Context, _ *shelf, p paymux.Page) ([]string, error) { got = p.After; return nil, nil }
		if _, err := relay.MergeFrom(t.Context(), reads, paymux.Page{After: cursor}, newest, page); err != nil || got != cursor {
			t.Errorf("%q: asked for what comes behind %q, %v", cursor, got, err)
		}
		if _, err := relay.Merge(t.Context(), reads, paymux.Page{After: cursor}, func(s *string) string { return *s }, page); err != nil || got != cursor {
			t.Errorf("%q: asked for what is below %q, %v", cursor, got, err)
		}
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
