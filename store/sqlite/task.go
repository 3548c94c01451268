package sqlite

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

const insertTask = `INSERT INTO tasks (parked, part, kind, ref, lane, id, due_at, attempt, last_error, created_at, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (kind, ref, lane) DO `

// putTask enqueues a task. One that is there already is replaced under the new
// task's ID, so that whoever has the old one in hand settles nothing.
func (w *writer) putTask(k *queue.Task) error {
	return w.enqueue(k, false, insertTask+`UPDATE SET parked = 0, id = excluded.id, due_at = excluded.due_at, attempt = excluded.attempt,
	last_error = excluded.last_error, created_at = excluded.created_at, trace = excluded.trace`)
}

// addParked enqueues a task in its lane's order, unless it is there already.
func (w *writer) addParked(k *queue.Task) error { return w.enqueue(k, true, insertTask+"NOTHING") }

func (w *writer) enqueue(k *queue.Task, parked bool, query string) error {
	s := w.prepare(query)
	s.bool(parked)
	s.int(int64(queue.PartitionOf(k.Lane)))
	s.text(k.Kind)
	s.text(k.Ref)
	s.text(k.Lane)
	s.text(string(k.ID))
	s.time(k.Due)
	s.int(int64(k.Attempt))
	s.text(k.LastError)
	s.time(k.CreatedAt)
	s.text(k.Trace)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("enqueue %s of %s: %w", k.Kind, k.Ref, err)
	}
	return nil
}

func (w *writer) dropTasks(ref payment.TaskRef) error {
	s := w.prepare("DELETE FROM tasks WHERE kind = ? AND ref = ?")
	s.text(ref.Kind)
	s.text(ref.Ref)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("drop %s of %s: %w", ref.Kind, ref.Ref, err)
	}
	return nil
}

const taskColumns = "SELECT id, kind, ref, lane, due_at, attempt, last_error, created_at, trace"

func scanTask(r *row) (queue.Task, error) {
	return queue.Task{
		ID: paymux.TaskID(r.text()), Kind: r.text(), Ref: r.text(), Lane: r.text(), Due: r.time(),
		Attempt: int(r.int()), LastError: r.text(), CreatedAt: r.time(), Trace: r.text(),
	}, nil
}

// The two orders, each from a cursor on. The plus keeps SQLite from looking at the limit when it
// plans: it would plan anew at every reading, at eight times its cost.
const (
	selectDue    = taskColumns + ` FROM tasks INDEXED BY tasks_part WHERE parked = 0 AND part = ? AND (due_at, id) > (?, ?) AND due_at <= ? ORDER BY due_at, id LIMIT +?`
	selectParked = taskColumns + ` FROM tasks INDEXED BY tasks_lane WHERE parked = 1 AND part = ? AND lane = ? AND (due_at, id) > (?, ?) AND due_at <= ? ORDER BY due_at, id LIMIT +?`
)

// after binds where an order is read from and how far.
func (s *statement) after(c queue.Cursor, before time.Time, limit int) {
	s.time(c.Due)
	s.text(string(c.ID))
	s.time(before)
	s.int(int64(limit))
}

// Due implements queue.Store.
func (s *Store) Due(ctx context.Context, before time.Time, readings []queue.Reading, limit int) (tasks []queue.Task, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		for _, from := range readings {
			found, err := read(conn, selectDue, func(s *statement) {
				s.int(int64(from.Part))
				s.after(from.After, before, limit)
			}, scanTask)
			if err != nil {
				return err
			}
			tasks = append(tasks, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read due tasks: %w", err)
	}
	return tasks, nil
}

// Parked implements queue.Store.
func (s *Store) Parked(ctx context.Context, lane string, before time.Time, after queue.Cursor, limit int) ([]queue.Task, error) {
	tasks, err := query(ctx, s.pool, selectParked, func(s *statement) {
		s.int(int64(queue.PartitionOf(lane)))
		s.text(lane)
		s.after(after, before, limit)
	}, scanTask)
	if err != nil {
		return nil, fmt.Errorf("read parked tasks of %s: %w", lane, err)
	}
	return tasks, nil
}

// selectLanes goes from lane to lane, however many tasks each has.
const selectLanes = `WITH RECURSIVE l (lane) AS (
	SELECT min(lane) FROM tasks INDEXED BY tasks_lane WHERE parked = 1 AND part = ?1
	UNION ALL SELECT (SELECT min(lane) FROM tasks INDEXED BY tasks_lane WHERE parked = 1 AND part = ?1 AND lane > l.lane) FROM l WHERE l.lane IS NOT NULL
) SELECT lane FROM l WHERE lane IS NOT NULL`

// ParkedLanes implements queue.Store.
func (s *Store) ParkedLanes(ctx context.Context, parts []int) (lanes []string, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		for _, part := range parts {
			found, err := read(conn, selectLanes, func(s *statement) { s.int(int64(part)) }, func(r *row) (string, error) { return r.text(), nil })
			if err != nil {
				return err
			}
			lanes = append(lanes, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the lanes with parked tasks: %w", err)
	}
	return lanes, nil
}

const parkTask = "UPDATE tasks SET parked = 1" + byKey + " AND parked = 0"

// Park implements queue.Store.
func (s *Store) Park(ctx context.Context, tasks []queue.Task) error {
	err := s.submit(ctx, func(w *writer) error {
		for i := range tasks {
			s := w.prepare(parkTask)
			s.key(&tasks[i])
			if _, err := w.exec(&s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("park tasks: %w", err)
	}
	return nil
}

// Buried implements queue.Store.
func (s *Store) Buried(ctx context.Context, page paymux.Page) ([]queue.Buried, error) {
	list, err := query(ctx, s.pool, taskColumns+", buried_at FROM buried WHERE id < ? ORDER BY id DESC LIMIT ?",
		func(s *statement) { s.page(page) },
		func(r *row) (b queue.Buried, err error) {
			b.Task, err = scanTask(r)
			b.BuriedAt = r.time()
			return b, err
		})
	if err != nil {
		return nil, fmt.Errorf("list buried tasks: %w", err)
	}
	return list, nil
}

// Hasten implements queue.Store.
func (s *Store) Hasten(ctx context.Context, kind string, now time.Time) (int, error) {
	var hastened int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) (err error) {
		s := w.prepare("UPDATE tasks SET due_at = min(due_at, ?) WHERE kind = ?")
		s.time(now)
		s.text(kind)
		hastened, err = w.exec(&s)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("hasten %s: %w", kind, err)
	}
	return hastened, nil
}
