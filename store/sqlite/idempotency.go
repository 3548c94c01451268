package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
)

// insertIdempotency keeps a request's record, if there is one.
func (w *writer) insertIdempotency(i *paymux.Idempotency) error {
	if i == nil {
		return nil
	}
	s := w.prepare(`INSERT INTO idempotency (merchant, key, fingerprint, object, created_at, answer) VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT (merchant, key) DO NOTHING`)
	s.text(string(i.Merchant))
	s.text(i.Key)
	s.bytes(i.Fingerprint)
	s.text(i.Object)
	s.time(i.CreatedAt)
	s.bytes(i.Answer)
	n, err := w.exec(&s)
	if err != nil {
		return fmt.Errorf("keep an idempotency key of %s: %w", i.Merchant, err)
	}
	if n == 0 {
		return paymux.ErrKeyTaken
	}
	return nil
}

// finishIdempotency sets the answer. A record that has been pruned meanwhile is not missed.
func (w *writer) finishIdempotency(i *paymux.Idempotency) error {
	s := w.prepare("UPDATE idempotency SET answer = ? WHERE merchant = ? AND key = ?")
	s.bytes(i.Answer)
	s.text(string(i.Merchant))
	s.text(i.Key)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("keep an answer of %s: %w", i.Merchant, err)
	}
	return nil
}

// Idempotency implements payment.Store and access.Answers.
func (s *Store) Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error) {
	return one(ctx, s.pool, "request with this idempotency key", `SELECT merchant, key, fingerprint, object, created_at, answer
	FROM idempotency WHERE merchant = ? AND key = ?`, func(s *statement) {
		s.text(string(merchant))
		s.text(key)
	}, func(r *row) (paymux.Idempotency, error) {
		return paymux.Idempotency{
			Merchant: paymux.MerchantID(r.text()), Key: r.text(), Fingerprint: r.bytes(), Object: r.text(), CreatedAt: r.time(), Answer: r.bytes(),
		}, nil
	})
}

// PruneIdempotency deletes records made before a time, the oldest first and at
// most limit of them, and returns how many.
func (s *Store) PruneIdempotency(ctx context.Context, before time.Time, limit int) (int, error) {
	var pruned int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) (err error) {
		s := w.prepare("DELETE FROM idempotency WHERE n IN (SELECT n FROM idempotency ORDER BY n LIMIT ?) AND created_at < ?")
		s.int(int64(limit))
		s.time(before)
		pruned, err = w.exec(&s)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune idempotency keys: %w", err)
	}
	return pruned, nil
}
