package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// CreateKey implements access.Merchants.
func (s *Store) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	detail, err := marshal(&k)
	if err != nil {
		return err
	}
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO api_keys (id, merchant, kind, digest, shared, revoked_at, detail, revision)
			VALUES ($1, $2, $3, nullif($4, ''::bytea), $5, $6, $7, $8)`,
			string(k.ID), string(k.Merchant), string(k.Kind), notNull(k.Digest), k.Shared.Reveal(), optionalTime(k.RevokedAt), detail, revision)
		return err
	}), "create key", string(k.ID))
}

// RevokeKey implements access.Merchants. The time of the first revocation stays. A copy is its home's to revoke.
func (s *Store) RevokeKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		return must(ctx, tx, "key", string(id),
			"UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3), revision = $4 WHERE id = $1 AND merchant = $2 AND copy_of IS NULL",
			string(id), string(merchant), at, revision)
	}), "revoke key", string(id))
}

const keyColumns = "k.id, k.merchant, k.kind, k.digest, k.shared, k.revoked_at, k.detail"

type keyHolder struct {
	key      paymux.Key
	merchant paymux.Merchant
}

func scanKey(row pgx.CollectableRow) (paymux.Key, error) {
	holder, err := scanKeyInto(row)
	return holder.key, err
}

func scanKeyHolder(row pgx.CollectableRow) (keyHolder, error) {
	var merchant []byte
	holder, err := scanKeyInto(row, &merchant)
	if err != nil {
		return holder, err
	}
	err = json.Unmarshal(merchant, &holder.merchant)
	return holder, err
}

func scanKeyInto(row pgx.CollectableRow, more ...any) (holder keyHolder, err error) {
	var columns paymux.Key
	var detail []byte
	var shared string
	var revoked *time.Time
	into := append([]any{&columns.ID, &columns.Merchant, &columns.Kind, &columns.Digest, &shared, &revoked, &detail}, more...)
	if err := row.Scan(into...); err != nil {
		return holder, err
	}
	if err := json.Unmarshal(detail, &holder.key); err != nil {
		return holder, err
	}
	k := &holder.key
	k.ID, k.Merchant, k.Kind, k.Digest, k.Shared = columns.ID, columns.Merchant, columns.Kind, columns.Digest, paymux.Secret(shared)
	k.RevokedAt = timeOrZero(revoked)
	return holder, nil
}

// Keys implements access.Merchants.
func (s *Store) Keys(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Key, error) {
	const sql = "SELECT " + keyColumns + " FROM api_keys k WHERE k.merchant = $1 ORDER BY k.id DESC"
	return list(ctx, s, "keys", sql, []any{string(merchant)}, scanKey)
}

const selectHolder = "SELECT " + keyColumns + ", m.detail FROM api_keys k JOIN merchants m ON m.id = k.merchant WHERE "

// Key implements access.Directory.
func (s *Store) Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	holder, err := one(ctx, s, "key", string(id), selectHolder+"k.id = $1", []any{string(id)}, scanKeyHolder)
	return holder.key, holder.merchant, err
}

// KeyByDigest implements access.Directory.
func (s *Store) KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	holder, err := one(ctx, s, "key", "of that secret", selectHolder+"k.digest = $1", []any{notNull(digest)}, scanKeyHolder)
	return holder.key, holder.merchant, err
}

// optionalTime makes NULL of the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// timeOrZero is what optionalTime was given.
func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
