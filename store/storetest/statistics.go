package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/payment"
)

func statisticsTests() []test {
	return []test{
		{"statistics/equal a recount", statisticsRecount},
		{"statistics/of changes that are refused there are none", statisticsRefused},
		{"statistics/while others commit and count", statisticsTogether},
		{"statistics/counted once", statisticsOnce},
		{"statistics/selected and grouped", statisticsSelected},
		{"statistics/as of", statisticsAsOf},
		{"statistics/pruned", statisticsPruned},
		{"statistics/checks", statisticsChecks},
		{"statistics/of a large group", statisticsLarge},
	}
}

// counter is another replica's each time.
func (f *fixture) counter() *monitor.Counter {
	return monitor.NewCounter(monitor.Config{Store: f, IDs: f.ids, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

func (f *fixture) count(t testing.TB) {
	t.Helper()
	if more, err := f.counter().Count(t.Context()); err != nil || more {
		t.Fatalf("count: more %t, %v", more, err)
	}
}

// fact is something that happened, in one of few places and at one of few times.
func drawFact(rt *rapid.T) paymux.Fact {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, name) }
	return paymux.Fact{
		At: start.Add(time.Duration(rapid.IntRange(0, 60*50).Draw(rt, "minutes")) * time.Minute), Measure: rapid.SampledFrom(paymux.Measures()).Draw(rt, "measure"),
		Key: paymux.StatisticsKey{
			Merchant: paymux.MerchantID(pick("merchant", "mer_1", "mer_2")), Mode: pick("mode", "live", "test"), Region: "7",
			Channel: pick("channel", "", "sandbox", "tab\tand\\line\n"), Account: pick("account", "", "a", "中"), Method: paymux.MethodType(pick("method", "", "card")),
			Currency: paymux.Currency(pick("currency", "CNY", "EUR")),
		},
		Amount: rapid.Int64Range(0, 1e9).Draw(rt, "amount"), MS: rapid.Int64Range(0, 1e8).Draw(rt, "ms"),
		Late: rapid.Bool().Draw(rt, "late"), Pay: rapid.Bool().Draw(rt, "pay"), Answer: rapid.SampledFrom(paymux.OperationStates()).Draw(rt, "answer"),
	}
}

// recount adds up naively: every fact, once, where q would have it.
func recount(facts []paymux.Fact, q paymux.StatisticsQuery) []paymux.StatisticsRow {
	rows := map[string]*paymux.StatisticsRow{}
	for _, f := range facts {
		at := f.At.Truncate(q.Every.Length())
		name, key, selected := fmt.Sprint(at.Unix()), paymux.StatisticsKey{}, !at.Before(q.From) && at.Before(q.To)
		for _, d := range paymux.Dimensions() {
			if want := q.Only.Part(d); want != "" && want != f.Key.Part(d) {
				selected = false
			}
		}
		for _, d := range q.Group {
			key.Set(d, f.Key.Part(d))
			name += "\x00" + f.Key.Part(d)
		}
		if !selected {
			continue
		}
		if rows[name] == nil {
			rows[name] = &paymux.StatisticsRow{At: at, StatisticsKey: key}
		}
		rows[name].Count(&f)
	}
	var all []paymux.StatisticsRow
	for _, r := range rows {
		if r.Numbers != (paymux.Numbers{}) { // an answer without a time, of no account, is no number
			all = append(all, *r)
		}
	}
	slices.SortFunc(all, func(a, b paymux.StatisticsRow) int {
		order := a.At.Compare(b.At)
		for _, d := range q.Group {
			order = cmp.Or(order, cmp.Compare(a.Part(d), b.Part(d)))
		}
		return order
	})
	return all
}

func query(every paymux.Interval, group ...paymux.Dimension) paymux.StatisticsQuery {
	return paymux.StatisticsQuery{From: start.Add(-100 * 24 * time.Hour).Truncate(24 * time.Hour), To: start.Add(100 * 24 * time.Hour).Truncate(24 * time.Hour), Every: every, Group: group}
}

// wantRecount compares all intervals, by everything.
func (f *fixture) wantRecount(t testing.TB, facts []paymux.Fact, only paymux.StatisticsKey) {
	t.Helper()
	for _, every := range paymux.Intervals() {
		q := query(every, paymux.Dimensions()...)
		q.Only = only
		got := must[paymux.StatisticsAnswer](t)(f.Statistics(t.Context(), q))
		same(t, "the statistics of each "+string(every), got.Rows, recount(facts, q))
	}
}

// factModel commits, fails and counts in any order.
type factModel struct {
	*fixture
	run   string // tells runs on the same store apart
	facts []paymux.Fact
}

// Whatever is committed, refused, counted, and fails between the reading and the commit of a count, in any
// order: in the end every fact is counted, once.
func statisticsRecount(t *testing.T, f *fixture) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		m := &factModel{fixture: f, run: fmt.Sprintf("run %d", runs)}
		rt.Repeat(map[string]func(*rapid.T){
			"commit":        func(rt *rapid.T) { m.add(t, rt, nil) },
			"fail":          func(rt *rapid.T) { m.add(t, rt, errors.New("no space left on device")) },
			"count":         func(*rapid.T) { m.count(t) },
			"crash":         func(*rapid.T) { m.crash(t) },
			"count by half": func(rt *rapid.T) { m.countSome(t, rt) },
		})
		m.count(t)
		m.wantRecount(t, m.facts, paymux.StatisticsKey{Region: m.run})
	})
}

