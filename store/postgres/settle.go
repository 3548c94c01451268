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
	if err := queueOutcomes(&batch, outcomes, w.now()); err != nil {
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

func queueOutcomes(batch *pgx.Batch, outcomes []queue.Outcome, now time.Time) error {
	var done, retried, buried taskArrays
	var payments, hops []string
	var at []time.Time
	for i := range outcomes {
		o := &outcomes[i]
		switch {
		case o.Done:
			done.add(o)
		case o.Bury:
			buried.add(o)
		default:
			retried.add(o)
		}
		if o.Hop == nil || o.Payment == "" {
			continue
		}
		detail, err := marshal(o.Hop)
		if err != nil {
			return err
		}
		payments, at, hops = append(payments, string(o.Payment)), append(at, o.Hop.At), append(hops, detail)
	}
	if len(done.ids) > 0 {
		batch.Queue(`DELETE FROM tasks t USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u (kind, ref, lane, id)
			WHERE `+sameTask, done.kinds, done.refs, done.lanes, done.ids)
	}
	if len(retried.ids) > 0 {
		batch.Queue(`UPDATE tasks t SET due_at = u.due_at, attempt = u.attempt, last_error = u.last_error
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[], $7::text[])
				AS u (kind, ref, lane, id, due_at, attempt, last_error)
			WHERE `+sameTask, retried.kinds, retried.refs, retried.lanes, retried.ids, retried.due, retried.attempts, retried.errors)
	}
	if len(buried.ids) > 0 {
		batch.Queue(`WITH gone AS (
				DELETE FROM tasks t
				USING unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) AS u (kind, ref, lane, id, attempt, last_error)
				WHERE `+sameTask+` RETURNING t.id, t.kind, t.ref, t.lane, t.due_at, u.attempt, u.last_error, t.created_at)
			INSERT INTO buried (`+taskColumns+`, buried_at) SELECT `+taskColumns+`, $7 FROM gone`,
			buried.kinds, buried.refs, buried.lanes, buried.ids, buried.attempts, buried.errors, now)
	}
	if len(hops) > 0 {
		batch.Queue(insertHops, payments, at, hops)
	}
	return nil
}

// taskArrays are what outcomes say of their tasks, column by column.
type taskArrays struct {
	kinds    []string
	refs     []string
	lanes    []string
	ids      []string
	due      []time.Time
	attempts []int64
	errors   []string
}

func (a *taskArrays) add(o *queue.Outcome) {
	a.kinds = append(a.kinds, o.Task.Kind)
	a.refs = append(a.refs, o.Task.Ref)
	a.lanes = append(a.lanes, o.Task.Lane)
	a.ids = append(a.ids, string(o.Task.ID))
	a.due = append(a.due, o.Due)
	a.attempts = append(a.attempts, int64(o.Task.Attempt))
	a.errors = append(a.errors, o.Task.LastError)
}
