package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func quotaTests() []test {
	return []test{
		{"quota/taken and given back", quotaTaken},
		{"quota/all of a change or nothing", quotaWhole},
		{"quota/what does not fit fails alone", quotaAlone},
		{"quota/room of a neighbour that is refused", quotaNeighbour},
		{"quota/a smaller amount fits where a larger does not", quotaSmaller},
		{"quota/a repeat hears of its key", quotaRepeat},
		{"quota/never below nothing", quotaNothing},
		{"quota/many writers", quotaTogether},
		{"quota/model", quotaModel},
		{"quota/kept and pruned", quotaPruned},
		{"quota/checks", quotaChecks},
	}
}

// today is the suite's day.
var today = int32(start.Unix() / 86400)

func quotaKey(account, quota string, currency paymux.Currency) paymux.QuotaKey {
	return paymux.QuotaKey{Account: account, Quota: quota, Currency: currency, Day: today}
}

func take(k paymux.QuotaKey, units, limit int64) paymux.Reservation {
	return paymux.Reservation{QuotaKey: k, Units: units, Limit: limit}
}

// taking is a change that makes a payment and takes room.
func (f *fixture) taking(r ...paymux.Reservation) *payment.Change {
	return &payment.Change{Payment: f.payment(), Begin: f.idempotency("x"), Reserve: r}
}

// wantUsed compares all counters of the day.
func (f *fixture) wantUsed(t testing.TB, want map[paymux.QuotaKey]int64) {
	t.Helper()
	var list []paymux.QuotaUsed
	for k, used := range want {
		list = append(list, paymux.QuotaUsed{QuotaKey: k, Used: used})
	}
	slices.SortFunc(list, func(a, b paymux.QuotaUsed) int {
		return slices.Compare([]string{a.Account, a.Quota, string(a.Currency)}, []string{b.Account, b.Quota, string(b.Currency)})
	})
	same(t, "what is taken", must[[]paymux.QuotaUsed](t)(f.Quotas(t.Context(), today, "")), list)
}

func (f *fixture) used(t testing.TB, k paymux.QuotaKey) int64 {
	t.Helper()
	for _, u := range must[[]paymux.QuotaUsed](t)(f.Quotas(t.Context(), k.Day, k.Account)) {
		if u.QuotaKey == k {
			return u.Used
		}
	}
	return 0
}

func quotaTaken(t *testing.T, f *fixture) {
	count, amount, other := quotaKey("a", "daily", ""), quotaKey("a", "daily", "CNY"), quotaKey("b", "每日 '\\", "")
	f.wantUsed(t, nil)
	f.commit(t, f.taking(take(count, 1, 3), take(amount, 700, 1000)))
	f.commit(t, f.taking(take(count, 1, 3), take(amount, 300, 1000), take(other, 1, 1)))
	f.wantUsed(t, map[paymux.QuotaKey]int64{count: 2, amount: 1000, other: 1})
	same(t, "those of one account", must[[]paymux.QuotaUsed](t)(f.Quotas(t.Context(), today, "b")), []paymux.QuotaUsed{{QuotaKey: other, Used: 1}})
	same(t, "those of another day", must[[]paymux.QuotaUsed](t)(f.Quotas(t.Context(), today+1, "")), nil)

	full := &paymux.QuotaFull{}
	err := f.Commit(t.Context(), f.taking(take(count, 1, 3), take(amount, 1, 1000)))
	if !errors.As(err, &full) || !errors.Is(err, paymux.ErrQuotaFull) || full.QuotaUsed != (paymux.QuotaUsed{QuotaKey: amount, Used: 1000}) {
		t.Fatalf("one too much: %v", err)
	}
	wantErr(t, "more than there ever is", f.Commit(t.Context(), f.taking(take(amount, 11, 10))), paymux.ErrQuotaFull)

	// What comes late is counted whatever the limit, and what is given back is there for others, in the same commit.
	f.commit(t, f.taking(take(count, 1, 3), take(amount, 50, 0)))
	f.wantUsed(t, map[paymux.QuotaKey]int64{count: 3, amount: 1050, other: 1})
	c := f.taking(take(other, 1, 2))
	c.Release = []paymux.Reservation{take(count, 1, 0), take(amount, 700, 0)}
	f.commit(t, c)
	f.wantUsed(t, map[paymux.QuotaKey]int64{count: 2, amount: 350, other: 2})
	f.commit(t, f.taking(take(count, 1, 3), take(amount, 650, 1000)))
}

