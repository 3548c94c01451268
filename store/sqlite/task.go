package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// putTask enqueues a task. One that is there already is replaced under the new
// task's ID, so that whoever has the old one in hand settles nothing.
func (w *writer) putTask(k *queue.Task) error {
	s := w.prepare(`INSERT INTO tasks (kind, ref, lane, id, due_at, attempt, last_error, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (kind, ref, lane) DO UPDATE SET id = excluded.id, due_at = excluded.due_at, attempt = excluded.attempt,
	last_error = excluded.last_error, created_at = excluded.created_at`)
	s.text(k.Kind)
	s.text(k.Ref)
	s.text(k.Lane)
	s.text(string(k.ID))
	s.time(k.Due)
	s.int(int64(k.Attempt))
	s.text(k.LastError)
	s.time(k.CreatedAt)
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

const taskColumns = "SELECT id, kind, ref, lane, due_at, attempt, last_error, created_at"

func scanTask(r *row) queue.Task {
	return queue.Task{
		ID: paymux.TaskID(r.text()), Kind: r.text(), Ref: r.text(), Lane: r.text(), Due: r.time(),
		Attempt: int(r.int()), LastError: r.text(), CreatedAt: r.time(),
	}
}

// Due implements queue.Store. What is skipped is passed over in the index.
func (s *Store) Due(ctx context.Context, before time.Time, skip queue.Skip, limit int) (tasks []queue.Task, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		keys, err := dueKeys(conn, before, skip, limit)
		if err != nil {
			return err
		}
		for _, k := range keys {
			found, err := read(conn, taskColumns+" FROM tasks WHERE kind = ? AND ref = ? AND lane = ?", func(s *statement) {
				s.text(k.Kind)
				s.text(k.Ref)
				s.text(k.Lane)
			}, func(r *row) (queue.Task, error) { return scanTask(r), nil })
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

// dueKeys reads keys and due times of tasks from the index.
func dueKeys(conn *sqlite.Conn, before time.Time, skip queue.Skip, limit int) (keys []queue.Task, err error) {
	s := prepare(conn, "SELECT id, lane, due_at, kind, ref FROM tasks WHERE due_at <= ? ORDER BY due_at, id")
	s.time(before)
	err = s.rows(func(r *row) (bool, error) {
		k := queue.Task{ID: paymux.TaskID(r.text()), Lane: r.text()}
		if len(keys) < limit && !skip.IDs[k.ID] && !skip.Lanes[k.Lane] {
			k.Due, k.Kind, k.Ref = r.time(), r.text(), r.text()
			keys = append(keys, k)
		}
		return len(keys) < limit, nil
	})
	return keys, err
}

// forever is later than any task is due.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// NextDue implements queue.Store.
func (s *Store) NextDue(ctx context.Context, skip queue.Skip) (at time.Time, ok bool, err error) {
	err = s.pool.with(ctx, func(conn *sqlite.Conn) error {
		keys, err := dueKeys(conn, forever, skip, 1)
		if len(keys) == 1 {
			at, ok = keys[0].Due, true
		}
		return err
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read when a task is due: %w", err)
	}
	return at, ok, nil
}

// Settle implements queue.Store.
func (s *Store) Settle(ctx context.Context, outcomes []queue.Outcome) error {
	hops := make([]string, len(outcomes))
	for i, o := range outcomes {
		if o.Hop == nil || o.Payment == "" {
			continue
		}
		doc, err := text([]paymux.Hop{*o.Hop})
		if err != nil {
			return fmt.Errorf("encode a hop of payment %s: %w", o.Payment, err)
		}
		hops[i] = doc
	}
	now := s.cfg.Now()
	return s.submit(ctx, func(w *writer) error {
		for i := range outcomes {
			if err := w.settle(&outcomes[i], hops[i], now); err != nil {
				return fmt.Errorf("settle %s: %w", outcomes[i].Task.ID, err)
			}
		}
		return nil
	})
}

func (w *writer) settle(o *queue.Outcome, hop string, now time.Time) error {
	var errs [3]error
	switch {
	case o.Bury:
		errs[0] = w.bury(o, now)
		errs[1] = w.deleteTask(&o.Task)
	case o.Done:
		errs[0] = w.deleteTask(&o.Task)
	default:
		errs[0] = w.retry(o)
	}
	if hop != "" {
		errs[2] = w.appendHops(o.Payment, hop)
	}
	return errors.Join(errs[:]...)
}

// key binds what finds a task by its clustered key, and only while it is the same one.
func (s *statement) key(k *queue.Task) {
	s.text(k.Kind)
	s.text(k.Ref)
	s.text(k.Lane)
	s.text(string(k.ID))
}

const byKey = " WHERE kind = ? AND ref = ? AND lane = ? AND id = ?"

func (w *writer) deleteTask(k *queue.Task) error {
	s := w.prepare("DELETE FROM tasks" + byKey)
	s.key(k)
	_, err := w.exec(&s)
	return err
}

func (w *writer) retry(o *queue.Outcome) error {
	s := w.prepare("UPDATE tasks SET due_at = ?, attempt = ?, last_error = ?" + byKey)
	s.time(o.Due)
	s.int(int64(o.Task.Attempt))
	s.text(o.Task.LastError)
	s.key(&o.Task)
	_, err := w.exec(&s)
	return err
}

func (w *writer) bury(o *queue.Outcome, now time.Time) error {
	s := w.prepare(`INSERT INTO buried (id, kind, ref, lane, due_at, attempt, last_error, created_at, buried_at)
	SELECT id, kind, ref, lane, due_at, ?, ?, created_at, ? FROM tasks` + byKey)
	s.int(int64(o.Task.Attempt))
	s.text(o.Task.LastError)
	s.time(now)
	s.key(&o.Task)
	_, err := w.exec(&s)
	return err
}

// Buried implements queue.Store.
func (s *Store) Buried(ctx context.Context, page paymux.Page) ([]queue.Buried, error) {
	list, err := query(ctx, s.pool, taskColumns+", buried_at FROM buried WHERE id < ? ORDER BY id DESC LIMIT ?",
		func(s *statement) { s.page(page) },
		func(r *row) (queue.Buried, error) { return queue.Buried{Task: scanTask(r), BuriedAt: r.time()}, nil })
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
