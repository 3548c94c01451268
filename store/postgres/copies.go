package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// Changes implements directory.Store.
func (s *Store) Changes(ctx context.Context, after int64, limit int) (c directory.Changes, err error) {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	look := func() error {
		return pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) (err error) {
			c, err = changes(ctx, tx, after, limit)
			return err
		})
	}
	if err = look(); lost(ctx, err) { // see query
		s.pool.Reset()
		err = look()
	}
	if err != nil {
		return directory.Changes{}, fault(err, "list changes")
	}
	return c, nil
}

// changedRevisions are the revisions of what is there and of what was deleted, in order.
const changedRevisions = `
	(SELECT revision FROM merchants WHERE copy_of IS NULL AND revision > $1 ORDER BY revision LIMIT $2)
	UNION ALL (SELECT revision FROM api_keys WHERE copy_of IS NULL AND revision > $1 ORDER BY revision LIMIT $2)
	UNION ALL (SELECT revision FROM endpoints WHERE copy_of IS NULL AND revision > $1 ORDER BY revision LIMIT $2)
	UNION ALL (SELECT revision FROM deleted_endpoints WHERE revision > $1 ORDER BY revision LIMIT $2)
	ORDER BY revision LIMIT $2`

const (
	changedMerchants = `SELECT detail FROM merchants WHERE copy_of IS NULL AND id IN (
		SELECT id FROM merchants WHERE copy_of IS NULL AND revision > $1 AND revision <= $2
		UNION SELECT merchant FROM api_keys WHERE copy_of IS NULL AND revision > $1 AND revision <= $2) ORDER BY id`
	changedKeys      = "SELECT " + keyColumns + " FROM api_keys k WHERE copy_of IS NULL AND revision > $1 AND revision <= $2 ORDER BY revision"
	changedEndpoints = "SELECT id, merchant, status, secrets, detail, NULL::timestamptz, revision FROM endpoints WHERE copy_of IS NULL AND revision > $1 AND revision <= $2 ORDER BY revision"
	goneEndpoints    = "SELECT id FROM deleted_endpoints WHERE revision > $1 AND revision <= $2 ORDER BY revision"
)

func changes(ctx context.Context, tx pgx.Tx, after int64, limit int) (c directory.Changes, err error) {
	var known bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM history WHERE revision = $1)", after).Scan(&known); err != nil {
		return c, err
	}
	if c.Anew = !known; c.Anew {
		after = 0
	}
	c.UpTo = after
	revisions, err := rowsOf(ctx, tx, changedRevisions, pgx.RowTo[int64], after, limit+1)
	if err != nil || len(revisions) == 0 {
		return c, err
	}
	if c.More = len(revisions) > limit; c.More {
		revisions = revisions[:limit]
	}
	c.UpTo = revisions[len(revisions)-1]
	if c.Merchants, err = rowsOf(ctx, tx, changedMerchants, scanMerchant, after, c.UpTo); err != nil {
		return c, err
	}
	if c.Keys, err = rowsOf(ctx, tx, changedKeys, scanKey, after, c.UpTo); err != nil {
		return c, err
	}
	if c.Endpoints, err = rowsOf(ctx, tx, changedEndpoints, scanChangedEndpoint, after, c.UpTo); err != nil {
		return c, err
	}
	c.Deleted, err = rowsOf(ctx, tx, goneEndpoints, pgx.RowTo[paymux.EndpointID], after, c.UpTo)
	return c, err
}