// Nothing of a change is kept, no other quota's room either, where one quota is full.
func quotaWhole(t *testing.T, f *fixture) {
	free, full := quotaKey("a", "free", ""), quotaKey("a", "full", "")
	f.commit(t, f.taking(take(full, 1, 1)))
	c := f.taking(take(free, 1, 10), take(full, 1, 1))
	c.Facts = []paymux.Fact{f.someFact(paymux.CountCreated, 1)}
	wantErr(t, "a change without room", f.Commit(t.Context(), c), paymux.ErrQuotaFull)
	f.wantKept(t, c, false)
	same(t, "its facts", len(must[paymux.StatisticsAnswer](t)(f.Statistics(t.Context(), query(paymux.EveryDay))).Rows), 0)
	same(t, "what is taken of the other", f.used(t, free), 0)

	// An advance, too, stays what it was, and may be decided again.
	p := f.payment()
	f.commit(t, &payment.Change{Payment: p})
	next := &payment.Change{Payment: f.next(p, paymux.Succeeded), Reserve: []paymux.Reservation{take(full, 1, 1)}}
	wantErr(t, "an advance without room", f.Commit(t.Context(), next), paymux.ErrQuotaFull)
	same(t, "the payment", must[payment.Record](t)(f.Record(t.Context(), p.ID)).Payment, p)
	next.Reserve = []paymux.Reservation{take(free, 1, 1)}
	f.commit(t, next)
}

// In a group as many are kept as there is room for, and those without quotas are not harmed.
func quotaAlone(t *testing.T, f *fixture) {
	round := 0
	batch, outcomes := f.together(t, func() []*payment.Change {
		round++
		k := quotaKey("a", fmt.Sprint("round ", round), "")
		var changes []*payment.Change
		for i := range 12 {
			c := f.taking(take(k, 1, 3))
			if i%4 == 0 {
				c.Reserve = nil
			}
			changes = append(changes, c)
		}
		return changes
	})
	kept := 0
	for i, err := range outcomes {
		if i%4 == 0 || err == nil {
			wantErr(t, "one of the group", err, nil)
		} else {
			wantErr(t, "one without room", err, paymux.ErrQuotaFull)
		}
		if f.wantKept(t, batch[i], err == nil); err == nil && i%4 != 0 {
			kept++
		}
	}
	same(t, "those that were kept", kept, 3)
	same(t, "what is taken", f.used(t, quotaKey("a", fmt.Sprint("round ", round), "")), 3)
}

// The last room of a quota is not lost to a neighbour that is refused for another reason.
func quotaNeighbour(t *testing.T, f *fixture) {
	taken := f.payment()
	key := f.idempotency("x")
	f.commit(t, &payment.Change{Payment: taken, Begin: key})
	round := 0
	_, outcomes := f.together(t, func() []*payment.Change {
		round++
		k := quotaKey("a", fmt.Sprint("round ", round), "")
		changes := []*payment.Change{}
		for range 9 {
			changes = append(changes, f.taking(take(k, 1, 1)))
		}
		for i, c := range changes[:8] {
			switch i % 4 {
			case 0:
				c.Payment.MerchantOrderID = taken.MerchantOrderID
			case 1:
				c.Begin = key
			case 2:
				c.Payment.Version = 9
			case 3:
				c.Payment.Status = "paid"
			}
		}
		return changes
	})
	wantErr(t, "the only one that is in order", outcomes[8], nil)
	for _, err := range outcomes[:8] {
		if err == nil {
			t.Error("one that is not in order was kept")
		}
	}
	same(t, "what is taken", f.used(t, quotaKey("a", fmt.Sprint("round ", round), "")), 1)
}

