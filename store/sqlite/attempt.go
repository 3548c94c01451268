package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
)

// exchange is what was sent and answered in an attempt, as far as it is kept. Most have none.
type exchange struct {
	RequestHeader  map[string]string `json:"request_header,omitempty"`
	ResponseHeader map[string]string `json:"response_header,omitempty"`
	ResponseBody   string            `json:"response_body,omitempty"`
	ResponseCut    bool              `json:"response_cut,omitempty"`
}

func exchangeDoc(a *paymux.Attempt) (string, error) {
	if len(a.RequestHeader) == 0 && len(a.ResponseHeader) == 0 && a.ResponseBody == "" && !a.ResponseCut {
		return "", nil
	}
	return text(&exchange{a.RequestHeader, a.ResponseHeader, a.ResponseBody, a.ResponseCut})
}

// insertAttempt logs an attempt. A settlement whose outcome was not known is made again: its log is there already.
func (w *writer) insertAttempt(a *paymux.Attempt, exchange string) error {
	s := w.prepare(`INSERT INTO attempts (event, endpoint, at, number, result, status, duration_us, next_at, url, error, exchange)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	s.number(string(a.Event))
	s.text(string(a.Endpoint))
	s.time(a.At)
	s.int(int64(a.Number))
	s.text(string(a.Result))
	s.int(int64(a.Status))
	s.int(a.Duration)
	s.time(a.NextAt)
	s.text(a.URL)
	s.text(a.Error)
	s.text(exchange)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("log an attempt to deliver %s to %s: %w", a.Event, a.Endpoint, err)
	}
	return nil
}

const attemptColumns = `SELECT e.id, e.type, a.endpoint, a.at, a.number, a.result, a.status, a.duration_us, a.next_at, a.url, a.error, a.exchange
	FROM events AS e CROSS JOIN attempts AS a ON a.event = e.n `

func scanAttempt(r *row) (paymux.Attempt, error) {
	a := paymux.Attempt{
		Object: "notification_attempt",
		Event:  paymux.EventID(r.text()), Type: paymux.EventType(r.text()), Endpoint: paymux.EndpointID(r.text()), At: r.time(),
		Number: int(r.int()), Result: paymux.AttemptResult(r.text()), Status: int(r.int()), Duration: r.int(), NextAt: r.time(),
		URL: r.text(), Error: r.text(),
	}
	doc := r.text()
	if doc == "" {
		return a, nil
	}
	var x exchange
	if err := json.Unmarshal([]byte(doc), &x); err != nil {
		return a, fmt.Errorf("attempt to deliver %s to %s: %w", a.Event, a.Endpoint, err)
	}
	a.RequestHeader, a.ResponseHeader, a.ResponseBody, a.ResponseCut = x.RequestHeader, x.ResponseHeader, x.ResponseBody, x.ResponseCut
	return a, nil
}

const (
	selectAttempts   = attemptColumns + "WHERE e.n = ? AND e.id = ? ORDER BY a.at"
	selectAttemptsTo = attemptColumns + "WHERE e.n = ? AND e.id = ? AND a.endpoint = ? ORDER BY a.at"
)

// Attempts implements notify.Log.
func (s *Store) Attempts(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) (list []paymux.Attempt, err error) {
	sql := selectAttempts
	if endpoint != "" {
		sql = selectAttemptsTo
	}
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		_, ok, err := placeOf(conn, merchant, string(event))
		if err == nil && !ok {
			err = notFound("event " + string(event))
		}
		if err != nil {
			return err
		}
		list, err = read(conn, sql, func(s *statement) {
			s.identity(string(event))
			if endpoint != "" {
				s.text(string(endpoint))
			}
		}, scanAttempt)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the attempts to deliver %s: %w", event, err)
	}
	return list, nil
}

// selectNotified finds a payment's events by what they are about: the payment, its refunds, its disputes.
const selectNotified = attemptColumns + `WHERE e.object_id IN (
	SELECT ?1 UNION ALL SELECT id FROM refunds WHERE payment = ?1 UNION ALL SELECT id FROM disputes WHERE payment = ?1
) ORDER BY a.at`

// Notified implements payment.Store.
func (s *Store) Notified(ctx context.Context, id paymux.PaymentID) ([]paymux.Attempt, error) {
	list, err := query(ctx, s.pool, selectNotified, func(s *statement) { s.text(string(id)) }, scanAttempt)
	if err != nil {
		return nil, fmt.Errorf("list the notifications of payment %s: %w", id, err)
	}
	return list, nil
}