func (m *factModel) add(t *testing.T, rt *rapid.T, failure error) {
	c := &payment.Change{Payment: m.payment()}
	for range rapid.IntRange(0, 4).Draw(rt, "facts") {
		fact := drawFact(rt)
		fact.Key.Region = m.run
		c.Facts = append(c.Facts, fact)
	}
	m.gate.fail(failure)
	err := m.Commit(t.Context(), c)
	m.gate.fail(nil)
	if (err != nil) != (failure != nil) {
		t.Fatalf("commit: %v, want %v", err, failure)
	}
	if err == nil {
		m.facts = append(m.facts, c.Facts...)
	}
}

// crash counts, and ends before the commit: a replica that was killed there.
func (m *factModel) crash(t *testing.T) {
	killed := errors.New("killed")
	m.gate.fail(killed)
	defer m.gate.fail(nil)
	if _, err := m.counter().Count(t.Context()); err != nil && !errors.Is(err, killed) {
		t.Fatal(err)
	}
}

// countSome counts a few of the batches, as a replica does that is then killed.
func (m *factModel) countSome(t *testing.T, rt *rapid.T) {
	limit := rapid.IntRange(1, 3).Draw(rt, "batches")
	some := cutShort{m.Store, limit}
	if _, err := monitor.NewCounter(monitor.Config{Store: some, IDs: m.ids, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Count(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// cutShort has fewer batches than there are.
type cutShort struct {
	Store
	limit int
}

func (c cutShort) Facts(ctx context.Context, after int64, _ int) ([]monitor.Batch, error) {
	return c.Store.Facts(ctx, after, c.limit)
}

func (f *fixture) someFact(m paymux.Measure, amount int64) paymux.Fact {
	return paymux.Fact{At: start, Measure: m, Amount: amount, Key: paymux.StatisticsKey{Merchant: f.merchant, Mode: "test", Region: "7", Channel: "sandbox", Account: "a", Method: paymux.Card, Currency: "CNY"}}
}

// In a group, only what was kept is counted.
func statisticsRefused(t *testing.T, f *fixture) {
	taken := f.payment()
	f.commit(t, &payment.Change{Payment: taken})
	round := 0
	batch, outcomes := f.together(t, func() []*payment.Change {
		round++
		changes := f.fresh(9)()
		for i, c := range changes {
			c.Facts = []paymux.Fact{f.someFact(paymux.CountCreated, int64(1)<<i)}
			c.Facts[0].Key.Region = fmt.Sprint(round)
		}
		changes[1].Payment.MerchantOrderID = taken.MerchantOrderID
		changes[3].Begin.Key = changes[2].Begin.Key // one of the two
		changes[5].Payment.Version = 9
		changes[7].Payment.Status = "paid"
		return changes
	})
	var kept []paymux.Fact
	for i := range batch {
		if outcomes[i] == nil {
			kept = append(kept, batch[i].Facts...)
		}
	}
	if len(kept) != 5 {
		t.Fatalf("%d were kept, want 5: %v", len(kept), outcomes)
	}
	f.count(t)
	f.wantRecount(t, kept, paymux.StatisticsKey{Region: fmt.Sprint(round)})
}

func statisticsTogether(t *testing.T, f *fixture) {
	const writers, each, counters = 8, 25, 3
	var all, counting sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		all.Go(func() {
			for range each {
				if err := f.Commit(t.Context(), &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 1)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range counters {
		counting.Go(func() {
			for {
				if _, err := f.counter().Count(t.Context()); err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	all.Wait()
	close(done)
	counting.Wait()
	f.count(t)
	for _, every := range paymux.Intervals() {
		got := must[paymux.StatisticsAnswer](t)(f.Statistics(t.Context(), query(every)))
		if len(got.Rows) != 1 || got.Rows[0].Created != (paymux.Sum{Count: writers * each, Amount: writers * each}) {
			t.Errorf("each %s: %+v", every, got.Rows)
		}
	}
}

// Who comes second with the same batches changes nothing.
func statisticsOnce(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 5)}})
	f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 7)}})
	batches := must[[]monitor.Batch](t)(f.Facts(ctx, 0, 10))
	if len(batches) != 2 || batches[0].N >= batches[1].N {
		t.Fatalf("%+v", batches)
	}
	same(t, "those behind the first", must[[]monitor.Batch](t)(f.Facts(ctx, batches[0].N, 10)), batches[1:])
	same(t, "the first alone", must[[]monitor.Batch](t)(f.Facts(ctx, 0, 1)), batches[:1])
	row := monitor.Row{Every: paymux.EveryDay, StatisticsRow: paymux.StatisticsRow{At: start.Truncate(24 * time.Hour), StatisticsKey: f.someFact("", 0).Key}}
	row.Created = paymux.Sum{Count: 1, Amount: 5}
	if err := f.CountFacts(ctx, []int64{batches[0].N}, []monitor.Row{row}); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "the same again", f.CountFacts(ctx, []int64{batches[0].N}, []monitor.Row{row}), paymux.ErrStale)
	wantErr(t, "the same with another", f.CountFacts(ctx, []int64{batches[0].N, batches[1].N}, []monitor.Row{row}), paymux.ErrStale)
	got := must[paymux.StatisticsAnswer](t)(f.Statistics(ctx, query(paymux.EveryDay, paymux.Dimensions()...)))
	same(t, "what was counted", got.Rows, []paymux.StatisticsRow{row.StatisticsRow})
	same(t, "what is left", must[[]monitor.Batch](t)(f.Facts(ctx, 0, 10)), batches[1:])

	// A number is not used again, not even after a restart on an empty table.
	f.count(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Store = f.open()
	f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 9)}})
	if again := must[[]monitor.Batch](t)(f.Facts(ctx, 0, 10)); len(again) != 1 || again[0].N <= batches[1].N {
		t.Errorf("after %d comes %+v", batches[1].N, again)
	}
}