func rowsOf[T any](ctx context.Context, tx pgx.Tx, sql string, scan func(pgx.CollectableRow) (T, error), args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func scanChangedEndpoint(row pgx.CollectableRow) (e directory.Endpoint, err error) {
	e.Endpoint, err = scanEndpointInto(row, &e.Revision)
	return e, err
}

// Copied implements directory.Store.
func (s *Store) Copied(ctx context.Context, region paymux.Region) (p directory.Position, err error) {
	p, err = one(ctx, s, "copies", fmt.Sprint(region), "SELECT up_to, whole FROM copies WHERE region = $1", []any{int16(region)}, pgx.RowToStructByPos[directory.Position])
	if errors.Is(err, paymux.NotFound) {
		return directory.Position{}, nil
	}
	return p, err
}

// TakeCopies implements directory.Store.
func (s *Store) TakeCopies(ctx context.Context, region paymux.Region, after int64, c directory.Changes) (taken bool, err error) {
	batch, err := copiesBatch(region, &c)
	if err != nil {
		return false, err
	}
	err = s.inRevision(ctx, func(tx pgx.Tx, _ int64) error {
		at, err := positionOf(ctx, tx, region)
		if err != nil {
			return err
		}
		if at != after {
			return errElsewhere
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if errors.Is(err, errElsewhere) {
		return false, nil
	}
	return err == nil, written(err, "keep copies of region", fmt.Sprint(region))
}

// errElsewhere: another replica was first. Nothing is kept.
var errElsewhere = errors.New("postgres: another position was noted meanwhile")

func positionOf(ctx context.Context, tx pgx.Tx, region paymux.Region) (upTo int64, err error) {
	const sql = "SELECT coalesce((SELECT up_to FROM copies WHERE region = $1), 0)"
	err = tx.QueryRow(ctx, sql, int16(region)).Scan(&upTo)
	return upTo, err
}

// Rows of this region's own, and copies of another, have another copy_of and stay as they are.
const (
	putMerchantCopy = `INSERT INTO merchants (copy_of, id, detail) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET detail = excluded.detail, unseen = false WHERE merchants.copy_of = excluded.copy_of`
	putKeyCopy = `INSERT INTO api_keys (copy_of, id, merchant, kind, digest, shared, revoked_at, detail) VALUES ($1, $2, $3, $4, nullif($5, ''::bytea), $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET merchant = excluded.merchant, kind = excluded.kind, digest = excluded.digest, shared = excluded.shared,
			revoked_at = excluded.revoked_at, detail = excluded.detail, unseen = false
		WHERE api_keys.copy_of = excluded.copy_of`
	// One whose revision is that of the copy stays as it is. One that is enabled anew has failed at nothing yet.
	putEndpointCopy = `INSERT INTO endpoints (copy_of, id, merchant, status, secrets, detail, revision) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET merchant = excluded.merchant, status = excluded.status, secrets = excluded.secrets, detail = excluded.detail,
			revision = excluded.revision, unseen = false,
			failing_since = CASE WHEN excluded.status = 'enabled' AND endpoints.status <> 'enabled' THEN NULL ELSE endpoints.failing_since END
		WHERE endpoints.copy_of = excluded.copy_of AND endpoints.revision <> excluded.revision`
	sameEndpointCopy = "UPDATE endpoints SET unseen = false WHERE copy_of = $1 AND id = $2 AND revision = $3"
	putPosition      = "INSERT INTO copies (region, up_to, whole) VALUES ($1, $2, $3) ON CONFLICT (region) DO UPDATE SET up_to = excluded.up_to, whole = excluded.whole"
)

// copiesBatch is what keeps changes of a home, in one round trip.
func copiesBatch(region paymux.Region, c *directory.Changes) (*pgx.Batch, error) {
	b, home := &pgx.Batch{}, int16(region)
	if c.Anew {
		for _, table := range []string{"merchants", "api_keys", "endpoints"} {
			b.Queue("UPDATE "+table+" SET unseen = true WHERE copy_of = $1", home)
		}
	}
	for _, id := range c.Deleted {
		b.Queue("DELETE FROM endpoints WHERE copy_of = $1 AND id = $2", home, string(id))
	}
	for i := range c.Merchants {
		detail, err := marshal(&c.Merchants[i])
		if err != nil {
			return nil, err
		}
		b.Queue(putMerchantCopy, home, string(c.Merchants[i].ID), detail)
	}
	for i := range c.Keys {
		k := &c.Keys[i]
		detail, err := marshal(k)
		if err != nil {
			return nil, err
		}
		b.Queue(putKeyCopy, home, string(k.ID), string(k.Merchant), string(k.Kind), notNull(k.Digest), k.Shared.Reveal(), optionalTime(k.RevokedAt), detail)
	}
	for i := range c.Endpoints {
		if err := queueEndpoint(b, home, c.Endpoints[i]); err != nil {
			return nil, err
		}
	}
	if !c.More {
		for _, table := range []string{"endpoints", "api_keys", "merchants"} {
			b.Queue("DELETE FROM "+table+" WHERE copy_of = $1 AND unseen", home)
		}
	}
	b.Queue(putPosition, home, c.UpTo, !c.More)
	return b, nil
}

func queueEndpoint(b *pgx.Batch, home int16, changed directory.Endpoint) error {
	e := changed.Endpoint
	e.FailingSince = time.Time{} // it has its own column, and is this region's own
	secrets, detail, err := encodeEndpoint(&e)
	if err != nil {
		return err
	}
	b.Queue(sameEndpointCopy, home, string(e.ID), changed.Revision)
	b.Queue(putEndpointCopy, home, string(e.ID), string(e.Merchant), string(e.Status), secrets, detail, changed.Revision)
	return nil
}
