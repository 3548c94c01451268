package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
)

// Events of a merchant, newest first, or one of them.
const (
	selectNotifications = "SELECT n, id, type, object_id, created_at FROM events INDEXED BY events_list WHERE merchant = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
	selectNotification  = "SELECT n, id, type, object_id, created_at FROM events WHERE merchant = ? AND seq < ? AND n = ? AND id = ? LIMIT ?"
)

// Notifications implements notify.Log.
func (s *Store) Notifications(ctx context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		list, next, err = notifications(conn, f)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list notifications to %s: %w", f.Endpoint, err)
	}
	return list, next, nil
}

func notifications(conn *sqlite.Conn, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error) {
	before := int64(math.MaxInt64)
	if f.After != "" {
		var ok bool
		if before, ok, err = placeOf(conn, f.Merchant, f.After); err != nil || !ok {
			return nil, "", err
		}
	}
	sql := selectNotifications
	if f.Event != "" {
		sql = selectNotification
	}
	s := prepare(conn, sql)
	s.text(string(f.Merchant))
	s.int(before)
	if f.Event != "" {
		s.identity(string(f.Event))
	}
	s.int(notify.MostLooks + 1)
	looks, last := 0, paymux.EventID("")
	err = s.rows(func(r *row) (more bool, err error) {
		t := trace{conn: conn, event: r.int()}
		n := paymux.Notification{
			Object: "notification", Endpoint: f.Endpoint,
			Event: paymux.EventID(r.text()), Type: paymux.EventType(r.text()), ObjectID: r.text(), CreatedAt: r.time(),
		}
		if err := t.follow(&n); err != nil {
			return false, err
		}
		fits := n.Status != "" && (f.Status == "" || f.Status == n.Status)
		if looks == notify.MostLooks || fits && len(list) == f.Limit {
			next = last
			return false, nil
		}
		if looks, last = looks+1, n.Event; fits {
			list = append(list, n)
		}
		return true, nil
	})
	return list, next, err
}

// What one event has left behind.
const (
	selectLogged  = "SELECT at, result, error FROM attempts WHERE event = ? AND endpoint = ? ORDER BY at"
	selectWaiting = "SELECT lane, due_at, last_error FROM tasks WHERE kind = ? AND ref = ?"
	selectGivenUp = "SELECT lane, buried_at, last_error FROM buried INDEXED BY buried_ref WHERE ref = ? AND kind = ? ORDER BY buried_at"
)

// trace is what one event has left behind on its way to one endpoint.
type trace struct {
	conn     *sqlite.Conn
	event    int64 // its n
	ended    paymux.AttemptResult
	endedAt  time.Time
	logged   bool
	buriedAt time.Time
}

// follow finds out what became of a notification. One without a trace keeps an empty Status.
func (t *trace) follow(n *paymux.Notification) error {
	if err := t.readAttempts(n); err != nil {
		return err
	}
	pending, err := t.readTask(n)
	if err != nil {
		return err
	}
	if err := t.readBuried(n); err != nil {
		return err
	}
	switch {
	case pending:
		n.Status = paymux.NotificationPending
	case t.buriedAt.After(t.endedAt): // given up without a word in the log
		n.Status = paymux.NotificationDead
	case t.ended == paymux.AttemptDelivered:
		n.Status = paymux.NotificationDelivered
	case t.ended == paymux.AttemptDead:
		n.Status = paymux.NotificationDead
	case t.logged:
		n.Status = paymux.NotificationDropped
	}
	return nil
}

func (t *trace) readAttempts(n *paymux.Notification) error {
	s := prepare(t.conn, selectLogged)
	s.int(t.event)
	s.text(string(n.Endpoint))
	return s.rows(func(r *row) (bool, error) {
		at, result := r.time(), paymux.AttemptResult(r.text())
		t.logged = true
		switch result {
		case paymux.AttemptFailed, paymux.AttemptDead:
			n.LastError = r.text()
		}
		if result != paymux.AttemptFailed {
			t.ended, t.endedAt = result, at
		}
		if result != paymux.AttemptDropped {
			n.Attempts++
		}
		return true, nil
	})
}

func (t *trace) readTask(n *paymux.Notification) (pending bool, err error) {
	s := prepare(t.conn, selectWaiting)
	s.text(notify.KindNotify)
	s.text(string(n.Event))
	err = s.rows(func(r *row) (bool, error) {
		if laneOf(r.text(), n.Endpoint) {
			pending, n.NextAt = true, r.time()
			n.LastError = cmp.Or(n.LastError, r.text())
		}
		return !pending, nil
	})
	return pending, err
}

func (t *trace) readBuried(n *paymux.Notification) error {
	s := prepare(t.conn, selectGivenUp)
	s.text(string(n.Event))
	s.text(notify.KindNotify)
	var reason string
	err := s.rows(func(r *row) (bool, error) {
		if laneOf(r.text(), n.Endpoint) {
			t.buriedAt, reason = r.time(), r.text()
		}
		return true, nil
	})
	n.LastError = cmp.Or(n.LastError, reason)
	return err
}

// laneOf reports whether a lane is one of an endpoint's: its own, or that of a payment's URL it signs for.
func laneOf(lane string, endpoint paymux.EndpointID) bool {
	rest, ok := strings.CutPrefix(lane, string(endpoint))
	return ok && (rest == "" || rest[0] == '/')
}
