package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

type refundRow = row[paymux.Refund]

func refundID(r refundRow) string { return string(r.noun.ID) }

func appendRefund(r *record, f *paymux.Refund) {
	r.open(refundTable)
	r.text(string(f.ID))
	r.text(string(f.Merchant))
	r.text(string(f.Payment))
	r.text(string(f.Status))
	r.number(f.Amount)
	r.text(string(f.Currency))
	r.number(f.Version)
	r.json(f)
}

func (g *group) insertRefunds() {
	rows := gather(g, func(e *entry) []refundRow { return e.newRefunds })
	if len(rows) == 0 {
		return
	}
	g.add(statement{sql: refundTable.insert(), rows: array(g.types, refundTable, rows)})
}

// replaceRefunds needs no lock order of its own: the version of a refund's payment guards it.
func (g *group) replaceRefunds() {
	rows := gather(g, func(e *entry) []refundRow { return e.refunds })
	if len(rows) == 0 {
		return
	}
	g.add(statement{
		sql: `UPDATE refunds r SET status = u.status, amount = u.amount, version = u.version, detail = u.detail` + refundTable.from() + ` u
			WHERE r.id = u.id RETURNING r.id`,
		rows: array(g.types, refundTable, rows), returned: byKey(rows, refundID), owners: owners(rows), refusal: errMissing,
	})
}

const refundColumns = "id, merchant, payment, status, amount, currency, version, detail"

func scanRefund(row pgx.CollectableRow) (paymux.Refund, error) {
	var columns, r paymux.Refund
	var detail []byte
	err := row.Scan(&columns.ID, &columns.Merchant, &columns.Payment, &columns.Status, &columns.Amount, &columns.Currency, &columns.Version, &detail)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(detail, &r); err != nil {
		return r, fmt.Errorf("detail of refund %s: %w", columns.ID, err)
	}
	r.ID, r.Merchant, r.Payment, r.Version = columns.ID, columns.Merchant, columns.Payment, columns.Version
	r.Status, r.Amount, r.Currency = columns.Status, columns.Amount, columns.Currency
	return r, nil
}

// Refund implements payment.Store.
func (s *Store) Refund(ctx context.Context, id paymux.RefundID) (paymux.Refund, error) {
	return one(ctx, s, "refund", string(id), "SELECT "+refundColumns+" FROM refunds WHERE id = $1", []any{string(id)}, scanRefund)
}

// Refunds implements payment.Store.
func (s *Store) Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	q := filter{}
	q.where("merchant = ?", string(f.Merchant))
	q.whereSet("payment = ?", string(f.Payment))
	q.whereSet("id < ?", f.After)
	sql := "SELECT " + refundColumns + " FROM refunds " + q.text() + " ORDER BY id DESC LIMIT " + q.arg(f.Limit)
	return list(ctx, s, "refunds", sql, q.args, scanRefund)
}