func statisticsSelected(t *testing.T, f *fixture) {
	var facts []paymux.Fact
	for i := range 200 {
		fact := rapid.Custom(drawFact).Example(i)
		facts = append(facts, fact)
		f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{fact}})
	}
	f.count(t)
	for _, q := range []paymux.StatisticsQuery{
		query(paymux.EveryHour),
		query(paymux.EveryDay, paymux.ByCurrency),
		query(paymux.EveryDay, paymux.ByChannel, paymux.ByMethod),
		query(paymux.EveryMinute, paymux.ByAccount, paymux.ByMerchant),
		{Every: paymux.EveryHour, From: start.Truncate(time.Hour), To: start.Truncate(time.Hour).Add(5 * time.Hour), Group: []paymux.Dimension{paymux.ByMode}},
		{Every: paymux.EveryDay, From: start.Truncate(24 * time.Hour), To: start.Truncate(24 * time.Hour), Group: []paymux.Dimension{paymux.ByMode}},
	} {
		for _, only := range []paymux.StatisticsKey{{}, {Merchant: "mer_1"}, {Channel: "sandbox", Currency: "EUR", Mode: "live"}, {Merchant: "mer_2", Account: "中", Method: "card", Region: "7"}, {Merchant: "mer_3"}} {
			q.Only = only
			want := recount(facts, q)
			same(t, fmt.Sprintf("the answer to %+v", q), must[paymux.StatisticsAnswer](t)(f.Statistics(t.Context(), q)).Rows, want)
			if q.Limit = 3; len(want) > 3 {
				same(t, "the first three", must[paymux.StatisticsAnswer](t)(f.Statistics(t.Context(), q)).Rows, want[:3])
			}
			q.Limit = 0
		}
	}
}