func quotaSmaller(t *testing.T, f *fixture) {
	k := quotaKey("a", "daily", "CNY")
	f.commit(t, f.taking(take(k, 900, 1000)))
	wantErr(t, "a larger amount", f.Commit(t.Context(), f.taking(take(k, 101, 1000))), paymux.ErrQuotaFull)
	f.commit(t, f.taking(take(k, 100, 1000)))
	round := 0
	_, outcomes := f.together(t, func() []*payment.Change {
		round++
		k := quotaKey("a", fmt.Sprint("round ", round), "CNY")
		return []*payment.Change{
			f.taking(take(k, 1001, 1000)), f.taking(take(k, 400, 1000)), f.taking(take(k, 2000, 1000)), f.taking(take(k, 400, 1000)),
			f.taking(take(k, 5000, 1000)), f.taking(take(k, 200, 1000)), f.taking(take(k, 1200, 1000)), f.taking(take(k, 1100, 1000)),
		}
	})
	for i, err := range outcomes {
		if (err == nil) != (i == 1 || i == 3 || i == 5) {
			t.Errorf("amount %d: %v", i, err)
		}
	}
}

// Who repeats the request that took the last room is told so.
func quotaRepeat(t *testing.T, f *fixture) {
	k := quotaKey("a", "daily", "")
	first := f.taking(take(k, 1, 1))
	f.commit(t, first)
	again := f.taking(take(k, 1, 1))
	again.Begin, again.Payment.MerchantOrderID = first.Begin, first.Payment.MerchantOrderID
	wantErr(t, "a repeat", f.Commit(t.Context(), again), paymux.ErrKeyTaken)
}

// What is given back twice, or of a day that has been pruned, is no reason to lose an outcome.
func quotaNothing(t *testing.T, f *fixture) {
	k, none := quotaKey("a", "daily", ""), quotaKey("a", "pruned", "")
	f.commit(t, f.taking(take(k, 1, 0)))
	c := f.taking()
	c.Release = []paymux.Reservation{take(k, 3, 0), take(none, 1, 0)}
	f.commit(t, c)
	same(t, "what is taken", f.used(t, k), 0)
	same(t, "what is taken of a quota that is not there", f.used(t, none), 0)
	f.commit(t, f.taking(take(k, 1, 1)))
}

