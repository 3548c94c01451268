package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// settled is an outcome with what is logged of it, as JSON.
type settled struct {
	*queue.Outcome
	hop, exchange string
}

func encodeOutcome(o *queue.Outcome) (settled, error) {
	e := settled{Outcome: o}
	if o.Hop != nil && o.Payment != "" {
		e.hop = string(paymux.AppendHops(nil, []paymux.Hop{*o.Hop}))
	}
	if o.Attempt == nil {
		return e, nil
	}
	var err error
	if e.exchange, err = exchangeDoc(o.Attempt); err != nil {
		return e, fmt.Errorf("encode an attempt to deliver %s to %s: %w", o.Attempt.Event, o.Attempt.Endpoint, err)
	}
	return e, nil
}

// Settle implements queue.Store. A delivery is one row deleted and one appended.
func (s *Store) Settle(ctx context.Context, outcomes []queue.Outcome) error {
	entries := make([]settled, len(outcomes))
	for i := range outcomes {
		var err error
		if entries[i], err = encodeOutcome(&outcomes[i]); err != nil {
			return err
		}
	}
	now := s.cfg.Now()
	return s.submit(ctx, func(w *writer) error {
		leases := held{}
		for i := range entries {
			if err := w.settle(&entries[i], leases, now); err != nil {
				return fmt.Errorf("settle %s: %w", entries[i].Task.ID, err)
			}
		}
		return nil
	})
}

func (w *writer) settle(o *settled, leases held, now time.Time) error {
	if err := w.decide(o.Outcome, leases, now); err != nil {
		return err
	}
	if o.hop != "" {
		if err := w.appendHops(o.Payment, o.hop); err != nil {
			return err
		}
	}
	if o.Attempt != nil {
		return w.insertAttempt(o.Attempt, o.exchange)
	}
	return nil
}

// decide changes the task. Only what puts it off or buries it needs a lease.
func (w *writer) decide(o *queue.Outcome, leases held, now time.Time) error {
	if o.Done {
		return w.deleteTask(&o.Task)
	}
	ok, err := leases.allows(w, o.Lease)
	if err != nil || !ok {
		return err
	}
	if !o.Bury {
		return w.retry(o)
	}
	if err := w.bury(o, now); err != nil {
		return err
	}
	return w.deleteTask(&o.Task)
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
	s := w.prepare("UPDATE tasks SET due_at = ?, attempt = ?, last_error = ?, parked = 0" + byKey)
	s.time(o.Due)
	s.int(int64(o.Task.Attempt))
	s.text(o.Task.LastError)
	s.key(&o.Task)
	_, err := w.exec(&s)
	return err
}

func (w *writer) bury(o *queue.Outcome, now time.Time) error {
	s := w.prepare(`INSERT INTO buried (id, kind, ref, lane, due_at, attempt, last_error, created_at, trace, buried_at)
	SELECT id, kind, ref, lane, due_at, ?, ?, created_at, trace, ? FROM tasks` + byKey)
	s.int(int64(o.Task.Attempt))
	s.text(o.Task.LastError)
	s.time(now)
	s.key(&o.Task)
	_, err := w.exec(&s)
	return err
}
