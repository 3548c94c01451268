package accessregions_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// pages reads a list page by page. move is how a row moves the cursor on.
func pages(rt *rapid.T, limit int, move func(cursor, id string) string, read func(paymux.Page) ([]string, error)) (all []string) {
	for p := (paymux.Page{Limit: limit}); ; {
		rows, err := read(p)
		if err != nil {
			rt.Fatal(err)
		}
		if len(rows) == 0 {
			return all
		}
		if len(rows) > limit {
			rt.Fatalf("%d rows of %d", len(rows), limit)
		}
		for _, id := range rows {
			p.After = move(p.After, id)
		}
		all = append(all, rows...)
	}
}

func last(_, id string) string { return id }

func idsOf[T any](list []T, err error, id func(*T) string) ([]string, error) {
	out := make([]string, len(list))
	for i := range list {
		out[i] = id(&list[i])
	}
	return out, err
}

// issue has each region issue some IDs, most of them in few milliseconds: newest first.
func issue(rt *rapid.T, prefix string, regions int) map[string][]string {
	all := map[string][]string{}
	for i := range regions {
		now := noon
		mint := paymux.NewIDs(key, paymux.Region(i+1), func() time.Time { return now })
		name := fmt.Sprintf("r%d", i+1)
		for range rapid.IntRange(0, 10).Draw(rt, "rows of "+name) {
			now = now.Add(time.Duration(rapid.IntRange(0, 1).Draw(rt, "ms")) * time.Millisecond)
			all[name] = append(all[name], mint.New(prefix))
		}
		slices.Reverse(all[name])
	}
	return all
}

func union(all map[string][]string) (ids []string) {
	for _, some := range all {
		ids = append(ids, some...)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

func wantSame(rt *rapid.T, what string, want, got []string) {
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// Lists in the order of IDs, in pages of every size, are the sorted union.
func TestListsByID(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		regions := rapid.IntRange(1, 3).Draw(rt, "regions")
		h, limit := newHouse(t, regions), rapid.IntRange(1, 6).Draw(rt, "limit")
		payments, refunds, links := issue(rt, paymux.PrefixPayment, regions), issue(rt, paymux.PrefixRefund, regions), issue(rt, paymux.PrefixLink, regions)
		for name, r := range h.rooms {
			for _, id := range payments[name] {
				r.payments = append(r.payments, paymux.Payment{ID: paymux.PaymentID(id)})
			}
			for _, id := range refunds[name] {
				r.refunds = append(r.refunds, paymux.Refund{ID: paymux.RefundID(id)})
			}
			for _, id := range links[name] {
				r.links = append(r.links, paymux.Link{ID: paymux.LinkID(id)})
			}
		}
		wantSame(rt, "payments", union(payments), pages(rt, limit, last, func(p paymux.Page) ([]string, error) {
			list, err := h.Payments(ctx(), paymux.PaymentFilter{Page: p})
			return idsOf(list, err, func(p *paymux.Payment) string { return string(p.ID) })
		}))
		wantSame(rt, "refunds", union(refunds), pages(rt, limit, last, func(p paymux.Page) ([]string, error) {
			list, err := h.Refunds(ctx(), paymux.RefundFilter{Page: p})
			return idsOf(list, err, func(r *paymux.Refund) string { return string(r.ID) })
		}))
		wantSame(rt, "links", union(links), pages(rt, limit, last, func(p paymux.Page) ([]string, error) {
			list, err := h.Links(ctx(), "", p)
			return idsOf(list, err, func(l *paymux.Link) string { return string(l.ID) })
		}))
	})
}

// Merchants are listed once, however many regions have copies, and as home has them.
func TestMerchantsAreListedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		regions := rapid.IntRange(2, 3).Draw(rt, "regions")
		h, limit := newHouse(t, regions), rapid.IntRange(1, 6).Draw(rt, "limit")
		homes := issue(rt, paymux.PrefixMerchant, regions)
		all := union(homes)
		for name, r := range h.rooms {
			for _, id := range all {
				home, _ := paymux.RegionOf(id)
				if home == r.number {
					r.merchants = append(r.merchants, paymux.Merchant{ID: paymux.MerchantID(id), Name: "at home"})
				} else if rapid.Bool().Draw(rt, "copied to "+name) {
					r.merchants = append(r.merchants, paymux.Merchant{ID: paymux.MerchantID(id), Name: "copy", UpdatedAt: noon})
				}
			}
		}
		read := func(p paymux.Page) ([]string, error) {
			list, err := h.Merchants(ctx(), p)
			return idsOf(list, err, func(m *paymux.Merchant) string { return string(m.ID) + " " + m.Name })
		}
		var want []string
		for _, id := range all {
			want = append(want, id+" at home")
		}
		move := func(_, id string) string { return id[:30] }
		wantSame(rt, "merchants", want, pages(rt, limit, move, read))
		h.away("r2")
		for _, row := range pages(rt, limit, move, read) {
			home, _ := paymux.RegionOf(row[:30])
			if (home == 2) != (row[31:] == "copy") {
				rt.Fatalf("while region 2 is away: %s", row)
			}
		}
	})
}

