package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// DataKeys implements sealed.Keyring.
func (s *Store) DataKeys(ctx context.Context) ([]paymux.DataKey, error) {
	const sql = "SELECT id, wrapper, nonce, wrapped, created_at FROM data_keys ORDER BY created_at, id"
	return list(ctx, s, "data keys", sql, nil, func(row pgx.CollectableRow) (k paymux.DataKey, err error) {
		err = row.Scan(&k.ID, &k.Wrapper, &k.Nonce, &k.Wrapped, &k.CreatedAt)
		k.CreatedAt = k.CreatedAt.UTC()
		return k, err
	})
}

// AddDataKey implements sealed.Keyring.
func (s *Store) AddDataKey(ctx context.Context, k paymux.DataKey) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO data_keys (id, wrapper, nonce, wrapped, created_at) VALUES ($1, $2, $3, $4, $5)",
			k.ID, k.Wrapper, notNull(k.Nonce), notNull(k.Wrapped), k.CreatedAt)
		return err
	})
	return written(err, "keep data key", k.ID)
}

// RewrapDataKey implements sealed.Keyring.
func (s *Store) RewrapDataKey(ctx context.Context, was, now paymux.DataKey) (bool, error) {
	return s.replaced(ctx, "wrap data key", was.ID, "UPDATE data_keys SET wrapper = $1, nonce = $2, wrapped = $3 WHERE id = $4 AND wrapped = $5",
		now.Wrapper, notNull(now.Nonce), notNull(now.Wrapped), was.ID, notNull(was.Wrapped))
}

// replaced makes a change of a row that is as it was, and reports whether there was one.
func (s *Store) replaced(ctx context.Context, doing, id, sql string, args ...any) (bool, error) {
	changed := false
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		changed = tag.RowsAffected() > 0
		return err
	})
	return changed && err == nil, written(err, doing, id)
}
