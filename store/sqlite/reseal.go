package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
)

// KeysAfter implements sealed.Rows.
func (s *Store) KeysAfter(ctx context.Context, after paymux.KeyID, limit int) ([]paymux.Key, error) {
	return listAfter(ctx, s, "keys", keyColumns+" FROM api_keys WHERE id > ? ORDER BY id LIMIT ?", string(after), limit, scanKey)
}

// EndpointsAfter implements sealed.Rows.
func (s *Store) EndpointsAfter(ctx context.Context, after paymux.EndpointID, limit int) ([]paymux.Endpoint, error) {
	return listAfter(ctx, s, "endpoints", endpointColumns+"WHERE id > ? ORDER BY id LIMIT ?", string(after), limit, scanEndpoint)
}

func listAfter[T any](ctx context.Context, s *Store, what, sql, after string, limit int, scan func(*row) (T, error)) ([]T, error) {
	list, err := query(ctx, s.pool, sql, func(s *statement) {
		s.text(after)
		s.int(int64(limit))
	}, scan)
	if err != nil {
		return nil, fmt.Errorf("walk %s: %w", what, err)
	}
	return list, nil
}

// ReplaceShared implements sealed.Rows.
func (s *Store) ReplaceShared(ctx context.Context, id paymux.KeyID, was, now paymux.Secret) (bool, error) {
	return s.replaced(ctx, "seal key "+string(id), func(w *writer) (int, error) {
		return w.overwrite("UPDATE api_keys SET shared = ? WHERE id = ? AND shared = ?", now.Reveal(), string(id), was.Reveal())
	})
}

// ReplaceSecrets implements sealed.Rows.
func (s *Store) ReplaceSecrets(ctx context.Context, id paymux.EndpointID, was, now []paymux.SigningSecret) (bool, error) {
	before, err := secretsDoc(was)
	after, afterErr := secretsDoc(now)
	if err := errors.Join(err, afterErr); err != nil {
		return false, fmt.Errorf("encode the secrets of endpoint %s: %w", id, err)
	}
	return s.replaced(ctx, "seal endpoint "+string(id), func(w *writer) (int, error) {
		return w.overwrite("UPDATE endpoints SET secrets = ? WHERE id = ? AND secrets = ?", string(after), string(id), string(before))
	})
}

// overwrite runs an update and leaves nothing of the old text in the pages: SQLite only unlinks it
// otherwise. All other writes do without, for the zeros cost each of them. The pragma acts when
// it is compiled, so it must not be one that is kept prepared.
func (w *writer) overwrite(sql string, args ...string) (changed int, err error) {
	if err := execute(w.conn, "PRAGMA secure_delete = ON"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, execute(w.conn, "PRAGMA secure_delete = OFF")) }()
	s := w.prepare(sql)
	for _, a := range args {
		s.text(a)
	}
	return w.exec(&s)
}
