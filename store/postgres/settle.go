package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// settlement is what one call wants done with tasks.
type settlement struct {
	outcomes []queue.Outcome
	park     []queue.Task
}

// Settle implements queue.Store. Calls that come together are committed together.
func (s *Store) Settle(ctx context.Context, outcomes []queue.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	return s.settlements.Do(ctx, settlement{outcomes: slices.Clone(outcomes)})
}

// Park implements queue.Store. It is committed together with what is settled meanwhile.
func (s *Store) Park(ctx context.Context, tasks []queue.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	return s.settlements.Do(ctx, settlement{park: slices.Clone(tasks)})
}

// settle commits several calls' settlements at once, or each alone where one of them is at fault.
func (w *writer) settle(calls []settlement) []error {
	results := make([]error, len(calls))
	err := w.settleAll(calls)
	for i := range calls {
		if atFault(err) && len(calls) > 1 {
			results[i] = w.settleAll(calls[i : i+1])
		} else {
			results[i] = err
		}
	}
	return results
}

// settleAll commits settlements. That an attempt is in the log already, from a commit that
// seemed to have failed, is rare: only then is it written in the dearer way that passes over such rows.
func (w *writer) settleAll(calls []settlement) error {
	var all settlement
	for _, c := range calls {
		all.outcomes = append(all.outcomes, c.outcomes...)
		all.park = append(all.park, c.park...)
	}
	// In the order in which changes lock tasks, too.
	slices.SortStableFunc(all.outcomes, func(a, b queue.Outcome) int { return strings.Compare(subject(&a.Task), subject(&b.Task)) })
	slices.SortStableFunc(all.park, func(a, b queue.Task) int { return strings.Compare(subject(&a), subject(&b)) })
	err := w.persistently(func() error { return w.trySettle(all, "") })
	if taken(err) {
		err = w.persistently(func() error { return w.trySettle(all, " ON CONFLICT DO NOTHING") })
	}
	return err
}

func (w *writer) trySettle(all settlement, onConflict string) error {
	var batch pgx.Batch
	current := map[int]queue.Lease{}
	if parts := fencedParts(all.outcomes); len(parts) == 0 {
		batch.Queue("BEGIN")
	} else if err := w.fence(parts, current); err != nil {
		return err
	}
	rows := sortOut(all, current, w.now())
	if rows.err != nil {
		return rows.err
	}
	rows.queue(&batch, w.types, onConflict)
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	if err := w.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return w.finish()
}

// fenced reports whether an outcome needs its lease.
func fenced(o *queue.Outcome) bool { return !o.Done && o.Lease.Epoch != 0 }

func fencedParts(outcomes []queue.Outcome) []int {
	var parts []int
	for i := range outcomes {
		if fenced(&outcomes[i]) {
			parts = append(parts, outcomes[i].Lease.Part)
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// fence begins the transaction and reads the partitions' leases, which nobody can take until it ends.
func (w *writer) fence(parts []int, current map[int]queue.Lease) error {
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue("SELECT part, replica, epoch FROM leases WHERE part = ANY ($1::smallint[]) ORDER BY part FOR SHARE", smallints(parts)).
		Query(func(rows pgx.Rows) error {
			var l queue.Lease
			_, err := pgx.ForEachRow(rows, []any{&l.Part, &l.Replica, &l.Epoch}, func() error {
				current[l.Part] = l
				return nil
			})
			return err
		})
	if err := w.conn.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("read leases: %w", err)
	}
	return nil
}

// sorted is a settlement as rows, by what is to be done with them.
type sorted struct {
	record
	done, retried, buried, parked []owned[taskRow]
	hops                          []owned[hopRow]
	attempts                      []owned[row[paymux.Attempt]]
	now                           time.Time
}

// sortOut makes rows of a settlement. What was decided under a lease that is not current is left out, what was logged is not.
func sortOut(all settlement, current map[int]queue.Lease, now time.Time) *sorted {
	s := &sorted{now: now}
	for i := range all.outcomes {
		o := &all.outcomes[i]
		if !fenced(o) || current[o.Lease.Part] == o.Lease {
			s.add(o)
		}
		if o.Hop != nil && o.Payment != "" {
			hop := payHop{o.Payment, *o.Hop}
			appendHop(&s.record, &hop)
			s.hops = append(s.hops, owned[hopRow]{row: hopRow{&hop, s.record.done()}})
		}
		if o.Attempt != nil {
			appendAttempt(&s.record, o.Attempt)
			s.attempts = append(s.attempts, owned[row[paymux.Attempt]]{row: row[paymux.Attempt]{o.Attempt, s.record.done()}})
		}
	}
	for i := range all.park {
		s.parked = append(s.parked, s.task(&all.park[i]))
	}
	return s
}

func (s *sorted) task(t *queue.Task) owned[taskRow] {
	appendTask(&s.record, t)
	return owned[taskRow]{row: taskRow{t, s.record.done()}}
}

func (s *sorted) add(o *queue.Outcome) {
	task := o.Task
	task.Due = o.Due
	row := s.task(&task)
	switch {
	case o.Done:
		s.done = append(s.done, row)
	case o.Bury:
		s.buried = append(s.buried, row)
	default:
		s.retried = append(s.retried, row)
	}
}

// sameTask finds a task by its subject, which is indexed, and tells it from its replacement by the ID, which is not.
const sameTask = "t.kind = u.kind AND t.ref = u.ref AND t.lane = u.lane AND t.id = u.id"

// queue adds the statements, one a kind of outcome.
func (s *sorted) queue(batch *pgx.Batch, types rowTypes, onConflict string) {
	if len(s.done) > 0 {
		batch.Queue("DELETE FROM tasks t USING unnest($1::tasks[]) u WHERE "+sameTask, array(types, taskTable, s.done))
	}
	if len(s.retried) > 0 {
		batch.Queue(`UPDATE tasks t SET due_at = u.due_at, attempt = u.attempt, last_error = u.last_error, parked = false
			FROM unnest($1::tasks[]) u WHERE `+sameTask, array(types, taskTable, s.retried))
	}
	if len(s.buried) > 0 {
		batch.Queue(`WITH gone AS (
				DELETE FROM tasks t USING unnest($1::tasks[]) u WHERE `+sameTask+`
				RETURNING t.id, t.kind, t.ref, t.lane, t.due_at, u.attempt, u.last_error, t.created_at, t.trace)
			INSERT INTO buried (`+taskColumns+`, buried_at) SELECT `+taskColumns+`, $2 FROM gone`,
			array(types, taskTable, s.buried), s.now)
	}
	if len(s.parked) > 0 {
		batch.Queue("UPDATE tasks t SET parked = true FROM unnest($1::tasks[]) u WHERE NOT t.parked AND "+sameTask, array(types, taskTable, s.parked))
	}
	if len(s.hops) > 0 {
		batch.Queue(hopTable.insert(), array(types, hopTable, s.hops))
	}
	if len(s.attempts) > 0 {
		batch.Queue(attemptTable.insert()+onConflict, array(types, attemptTable, s.attempts))
	}
}