// Until when all is counted: until the oldest thing that is not, or now.
func statisticsAsOf(t *testing.T, f *fixture) {
	asOf := func() time.Time {
		return must[paymux.StatisticsAnswer](t)(f.Statistics(t.Context(), query(paymux.EveryDay))).AsOf
	}
	first := asOf()
	f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 1)}})
	pending := asOf()
	f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 1)}})
	if again := asOf(); !again.Equal(pending) || pending.Before(first) {
		t.Errorf("as of %v, then %v, then %v, although nothing was counted", first, pending, again)
	}
	f.count(t)
	if last := asOf(); !last.After(pending) || last.Location() != time.UTC {
		t.Errorf("as of %v after all was counted, %v before", last, pending)
	}
}

func statisticsPruned(t *testing.T, f *fixture) {
	ctx := t.Context()
	for i := range 5 {
		fact := f.someFact(paymux.CountCreated, 1)
		fact.At = start.Add(time.Duration(i) * time.Minute)
		f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{fact}})
	}
	f.count(t)
	before := start.Truncate(time.Minute).Add(3 * time.Minute)
	same(t, "pruned", must[int](t)(f.PruneStatistics(ctx, paymux.EveryMinute, before, 2)), 2)
	left := must[paymux.StatisticsAnswer](t)(f.Statistics(ctx, query(paymux.EveryMinute))).Rows
	if len(left) != 3 || !left[0].At.Equal(start.Truncate(time.Minute).Add(2*time.Minute)) {
		t.Errorf("left are %+v", left)
	}
	same(t, "pruned then", must[int](t)(f.PruneStatistics(ctx, paymux.EveryMinute, before, 2)), 1)
	same(t, "pruned at last", must[int](t)(f.PruneStatistics(ctx, paymux.EveryMinute, before, 2)), 0)
	if day := must[paymux.StatisticsAnswer](t)(f.Statistics(ctx, query(paymux.EveryDay))).Rows; len(day) != 1 || day[0].Created.Count != 5 {
		t.Errorf("the day has %+v", day)
	}
}

func statisticsChecks(t *testing.T, f *fixture) {
	for name, spoil := range map[string]func(*monitor.Row){
		"interval":         func(r *monitor.Row) { r.Every = "week" },
		"half an interval": func(r *monitor.Row) { r.At = r.At.Add(time.Minute) },
		"no merchant":      func(r *monitor.Row) { r.Merchant = "" },
		"mode":             func(r *monitor.Row) { r.Mode = "both" },
		"currency":         func(r *monitor.Row) { r.Currency = "" },
		"negative count":   func(r *monitor.Row) { r.Late = -1 },
		"negative amount":  func(r *monitor.Row) { r.Refunded.Amount = -1 },
	} {
		f.commit(t, &payment.Change{Payment: f.payment(), Facts: []paymux.Fact{f.someFact(paymux.CountCreated, 1)}})
		batch := must[[]monitor.Batch](t)(f.Facts(t.Context(), 0, 1))[0]
		row := monitor.Row{Every: paymux.EveryHour, StatisticsRow: paymux.StatisticsRow{At: start.Truncate(time.Hour), StatisticsKey: f.someFact("", 0).Key}}
		spoil(&row)
		refused(t, name, f.CountFacts(t.Context(), []int64{batch.N}, []monitor.Row{row}))
		same(t, "the facts", must[[]monitor.Batch](t)(f.Facts(t.Context(), 0, 1)), []monitor.Batch{batch})
	}
}

// More facts than a page of the database has room for.
func statisticsLarge(t *testing.T, f *fixture) {
	c := &payment.Change{Payment: f.payment()}
	for i := range 500 {
		fact := f.someFact(paymux.CountCaptured, 1)
		fact.Key.Account = fmt.Sprintf("an account of a longer name, number %d", i%7)
		c.Facts = append(c.Facts, fact)
	}
	f.commit(t, c)
	f.count(t)
	f.wantRecount(t, c.Facts, paymux.StatisticsKey{})
}
