package sqlite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/paymux/paymux"
)

// digest names a merchant's key in 16 bytes: keys are random and as long as
// merchants like, and their index is what most pages are written for. No key has none.
func digest(merchant paymux.MerchantID, key string) []byte {
	if key == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(string(merchant) + "\x00" + key))
	return sum[:16]
}

// insertIdempotency keeps a request's record, if there is one.
func (w *writer) insertIdempotency(i *paymux.Idempotency) error {
	if i == nil {
		return nil
	}
	s := w.prepare(`INSERT INTO idempotency (digest, fingerprint, object, created_at) VALUES (?, ?, ?, ?)
	ON CONFLICT (digest) DO NOTHING`)
	s.bytes(digest(i.Merchant, i.Key))
	s.bytes(i.Fingerprint)
	s.text(i.Object)
	s.time(i.CreatedAt)
	n, err := w.exec(&s)
	if err != nil {
		return fmt.Errorf("keep an idempotency key of %s: %w", i.Merchant, err)
	}
	if n == 0 {
		return paymux.ErrKeyTaken
	}
	if len(i.Answer) == 0 {
		return nil
	}
	return w.finishIdempotency(i)
}

// finishIdempotency sets the answer. A record that has been pruned meanwhile is
// not missed: what comes for such is 0, which is no record's. A SELECT
// instead of the VALUES would have SQLite keep an undo log of each page.
func (w *writer) finishIdempotency(i *paymux.Idempotency) error {
	s := w.prepare("INSERT OR REPLACE INTO answers (n, answer) VALUES (coalesce((SELECT n FROM idempotency WHERE digest = ?), 0), ?)")
	s.bytes(digest(i.Merchant, i.Key))
	s.bytes(i.Answer)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("keep an answer of %s: %w", i.Merchant, err)
	}
	return nil
}

// Idempotency implements payment.Store and access.Answers.
func (s *Store) Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error) {
	return one(ctx, s.pool, "request with this idempotency key", `SELECT fingerprint, object, created_at, answer
	FROM idempotency LEFT JOIN answers USING (n) WHERE digest = ?`, func(s *statement) {
		s.bytes(digest(merchant, key))
	}, func(r *row) (paymux.Idempotency, error) {
		return paymux.Idempotency{
			Merchant: merchant, Key: key, Fingerprint: r.bytes(), Object: r.text(), CreatedAt: r.time(), Answer: r.bytes(),
		}, nil
	})
}

// PruneIdempotency deletes records made before a time, the oldest first and at
// most limit of them, and returns how many.
func (s *Store) PruneIdempotency(ctx context.Context, before time.Time, limit int) (int, error) {
	var pruned int // the writer's, until submit returns nil
	err := s.submit(ctx, func(w *writer) (err error) {
		for _, query := range []string{
			"DELETE FROM answers WHERE n IN (SELECT n FROM (SELECT n, created_at FROM idempotency ORDER BY n LIMIT ?) WHERE created_at < ?)",
			"DELETE FROM idempotency WHERE n IN (SELECT n FROM idempotency ORDER BY n LIMIT ?) AND created_at < ?",
		} {
			s := w.prepare(query)
			s.int(int64(limit))
			s.time(before)
			if pruned, err = w.exec(&s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("prune idempotency keys: %w", err)
	}
	return pruned, nil
}