// Events come in an order that has each region's own in it, and pages do not change it. One region's is that of its node.
func TestEventsByPosition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		regions := rapid.IntRange(1, 3).Draw(rt, "regions")
		h, limit := newHouse(t, regions), rapid.IntRange(1, 6).Draw(rt, "limit")
		for name, ids := range issue(rt, paymux.PrefixEvent, regions) {
			for _, id := range rapid.Permutation(ids).Draw(rt, "commits of "+name) {
				h.rooms[name].events = append(h.rooms[name].events, paymux.Event{ID: paymux.EventID(id)})
				h.rooms[name].buried = append(h.rooms[name].buried, access.BuriedTask{ID: paymux.TaskID(id), BuriedAt: noon})
			}
		}
		for _, oldest := range []bool{false, true} {
			read := func(p paymux.Page) ([]string, error) {
				list, err := h.Events(ctx(), paymux.EventFilter{Oldest: oldest, Page: p})
				return idsOf(list, err, func(e *paymux.Event) string { return string(e.ID) })
			}
			got := pages(rt, limit, paymux.MoveOn, read)
			wantSame(rt, "events, page by page", pages(rt, 1000, paymux.MoveOn, read), got)
			for name, r := range h.rooms {
				own := slices.DeleteFunc(slices.Clone(got), func(id string) bool { n, _ := paymux.RegionOf(id); return n != r.number })
				commits, _ := idsOf(r.events, nil, func(e *paymux.Event) string { return string(e.ID) })
				if !oldest {
					slices.Reverse(commits)
				}
				wantSame(rt, "those of "+name, commits, own)
			}
		}
		newest, err := h.Newest(ctx(), "")
		if err != nil {
			rt.Fatal(err)
		}
		if rest, err := h.Events(ctx(), paymux.EventFilter{Oldest: true, Page: paymux.Page{After: string(newest), Limit: 10}}); err != nil || len(rest) > 0 {
			rt.Fatalf("behind the newest there are %v, %v", rest, err)
		}
		for _, r := range h.rooms {
			if regions == 1 && len(r.events) > 0 && newest != r.events[len(r.events)-1].ID {
				rt.Fatalf("the newest of the only region is %s", newest)
			}
		}
		tasks := func(p paymux.Page) ([]string, error) {
			list, err := h.BuriedTasks(ctx(), p)
			return idsOf(list, err, func(t *access.BuriedTask) string { return string(t.ID) })
		}
		wantSame(rt, "buried tasks, page by page", pages(rt, 1000, paymux.MoveOn, tasks), pages(rt, limit, paymux.MoveOn, tasks))
	})
}

