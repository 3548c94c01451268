package postgres

import (
	"cmp"
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/replay"
)

// History implements replay.Store. IDs ascend with time, and the index has them.
func (s *Store) History(ctx context.Context, f replay.Filter) ([]paymux.Payment, error) {
	q := filter{}
	q.whereSet("p.merchant = ?", string(f.Merchant))
	if !f.From.IsZero() {
		q.where("p.id >= ?", paymux.Since(paymux.PrefixPayment, f.From))
	}
	if !f.To.IsZero() {
		q.where("p.id < ?", paymux.Since(paymux.PrefixPayment, f.To))
	}
	q.where("p.id > ?", cmp.Or(string(f.After), paymux.PrefixPayment))
	sql := `SELECT ` + paymentColumns + ` FROM payments p ` + q.text() + ` ORDER BY p.id LIMIT ` + q.arg(f.Limit)
	return list(ctx, s, "the history of payments", sql, q.args, func(row pgx.CollectableRow) (paymux.Payment, error) {
		var columns paymux.Payment
		var detail []byte
		if err := row.Scan(paymentInto(&columns, &detail)...); err != nil {
			return columns, err
		}
		return decodePayment(columns, detail)
	})
}
