package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
)

func appendAttempt(r *record, a *paymux.Attempt) {
	r.open(attemptTable)
	r.text(string(a.Event))
	r.text(string(a.Endpoint))
	r.time(a.At)
	r.text(string(a.Result))
	r.json(a)
}

func scanAttempt(row pgx.CollectableRow) (paymux.Attempt, error) {
	var columns, a paymux.Attempt
	var detail []byte
	if err := row.Scan(&columns.Event, &columns.Endpoint, &columns.At, &columns.Result, &detail); err != nil {
		return a, err
	}
	if err := json.Unmarshal(detail, &a); err != nil {
		return a, fmt.Errorf("detail of an attempt to deliver %s: %w", columns.Event, err)
	}
	a.Event, a.Endpoint, a.At, a.Result = columns.Event, columns.Endpoint, columns.At.UTC(), columns.Result
	return a, nil
}

// Attempts implements notify.Log.
func (s *Store) Attempts(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.Attempt, error) {
	if _, err := s.placeOf(ctx, merchant, event); err != nil {
		return nil, err
	}
	q := filter{}
	q.where("event = ?", string(event))
	q.whereSet("endpoint = ?", string(endpoint))
	sql := "SELECT event, endpoint, at, result, detail FROM attempts " + q.text() + " ORDER BY at, endpoint"
	return list(ctx, s, "attempts", sql, q.args, scanAttempt)
}

// Notified implements payment.Store.
func (s *Store) Notified(ctx context.Context, id paymux.PaymentID) ([]paymux.Attempt, error) {
	const sql = `SELECT a.event, a.endpoint, a.at, a.result, a.detail
		FROM (SELECT id FROM events WHERE id >= $2 AND object_id = ANY (ARRAY(SELECT $1
			UNION ALL SELECT id FROM refunds WHERE payment = $1 UNION ALL SELECT id FROM disputes WHERE payment = $1))) e
		CROSS JOIN LATERAL (SELECT * FROM attempts WHERE event = e.id OFFSET 0) a
		ORDER BY a.at, a.event, a.endpoint`
	return list(ctx, s, "attempts of payment "+string(id), sql, []any{string(id), eventsSince(string(id))}, scanAttempt)
}

// lanesOf is the condition that a task, or what is left of one, stands in a lane of an endpoint: the one of its name, or one of those
// that begin with it and a slash, after which comes the zero.
func lanesOf(q *filter, endpoint paymux.EndpointID) string {
	return fmt.Sprintf("(lane = %[1]s OR lane >= %[1]s || '/' AND lane < %[1]s || '0')", q.arg(string(endpoint))+"::text")
}

// Notifications implements notify.Log. It walks the merchant's events, newest first, and tells from what is left of
// each where its notification stands. Events that left no trace at the endpoint are passed over. Of the first that is
// too many, looked at or found, it learns the one before, which is where the next call begins.
func (s *Store) Notifications(ctx context.Context, f paymux.NotificationFilter) (found []paymux.Notification, next paymux.EventID, err error) {
	q := filter{}
	q.where("merchant = ?", string(f.Merchant))
	q.whereSet("id = ?", string(f.Event))
	if f.After != "" {
		after, err := s.placeOf(ctx, f.Merchant, paymux.EventID(f.After))
		if err != nil {
			return nil, "", err
		}
		after.bound(&q, "<")
	}
	endpoint, lanes, most := q.arg(string(f.Endpoint)), lanesOf(&q, f.Endpoint), q.arg(notify.MostLooks)
	sql := `SELECT id, type, object_id, coalesce(status, ''), made, next_at, last_error, failed, body, place > ` + most + `, coalesce(before, '') FROM (
		SELECT e.*, k.due_at AS next_at, coalesce(k.last_error, b.last_error, '') AS last_error, a.made, a.failed,
			CASE WHEN k.due_at IS NOT NULL THEN 'pending' WHEN a.ended IS NOT NULL THEN a.ended
				WHEN b.last_error IS NOT NULL THEN 'dead' WHEN a.logged > 0 THEN 'dropped' END AS status
		FROM (SELECT id, xact, type, object_id, body, row_number() OVER walk AS place, lag(id) OVER walk AS before FROM events ` + q.text() + `
			WINDOW walk AS (` + newestFirst + `)` + newestFirst + ` LIMIT ` + most + ` + 1) e
		LEFT JOIN LATERAL (SELECT due_at, last_error FROM tasks
			WHERE kind = 'notify' AND ref = e.id AND ` + lanes + ` ORDER BY due_at LIMIT 1) k ON true
		LEFT JOIN LATERAL (SELECT last_error FROM buried
			WHERE kind = 'notify' AND ref = e.id AND ` + lanes + ` ORDER BY buried_at DESC LIMIT 1) b ON true
		CROSS JOIN LATERAL (SELECT count(*) AS logged, count(*) FILTER (WHERE result <> 'dropped') AS made,
				(array_agg(result ORDER BY at DESC) FILTER (WHERE result <> 'failed'))[1] AS ended,
				(array_agg(detail ORDER BY at DESC) FILTER (WHERE result IN ('failed', 'dead')))[1] AS failed
			FROM attempts WHERE event = e.id AND endpoint = ` + endpoint + `) a) n
		WHERE place > ` + most + ` OR status IS NOT NULL AND (status = ` + q.arg(string(f.Status)) + ` OR ` + q.arg(f.Status == "") + `)
		` + newestFirst + ` LIMIT ` + q.arg(f.Limit+1)
	all, err := list(ctx, s, "notifications", sql, q.args, func(row pgx.CollectableRow) (stop, error) {
		return scanNotification(row, f.Endpoint)
	})
	for _, n := range all {
		if n.beyond || len(found) == f.Limit {
			return found, n.before, err
		}
		found = append(found, n.Notification)
	}
	return found, "", err
}

// stop is one on the way through the merchant's events.
type stop struct {
	paymux.Notification
	beyond bool           // enough were looked at before it
	before paymux.EventID // the event just before it, whatever that was; empty for the first
}

func scanNotification(row pgx.CollectableRow, endpoint paymux.EndpointID) (stop, error) {
	n := stop{Notification: paymux.Notification{Object: "notification", Endpoint: endpoint}}
	var next *time.Time
	var failed, body []byte
	err := row.Scan(&n.Event, &n.Type, &n.ObjectID, &n.Status, &n.Attempts, &next, &n.LastError, &failed, &body, &n.beyond, &n.before)
	if err != nil {
		return n, err
	}
	var event paymux.Event
	if err := json.Unmarshal(body, &event); err != nil {
		return n, fmt.Errorf("body of event %s: %w", n.Event, err)
	}
	n.CreatedAt, n.NextAt = event.Timestamp.UTC(), timeOrZero(next)
	if failed != nil {
		var a paymux.Attempt
		if err := json.Unmarshal(failed, &a); err != nil {
			return n, fmt.Errorf("detail of an attempt to deliver %s: %w", n.Event, err)
		}
		n.LastError = a.Error
	}
	return n, nil
}
