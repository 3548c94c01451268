package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// counters are the quotas that a group's entries take room in or give it back to: one row each, however many they are.
type counters struct {
	keys  []paymux.QuotaKey // in the order in which every group locks them
	added []int64           // all that is taken and given back
	used  []int64           // what is taken after that, where it was written
	wrote []bool
}

func byQuotaKey(a, b paymux.QuotaKey) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Quota, b.Quota), cmp.Compare(a.Currency, b.Currency))
}

// at is the number of a key's counter.
func (c *counters) at(k paymux.QuotaKey) int {
	n, _ := slices.BinarySearchFunc(c.keys, k, byQuotaKey)
	return n
}

func newCounters(entries []*entry) counters {
	var c counters
	for _, e := range entries {
		for _, list := range [][]paymux.Reservation{e.reserve, e.release} {
			for i := range list {
				c.keys = append(c.keys, list[i].QuotaKey)
			}
		}
	}
	if len(c.keys) == 0 {
		return c
	}
	slices.SortFunc(c.keys, byQuotaKey)
	c.keys = slices.Compact(c.keys)
	c.added, c.used, c.wrote = make([]int64, len(c.keys)), make([]int64, len(c.keys)), make([]bool, len(c.keys))
	for _, e := range entries {
		for _, r := range e.reserve {
			c.added[c.at(r.QuotaKey)] += r.Units
		}
		for _, r := range e.release {
			c.added[c.at(r.QuotaKey)] -= r.Units
		}
	}
	return c
}

// count adds to the counters, as a transaction's last statement: many groups want the same row, which is locked from here to the
// commit, and who has one waits for nothing but others that come after it in their order. No two groups can stand in
// each other's way.
//
// It asks no limit: what was taken comes back, and judge says who had no room. Giving back never goes
// below nothing: an outcome must be kept even where the day's counter has been pruned since.
func (g *group) count() {
	g.counters = newCounters(g.entries)
	c := &g.counters
	if len(c.keys) == 0 {
		return
	}
	var r record
	rows := make([]owned[row[paymux.QuotaKey]], len(c.keys))
	for i := range c.keys {
		appendQuota(&r, &c.keys[i], c.added[i])
		rows[i] = owned[row[paymux.QuotaKey]]{row: row[paymux.QuotaKey]{&c.keys[i], r.done()}}
	}
	g.add(statement{
		sql: `UPDATE quotas q SET used = greatest(0, q.used + u.used) FROM unnest($1::quotas[]) WITH ORDINALITY u
			WHERE q.day = u.day AND q.account = u.account AND q.quota = u.quota AND q.currency = u.currency RETURNING u.ordinality, q.used`,
		rows: array(g.types, quotaTable, rows), lenient: true, owners: owners(rows),
		returned: func(rows pgx.Rows) (n int, err error) {
			var used int64
			if err = rows.Scan(&n, &used); err == nil {
				c.used[n-1], c.wrote[n-1] = used, true
			}
			return n - 1, err
		},
	})
}

func appendQuota(r *record, k *paymux.QuotaKey, used int64) {
	r.open(quotaTable)
	r.day(k.Day)
	r.text(k.Account)
	r.text(k.Quota)
	r.text(string(k.Currency))
	r.number(used)
}

// absent are counters that are not there yet: the first of a day. What is given back to one that was pruned is nobody's.
func (c *counters) absent() (keys []paymux.QuotaKey) {
	for i, there := range c.wrote {
		if !there && c.added[i] > 0 {
			keys = append(keys, c.keys[i])
		}
	}
	return keys
}

// errCrowded: an entry finds a quota full because of those that are before it in its group.
var errCrowded = errors.New("no room beside its neighbours")

// judge tells which entries find no room, and why, given that all others are committed; nil: none. Nobody else
// changes the counters until the transaction ends.
func (c *counters) judge(entries []*entry) []error {
	if len(c.keys) == 0 {
		return nil
	}
	before, now := c.stand(entries)
	var refused []error
	for i, e := range entries {
		err := c.room(e, now, errCrowded)
		if err == nil {
			for _, r := range limited(e) {
				now[c.at(r.QuotaKey)] += r.Units
			}
			continue
		}
		if full := c.room(e, before, nil); full != nil {
			err = full
		}
		if refused == nil {
			refused = make([]error, len(entries))
		}
		refused[i] = err
	}
	return refused
}

// stand is what was taken before the group, and what is with all that it gives back and all that it takes without a limit.
func (c *counters) stand(entries []*entry) (before, now []int64) {
	before = make([]int64, len(c.keys))
	for i := range before {
		before[i] = max(0, c.used[i]-c.added[i])
	}
	now = slices.Clone(before)
	for _, e := range entries {
		for _, r := range e.release {
			now[c.at(r.QuotaKey)] -= r.Units
		}
		for _, r := range e.reserve {
			if r.Limit == 0 {
				now[c.at(r.QuotaKey)] += r.Units
			}
		}
	}
	return before, now
}