// Notifications are read whole, newest event first, although pages are short where regions look at few events at a time.
func TestNotificationsByPosition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		regions := rapid.IntRange(1, 3).Draw(rt, "regions")
		h, limit := newHouse(t, regions), rapid.IntRange(1, 6).Draw(rt, "limit")
		var want []string
		for name, ids := range issue(rt, paymux.PrefixEvent, regions) {
			r := h.rooms[name]
			r.looks = rapid.IntRange(1, 4).Draw(rt, "looks of "+name)
			for _, id := range ids {
				n := paymux.Notification{Event: paymux.EventID(id), Status: rapid.SampledFrom([]paymux.NotificationStatus{paymux.NotificationDead, paymux.NotificationDelivered}).Draw(rt, "status")}
				if r.told = append(r.told, n); n.Status == paymux.NotificationDead {
					want = append(want, id)
				}
			}
		}
		slices.SortFunc(want, func(a, b string) int { return cmp.Compare(b, a) })
		var got []string
		f := paymux.NotificationFilter{Status: paymux.NotificationDead, Page: paymux.Page{Limit: limit}}
		for range 100 {
			list, next, err := h.Notifications(ctx(), f)
			if err != nil || len(list) > limit {
				rt.Fatalf("%d of %d, %v", len(list), limit, err)
			}
			some, _ := idsOf(list, nil, func(n *paymux.Notification) string { return string(n.Event) })
			got = append(got, some...)
			if next == "" {
				wantSame(rt, "notifications", want, got)
				return
			}
			if string(next) == f.After {
				rt.Fatalf("the list stands still at %s", next)
			}
			f.After = string(next)
		}
		rt.Fatal("the list does not end")
	})
}

// An endpoint that fails in several regions is listed once, since when it first did.
func TestFailingEndpoints(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h, since := newHouse(t, 3), map[string]time.Time{}
		for name, r := range h.rooms {
			for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 0, 10, rapid.ID[int]).Draw(rt, "failing in "+name) {
				e := paymux.Endpoint{ID: paymux.EndpointID(fmt.Sprintf("we_%d", id)), FailingSince: noon.Add(time.Duration(rapid.IntRange(0, 1000).Draw(rt, "since")) * time.Second)}
				r.endpoints = append(r.endpoints, e)
				if first, ok := since[string(e.ID)]; !ok || e.FailingSince.Before(first) {
					since[string(e.ID)] = e.FailingSince
				}
			}
		}
		limit := rapid.IntRange(1, 12).Draw(rt, "limit")
		list, err := h.FailingEndpoints(ctx(), limit)
		if err != nil || len(list) != min(limit, len(since)) {
			rt.Fatalf("%d of %d, %v", len(list), len(since), err)
		}
		longest := slices.SortedFunc(func(yield func(time.Time) bool) {
			for _, at := range since {
				if !yield(at) {
					return
				}
			}
		}, time.Time.Compare)
		for i, e := range list {
			if !e.FailingSince.Equal(longest[i]) || !e.FailingSince.Equal(since[string(e.ID)]) {
				rt.Fatalf("place %d: %s since %v, want %v", i, e.ID, e.FailingSince, longest[i])
			}
		}
	})
}

