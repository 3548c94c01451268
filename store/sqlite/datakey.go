package sqlite

import (
	"context"
	"fmt"

	"github.com/paymux/paymux"
)

// DataKeys implements sealed.Keyring.
func (s *Store) DataKeys(ctx context.Context) ([]paymux.DataKey, error) {
	const sql = "SELECT id, wrapper, nonce, wrapped, created_at FROM data_keys ORDER BY created_at, id"
	list, err := query(ctx, s.pool, sql, func(*statement) {}, func(r *row) (paymux.DataKey, error) {
		return paymux.DataKey{ID: r.text(), Wrapper: r.text(), Nonce: r.bytes(), Wrapped: r.bytes(), CreatedAt: r.time()}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list data keys: %w", err)
	}
	return list, nil
}

// AddDataKey implements sealed.Keyring.
func (s *Store) AddDataKey(ctx context.Context, k paymux.DataKey) error {
	err := s.submit(ctx, func(w *writer) error {
		s := w.prepare("INSERT INTO data_keys (id, wrapper, nonce, wrapped, created_at) VALUES (?, ?, ?, ?, ?)")
		s.text(k.ID)
		s.text(k.Wrapper)
		s.bytes(k.Nonce)
		s.bytes(k.Wrapped)
		s.time(k.CreatedAt)
		return w.mustChange(&s)
	})
	if err != nil {
		return fmt.Errorf("keep data key %s: %w", k.ID, err)
	}
	return nil
}

// RewrapDataKey implements sealed.Keyring.
func (s *Store) RewrapDataKey(ctx context.Context, was, now paymux.DataKey) (bool, error) {
	return s.replaced(ctx, "wrap data key "+was.ID, func(w *writer) (int, error) {
		s := w.prepare("UPDATE data_keys SET wrapper = ?, nonce = ?, wrapped = ? WHERE id = ? AND wrapped = ?")
		s.text(now.Wrapper)
		s.bytes(now.Nonce)
		s.bytes(now.Wrapped)
		s.text(was.ID)
		s.bytes(was.Wrapped)
		return w.exec(&s)
	})
}

// replaced makes a change of a row that is as it was, and reports whether there was one.
func (s *Store) replaced(ctx context.Context, doing string, change func(*writer) (changed int, err error)) (bool, error) {
	var changed int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) (err error) {
		changed, err = change(w)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	return changed > 0, nil
}
