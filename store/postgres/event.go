package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
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
	r.null(pgtype.XID8OID)
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

// Enqueue implements notify.Store.
func (s *Store) Enqueue(ctx context.Context, tasks []queue.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	r := &record{}
	entry := &entry{about: tasks[0].Ref, tasks: rows(r, tasks, appendTask)}
	if r.err != nil {
		return fmt.Errorf("enqueue tasks of %s: %w", entry.about, r.err)
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
	order, beyond := newestFirst, "<"
	if f.Oldest {
		order, beyond = oldestFirst, ">"
		q.conditions = append(q.conditions, settled)
	}
	if f.After != "" {
		after, err := s.placeOf(ctx, f.Merchant, paymux.EventID(f.After))
		if err != nil {
			return nil, err
		}
		after.bound(&q, beyond)
	}
	sql := "SELECT " + eventColumns + " FROM events " + q.text() + order + " LIMIT " + q.arg(f.Limit)
	return list(ctx, s, "events", sql, q.args, scanEvent)
}

// Newest implements access.Events.
func (s *Store) Newest(ctx context.Context, merchant paymux.MerchantID) (paymux.EventID, error) {
	const sql = "SELECT id FROM events WHERE merchant = $1 AND " + settled + newestFirst + " LIMIT 1"
	found, err := list(ctx, s, "events", sql, []any{string(merchant)}, pgx.RowTo[paymux.EventID])
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// Siblings implements notify.Store. An object's events come after the object: where IDs tell their times, days
// before it are not searched, but for a week by which clocks may differ.
func (s *Store) Siblings(ctx context.Context, e paymux.Event, lane string) ([]notify.Sibling, error) {
	const sql = `SELECT e.id, e.type, (e.body::json #>> '{data,sequence}')::bigint,
			EXISTS (SELECT FROM tasks t WHERE t.kind = 'notify' AND t.ref = e.id AND t.lane = $5)
		FROM events e WHERE e.object_id = $1 AND e.merchant = $2 AND e.id >= $3 AND e.id <> $4 ORDER BY e.id`
	args := []any{e.ObjectID, string(e.Merchant), eventsSince(e.ObjectID), string(e.ID), lane}
	return list(ctx, s, "events of "+e.ObjectID, sql, args, func(row pgx.CollectableRow) (b notify.Sibling, err error) {
		err = row.Scan(&b.ID, &b.Type, &b.Sequence, &b.Pending)
		return b, err
	})
}

// eventsSince is what the ID of an object's first event is not below.
func eventsSince(object string) string {
	at, ok := paymux.TimeOf(object)
	if !ok {
		return ""
	}
	return eventsFrom(at.Add(-7 * day))
}
