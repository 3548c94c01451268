package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

func appendEvent(r *record, e *paymux.Event) {
	r.open(eventTable)
	r.text(string(e.ID))
	r.text(string(e.Merchant))
	r.text(string(e.Type))
	r.text(e.ObjectID)
	r.text(string(e.Payment))
	r.text(string(e.Body))
}

func (g *group) insertEvents() {
	rows := gather(g, func(e *entry) []row[paymux.Event] { return e.events })
	if len(rows) > 0 {
		g.add(statement{sql: eventTable.insert(), rows: array(g.types, eventTable, rows)})
	}
}

// Emit implements notify.Store.
func (s *Store) Emit(ctx context.Context, e paymux.Event, tasks []queue.Task) error {
	entry, err := encodeEvent(e, tasks)
	if err != nil {
		return fmt.Errorf("emit event %s: %w", e.ID, err)
	}
	return s.changes.Do(ctx, entry)
}

const eventColumns = "id, merchant, type, object_id, payment, body"

// scanEvent reads what merchants are told from the body, the one thing they are told.
func scanEvent(row pgx.CollectableRow) (paymux.Event, error) {
	var columns, e paymux.Event
	var body []byte
	err := row.Scan(&columns.ID, &columns.Merchant, &columns.Type, &columns.ObjectID, &columns.Payment, &body)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("body of event %s: %w", columns.ID, err)
	}
	e.ID, e.Merchant, e.Type, e.ObjectID, e.Payment = columns.ID, columns.Merchant, columns.Type, columns.ObjectID, columns.Payment
	e.Body = body
	return e, nil
}

// EventByID implements notify.Store.
func (s *Store) EventByID(ctx context.Context, id paymux.EventID) (paymux.Event, error) {
	const sql = "SELECT " + eventColumns + " FROM events WHERE id = $1"
	return one(ctx, s, "event", string(id), sql, []any{string(id)}, scanEvent)
}

// Event implements access.Events.
func (s *Store) Event(ctx context.Context, merchant paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	const sql = "SELECT " + eventColumns + " FROM events WHERE id = $1 AND merchant = $2"
	return one(ctx, s, "event", string(id), sql, []any{string(id), string(merchant)}, scanEvent)
}

// Events implements access.Events.
func (s *Store) Events(ctx context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	q := filter{}
	q.where("merchant = ?", string(f.Merchant))
	q.whereSet("type = ?", string(f.Type))
	q.whereSet("object_id = ?", f.ObjectID)
	q.whereSet("id < ?", f.After)
	sql := "SELECT " + eventColumns + " FROM events " + q.text() + " ORDER BY id DESC LIMIT " + q.arg(f.Limit)
	return list(ctx, s, "events", sql, q.args, scanEvent)
}
