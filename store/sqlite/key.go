package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
)

const keyColumns = "SELECT api_keys.body, digest, shared, revoked_at"

func scanKey(r *row) (k paymux.Key, err error) {
	err = r.json(&k)
	k.Digest, k.Shared, k.RevokedAt = r.bytes(), paymux.Secret(r.text()), r.time()
	return k, err
}

// CreateKey implements access.Merchants.
func (s *Store) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	return s.revise(ctx, "key "+string(k.ID), k, i, func(w *writer, revision int64, body []byte) error {
		s := w.prepare("INSERT INTO api_keys (revision, id, merchant, digest, shared, revoked_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)")
		s.int(revision)
		s.apiKey(&k, body)
		return w.mustChange(&s)
	})
}

// apiKey binds a key's columns but for where it stands in time.
func (s *statement) apiKey(k *paymux.Key, body []byte) {
	s.text(string(k.ID))
	s.text(string(k.Merchant))
	if len(k.Digest) == 0 {
		s.null()
	} else {
		s.bytes(k.Digest)
	}
	s.text(k.Shared.Reveal())
	s.time(k.RevokedAt)
	s.json(body)
}

// RevokeKey implements access.Merchants. A key that is revoked already stays so since then. A copy is its home's to revoke.
func (s *Store) RevokeKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID, at time.Time, i *paymux.Idempotency) error {
	return s.revise(ctx, "key "+string(id), nil, i, func(w *writer, revision int64, _ []byte) error {
		s := w.prepare("UPDATE api_keys SET revision = ?, revoked_at = iif(revoked_at = 0, ?, revoked_at) WHERE id = ? AND merchant = ? AND copy_of IS NULL")
		s.int(revision)
		s.time(at)
		s.text(string(id))
		s.text(string(merchant))
		return w.mustChange(&s)
	})
}

// Keys implements access.Merchants.
func (s *Store) Keys(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Key, error) {
	list, err := query(ctx, s.pool, keyColumns+" FROM api_keys WHERE merchant = ? ORDER BY id DESC", func(s *statement) { s.text(string(merchant)) }, scanKey)
	if err != nil {
		return nil, fmt.Errorf("list keys of %s: %w", merchant, err)
	}
	return list, nil
}

// Key implements access.Directory.
func (s *Store) Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	return s.holder(ctx, "key "+string(id), "api_keys.id = ?", func(s *statement) { s.text(string(id)) })
}

// KeyByDigest implements access.Directory.
func (s *Store) KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	return s.holder(ctx, "key of this secret", "digest = ?", func(s *statement) { s.bytes(digest) })
}

func (s *Store) holder(ctx context.Context, what, where string, bind func(*statement)) (paymux.Key, paymux.Merchant, error) {
	type holder struct {
		key      paymux.Key
		merchant paymux.Merchant
	}
	sql := keyColumns + ", merchants.body FROM api_keys JOIN merchants ON merchants.id = api_keys.merchant WHERE " + where
	h, err := one(ctx, s.pool, what, sql, bind, func(r *row) (h holder, err error) {
		if h.key, err = scanKey(r); err != nil {
			return h, err
		}
		return h, r.json(&h.merchant)
	})
	return h.key, h.merchant, err
}
