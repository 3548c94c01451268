package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paymux/paymux"
)

// signingSecret is a secret as the row has it: [paymux.Secret] makes JSON of no secret.
type signingSecret struct {
	Value   string    `json:"value"`
	Expires time.Time `json:"expires,omitzero"`
}

func secretsDoc(secrets []paymux.SigningSecret) ([]byte, error) {
	doc := make([]signingSecret, len(secrets))
	for i, s := range secrets {
		doc[i] = signingSecret{s.Value.Reveal(), s.Expires}
	}
	return json.Marshal(doc)
}

const endpointColumns = "SELECT body, secrets, failing_since FROM endpoints "

func scanEndpoint(r *row) (e paymux.Endpoint, err error) {
	if err := r.json(&e); err != nil {
		return e, err
	}
	var secrets []signingSecret
	if err := r.json(&secrets); err != nil {
		return e, fmt.Errorf("secrets of endpoint %s: %w", e.ID, err)
	}
	for _, s := range secrets {
		e.Secrets = append(e.Secrets, paymux.SigningSecret{Value: paymux.Secret(s.Value), Expires: s.Expires})
	}
	e.FailingSince = r.time()
	return e, nil
}

// CreateEndpoint implements access.Endpoints.
func (s *Store) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	const insert = "INSERT INTO endpoints (failing_since, revision, body, secrets, id, merchant) VALUES (?, ?, ?, ?, ?, ?)"
	return s.putEndpoint(ctx, insert, e, i, func(_ *writer, s *statement) error { s.time(e.FailingSince); return nil })
}

// updateEndpoint leaves failing_since to SetFailing, for what the caller read of it may be old by now. An
// endpoint that is enabled anew has failed at nothing yet. What deliveries make of a copy is no change at its home.
const updateEndpoint = `UPDATE endpoints SET failing_since = iif(? = 'enabled' AND status <> 'enabled', 0, failing_since),
	revision = iif(copy_of IS NULL, ?, revision), body = ?, secrets = ? WHERE id = ? AND merchant = ?`

// UpdateEndpoint implements access.Endpoints.
func (s *Store) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return s.putEndpoint(ctx, updateEndpoint, e, i, func(_ *writer, s *statement) error { s.text(string(e.Status)); return nil })
}

// EndEndpoint implements notify.Store.
func (s *Store) EndEndpoint(ctx context.Context, e paymux.Endpoint, before time.Time) error {
	return s.putEndpoint(ctx, updateEndpoint, e, nil, func(w *writer, s *statement) error {
		s.text(string(e.Status))
		found, err := read(w.conn, endpointColumns+"WHERE id = ? AND merchant = ?", func(s *statement) {
			s.text(string(e.ID))
			s.text(string(e.Merchant))
		}, scanEndpoint)
		if err == nil && len(found) > 0 && !found[0].UpdatedAt.Equal(before) {
			return paymux.ErrStale
		}
		return err
	})
}

// putEndpoint writes an endpoint. first binds what sql has before the rest, unless it refuses.
func (s *Store) putEndpoint(ctx context.Context, sql string, e paymux.Endpoint, i *paymux.Idempotency, first func(*writer, *statement) error) error {
	e.FailingSince = time.Time{} // it has its own column
	secrets, err := secretsDoc(e.Secrets)
	if err != nil {
		return fmt.Errorf("encode the secrets of endpoint %s: %w", e.ID, err)
	}
	return s.revise(ctx, "endpoint "+string(e.ID), e, i, func(w *writer, revision int64, body []byte) error {
		s := w.prepare(sql)
		if err := first(w, &s); err != nil {
			return err
		}
		s.int(revision)
		s.json(body)
		s.json(secrets)
		s.text(string(e.ID))
		s.text(string(e.Merchant))
		return w.mustChange(&s)
	})
}

// DeleteEndpoint implements access.Endpoints. A copy is its home's to delete.
func (s *Store) DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return s.revise(ctx, "endpoint "+string(id), nil, i, func(w *writer, revision int64, _ []byte) error {
		s := w.prepare("DELETE FROM endpoints WHERE id = ? AND merchant = ? AND copy_of IS NULL")
		s.text(string(id))
		s.text(string(merchant))
		if err := w.mustChange(&s); err != nil {
			return err
		}
		s = w.prepare("INSERT INTO deleted_endpoints (revision, id) VALUES (?, ?)")
		s.int(revision)
		s.text(string(id))
		return w.mustChange(&s)
	})
}

// Endpoint implements access.Endpoints and notify.Store.
func (s *Store) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return one(ctx, s.pool, "endpoint "+string(id), endpointColumns+"WHERE id = ? AND merchant = ?", func(s *statement) {
		s.text(string(id))
		s.text(string(merchant))
	}, scanEndpoint)
}

// Endpoints implements access.Endpoints and notify.Store.
func (s *Store) Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error) {
	list, err := query(ctx, s.pool, endpointColumns+"WHERE merchant = ? ORDER BY id DESC", func(s *statement) { s.text(string(merchant)) }, scanEndpoint)
	if err != nil {
		return nil, fmt.Errorf("list endpoints of %s: %w", merchant, err)
	}
	return list, nil
}

// SetFailing implements notify.Store.
func (s *Store) SetFailing(ctx context.Context, id paymux.EndpointID, since time.Time) error {
	err := s.submit(ctx, func(w *writer) error {
		s := w.prepare("UPDATE endpoints SET failing_since = ? WHERE id = ?")
		s.time(since)
		s.text(string(id))
		_, err := w.exec(&s)
		return err
	})
	if err != nil {
		return fmt.Errorf("set since when endpoint %s fails: %w", id, err)
	}
	return nil
}

const failingEndpoints = endpointColumns + "WHERE failing_since > 0 ORDER BY failing_since LIMIT ?"

// FailingEndpoints implements access.Endpoints.
func (s *Store) FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error) {
	list, err := query(ctx, s.pool, failingEndpoints, func(s *statement) { s.int(int64(limit)) }, scanEndpoint)
	if err != nil {
		return nil, fmt.Errorf("list failing endpoints: %w", err)
	}
	return list, nil
}
