package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
)

// day is what events and attempts are kept by: UTC days, by the time in the event's ID.
const day = 24 * time.Hour

const (
	// daysAhead is for how many days beyond today partitions are made.
	daysAhead = 2
	// partitionLock is the key of the advisory lock that replicas which make and drop days take turns by.
	partitionLock = 0x7061796d7579
	// lockPatience is how long making or dropping a day waits for what is under way. Others queue up behind it, so
	// it gives up soon: it will be tried again, and rows without a day have a place.
	lockPatience = "1s"
)

// daily is a table with a partition for each day, and one, name_rest, for what belongs to none of them.
type daily struct {
	name, key string
	columns   string // of the primary key
}

var (
	dailyEvents   = daily{"events", "id", "id"}
	dailyAttempts = daily{"attempts", "event", "event, endpoint, at"}
)

// eventsFrom is what the IDs of events begin with from a time on, to the millisecond.
func eventsFrom(at time.Time) string {
	const digits, base32 = 10, "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // 50 bits: two zero ones, then 48 of milliseconds
	var text [digits]byte
	ms := uint64(max(at.UnixMilli(), 0))
	for i := digits - 1; i >= 0; i-- {
		text[i] = base32[ms&31]
		ms >>= 5
	}
	return paymux.PrefixEvent + string(text[:])
}

func (d daily) partition(of time.Time) string { return d.name + "_" + of.Format("20060102") }

// PruneEvents makes the partitions of the coming days and drops those days of events and attempts that lie
// wholly before a time. It returns how many. Of what belongs to no day, and of buried deliveries, it deletes the old rows, limit
// at a time. A replica that calls it while another is at it does nothing.
func (s *Store) PruneEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	dropped := 0
	err := s.inTurn(ctx, func(conn *pgx.Conn) error {
		makeErr := makeDays(ctx, conn, s.cfg.Now())
		n, dropErr := dropDays(ctx, conn, before)
		dropped = n
		return errors.Join(makeErr, dropErr, pruneRest(ctx, conn, before, limit), pruneBuried(ctx, conn, before, limit))
	})
	if err != nil {
		return dropped, fault(err, "prune events")
	}
	return dropped, nil
}

// prepareEvents makes the partitions of the coming days when a store is opened, and adopts what was restored. That it fails is no
// reason not to serve: rows without a day have a place.
func (s *Store) prepareEvents(ctx context.Context) {
	err := s.inTurn(ctx, func(conn *pgx.Conn) error {
		return errors.Join(adopt(ctx, conn), makeDays(ctx, conn, s.cfg.Now()))
	})
	if err != nil {
		s.cfg.Log.Warn("prepare the tables of events", "error", err)
	}
}

// inTurn calls do on a connection that holds the advisory lock. While another process holds it, nothing is done.
func (s *Store) inTurn(ctx context.Context, do func(*pgx.Conn) error) error {
	return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		var held bool
		if err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(partitionLock)).Scan(&held); err != nil || !held {
			return err
		}
		err := do(c.Conn())
		_, unlockErr := c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(partitionLock))
		return errors.Join(err, unlockErr)
	})
}

func makeDays(ctx context.Context, conn *pgx.Conn, now time.Time) error {
	today := now.UTC().Truncate(day)
	for i := range daysAhead + 1 {
		for _, d := range []daily{dailyEvents, dailyAttempts} {
			if err := d.make(ctx, conn, today.Add(time.Duration(i)*day)); err != nil {
				return err
			}
		}
	}
	return nil
}

