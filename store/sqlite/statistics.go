package sqlite

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor"
)

// keepFacts keeps what the group's changes have to be counted for: one row, however many they were.
func (w *writer) keepFacts() error {
	if len(w.facts) == 0 {
		return nil
	}
	now := w.now()
	w.factsN = max(w.factsN+1, now.UnixMicro())
	s := w.prepare("INSERT INTO facts (n, at, body) VALUES (?, ?, ?)")
	s.int(w.factsN)
	s.time(now)
	s.json(w.facts)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("keep facts: %w", err)
	}
	return nil
}

// readFactsN has the numbers of facts go on where they ended, whatever the clock says now.
func (w *writer) readFactsN() error {
	newest, err := read(w.conn, "SELECT coalesce(max(n), 0) FROM facts", func(*statement) {}, func(r *row) (int64, error) { return r.int(), nil })
	if err != nil {
		return fmt.Errorf("read the newest facts' number: %w", err)
	}
	w.factsN = newest[0]
	return nil
}

const selectFacts = "SELECT n, body FROM facts WHERE n > ? ORDER BY n LIMIT ?"

// Facts implements monitor.Store.
func (s *Store) Facts(ctx context.Context, after int64, limit int) ([]monitor.Batch, error) {
	list, err := query(ctx, s.pool, selectFacts, func(s *statement) {
		s.int(after)
		s.int(int64(limit))
	}, func(r *row) (monitor.Batch, error) { return monitor.Batch{N: r.int(), Body: r.text()}, nil })
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	return list, nil
}

// CountFacts implements monitor.Store.
func (s *Store) CountFacts(ctx context.Context, batches []int64, rows []monitor.Row) error {
	err := s.submit(ctx, func(w *writer) error {
		if err := w.uncounted(batches); err != nil {
			return err
		}
		for _, n := range batches {
			s := w.prepare("DELETE FROM facts WHERE n = ?")
			s.int(n)
			if _, err := w.exec(&s); err != nil {
				return err
			}
		}
		for i := range rows {
			if err := w.addNumbers(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count facts: %w", err)
	}
	return nil
}

const selectFact = "SELECT 1 FROM facts WHERE n = ?"

// uncounted looks before anything is changed that would have to be undone.
func (w *writer) uncounted(batches []int64) error {
	for _, n := range batches {
		there, err := read(w.conn, selectFact, func(s *statement) { s.int(n) }, func(*row) (bool, error) { return true, nil })
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return paymux.ErrStale
		}
	}
	return nil
}

const statisticsKey = "every, at, merchant, mode, region, channel, account, method, currency"

// addNumbersSQL is one statement for all rows: the names are the columns.
var addNumbersSQL = addNumbers(paymux.NumberNames())

func addNumbers(names []string) string {
	sums := make([]string, len(names))
	for i, n := range names {
		sums[i] = n + " = " + n + " + excluded." + n
	}
	return "INSERT INTO statistics (" + statisticsKey + ", " + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", 8+len(names)) +
		") ON CONFLICT (" + statisticsKey + ") DO UPDATE SET " + strings.Join(sums, ", ")
}

func (w *writer) addNumbers(r *monitor.Row) error {
	s := w.prepare(addNumbersSQL)
	s.text(string(r.Every))
	s.time(r.At)
	for _, d := range paymux.Dimensions() {
		s.text(r.Part(d))
	}
	for _, n := range r.Fields() {
		s.int(*n)
	}
	_, err := w.exec(&s)
	return err
}

// Statistics implements monitor.Store.
func (s *Store) Statistics(ctx context.Context, q paymux.StatisticsQuery) (a paymux.StatisticsAnswer, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		oldest, err := read(conn, "SELECT at FROM facts ORDER BY n LIMIT 1", func(*statement) {}, func(r *row) (time.Time, error) { return r.time(), nil })
		if err != nil {
			return err
		}
		if a.AsOf = s.cfg.Now().UTC(); len(oldest) > 0 {
			a.AsOf = oldest[0]
		}
		a.Rows, err = read(conn, selectStatistics(q), func(s *statement) { bindStatistics(s, q) }, func(r *row) (paymux.StatisticsRow, error) {
			return scanStatistics(r, q.Group)
		})
		return err
	})
	if err != nil {
		return a, fmt.Errorf("read statistics: %w", err)
	}
	return a, nil
}

// selectStatistics adds up on this side. Dimensions are among those that are known: they are names of columns.
func selectStatistics(q paymux.StatisticsQuery) string {
	index, where := "statistics_all", "every = ? AND at >= ? AND at < ?"
	if q.Only.Merchant != "" {
		index = "statistics_merchant"
	}
	for _, d := range paymux.Dimensions() {
		if q.Only.Part(d) != "" {
			where += " AND " + string(d) + " = ?"
		}
	}
	group := "at"
	for _, d := range q.Group {
		group += ", " + string(d)
	}
	columns := group
	for _, n := range paymux.NumberNames() {
		columns += ", sum(" + n + ")"
	}
	return "SELECT " + columns + " FROM statistics INDEXED BY " + index + " WHERE " + where + " GROUP BY " + group + " ORDER BY " + group + " LIMIT ?"
}

func bindStatistics(s *statement, q paymux.StatisticsQuery) {
	s.text(string(q.Every))
	s.time(q.From)
	s.time(q.To)
	for _, d := range paymux.Dimensions() {
		if part := q.Only.Part(d); part != "" {
			s.text(part)
		}
	}
	limit := int64(q.Limit)
	if limit == 0 {
		limit = math.MaxInt64
	}
	s.int(limit)
}

func scanStatistics(r *row, group []paymux.Dimension) (out paymux.StatisticsRow, err error) {
	out.At = r.time()
	for _, d := range group {
		out.Set(d, r.text())
	}
	for _, n := range out.Fields() {
		*n = r.int()
	}
	return out, nil
}

const pruneStatistics = "DELETE FROM statistics WHERE rowid IN (SELECT rowid FROM statistics INDEXED BY statistics_all WHERE every = ? AND at < ? ORDER BY at LIMIT ?)"

// PruneStatistics implements monitor.Store.
func (s *Store) PruneStatistics(ctx context.Context, every paymux.Interval, before time.Time, limit int) (int, error) {
	var pruned int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) (err error) {
		s := w.prepare(pruneStatistics)
		s.text(string(every))
		s.time(before)
		s.int(int64(limit))
		pruned, err = w.exec(&s)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune statistics of each %s: %w", every, err)
	}
	return pruned, nil
}