func limited(e *entry) []paymux.Reservation {
	return slices.DeleteFunc(slices.Clone(e.reserve), func(r paymux.Reservation) bool { return r.Limit == 0 })
}

// room is nil where all that an entry takes fits, and otherwise err, or what is full where that is nil.
func (c *counters) room(e *entry, taken []int64, err error) error {
	for _, r := range e.reserve {
		used := taken[c.at(r.QuotaKey)]
		if r.Limit == 0 || used <= r.Limit-r.Units {
			continue
		}
		if err == nil {
			err = &paymux.QuotaFull{QuotaUsed: paymux.QuotaUsed{QuotaKey: r.QuotaKey, Used: used}}
		}
		return err
	}
	return nil
}

// counted judges a group whose counters were written. On an error nothing may be committed; errRefused comes with who is refused.
func (w *writer) counted(g *group) (refused []error, err error) {
	if absent := g.counters.absent(); len(absent) > 0 {
		return nil, w.openCounters(absent)
	}
	if refused = g.counters.judge(g.entries); refused != nil {
		return refused, errRefused
	}
	return nil, nil
}

// countLast counts what was written of entries, one by one.
func (w *writer) countLast(entries []*entry, refusals []error) (refused []error, err error) {
	written := make([]*entry, len(entries))
	for i, e := range entries {
		if written[i] = (&entry{}); refusals[i] == nil {
			written[i] = e
		}
	}
	g := &group{entries: written, types: w.types}
	if g.count(); len(g.statements) == 0 {
		return nil, nil
	}
	if err := w.send(g, "SAVEPOINT counted"); err != nil {
		return nil, err
	}
	return w.counted(g)
}

// errOpened: counters were opened, and the group has to be written again.
var errOpened = errors.New("counters were opened")

// openCounters ends the transaction and inserts counters that stand at nothing.
func (w *writer) openCounters(keys []paymux.QuotaKey) error {
	w.rollback()
	var r record
	rows := make([]owned[row[paymux.QuotaKey]], len(keys))
	for i := range keys {
		appendQuota(&r, &keys[i], 0)
		rows[i] = owned[row[paymux.QuotaKey]]{row: row[paymux.QuotaKey]{&keys[i], r.done()}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	if _, err := w.conn.Exec(ctx, quotaTable.insert()+" ON CONFLICT DO NOTHING", array(w.types, quotaTable, rows)); err != nil {
		return err
	}
	return errOpened
}

// checkQuotas refuses keys that no counter can have, before a group is harmed by them.
func checkQuotas(lists ...[]paymux.Reservation) error {
	for _, list := range lists {
		for _, r := range list {
			text := r.Account + r.Quota + string(r.Currency)
			if r.Account == "" || r.Quota == "" || r.Currency != "" && len(r.Currency) != 3 || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
				return fmt.Errorf("there can be no quota %q of account %q in %q", r.Quota, r.Account, r.Currency)
			}
		}
	}
	return nil
}

// Quotas implements payment.Store.
func (s *Store) Quotas(ctx context.Context, day int32, account string) ([]paymux.QuotaUsed, error) {
	const sql = `SELECT day, account, quota, currency, used FROM quotas WHERE day = $1 AND ($2 = '' OR account = $2)
		ORDER BY account, quota, currency`
	return list(ctx, s, "quotas", sql, []any{day, account}, func(row pgx.CollectableRow) (u paymux.QuotaUsed, err error) {
		err = row.Scan(&u.Day, &u.Account, &u.Quota, &u.Currency, &u.Used)
		return u, err
	})
}

// PruneQuotas deletes what was taken on days that ended before a time, at most limit rows, and returns how many.
func (s *Store) PruneQuotas(ctx context.Context, before time.Time, limit int) (int, error) {
	const sql = `DELETE FROM quotas WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM quotas WHERE day < $1 ORDER BY day LIMIT $2 FOR UPDATE SKIP LOCKED))`
	tag, err := s.pool.Exec(ctx, sql, lastingDay(before), limit)
	if err != nil {
		return 0, fault(err, "prune quotas")
	}
	return int(tag.RowsAffected()), nil
}

// lastingDay is the first day that had not ended at a time in every time zone: they are up to 14 hours ahead and 12 behind.
func lastingDay(at time.Time) int32 { return int32(at.Add(-12*time.Hour).Unix() / (24 * 60 * 60)) }