// However many take and give back at once, of several quotas in any order: never more than there is,
// nothing is stranded, and what is taken is the sum of what was kept.
func quotaTogether(t *testing.T, f *fixture) {
	const writers, each, limit = 16, 30, 40
	keys := []paymux.QuotaKey{quotaKey("a", "1", ""), quotaKey("a", "2", "CNY"), quotaKey("b", "1", ""), quotaKey("b", "2", "")}
	var all sync.WaitGroup
	var mu sync.Mutex
	sum, refusals := map[paymux.QuotaKey]int64{}, 0
	for w := range writers {
		all.Go(func() {
			for i := range each {
				one, two := keys[(w+i)%4], keys[(w+3*i+1)%4]
				c := f.taking(take(one, 1, limit))
				if one != two {
					c.Reserve = append(c.Reserve, take(two, 1, limit))
				}
				err := f.Commit(t.Context(), c)
				if errors.Is(err, paymux.ErrQuotaFull) {
					mu.Lock()
					refusals++
					mu.Unlock()
					continue
				}
				if err != nil {
					t.Error(err)
					continue
				}
				if i%3 == 0 { // half of it is given back
					back := f.taking()
					back.Release = []paymux.Reservation{take(one, 1, 0)}
					if err := f.Commit(t.Context(), back); err != nil {
						t.Error(err)
					}
					c.Reserve = c.Reserve[1:]
				}
				mu.Lock()
				for _, r := range c.Reserve {
					sum[r.QuotaKey] += r.Units
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if refusals == 0 {
		t.Error("no quota was ever full")
	}
	for _, k := range keys { // what is left is not stranded
		for range limit {
			err := f.Commit(t.Context(), f.taking(take(k, 1, limit)))
			if errors.Is(err, paymux.ErrQuotaFull) {
				break
			}
			wantErr(t, "one of those that fill up", err, nil)
			sum[k]++
		}
		if sum[k] != limit {
			t.Errorf("%d of %d were kept", sum[k], limit)
		}
	}
	f.wantUsed(t, sum)
}

// Whatever is taken and given back, alone and in groups that fail: the counters are what a map would hold.
func quotaModel(t *testing.T, f *fixture) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		used := map[paymux.QuotaKey]int64{}
		rt.Repeat(map[string]func(*rapid.T){
			"change": func(rt *rapid.T) {
				c := f.taking()
				fits := true
				for _, n := range slices.Sorted(maps.Keys(rapid.MapOfN(rapid.IntRange(0, 3), rapid.Bool(), 0, 3).Draw(rt, "keys"))) {
					k := quotaKey(fmt.Sprint(run), fmt.Sprint("quota ", n), "CNY")
					r := take(k, rapid.Int64Range(1, 9).Draw(rt, "units"), rapid.Int64Range(0, 20).Draw(rt, "limit"))
					if rapid.IntRange(0, 2).Draw(rt, "back") == 0 {
						r.Limit = 0
						c.Release = append(c.Release, r)
					} else {
						c.Reserve = append(c.Reserve, r)
						fits = fits && (r.Limit == 0 || used[k]+r.Units <= r.Limit)
					}
				}
				broken := rapid.IntRange(0, 5).Draw(rt, "broken") == 0
				if broken {
					f.gate.fail(errors.New("no space left on device"))
				}
				err := f.Commit(t.Context(), c)
				f.gate.fail(nil)
				if (err == nil) != (fits && !broken) || !fits && !broken && !errors.Is(err, paymux.ErrQuotaFull) {
					t.Fatalf("fits %t, broken %t: %v", fits, broken, err)
				}
				if err != nil {
					return
				}
				for _, r := range c.Release {
					used[r.QuotaKey] = max(0, used[r.QuotaKey]-r.Units)
				}
				for _, r := range c.Reserve {
					used[r.QuotaKey] += r.Units
				}
			},
		})
		for k, want := range used {
			same(t, "what is taken of "+k.Quota, f.used(t, k), want)
		}
	})
}

func quotaPruned(t *testing.T, f *fixture) {
	var keys []paymux.QuotaKey
	for day := range int32(5) {
		k := quotaKey("a", "daily", "")
		k.Day = today - day
		keys = append(keys, k)
		f.commit(t, f.taking(take(k, int64(day)+1, 9)))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Store = f.open()
	same(t, "what is taken, after a restart", f.used(t, keys[4]), 5)
	// At noon in UTC, yesterday goes on nowhere any more; the moment before, it does, at 12 hours behind.
	noon := time.Unix(int64(today)*86400, 0).Add(12 * time.Hour)
	prune := func(before time.Time, limit int) int {
		return must[int](t)(f.PruneQuotas(t.Context(), before, limit))
	}
	same(t, "pruned", prune(noon.Add(-time.Second), 2), 2)
	same(t, "pruned then", prune(noon.Add(-time.Second), 2), 1)
	same(t, "of yesterday", f.used(t, keys[1]), 2)
	same(t, "pruned at noon", prune(noon, 2), 1)
	f.wantUsed(t, map[paymux.QuotaKey]int64{keys[0]: 1})
}

func quotaChecks(t *testing.T, f *fixture) {
	for name, bad := range map[string]paymux.QuotaKey{
		"no account": quotaKey("", "daily", ""), "no quota": quotaKey("a", "", ""), "currency": quotaKey("a", "daily", "CN"),
	} {
		round := 0
		batch, outcomes := f.together(t, func() []*payment.Change {
			round++
			good := quotaKey("a", fmt.Sprint(name, round), "")
			changes := []*payment.Change{}
			for range 8 {
				changes = append(changes, f.taking(take(good, 1, 7)))
			}
			changes[3].Reserve[0].QuotaKey = bad
			return changes
		})
		for i, err := range outcomes {
			if i != 3 {
				wantErr(t, "the neighbour of a bad row", err, nil)
			}
			f.wantKept(t, batch[i], i != 3)
		}
		refused(t, name, outcomes[3])
	}
}
