package postgres

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux/queue"
)

// Settle implements queue.Store. Calls that come together are committed together.
func (s *Store) Settle(ctx context.Context, outcomes []queue.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	return s.outcomes.Do(ctx, slices.Clone(outcomes))
}

// settle commits several calls' outcomes at once, or each alone where one of them is at fault.
func (w *writer) settle(calls [][]queue.Outcome) []error {
	results := make([]error, len(calls))
	err := w.persistently(func() error { return w.trySettle(slices.Concat(calls...)) })
	for i := range calls {
		if atFault(err) && len(calls) > 1 {
			results[i] = w.persistently(func() error { return w.trySettle(calls[i]) })
		} else {
			results[i] = err
		}
	}
	return results
}

func (w *writer) trySettle(outcomes []queue.Outcome) error {
	// In the order in which changes lock tasks, too.
	slices.SortStableFunc(outcomes, func(a, b queue.Outcome) int { return strings.Compare(subject(&a.Task), subject(&b.Task)) })
	var batch pgx.Batch
	batch.Queue("BEGIN")
	if err := queueOutcomes(&batch, w.types, outcomes, w.now()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	if err := w.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return w.finish()
}

// sameTask finds a task by its subject, which is indexed, and tells it from its replacement by the ID, which is not.
const sameTask = "t.kind = u.kind AND t.ref = u.ref AND t.lane = u.lane AND t.id = u.id"

// queueOutcomes adds the statements, one a kind of outcome.
func queueOutcomes(batch *pgx.Batch, types rowTypes, outcomes []queue.Outcome, now time.Time) error {
	var done, retried, buried []owned[taskRow]
	var hops []owned[hopRow]
	r := &record{}
	for i := range outcomes {
		o := &outcomes[i]
		appendOutcome(r, o)
		task := owned[taskRow]{row: taskRow{&o.Task, r.done()}}
		switch {
		case o.Done:
			done = append(done, task)
		case o.Bury:
			buried = append(buried, task)
		default:
			retried = append(retried, task)
		}
		if o.Hop != nil && o.Payment != "" {
			hop := payHop{o.Payment, *o.Hop}
			appendHop(r, &hop)
			hops = append(hops, owned[hopRow]{row: hopRow{&hop, r.done()}})
		}
	}
	if len(done) > 0 {
		batch.Queue("DELETE FROM tasks t USING unnest($1::tasks[]) u WHERE "+sameTask, array(types, taskTable, done))
	}
	if len(retried) > 0 {
		batch.Queue("UPDATE tasks t SET due_at = u.due_at, attempt = u.attempt, last_error = u.last_error FROM unnest($1::tasks[]) u WHERE "+sameTask,
			array(types, taskTable, retried))
	}
	if len(buried) > 0 {
		batch.Queue(`WITH gone AS (
				DELETE FROM tasks t USING unnest($1::tasks[]) u WHERE `+sameTask+`
				RETURNING t.id, t.kind, t.ref, t.lane, t.due_at, u.attempt, u.last_error, t.created_at)
			INSERT INTO buried (`+taskColumns+`, buried_at) SELECT `+taskColumns+`, $2 FROM gone`,
			array(types, taskTable, buried), now)
	}
	if len(hops) > 0 {
		batch.Queue(insertHops, array(types, hopTable, hops))
	}
	return r.err
}

// appendOutcome is a task as the outcome leaves it.
func appendOutcome(r *record, o *queue.Outcome) {
	task := o.Task
	task.Due = o.Due
	appendTask(r, &task)
}
