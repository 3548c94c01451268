package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"github.com/paymux/paymux"
)

const linkColumns = "SELECT body, payment FROM links "

func scanLink(r *row) (l paymux.Link, err error) {
	err = r.json(&l)
	l.Payment = paymux.PaymentID(r.text())
	return l, err
}

// CreateLink implements access.Links.
func (s *Store) CreateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return s.edit(ctx, "link "+string(l.ID), l, i, func(w *writer, body []byte) error {
		s := w.prepare("INSERT INTO links (id, merchant, payment, body) VALUES (?, ?, ?, ?)")
		s.text(string(l.ID))
		s.text(string(l.Merchant))
		s.text(string(l.Payment))
		s.json(body)
		return w.mustChange(&s)
	})
}

// UpdateLink implements access.Links. It leaves the link's payment as it is.
func (s *Store) UpdateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	return s.edit(ctx, "link "+string(l.ID), l, i, func(w *writer, body []byte) error {
		s := w.prepare("UPDATE links SET body = ? WHERE id = ? AND merchant = ?")
		s.json(body)
		s.text(string(l.ID))
		s.text(string(l.Merchant))
		return w.mustChange(&s)
	})
}

// linkPayment notes the newest payment made with a link.
func (w *writer) linkPayment(id paymux.LinkID, payment paymux.PaymentID) error {
	s := w.prepare("UPDATE links SET payment = ? WHERE id = ?")
	s.text(string(payment))
	s.text(string(id))
	return missing("link "+string(id), w.mustChange(&s))
}

// Link implements access.Links.
func (s *Store) Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error) {
	return one(ctx, s.pool, "link "+string(id), linkColumns+"WHERE id = ?", func(s *statement) { s.text(string(id)) }, scanLink)
}

// Links implements access.Links.
func (s *Store) Links(ctx context.Context, merchant paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	list, err := query(ctx, s.pool, linkColumns+"WHERE merchant = ? AND id < ? ORDER BY id DESC LIMIT ?", func(s *statement) {
		s.text(string(merchant))
		s.text(cmp.Or(p.After, beyond))
		s.int(int64(p.Limit))
	}, scanLink)
	if err != nil {
		return nil, fmt.Errorf("list links of %s: %w", merchant, err)
	}
	return list, nil
}