// A list without a region's part would look complete, so there is none; who follows events gets the others' meanwhile.
func TestListsWhileARegionIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	for _, r := range h.rooms {
		r.events = []paymux.Event{{ID: paymux.EventID(h.id(r.number, paymux.PrefixEvent))}}
		r.payments = []paymux.Payment{{ID: paymux.PaymentID(h.id(r.number, paymux.PrefixPayment))}}
	}
	h.away("r2")
	page := paymux.Page{Limit: 10}
	for what, read := range map[string]func() error{
		"payments":              func() error { _, err := h.Payments(ctx(), paymux.PaymentFilter{Page: page}); return err },
		"refunds":               func() error { _, err := h.Refunds(ctx(), paymux.RefundFilter{Page: page}); return err },
		"links":                 func() error { _, err := h.Links(ctx(), "", page); return err },
		"events":                func() error { _, err := h.Events(ctx(), paymux.EventFilter{Page: page}); return err },
		"newest":                func() error { _, err := h.Newest(ctx(), ""); return err },
		"notifications":         func() error { _, _, err := h.Notifications(ctx(), paymux.NotificationFilter{Page: page}); return err },
		"buried tasks":          func() error { _, err := h.BuriedTasks(ctx(), page); return err },
		"failing endpoints":     func() error { _, err := h.FailingEndpoints(ctx(), 10); return err },
		"statistics":            func() error { _, err := h.Statistics(ctx(), paymux.StatisticsQuery{}); return err },
		"the count of a replay": func() error { _, err := h.CountReplay(ctx(), paymux.Replay{}); return err },
	} {
		wantAway(t, what, read())
	}
	p := h.rooms["r1"].payments[0].ID
	if got, err := h.Payment(ctx(), "", p); err != nil || got.ID != p {
		t.Errorf("another region's payment: %v", err)
	}
	if _, err := h.Events(ctx(), paymux.EventFilter{ObjectID: string(p), Page: page}); err != nil {
		t.Errorf("events of another region's payment: %v", err)
	}
	if _, err := h.Refunds(ctx(), paymux.RefundFilter{Payment: p, Page: page}); err != nil {
		t.Errorf("refunds of another region's payment: %v", err)
	}
	f := paymux.EventFilter{Oldest: true, Page: page}
	follow := func(h *house, want ...string) {
		t.Helper()
		list, err := h.Events(ctx(), f)
		if err != nil || len(list) != len(want) {
			t.Fatalf("%d events, %v; want those of %v", len(list), err, want)
		}
		for _, e := range list {
			number, _ := paymux.RegionOf(string(e.ID))
			if !slices.Contains(want, fmt.Sprintf("r%d", number)) {
				t.Errorf("%s is of region %d", e.ID, number)
			}
			f.After = paymux.MoveOn(f.After, string(e.ID))
		}
	}
	follow(h, "r1", "r3")
	follow(h)
	h.back("r2")
	follow(h, "r2")
	// The position is as good where a region has gone, or come.
	fewer := newHouse(t, 2)
	fewer.rooms["r1"].events, fewer.rooms["r2"].events = h.rooms["r1"].events, h.rooms["r2"].events
	fewer.rooms["r1"].events = append(fewer.rooms["r1"].events, paymux.Event{ID: paymux.EventID(h.id(1, paymux.PrefixEvent))})
	follow(fewer, "r1")
	h.rooms["r1"].events = fewer.rooms["r1"].events
	h.rooms["r3"].events = append(h.rooms["r3"].events, paymux.Event{ID: paymux.EventID(h.id(3, paymux.PrefixEvent))})
	follow(h, "r3")
}

// Of a region where nothing has happened for as long as events are kept, a reader's last event is gone: what is kept there came later.
// So it is only for who has followed another region since.
func TestReadersOfAQuietRegion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	dropped := paymux.NewIDs(key, 2, func() time.Time { return noon.AddDate(0, -4, 0) }).New(paymux.PrefixEvent)
	here, there := h.id(1, paymux.PrefixEvent), h.id(2, paymux.PrefixEvent)
	h.rooms["r1"].events = []paymux.Event{{ID: paymux.EventID(here)}}
	after := func(position string) ([]string, error) {
		list, err := h.Events(ctx(), paymux.EventFilter{Oldest: true, Page: paymux.Page{After: position, Limit: 10}})
		return idsOf(list, err, func(e *paymux.Event) string { return string(e.ID) })
	}
	if got, err := after(here + "," + dropped); err != nil || len(got) > 0 {
		t.Errorf("nothing has happened: %v, %v", got, err)
	}
	h.rooms["r2"].events = []paymux.Event{{ID: paymux.EventID(there)}}
	if got, err := after(here + "," + dropped); err != nil || !slices.Equal(got, []string{there}) {
		t.Errorf("something has: %v, %v", got, err)
	}
	for _, position := range []string{dropped, here + "," + h.id(2, paymux.PrefixEvent)} {
		if got, err := after(position); !errors.Is(err, paymux.NotFound) {
			t.Errorf("behind %s: %v, %v", position, got, err)
		}
	}
}

// wantAway is an error that says to come back later.
func wantAway(t testing.TB, what string, err error) {
	t.Helper()
	if away := new(paymux.Error); !errors.As(err, &away) || away.Code != paymux.Unavailable || away.RetryAfter < 1 {
		t.Errorf("%s: %v, want unavailable with a time to come back", what, err)
	}
}
