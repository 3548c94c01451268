package monitor_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/queue"
)

// shelf is a store in memory.
type shelf struct {
	mu      sync.Mutex
	batches map[int64]string
	rows    int // that were added
	created map[paymux.Interval]int64
	pruned  []string
	left    int // rows to prune
	err     error
	read    func() // between the reading of batches and their count
}

func (s *shelf) Facts(_ context.Context, after int64, limit int) ([]monitor.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []monitor.Batch
	for _, n := range slices.Sorted(maps.Keys(s.batches)) {
		if n > after && len(list) < limit {
			list = append(list, monitor.Batch{N: n, Body: s.batches[n]})
		}
	}
	if s.read != nil {
		defer s.read()
	}
	return list, s.err
}

func (s *shelf) CountFacts(_ context.Context, batches []int64, rows []monitor.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range batches {
		if _, there := s.batches[n]; !there {
			return paymux.ErrStale
		}
	}
	for _, n := range batches {
		delete(s.batches, n)
	}
	s.rows += len(rows)
	for _, r := range rows {
		s.created[r.Every] += r.Created.Count
	}
	return nil
}

func (s *shelf) Statistics(context.Context, paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	return paymux.StatisticsAnswer{}, nil
}

func (s *shelf) PruneStatistics(_ context.Context, every paymux.Interval, before time.Time, limit int) (int, error) {
	n := min(limit, s.left)
	s.left -= n
	s.pruned = append(s.pruned, string(every)+" "+time.Since(before).String())
	return n, nil
}

var at = time.Date(2026, 11, 22, 23, 59, 30, 0, time.UTC)

func created(merchant string, at time.Time) string {
	f := paymux.Fact{At: at, Measure: paymux.CountCreated, Amount: 1, Key: paymux.StatisticsKey{Merchant: paymux.MerchantID(merchant), Mode: "test", Currency: "CNY"}}
	return string(paymux.AppendFacts(nil, []paymux.Fact{f}))
}

func newCounter(s *shelf) (*monitor.Counter, *bytes.Buffer) {
	s.created = map[paymux.Interval]int64{}
	var log bytes.Buffer
	ids := paymux.NewIDs([]byte("a key of sixteen bytes"), 1, time.Now)
	return monitor.NewCounter(monitor.Config{Store: s, IDs: ids, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}), &log
}

// One fact is in its minute, its hour and its day, and so is one that follows in another.
func TestCountsMinutesHoursAndDays(t *testing.T) {
	t.Parallel()
	s := &shelf{batches: map[int64]string{1: created("mer_1", at) + created("mer_1", at), 2: created("mer_1", at.Add(time.Minute))}}
	c, _ := newCounter(s)
	if more, err := c.Count(t.Context()); more || err != nil {
		t.Fatal(more, err)
	}
	if s.rows != 6 || s.created[paymux.EveryMinute] != 3 || s.created[paymux.EveryDay] != 3 || len(s.batches) != 0 {
		t.Errorf("%+v", s)
	}
}

// What is not understood is left where it is, said aloud, and keeps nothing else waiting.
func TestLeavesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	odd := strings.Replace(created("mer_1", at), "created", "weather", 1)
	s := &shelf{batches: map[int64]string{1: "half a li", 3: created("mer_1", at) + odd}}
	for n := range int64(200) {
		s.batches[10+n] = created("mer_1", at)
	}
	c, log := newCounter(s)
	if more, err := c.Count(t.Context()); more || err != nil {
		t.Fatal(more, err)
	}
	if len(s.batches) != 2 || s.created[paymux.EveryHour] != 200 || !strings.Contains(log.String(), "weather") {
		t.Errorf("left %v, counted %v, log %s", s.batches, s.created, log)
	}
}

// A commit is bounded, however many facts wait.
func TestCountsInBoundedCommits(t *testing.T) {
	t.Parallel()
	s := &shelf{batches: map[int64]string{}}
	for n := range int64(40) {
		for m := range 100 {
			s.batches[n+1] += created("mer_"+string(rune('0'+n))+string(rune('0'+m)), at)
		}
	}
	commits := &bounded{shelf: s}
	c, _ := newCounter(s)
	c.Store = commits
	if _, err := c.Count(t.Context()); err != nil || commits.most > 1200 || commits.n < 10 || s.rows != 3*40*100 {
		t.Errorf("%v: %d commits, at most %d rows, %d in all", err, commits.n, commits.most, s.rows)
	}
}

type bounded struct {
	*shelf
	n, most int
}

func (b *bounded) CountFacts(ctx context.Context, batches []int64, rows []monitor.Row) error {
	b.n, b.most = b.n+1, max(b.most, len(rows))
	return b.shelf.CountFacts(ctx, batches, rows)
}

// Another replica counts what this one has just read.
func TestWhoComesSecondLeavesIt(t *testing.T) {
	t.Parallel()
	s := &shelf{batches: map[int64]string{1: created("mer_1", at)}}
	c, _ := newCounter(s)
	s.read = func() { delete(s.batches, 1) }
	if more, err := c.Count(t.Context()); more || err != nil || s.rows != 0 {
		t.Errorf("%v, %v, %d rows", more, err, s.rows)
	}
}

// The task comes back for good, soon when something went wrong, and prunes every ten minutes.
func TestTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{batches: map[int64]string{1: created("mer_1", at)}, left: 2500}
		c, log := newCounter(s)
		task := c.Task()
		if task.Kind != monitor.KindStatistics || task.Lane == "" || task.Ref == "" || task.Due.After(time.Now()) {
			t.Errorf("%+v", task)
		}
		do := func() queue.Verdict { return c.Handler().Do(t.Context(), task) }
		if v := do(); v.Done || v.Bury || !v.Uncounted || v.Due.Sub(time.Now()) != 2*time.Second || len(s.batches) != 0 {
			t.Errorf("%+v", v)
		}
		if len(s.pruned) != 4 || s.left != 0 || !slices.Contains(s.pruned, "minute 72h0m0s") || !slices.Contains(s.pruned, "hour 2160h0m0s") {
			t.Errorf("pruned %v, left %d", s.pruned, s.left)
		}
		do()
		time.Sleep(10 * time.Minute)
		if do(); len(s.pruned) != 6 {
			t.Errorf("pruned %v", s.pruned)
		}
		s.err = errors.New("disk full")
		if v := do(); v.Bury || !v.Uncounted || v.Due.IsZero() || !strings.Contains(log.String(), "disk full") || strings.Contains(v.Reason, "disk") {
			t.Errorf("%+v, log %s", v, log)
		}
	})
}
