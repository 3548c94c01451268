package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// dueTasks reads, for each reading, a piece of its partition's index to the right of its cursor. The comparison of rows is
// what the index is entered by: entries left of it, dead ones not yet vacuumed among them, are never touched.
const dueTasks = `SELECT t.id, t.kind, t.ref, t.lane, t.due_at, t.attempt, t.last_error, t.created_at, t.trace
	FROM unnest($1::smallint[], $2::timestamptz[], $3::text[]) WITH ORDINALITY r (part, due_at, id, n)
	CROSS JOIN LATERAL (SELECT ` + taskColumns + ` FROM tasks
		WHERE part = r.part AND NOT parked AND (due_at, id) > (r.due_at, r.id) AND due_at <= $4
		ORDER BY due_at, id LIMIT $5) t
	ORDER BY r.n, t.due_at, t.id`

// Due implements queue.Store.
func (s *Store) Due(ctx context.Context, before time.Time, readings []queue.Reading, limit int) ([]queue.Task, error) {
	parts, dues, ids := make([]int16, len(readings)), make([]time.Time, len(readings)), make([]string, len(readings))
	for i, r := range readings {
		parts[i], dues[i], ids[i] = int16(r.Part), r.After.Due, string(r.After.ID)
	}
	return listFrom(ctx, s.lookups, "due tasks", dueTasks, []any{parts, dues, ids, before, limit}, scanTask)
}

// parkedTasks does the same in a lane's order.
const parkedTasks = "SELECT " + taskColumns + ` FROM tasks
	WHERE part = $1 AND lane = $2 AND parked AND (due_at, id) > ($3, $4) AND due_at <= $5 ORDER BY due_at, id LIMIT $6`

// Parked implements queue.Store.
func (s *Store) Parked(ctx context.Context, lane string, before time.Time, after queue.Cursor, limit int) ([]queue.Task, error) {
	args := []any{int16(queue.PartitionOf(lane)), lane, after.Due, string(after.ID), before, limit}
	return listFrom(ctx, s.lookups, "parked tasks", parkedTasks, args, scanTask)
}

// parkedLanes goes from lane to lane by index and passes over what stands in each: a backlog of a million
// tasks costs as much as one task.
const parkedLanes = `WITH RECURSIVE lanes AS (
		SELECT p.part, (SELECT min(lane) FROM tasks WHERE part = p.part AND parked) AS lane FROM unnest($1::smallint[]) p (part)
		UNION ALL
		SELECT part, (SELECT min(t.lane) FROM tasks t WHERE t.part = lanes.part AND t.parked AND t.lane > lanes.lane) FROM lanes WHERE lane IS NOT NULL)
	SELECT lane FROM lanes WHERE lane IS NOT NULL`

// ParkedLanes implements queue.Store.
func (s *Store) ParkedLanes(ctx context.Context, parts []int) ([]string, error) {
	return listFrom(ctx, s.lookups, "parked lanes", parkedLanes, []any{smallints(parts)}, pgx.RowTo[string])
}

func smallints(all []int) []int16 {
	small := make([]int16, len(all))
	for i, n := range all {
		small[i] = int16(n)
	}
	return small
}

const taskColumns = "id, kind, ref, lane, due_at, attempt, last_error, created_at, trace"

func taskInto(t *queue.Task) []any {
	return []any{&t.ID, &t.Kind, &t.Ref, &t.Lane, &t.Due, &t.Attempt, &t.LastError, &t.CreatedAt, &t.Trace}
}

func scanTask(row pgx.CollectableRow) (t queue.Task, err error) {
	err = row.Scan(taskInto(&t)...)
	t.Due, t.CreatedAt = t.Due.UTC(), t.CreatedAt.UTC()
	return t, err
}

// Buried implements queue.Store.
func (s *Store) Buried(ctx context.Context, page paymux.Page) ([]queue.Buried, error) {
	q := filter{}
	q.whereSet("(buried_at, id) < (SELECT buried_at, id FROM buried WHERE id = ?)", page.After)
	sql := "SELECT " + taskColumns + ", buried_at FROM buried " + q.text() + " ORDER BY buried_at DESC, id DESC LIMIT " + q.arg(page.Limit)
	return list(ctx, s, "buried tasks", sql, q.args, func(row pgx.CollectableRow) (b queue.Buried, err error) {
		err = row.Scan(append(taskInto(&b.Task), &b.BuriedAt)...)
		b.Due, b.CreatedAt, b.BuriedAt = b.Due.UTC(), b.CreatedAt.UTC(), b.BuriedAt.UTC()
		return b, err
	})
}
