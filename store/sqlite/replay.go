package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

const replayColumns = "SELECT body, merchant, cursor FROM replays "

func scanReplay(r *row) (p paymux.Replay, err error) {
	err = r.json(&p)
	p.Merchant, p.Cursor = paymux.MerchantID(r.text()), paymux.EventID(r.text())
	return p, err
}

// CreateReplay implements notify.Replays.
func (s *Store) CreateReplay(ctx context.Context, r paymux.Replay, t queue.Task, i *paymux.Idempotency) error {
	return s.edit(ctx, "replay "+string(r.ID), r, i, func(w *writer, body []byte) error {
		s := w.prepare("INSERT INTO replays (id, merchant, cursor, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING")
		s.text(string(r.ID))
		s.text(string(r.Merchant))
		s.text(string(r.Cursor))
		s.json(body)
		n, err := w.exec(&s)
		if err == nil && n == 0 {
			err = paymux.ErrStale
		}
		if err != nil {
			return err
		}
		return w.putTask(&t)
	})
}

// Replay implements notify.Replays.
func (s *Store) Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return one(ctx, s.pool, "replay "+string(id), replayColumns+"WHERE id = ? AND merchant = ?", func(s *statement) {
		s.text(string(id))
		s.text(string(merchant))
	}, scanReplay)
}

// ReplayByID implements notify.Replays.
func (s *Store) ReplayByID(ctx context.Context, id paymux.ReplayID) (paymux.Replay, error) {
	return one(ctx, s.pool, "replay "+string(id), replayColumns+"WHERE id = ?", func(s *statement) { s.text(string(id)) }, scanReplay)
}

// Step implements notify.Replays.
func (s *Store) Step(ctx context.Context, r paymux.Replay, tasks []queue.Task) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode replay %s: %w", r.ID, err)
	}
	err = s.submit(ctx, func(w *writer) error {
		s := w.prepare("UPDATE replays SET body = ?, cursor = ? WHERE id = ? AND status = 'running'")
		s.json(body)
		s.text(string(r.Cursor))
		s.text(string(r.ID))
		if n, err := w.exec(&s); err != nil || n == 0 {
			return err // it has ended meanwhile
		}
		for i := range tasks {
			if err := w.addParked(&tasks[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("go on with replay %s: %w", r.ID, err)
	}
	return nil
}

// replaySlack is how far an event's place in the order of commits, which is that of a clock, may be from
// its own time. A commit follows within seconds; the rest is for a clock that was set.
const replaySlack = time.Hour

// selectReplay walks a replay's events in the order of commits, which is that of IDs but for events
// made at the same time. The last column tells whether one is of the replay's time and, where that matters, undelivered.
const selectReplay = `SELECT id, type, CASE WHEN created_at < ? OR created_at >= ? THEN 0 WHEN ? THEN 1 ELSE NOT EXISTS (
		SELECT 1 FROM attempts WHERE event = events.n AND endpoint = ? AND result = 'delivered'
	) END FROM events INDEXED BY events_list WHERE merchant = ? AND seq > ? AND seq < ? ORDER BY seq`

// walk goes through the events around a replay's time from a place on, telling whether each is one to send.
func walk(conn *sqlite.Conn, r *paymux.Replay, from int64, look func(id paymux.EventID, fits bool) (more bool)) error {
	s := prepare(conn, selectReplay)
	s.time(r.From)
	s.time(r.To)
	s.bool(r.Only != paymux.ReplayUndelivered)
	s.text(string(r.Endpoint))
	s.text(string(r.Merchant))
	s.int(max(from, micros(r.From.Add(-replaySlack))))
	s.time(r.To.Add(replaySlack))
	return s.rows(func(row *row) (bool, error) {
		id, kind := paymux.EventID(row.text()), paymux.EventType(row.text())
		wanted := len(r.Types) == 0 || slices.Contains(r.Types, kind)
		return look(id, row.int() != 0 && wanted), nil
	})
}

// CountReplay implements notify.Replays.
func (s *Store) CountReplay(ctx context.Context, r paymux.Replay) (n int, err error) {
	err = s.pool.with(ctx, func(conn *sqlite.Conn) error {
		return walk(conn, &r, 0, func(_ paymux.EventID, fits bool) bool {
			if fits {
				n++
			}
			return ctx.Err() == nil
		})
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("count the events of a replay to %s: %w", r.Endpoint, err)
	}
	return n, nil
}

// mostLooks is at how many events one step of a replay looks at most.
const mostLooks = 5000

// Next implements notify.Replays.
func (s *Store) Next(ctx context.Context, r paymux.Replay, limit int) (events []paymux.EventID, last paymux.EventID, err error) {
	looks := 0
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		from, _, err := placeOf(conn, r.Merchant, string(r.Cursor)) // one that is gone had none before it that is not
		if err != nil {
			return err
		}
		return walk(conn, &r, from, func(id paymux.EventID, fits bool) bool {
			last = id
			if looks++; fits {
				events = append(events, id)
			}
			return len(events) < limit && looks < mostLooks
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("read the events of replay %s: %w", r.ID, err)
	}
	return events, last, nil
}
