package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
)

func scanMerchant(r *row) (m paymux.Merchant, err error) { return m, r.json(&m) }

// CreateMerchant implements access.Merchants.
func (s *Store) CreateMerchant(ctx context.Context, m paymux.Merchant) error {
	return s.revise(ctx, "merchant "+string(m.ID), m, nil, func(w *writer, body []byte) error {
		s := w.prepare("INSERT INTO merchants (id, body) VALUES (?, ?)")
		s.text(string(m.ID))
		s.json(body)
		return w.mustChange(&s)
	})
}

// UpdateMerchant implements access.Merchants.
func (s *Store) UpdateMerchant(ctx context.Context, m paymux.Merchant) error {
	return s.revise(ctx, "merchant "+string(m.ID), m, nil, func(w *writer, body []byte) error {
		s := w.prepare("UPDATE merchants SET body = ? WHERE id = ?")
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
// request's idempotency record, and with the revision rising. what names the
// noun; put answers errMissing where it is not there.
func (s *Store) revise(ctx context.Context, what string, noun any, i *paymux.Idempotency, put func(w *writer, body []byte) error) error {
	return s.edit(ctx, what, noun, i, func(w *writer, body []byte) error {
		if err := put(w, body); err != nil {
			return err
		}
		w.revised = true
		return w.run("UPDATE revision SET n = n + 1")
	})
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
