package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/paymux/paymux"
)

// appendHops adds one row to a payment's timeline. hops is a JSON array.
func (w *writer) appendHops(id paymux.PaymentID, hops string) error {
	s := w.prepare("INSERT INTO hops (payment, seq, hops) VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM hops WHERE payment = ?1), ?2)")
	s.number(string(id))
	s.text(hops)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("append to the timeline of payment %s: %w", id, err)
	}
	return nil
}

// Hops implements payment.Store.
func (s *Store) Hops(ctx context.Context, id paymux.PaymentID) ([]paymux.Hop, error) {
	rows, err := query(ctx, s.pool, "SELECT hops FROM hops WHERE payment = ? ORDER BY seq",
		func(s *statement) { s.number(string(id)) },
		func(r *row) (hops []paymux.Hop, err error) { return hops, r.json(&hops) })
	if err != nil {
		return nil, fmt.Errorf("load the timeline of payment %s: %w", id, err)
	}
	hops := slices.Concat(rows...)
	slices.SortStableFunc(hops, func(a, b paymux.Hop) int { return a.At.Compare(b.At) })
	return hops, nil
}
