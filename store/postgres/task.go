package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

type taskRow = row[queue.Task]

// subject is what makes a task the same task. The parts are kept apart by a
// character that text in PostgreSQL cannot hold.
func subject(t *queue.Task) string { return t.Kind + "\x00" + t.Ref + "\x00" + t.Lane }

func subjectOf(r taskRow) string { return subject(r.noun) }

func appendTask(r *record, t *queue.Task) { r.task(t, false) }

// appendParked is a task that stands in its lane's order from the start.
func appendParked(r *record, t *queue.Task) { r.task(t, true) }

func (r *record) task(t *queue.Task, parked bool) {
	r.open(taskTable)
	r.text(string(t.ID))
	r.text(t.Kind)
	r.text(t.Ref)
	r.text(t.Lane)
	r.time(t.Due)
	r.number(int64(t.Attempt))
	r.text(t.LastError)
	r.time(t.CreatedAt)
	r.small(int16(queue.PartitionOf(t.Lane)))
	r.bool(parked)
	r.text(t.Trace)
}

func appendTaskRef(r *record, t *payment.TaskRef) {
	r.open(taskTable)
	r.null(pgtype.TextOID)
	r.text(t.Kind)
	r.text(t.Ref)
	r.null(pgtype.TextOID)
	r.null(pgtype.TimestamptzOID)
	r.null(pgtype.Int8OID)
	r.null(pgtype.TextOID)
	r.null(pgtype.TimestamptzOID)
	r.null(pgtype.Int2OID)
	r.null(pgtype.BoolOID)
	r.null(pgtype.TextOID)
}

// insertTasks inserts tasks of new payments, whose subject nobody can have used before.
func (g *group) insertTasks() {
	if !g.careful {
		g.enqueue("", gather(g, func(e *entry) []taskRow { return e.tasksIf(true) }))
	}
}

// putTasks inserts tasks and replaces those of the same subject, their IDs included.
func (g *group) putTasks() {
	rows := gather(g, func(e *entry) []taskRow {
		if g.careful {
			return e.tasks
		}
		return e.tasksIf(false)
	})
	g.enqueue(` ON CONFLICT (kind, ref, lane) DO UPDATE SET id = excluded.id, due_at = excluded.due_at,
		attempt = excluded.attempt, last_error = excluded.last_error, created_at = excluded.created_at, parked = excluded.parked, trace = excluded.trace`, newestOnly(rows, subjectOf))
}

// tasksIf returns the tasks if the payment is new, or if it is not.
func (e *entry) tasksIf(ofNew bool) []taskRow {
	if (len(e.inserted()) > 0) != ofNew {
		return nil
	}
	return e.tasks
}

func (g *group) enqueue(onConflict string, rows []owned[taskRow]) {
	if len(rows) == 0 {
		return
	}
	sortRows(rows, subjectOf)
	g.add(statement{sql: taskTable.insert() + onConflict, rows: array(g.types, taskTable, rows)})
}

// newestOnly leaves, of rows that have the same key, the last: one statement cannot
// write a row twice.
func newestOnly[T any](rows []owned[T], key func(T) string) []owned[T] {
	last := make(map[string]int, len(rows))
	for i := range rows {
		last[key(rows[i].row)] = i
	}
	if len(last) == len(rows) {
		return rows
	}
	var kept []owned[T]
	for i := range rows {
		if last[key(rows[i].row)] == i {
			kept = append(kept, rows[i])
		}
	}
	return kept
}

// dropTasks deletes tasks in all lanes. It comes before putTasks: what a change drops and enqueues stays.
func (g *group) dropTasks() {
	rows := gather(g, func(e *entry) []row[payment.TaskRef] { return e.drop })
	if len(rows) == 0 {
		return
	}
	sortRows(rows, func(r row[payment.TaskRef]) string { return r.noun.Kind + "\x00" + r.noun.Ref })
	g.add(statement{
		sql:  "DELETE FROM tasks t USING unnest($1::tasks[]) u WHERE t.kind = u.kind AND t.ref = u.ref",
		rows: array(g.types, taskTable, rows),
	})
}

// Hasten implements queue.Store.
func (s *Store) Hasten(ctx context.Context, kind string, now time.Time) (int, error) {
	count := 0
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE tasks SET due_at = least(due_at, $2) WHERE kind = $1", kind, now)
		count = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fault(err, "hasten tasks of kind %s", kind)
	}
	return count, nil
}
