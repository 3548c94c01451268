package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

const selectQuota = "SELECT used FROM quotas WHERE day = ? AND account = ? AND quota = ? AND currency = ?"

// quotaKey binds what finds a counter.
func (s *statement) quotaKey(k *paymux.QuotaKey) {
	s.int(int64(k.Day))
	s.text(k.Account)
	s.text(k.Quota)
	s.text(string(k.Currency))
}

// haveRoom looks whether all that a change reserves fits, before anything is changed that would have to be undone. A repeat of a
// request hears of its key, which is taken, and not of the room that it took itself.
func (w *writer) haveRoom(c *payment.Change) error {
	for i := range c.Reserve {
		r := &c.Reserve[i]
		if r.Limit == 0 {
			continue
		}
		used, err := w.quota(&r.QuotaKey)
		if err != nil {
			return err
		}
		if used <= r.Limit-r.Units {
			continue
		}
		if c.Begin != nil {
			if err := w.keyFree(c.Begin); err != nil {
				return err
			}
		}
		return &paymux.QuotaFull{QuotaUsed: paymux.QuotaUsed{QuotaKey: r.QuotaKey, Used: used}}
	}
	return nil
}

// quota is what was taken so far, the changes before this one in its group included.
func (w *writer) quota(k *paymux.QuotaKey) (int64, error) {
	used, err := read(w.conn, selectQuota, func(s *statement) { s.quotaKey(k) }, func(r *row) (int64, error) { return r.int(), nil })
	if err != nil {
		return 0, fmt.Errorf("read quota %s of %s: %w", k.Quota, k.Account, err)
	}
	if len(used) == 0 {
		return 0, nil
	}
	return used[0], nil
}

func (w *writer) keyFree(i *paymux.Idempotency) error {
	taken, err := read(w.conn, "SELECT 1 FROM idempotency WHERE digest = ?", func(s *statement) { s.bytes(digest(i.Merchant, i.Key)) },
		func(*row) (bool, error) { return true, nil })
	if err == nil && len(taken) > 0 {
		err = paymux.ErrKeyTaken
	}
	return err
}

// countQuotas takes and gives back, for which haveRoom has looked. Giving back never fails and never goes below nothing: an
// outcome must be kept even where the day's counter has been pruned since.
func (w *writer) countQuotas(c *payment.Change) error {
	for i := range c.Release {
		r := &c.Release[i]
		s := w.prepare("UPDATE quotas SET used = max(0, used - ?) WHERE day = ? AND account = ? AND quota = ? AND currency = ?")
		s.int(r.Units)
		s.quotaKey(&r.QuotaKey)
		if _, err := w.exec(&s); err != nil {
			return fmt.Errorf("give back quota %s of %s: %w", r.Quota, r.Account, err)
		}
	}
	for i := range c.Reserve {
		r := &c.Reserve[i]
		s := w.prepare(`INSERT INTO quotas (day, account, quota, currency, used) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (day, account, quota, currency) DO UPDATE SET used = used + excluded.used`)
		s.quotaKey(&r.QuotaKey)
		s.int(r.Units)
		if _, err := w.exec(&s); err != nil {
			return fmt.Errorf("take quota %s of %s: %w", r.Quota, r.Account, err)
		}
	}
	return nil
}

const selectQuotas = `SELECT day, account, quota, currency, used FROM quotas WHERE day = ? AND (? = '' OR account = ?)
	ORDER BY account, quota, currency`

// Quotas implements payment.Store.
func (s *Store) Quotas(ctx context.Context, day int32, account string) ([]paymux.QuotaUsed, error) {
	list, err := query(ctx, s.pool, selectQuotas, func(s *statement) {
		s.int(int64(day))
		s.text(account)
		s.text(account)
	}, func(r *row) (u paymux.QuotaUsed, err error) {
		u.Day, u.Account, u.Quota, u.Currency, u.Used = int32(r.int()), r.text(), r.text(), paymux.Currency(r.text()), r.int()
		return u, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read quotas: %w", err)
	}
	return list, nil
}

const pruneQuotas = `DELETE FROM quotas WHERE (day, account, quota, currency) IN
	(SELECT day, account, quota, currency FROM quotas WHERE day < ? ORDER BY day LIMIT ?)`

// PruneQuotas deletes what was taken on days that ended before a time, at most limit rows, and returns how many.
func (s *Store) PruneQuotas(ctx context.Context, before time.Time, limit int) (int, error) {
	var pruned int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) (err error) {
		s := w.prepare(pruneQuotas)
		s.int(lastingDay(before))
		s.int(int64(limit))
		pruned, err = w.exec(&s)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune quotas: %w", err)
	}
	return pruned, nil
}

// lastingDay is the first day that had not ended at a time in every time zone: they are up to 14 hours ahead and 12 behind.
func lastingDay(at time.Time) int64 { return at.Add(-12*time.Hour).Unix() / (24 * 60 * 60) }
