package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// CreateMerchant implements access.Merchants.
func (s *Store) CreateMerchant(ctx context.Context, m paymux.Merchant) error {
	detail, err := marshal(&m)
	if err != nil {
		return err
	}
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		_, err := tx.Exec(ctx, "INSERT INTO merchants (id, detail, revision) VALUES ($1, $2, $3)", string(m.ID), detail, revision)
		return err
	}), "create merchant", string(m.ID))
}

// UpdateMerchant implements access.Merchants. A copy is its home's to change.
func (s *Store) UpdateMerchant(ctx context.Context, m paymux.Merchant) error {
	detail, err := marshal(&m)
	if err != nil {
		return err
	}
	return written(s.inRevision(ctx, func(tx pgx.Tx, revision int64) error {
		return must(ctx, tx, "merchant", string(m.ID), "UPDATE merchants SET detail = $2, revision = $3 WHERE id = $1 AND copy_of IS NULL",
			string(m.ID), detail, revision)
	}), "update merchant", string(m.ID))
}

func scanMerchant(row pgx.CollectableRow) (m paymux.Merchant, err error) {
	var detail []byte
	if err = row.Scan(&detail); err == nil {
		err = json.Unmarshal(detail, &m)
	}
	return m, err
}

// Merchant implements access.Merchants.
func (s *Store) Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return one(ctx, s, "merchant", string(id), "SELECT detail FROM merchants WHERE id = $1", []any{string(id)}, scanMerchant)
}

// Merchants implements access.Merchants.
func (s *Store) Merchants(ctx context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	q := filter{}
	q.whereSet("id < ?", p.After)
	sql := "SELECT detail FROM merchants " + q.text() + " ORDER BY id DESC LIMIT " + q.arg(p.Limit)
	return list(ctx, s, "merchants", sql, q.args, scanMerchant)
}