// make makes a day's partition, if it is not there, with what came to rest of that day so far. It is attached, not created as a
// partition, since that would keep everybody out of the whole table.
func (d daily) make(ctx context.Context, conn *pgx.Conn, of time.Time) error {
	partition := d.partition(of)
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", partition).Scan(&there); err != nil || there {
		return err
	}
	low, high := eventsFrom(of), eventsFrom(of.Add(day))
	err := patiently(ctx, conn, fmt.Sprintf(`
		LOCK TABLE %[1]s_rest IN ACCESS EXCLUSIVE MODE;
		CREATE TABLE %[2]s (LIKE %[1]s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)
			WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
		WITH moved AS (DELETE FROM %[1]s_rest WHERE %[3]s >= '%[4]s' AND %[3]s < '%[5]s' RETURNING *) INSERT INTO %[2]s SELECT * FROM moved;
		ALTER TABLE %[1]s ATTACH PARTITION %[2]s FOR VALUES FROM ('%[4]s') TO ('%[5]s')`, d.name, partition, d.key, low, high))
	if err != nil {
		return fmt.Errorf("make partition %s: %w", partition, err)
	}
	return nil
}

// patiently runs a script in a transaction that waits for locks, but not long.
func patiently(ctx context.Context, conn *pgx.Conn, script string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+lockPatience+"'; "+script)
		return err
	})
}

// dropDays drops the days before a time, attempts first. Each table is a transaction of its own: one that held
// the one and waited for the other would meet those who read both the other way round.
func dropDays(ctx context.Context, conn *pgx.Conn, before time.Time) (dropped int, err error) {
	days := map[string]bool{}
	for _, d := range []daily{dailyAttempts, dailyEvents} {
		old, err := d.before(ctx, conn, before)
		if err != nil {
			return dropped, err
		}
		for _, partition := range old {
			if err := patiently(ctx, conn, "DROP TABLE "+partition); err != nil {
				return dropped, fmt.Errorf("drop partition %s: %w", partition, err)
			}
			if of := strings.TrimPrefix(partition, d.name); !days[of] {
				days[of] = true
				dropped++
			}
		}
	}
	return dropped, nil
}

// before lists the partitions of days that lie wholly before a time, oldest first.
func (d daily) before(ctx context.Context, conn *pgx.Conn, before time.Time) ([]string, error) {
	const sql = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::text::regclass"
	rows, err := conn.Query(ctx, sql, d.name)
	if err != nil {
		return nil, fmt.Errorf("list partitions of %s: %w", d.name, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list partitions of %s: %w", d.name, err)
	}
	old := slices.DeleteFunc(all, func(partition string) bool {
		of, err := time.Parse("20060102", strings.TrimPrefix(partition, d.name+"_"))
		return err != nil || of.Add(day).After(before)
	})
	slices.Sort(old)
	return old, nil
}

// pruneRest deletes what is old and belongs to no day.
func pruneRest(ctx context.Context, conn *pgx.Conn, before time.Time, limit int) error {
	for _, d := range []daily{dailyAttempts, dailyEvents} {
		sql := fmt.Sprintf("DELETE FROM %[1]s_rest WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s_rest WHERE %[3]s < $1 ORDER BY %[2]s LIMIT $2)",
			d.name, d.columns, d.key)
		if err := deleteAll(ctx, conn, sql, eventsFrom(before), limit); err != nil {
			return fmt.Errorf("delete old rows of %s_rest: %w", d.name, err)
		}
	}
	return nil
}

// pruneBuried deletes deliveries that were buried before a time.
func pruneBuried(ctx context.Context, conn *pgx.Conn, before time.Time, limit int) error {
	const sql = "DELETE FROM buried WHERE id IN (SELECT id FROM buried WHERE buried_at < $1 AND kind = '" + notify.KindNotify + "' ORDER BY buried_at, id LIMIT $2)"
	if err := deleteAll(ctx, conn, sql, before, limit); err != nil {
		return fmt.Errorf("delete old buried deliveries: %w", err)
	}
	return nil
}

// deleteAll runs a statement that deletes rows from before a time or ID, limit at most, until there are none left.
func deleteAll(ctx context.Context, conn *pgx.Conn, sql string, before any, limit int) error {
	for {
		tag, err := conn.Exec(ctx, sql, before, limit)
		if err != nil || tag.RowsAffected() < int64(limit) {
			return err
		}
	}
}
