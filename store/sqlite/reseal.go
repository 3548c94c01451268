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
		s := w.prepare("UPDATE api_keys SET shared = ? WHERE id = ? AND shared = ?")
		s.text(now.Reveal())
		s.text(string(id))
		s.text(was.Reveal())
		return w.exec(&s)
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
		s := w.prepare("UPDATE endpoints SET secrets = ? WHERE id = ? AND secrets = ?")
		s.json(after)
		s.text(string(id))
		s.json(before)
		return w.exec(&s)
	})
}
