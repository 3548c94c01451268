package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux/queue"
)

// Leases are kept by this server's clock, read when a row is locked (clock_timestamp), not when the
// statement began. Rows are locked in the order of partitions everywhere, by settlements too.
// Each method is one statement, durable when it returns: a lease that a crash undid could be given twice.

// locked selects the rows of leases that a condition holds for and locks them in order.
const locked = "WITH locked AS (SELECT part FROM leases WHERE %s ORDER BY part FOR UPDATE) "

// attendance is what Attend answers, a replica's ID or a lease a row.
type attendance struct {
	replica string
	part    int
	epoch   int64
}

// Attend implements queue.Leases.
func (s *Store) Attend(ctx context.Context, replica string, ttl time.Duration) (held []queue.Lease, alive []string, err error) {
	sql := fmt.Sprintf(locked, "replica = $1") + `,
		renewed AS (UPDATE leases l SET until = clock_timestamp() + $2 FROM locked WHERE l.part = locked.part RETURNING l.part, l.epoch),
		present AS (INSERT INTO replicas (id, until) VALUES ($1, clock_timestamp() + $2) ON CONFLICT (id) DO UPDATE SET until = excluded.until),
		forgotten AS (DELETE FROM replicas WHERE id <> $1 AND until < clock_timestamp() - interval '1 hour')
		SELECT '', part::int, epoch FROM renewed
		UNION ALL SELECT id, 0, 0 FROM replicas WHERE id <> $1 AND until > clock_timestamp()`
	all, err := listFrom(ctx, s.lookups, "leases of "+replica, sql, []any{replica, ttl}, func(row pgx.CollectableRow) (a attendance, err error) {
		err = row.Scan(&a.replica, &a.part, &a.epoch)
		return a, err
	})
	if err != nil {
		return nil, nil, err
	}
	alive = []string{replica}
	for _, a := range all {
		if a.replica != "" {
			alive = append(alive, a.replica)
		} else {
			held = append(held, queue.Lease{Part: a.part, Replica: replica, Epoch: a.epoch})
		}
	}
	slices.Sort(alive)
	sortLeases(held)
	return held, alive, nil
}

// Acquire implements queue.Leases. A partition that a settlement or another replica is at is waited for; then
// its row is looked at again, as it is by then.
func (s *Store) Acquire(ctx context.Context, replica string, parts []int, ttl time.Duration) ([]queue.Lease, error) {
	sql := fmt.Sprintf(locked, "part = ANY ($3) AND until <= clock_timestamp()") + `
		UPDATE leases l SET replica = $1, epoch = epoch + 1, until = clock_timestamp() + $2 FROM locked WHERE l.part = locked.part RETURNING l.part, l.epoch`
	leases, err := listFrom(ctx, s.lookups, "leases for "+replica, sql, []any{replica, ttl, smallints(parts)}, func(row pgx.CollectableRow) (queue.Lease, error) {
		l := queue.Lease{Replica: replica}
		err := row.Scan(&l.Part, &l.Epoch)
		return l, err
	})
	sortLeases(leases)
	return leases, err
}

func sortLeases(leases []queue.Lease) {
	slices.SortFunc(leases, func(a, b queue.Lease) int { return a.Part - b.Part })
}

const released = "UPDATE leases l SET replica = '', until = '-infinity' FROM locked WHERE l.part = locked.part"

// Release implements queue.Leases.
func (s *Store) Release(ctx context.Context, replica string, parts []int) error {
	sql := fmt.Sprintf(locked, "replica = $1 AND part = ANY ($2)") + released
	return s.write(ctx, "release leases of "+replica, sql, replica, smallints(parts))
}

// Leave implements queue.Leases.
func (s *Store) Leave(ctx context.Context, replica string) error {
	sql := fmt.Sprintf(locked, "replica = $1") + ", gone AS (DELETE FROM replicas WHERE id = $1) " + released
	return s.write(ctx, "release everything of "+replica, sql, replica)
}

// write runs one statement that returns nothing and may be repeated.
func (s *Store) write(ctx context.Context, doing, sql string, args ...any) error {
	_, err := s.lookups.Exec(ctx, sql, args...)
	if lost(ctx, err) { // see query
		s.lookups.Reset()
		_, err = s.lookups.Exec(ctx, sql, args...)
	}
	if err != nil {
		return fault(err, "%s", doing)
	}
	return nil
}
