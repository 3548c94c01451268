package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// What an event says is in its body; columns are what reads select by, and
// what merchants are not shown.
const eventColumns = "SELECT id, merchant, object_id, payment, body FROM events "

func scanEvent(r *row) (e paymux.Event, err error) {
	id, merchant, object, payment, body := paymux.EventID(r.text()), paymux.MerchantID(r.text()), r.text(), paymux.PaymentID(r.text()), r.bytes()
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("event %s: %w", id, err)
	}
	e.Merchant, e.ObjectID, e.Payment, e.Body = merchant, object, payment, body
	return e, nil
}

func (w *writer) insertEvent(e *paymux.Event) error {
	s := w.prepare("INSERT INTO events (n, id, merchant, type, object_id, payment, created_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
	s.identity(string(e.ID))
	s.text(string(e.Merchant))
	s.text(string(e.Type))
	s.text(e.ObjectID)
	s.text(string(e.Payment))
	s.time(e.Timestamp)
	s.json(e.Body)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("insert event %s: %w", e.ID, err)
	}
	return nil
}

// Emit implements notify.Store.
func (s *Store) Emit(ctx context.Context, e paymux.Event, tasks []queue.Task) error {
	return s.submit(ctx, func(w *writer) error {
		if err := w.insertEvent(&e); err != nil {
			return err
		}
		for i := range tasks {
			if err := w.putTask(&tasks[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// EventByID implements notify.Store.
func (s *Store) EventByID(ctx context.Context, id paymux.EventID) (paymux.Event, error) {
	return one(ctx, s.pool, "event "+string(id), eventColumns+"WHERE n = ? AND id = ?", func(s *statement) { s.identity(string(id)) }, scanEvent)
}

// Event implements access.Events.
func (s *Store) Event(ctx context.Context, merchant paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	return one(ctx, s.pool, "event "+string(id), eventColumns+"WHERE n = ? AND id = ? AND merchant = ?", func(s *statement) {
		s.identity(string(id))
		s.text(string(merchant))
	}, scanEvent)
}

// Events implements access.Events.
func (s *Store) Events(ctx context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	index, where := "events_list", "merchant = ? AND n < ?"
	if f.Type != "" {
		where += " AND type = ?"
	}
	if f.ObjectID != "" {
		index, where = "events_object", where+" AND object_id = ?"
	}
	list, err := query(ctx, s.pool, eventColumns+"INDEXED BY "+index+" WHERE "+where+" ORDER BY n DESC LIMIT ?", func(s *statement) {
		s.text(string(f.Merchant))
		s.before(f.After)
		if f.Type != "" {
			s.text(string(f.Type))
		}
		if f.ObjectID != "" {
			s.text(f.ObjectID)
		}
		s.int(int64(f.Limit))
	}, scanEvent)
	if err != nil {
		return nil, fmt.Errorf("list events of %s: %w", f.Merchant, err)
	}
	return list, nil
}
