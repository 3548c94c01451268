package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// mintedBy is by how much an event's time may differ from that in its ID. Both are taken
// at the same moment; an hour is more than enough.
const mintedBy = time.Hour

// fitting builds the query for the events of about a replay's time, which is a range of IDs, and whether each fits exactly. Only
// at the edges are bodies read for it.
func fitting(r *paymux.Replay) (q *filter, fits string) {
	q = &filter{}
	q.where("merchant = ?", string(r.Merchant))
	q.where("id >= ?", eventsFrom(r.From.Add(-mintedBy)))
	q.where("id < ?", eventsFrom(r.To.Add(mintedBy)))
	fits = fmt.Sprintf(`(id >= %s AND id < %s OR (body::json ->> 'timestamp')::timestamptz >= %s AND (body::json ->> 'timestamp')::timestamptz < %s)`,
		q.arg(eventsFrom(r.From.Add(mintedBy))), q.arg(eventsFrom(r.To.Add(-mintedBy))), q.arg(r.From), q.arg(r.To))
	if len(r.Types) > 0 {
		fits += " AND type = ANY (" + q.arg(texts(r.Types)) + "::text[])"
	}
	if r.Only == paymux.ReplayUndelivered {
		fits += ` AND NOT EXISTS (SELECT FROM attempts a
			WHERE a.event = e.id AND a.endpoint = ` + q.arg(string(r.Endpoint)) + ` AND a.result = 'delivered')`
	}
	return q, fits
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// CountReplay implements notify.Replays.
func (s *Store) CountReplay(ctx context.Context, r paymux.Replay) (int, error) {
	q, fits := fitting(&r)
	return one(ctx, s, "number of events of replay", string(r.ID), "SELECT count(*) FROM events e "+q.text()+" AND "+fits, q.args, pgx.RowTo[int])
}

// Next implements notify.Replays. It walks in the merchant's order, which differs from that of IDs only for events committed at the
// same time, and looks at several times limit events at most.
func (s *Store) Next(ctx context.Context, r paymux.Replay, limit int) (events []paymux.EventID, last paymux.EventID, err error) {
	q, fits := fitting(&r)
	if err := s.resume(ctx, &r, q); err != nil {
		return nil, "", err
	}
	type looked struct {
		id   paymux.EventID
		fits bool
	}
	sql := "SELECT id, " + fits + " FROM events e " + q.text() + oldestFirst + " LIMIT " + q.arg(10*limit)
	all, err := list(ctx, s, "events of replay "+string(r.ID), sql, q.args, func(row pgx.CollectableRow) (l looked, err error) {
		err = row.Scan(&l.id, &l.fits)
		return l, err
	})
	for _, l := range all {
		if len(events) == limit {
			break
		}
		if last = l.id; l.fits {
			events = append(events, l.id)
		}
	}
	return events, last, err
}

// resume begins after a replay's cursor. Where that event's day was dropped, what was kept has higher IDs.
func (s *Store) resume(ctx context.Context, r *paymux.Replay, q *filter) error {
	if r.Cursor == "" {
		return nil
	}
	at, err := s.placeOf(ctx, r.Merchant, r.Cursor)
	if errors.Is(err, paymux.NotFound) {
		q.where("id > ?", string(r.Cursor))
		return nil
	}
	if err == nil {
		at.bound(q, ">")
	}
	return err
}

// CreateReplay implements notify.Replays.
func (s *Store) CreateReplay(ctx context.Context, r paymux.Replay, t queue.Task, i *paymux.Idempotency) error {
	detail, err := marshal(&r)
	if err != nil {
		return err
	}
	return written(s.inTx(ctx, func(tx pgx.Tx) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "INSERT INTO replays (id, merchant, status, cursor, detail) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
			string(r.ID), string(r.Merchant), string(r.Status), string(r.Cursor), detail)
		if err == nil && tag.RowsAffected() == 0 {
			err = paymux.ErrStale
		}
		if err != nil {
			return err
		}
		return s.enqueue(ctx, tx, []queue.Task{t}, appendTask)
	}), "create replay", string(r.ID))
}

// enqueue inserts tasks in another write's transaction. Those that are there already stay as they are.
func (s *Store) enqueue(ctx context.Context, tx pgx.Tx, tasks []queue.Task, appendRow func(*record, *queue.Task)) error {
	if len(tasks) == 0 {
		return nil
	}
	r := &record{}
	var all []owned[taskRow]
	for _, row := range rows(r, tasks, appendRow) {
		all = append(all, owned[taskRow]{row: row})
	}
	if r.err != nil {
		return r.err
	}
	sortRows(all, subjectOf)
	s.types.register(tx.Conn())
	_, err := tx.Exec(ctx, taskTable.insert()+" ON CONFLICT DO NOTHING", array(s.types, taskTable, all))
	return err
}

// Step implements notify.Replays.
func (s *Store) Step(ctx context.Context, r paymux.Replay, tasks []queue.Task) error {
	detail, err := marshal(&r)
	if err != nil {
		return err
	}
	return written(s.inTx(ctx, func(tx pgx.Tx) error {
		var status paymux.ReplayStatus
		err := tx.QueryRow(ctx, "SELECT status FROM replays WHERE id = $1 FOR UPDATE", string(r.ID)).Scan(&status)
		if errors.Is(err, pgx.ErrNoRows) {
			return notFound("replay", string(r.ID))
		}
		if err != nil || status != paymux.ReplayRunning {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE replays SET status = $2, cursor = $3, detail = $4 WHERE id = $1",
			string(r.ID), string(r.Status), string(r.Cursor), detail)
		if err != nil {
			return err
		}
		return s.enqueue(ctx, tx, tasks, appendParked)
	}), "keep the progress of replay", string(r.ID))
}

const replayColumns = "id, merchant, status, cursor, detail"

func scanReplay(row pgx.CollectableRow) (paymux.Replay, error) {
	var columns, r paymux.Replay
	var detail []byte
	if err := row.Scan(&columns.ID, &columns.Merchant, &columns.Status, &columns.Cursor, &detail); err != nil {
		return r, err
	}
	if err := json.Unmarshal(detail, &r); err != nil {
		return r, fmt.Errorf("detail of replay %s: %w", columns.ID, err)
	}
	r.ID, r.Merchant, r.Status, r.Cursor = columns.ID, columns.Merchant, columns.Status, columns.Cursor
	return r, nil
}

// Replay implements notify.Replays.
func (s *Store) Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	const sql = "SELECT " + replayColumns + " FROM replays WHERE id = $1 AND merchant = $2"
	return one(ctx, s, "replay", string(id), sql, []any{string(id), string(merchant)}, scanReplay)
}

// ReplayByID implements notify.Replays.
func (s *Store) ReplayByID(ctx context.Context, id paymux.ReplayID) (paymux.Replay, error) {
	return one(ctx, s, "replay", string(id), "SELECT "+replayColumns+" FROM replays WHERE id = $1", []any{string(id)}, scanReplay)
}
