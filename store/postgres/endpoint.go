package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// secretJSON is one element of the secrets column, the only place where they are written out.
type secretJSON struct {
	Value   string    `json:"value"`
	Expires time.Time `json:"expires,omitzero"`
}

func encodeEndpoint(e *paymux.Endpoint) (secrets, detail string, err error) {
	all := make([]secretJSON, len(e.Secrets))
	for i, s := range e.Secrets {
		all[i] = secretJSON{s.Value.Reveal(), s.Expires}
	}
	if secrets, err = marshal(&all); err != nil {
		return "", "", err
	}
	detail, err = marshal(e)
	return secrets, detail, err
}

// CreateEndpoint implements access.Endpoints.
func (s *Store) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	secrets, detail, err := encodeEndpoint(&e)
	if err != nil {
		return err
	}
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO endpoints (id, merchant, status, secrets, detail, failing_since, revision) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			string(e.ID), string(e.Merchant), string(e.Status), secrets, detail, optionalTime(e.FailingSince), revision)
		return err
	}), "create endpoint", string(e.ID))
}

// UpdateEndpoint implements access.Endpoints. Since when the endpoint fails is SetFailing's to write, but one that
// is enabled again begins anew. What deliveries make of a copy is no change at its home.
func (s *Store) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return s.updateEndpoint(ctx, e, i, func(pgx.Tx) error { return nil })
}

// EndEndpoint implements notify.Store.
func (s *Store) EndEndpoint(ctx context.Context, e paymux.Endpoint, before time.Time) error {
	return s.updateEndpoint(ctx, e, nil, func(tx pgx.Tx) error {
		rows, err := rowsOf(ctx, tx, "SELECT "+endpointColumns+" FROM endpoints WHERE id = $1 AND merchant = $2", scanEndpoint, string(e.ID), string(e.Merchant))
		if err == nil && len(rows) > 0 && !rows[0].UpdatedAt.Equal(before) {
			return paymux.ErrStale
		}
		return err
	})
}

func (s *Store) updateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency, check func(pgx.Tx) error) error {
	secrets, detail, err := encodeEndpoint(&e)
	if err != nil {
		return err
	}
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		if err := check(tx); err != nil {
			return err
		}
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		return must(ctx, tx, "endpoint", string(e.ID),
			`UPDATE endpoints SET status = $3, secrets = $4, detail = $5,
				failing_since = CASE WHEN $3 = 'enabled' AND status <> 'enabled' THEN NULL ELSE failing_since END,
				revision = CASE WHEN copy_of IS NULL THEN $6 ELSE revision END
			WHERE id = $1 AND merchant = $2`,
			string(e.ID), string(e.Merchant), string(e.Status), secrets, detail, revision)
	}), "update endpoint", string(e.ID))
}

// DeleteEndpoint implements access.Endpoints. A copy is its home's to delete.
func (s *Store) DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		return must(ctx, tx, "endpoint", string(id),
			`WITH gone AS (DELETE FROM endpoints WHERE id = $1 AND merchant = $2 AND copy_of IS NULL RETURNING id)
			INSERT INTO deleted_endpoints (revision, id) SELECT $3, id FROM gone`,
			string(id), string(merchant), revision)
	}), "delete endpoint", string(id))
}

// SetFailing implements notify.Store.
func (s *Store) SetFailing(ctx context.Context, id paymux.EndpointID, since time.Time) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE endpoints SET failing_since = $2 WHERE id = $1", string(id), optionalTime(since))
		return err
	})
	return written(err, "write since when an endpoint fails:", string(id))
}

const endpointColumns = "id, merchant, status, secrets, detail, failing_since"

func scanEndpoint(row pgx.CollectableRow) (paymux.Endpoint, error) { return scanEndpointInto(row) }

// scanEndpointInto scans what stands behind the endpoint's columns, too.
func scanEndpointInto(row pgx.CollectableRow, more ...any) (paymux.Endpoint, error) {
	var columns, e paymux.Endpoint
	var secrets, detail []byte
	var failing *time.Time
	into := append([]any{&columns.ID, &columns.Merchant, &columns.Status, &secrets, &detail, &failing}, more...)
	if err := row.Scan(into...); err != nil {
		return e, err
	}
	if err := json.Unmarshal(detail, &e); err != nil {
		return e, fmt.Errorf("detail of endpoint %s: %w", columns.ID, err)
	}
	var all []secretJSON
	if err := json.Unmarshal(secrets, &all); err != nil {
		return e, fmt.Errorf("secrets of endpoint %s cannot be read", columns.ID) // the cause might quote one
	}
	for _, s := range all {
		e.Secrets = append(e.Secrets, paymux.SigningSecret{Value: paymux.Secret(s.Value), Expires: s.Expires})
	}
	e.ID, e.Merchant, e.Status, e.FailingSince = columns.ID, columns.Merchant, columns.Status, timeOrZero(failing)
	return e, nil
}

// Endpoint implements access.Endpoints and notify.Store.
func (s *Store) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	const sql = "SELECT " + endpointColumns + " FROM endpoints WHERE id = $1 AND merchant = $2"
	return one(ctx, s, "endpoint", string(id), sql, []any{string(id), string(merchant)}, scanEndpoint)
}

// Endpoints implements access.Endpoints and notify.Store.
func (s *Store) Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error) {
	const sql = "SELECT " + endpointColumns + " FROM endpoints WHERE merchant = $1 ORDER BY id DESC"
	return list(ctx, s, "endpoints", sql, []any{string(merchant)}, scanEndpoint)
}

// FailingEndpoints implements access.Endpoints.
func (s *Store) FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error) {
	const sql = "SELECT " + endpointColumns + " FROM endpoints WHERE failing_since IS NOT NULL ORDER BY failing_since, id LIMIT $1"
	return list(ctx, s, "failing endpoints", sql, []any{limit}, scanEndpoint)
}
