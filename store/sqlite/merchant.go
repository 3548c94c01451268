package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/paymux/paymux"
)

func scanMerchant(r *row) (m paymux.Merchant, err error) { return m, r.json(&m) }

// CreateMerchant implements access.Merchants.
func (s *Store) CreateMerchant(ctx context.Context, m paymux.Merchant) error {
	return s.revise(ctx, "merchant "+string(m.ID), m, nil, func(w *writer, revision int64, body []byte) error {
		s := w.prepare("INSERT INTO merchants (id, revision, body) VALUES (?, ?, ?)")
		s.text(string(m.ID))
		s.int(revision)
		s.json(body)
		return w.mustChange(&s)
	})
}

// UpdateMerchant implements access.Merchants. A copy is its home's to change.
func (s *Store) UpdateMerchant(ctx context.Context, m paymux.Merchant) error {
	return s.revise(ctx, "merchant "+string(m.ID), m, nil, func(w *writer, revision int64, body []byte) error {
		s := w.prepare("UPDATE merchants SET revision = ?, body = ? WHERE id = ? AND copy_of IS NULL")
		s.int(revision)
		s.json(body)
		s.text(string(m.ID))
		return w.mustChange(&s)
	})
}

// Merchant implements access.Merchants.
func (s *Store) Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return one(ctx, s.pool, "merchant "+string(id), "SELECT body FROM merchants WHERE id = ?", func(s *statement) { s.text(string(id)) }, scanMerchant)
}

// Merchants implements access.Merchants.
func (s *Store) Merchants(ctx context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	list, err := query(ctx, s.pool, "SELECT body FROM merchants WHERE id < ? ORDER BY id DESC LIMIT ?", func(s *statement) { s.page(p) }, scanMerchant)
	if err != nil {
		return nil, fmt.Errorf("list merchants: %w", err)
	}
	return list, nil
}

// Revision implements access.Directory and notify.Store.
func (s *Store) Revision(context.Context) (int64, error) { return s.revision.Load(), nil }

// readRevision learns the committed revision; no other process can change it.
func (s *Store) readRevision() error {
	n, err := read(s.writer.conn, "SELECT n FROM revision", func(*statement) {}, func(r *row) (int64, error) { return r.int(), nil })
	if err != nil {
		return err
	}
	s.revision.Store(n[0])
	return nil
}

// revise is how the nouns of this kind are written: as JSON, with the
// request's idempotency record, and with the revision rising to the one that put is given. what names the
// noun; put answers errMissing where it is not there.
func (s *Store) revise(ctx context.Context, what string, noun any, i *paymux.Idempotency, put func(w *writer, revision int64, body []byte) error) error {
	return s.edit(ctx, what, noun, i, func(w *writer, body []byte) error {
		revision, err := w.nextRevision()
		if err != nil {
			return err
		}
		if err := put(w, revision, body); err != nil {
			return err
		}
		return w.raise(revision)
	})
}

// revisionStep is how far apart two revisions are at most: those of two histories are not the same by chance.
const revisionStep = math.MaxInt32

// nextRevision is the one to raise to, once the rest has succeeded.
func (w *writer) nextRevision() (int64, error) {
	n, err := read(w.conn, "SELECT n FROM revision", func(*statement) {}, func(r *row) (int64, error) { return r.int(), nil })
	if err != nil {
		return 0, err
	}
	return n[0] + 1 + rand.Int64N(revisionStep), nil
}

func (w *writer) raise(to int64) error {
	w.revised = true
	for _, sql := range []string{"UPDATE revision SET n = ?", "INSERT INTO history (revision) VALUES (?)"} {
		s := w.prepare(sql)
		s.int(to)
		if _, err := w.exec(&s); err != nil {
			return err
		}
	}
	return nil
}

// edit is revise without the revision.
func (s *Store) edit(ctx context.Context, what string, noun any, i *paymux.Idempotency, put func(w *writer, body []byte) error) error {
	body, err := json.Marshal(noun)
	if err != nil {
		return fmt.Errorf("encode %s: %w", what, err)
	}
	return s.submit(ctx, func(w *writer) error {
		if err := w.insertIdempotency(i); err != nil {
			return err
		}
		return missing(what, put(w, body))
	})
}
