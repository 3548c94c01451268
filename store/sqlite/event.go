package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
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
	s := w.prepare("INSERT INTO events (n, id, merchant, type, object_id, payment, created_at, body, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	s.identity(string(e.ID))
	s.text(string(e.Merchant))
	s.text(string(e.Type))
	s.text(e.ObjectID)
	s.text(string(e.Payment))
	s.time(e.Timestamp)
	s.json(e.Body)
	s.int(w.nextSeq())
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("insert event %s: %w", e.ID, err)
	}
	return nil
}

// nextSeq is the place of an event in the order of commits: there is one writer, so the
// order in which it writes is the order in which readers come to see what it wrote.
func (w *writer) nextSeq() int64 {
	w.seq = max(w.seq+1, w.now().UnixMicro())
	return w.seq
}

// newestSeq looks at each merchant's newest event: there is no index over seq alone.
const newestSeq = `WITH RECURSIVE m (merchant) AS (
	SELECT min(merchant) FROM events
	UNION ALL SELECT (SELECT min(merchant) FROM events WHERE merchant > m.merchant) FROM m WHERE m.merchant IS NOT NULL
) SELECT coalesce(max((SELECT max(seq) FROM events WHERE merchant = m.merchant)), 0) FROM m`

// readSeq has the order go on where it ended, whatever the clock says now.
func (w *writer) readSeq() error {
	newest, err := read(w.conn, newestSeq, func(*statement) {}, func(r *row) (int64, error) { return r.int(), nil })
	if err != nil {
		return fmt.Errorf("read the newest event's place: %w", err)
	}
	w.seq = newest[0]
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

// Enqueue implements notify.Store.
func (s *Store) Enqueue(ctx context.Context, tasks []queue.Task) error {
	return s.submit(ctx, func(w *writer) error {
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

// Events implements access.Events. Both directions go by the order of commits.
func (s *Store) Events(ctx context.Context, f paymux.EventFilter) (list []paymux.Event, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		at, ok, err := standing(conn, f)
		if err != nil || !ok {
			return err
		}
		list, err = read(conn, selectEvents(f), func(s *statement) { bindEvents(s, f, at) }, scanEvent)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list events of %s: %w", f.Merchant, err)
	}
	return list, nil
}

// Newest implements access.Events: with one writer, what is there is in the order of commits.
func (s *Store) Newest(ctx context.Context, merchant paymux.MerchantID) (paymux.EventID, error) {
	found, err := query(ctx, s.pool, "SELECT id FROM events INDEXED BY events_list WHERE merchant = ? ORDER BY seq DESC LIMIT 1",
		func(s *statement) { s.text(string(merchant)) }, func(r *row) (paymux.EventID, error) { return paymux.EventID(r.text()), nil })
	if err != nil {
		return "", fmt.Errorf("find the newest event of %s: %w", merchant, err)
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0], nil
}

// standing is the place from which a list goes on. A list that goes back in time ends at an event that is
// gone, for so are those before it; a reader who waits for what comes has to be told.
func standing(conn *sqlite.Conn, f paymux.EventFilter) (at int64, ok bool, err error) {
	switch {
	case f.After != "":
		at, ok, err = placeOf(conn, f.Merchant, f.After)
	case f.Oldest:
		return math.MinInt64, true, nil
	default:
		return math.MaxInt64, true, nil
	}
	if err == nil && !ok && f.Oldest {
		err = notFound("event " + f.After)
	}
	return at, ok, err
}

// placeOf finds an event's place in the order of commits.
func placeOf(conn *sqlite.Conn, merchant paymux.MerchantID, id string) (at int64, ok bool, err error) {
	found, err := read(conn, "SELECT seq FROM events WHERE n = ? AND id = ? AND merchant = ?", func(s *statement) {
		s.identity(id)
		s.text(string(merchant))
	}, func(r *row) (int64, error) { return r.int(), nil })
	if err != nil || len(found) == 0 {
		return 0, false, err
	}
	return found[0], true, nil
}

func selectEvents(f paymux.EventFilter) string {
	index, where, order := "events_list", "merchant = ? AND seq < ?", "seq DESC"
	if f.Oldest {
		where, order = "merchant = ? AND seq > ?", "seq"
	}
	if f.Type != "" {
		where += " AND type = ?"
	}
	if f.ObjectID != "" {
		index, where = "events_object", where+" AND object_id = ?"
	}
	return eventColumns + "INDEXED BY " + index + " WHERE " + where + " ORDER BY " + order + " LIMIT ?"
}

func bindEvents(s *statement, f paymux.EventFilter, at int64) {
	s.text(string(f.Merchant))
	s.int(at)
	if f.Type != "" {
		s.text(string(f.Type))
	}
	if f.ObjectID != "" {
		s.text(f.ObjectID)
	}
	s.int(int64(f.Limit))
}

const selectSiblings = `SELECT id, type, json_extract(body, '$.data.sequence') AS sequence,
	EXISTS (SELECT 1 FROM tasks WHERE kind = '` + notify.KindNotify + `' AND ref = events.id AND lane = ?)
	FROM events INDEXED BY events_object WHERE object_id = ? AND n <> ? ORDER BY sequence, n`

// Siblings implements notify.Store.
func (s *Store) Siblings(ctx context.Context, e paymux.Event, lane string) ([]notify.Sibling, error) {
	list, err := query(ctx, s.pool, selectSiblings, func(s *statement) {
		s.text(lane)
		s.text(e.ObjectID)
		s.number(string(e.ID))
	}, func(r *row) (notify.Sibling, error) {
		return notify.Sibling{ID: paymux.EventID(r.text()), Type: paymux.EventType(r.text()), Sequence: r.int(), Pending: r.int() != 0}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the other events of %s: %w", e.ObjectID, err)
	}
	return list, nil
}

// Attempts are keyed by their event: what is older than the oldest event belongs to none.
const (
	pruneEvents   = "DELETE FROM events WHERE n IN (SELECT n FROM events ORDER BY n LIMIT ?) AND created_at < ?"
	pruneAttempts = "DELETE FROM attempts WHERE event < coalesce((SELECT min(n) FROM events), 9223372036854775807)"
	// Rows of buried are numbered in the order in which they were buried.
	pruneBuried = "DELETE FROM buried WHERE rowid IN (SELECT rowid FROM buried WHERE kind = '" + notify.KindNotify + "' ORDER BY rowid LIMIT ?) AND buried_at < ?"
)

// PruneEvents deletes events made before a time and their attempts, and deliveries
// buried before it, the oldest first and at most limit of each, and returns how many of which there were more.
func (s *Store) PruneEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	var pruned int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) error {
		prune := func(sql string) (int, error) {
			s := w.prepare(sql)
			s.int(int64(limit))
			s.time(before)
			return w.exec(&s)
		}
		buried, err := prune(pruneBuried)
		if err != nil {
			return err
		}
		events, err := prune(pruneEvents)
		pruned = max(buried, events)
		if err != nil || events == 0 {
			return err
		}
		s := w.prepare(pruneAttempts)
		_, err = w.exec(&s)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune events: %w", err)
	}
	return pruned, nil
}
