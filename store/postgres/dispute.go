package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

type disputeRow = row[paymux.Dispute]

func appendDispute(r *record, d *paymux.Dispute) {
	r.open(disputeTable)
	r.text(string(d.ID))
	r.text(string(d.Merchant))
	r.text(string(d.Payment))
	r.text(d.Account)
	r.text(d.ChannelID)
	r.text(string(d.Status))
	r.number(d.Amount)
	r.text(string(d.Currency))
	r.number(d.Version)
	r.json(d)
}

// putDisputes inserts disputes and replaces those that are there by ID. The same case
// under another ID breaks disputes_case.
func (g *group) putDisputes() {
	rows := newestOnly(gather(g, func(e *entry) []disputeRow { return e.disputes }), func(r disputeRow) string { return string(r.noun.ID) })
	if len(rows) == 0 {
		return
	}
	g.add(statement{
		sql: disputeTable.insert() + ` ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount = excluded.amount,
			version = excluded.version, detail = excluded.detail`,
		rows: array(g.types, disputeTable, rows),
	})
}

// Dispute implements payment.Store.
func (s *Store) Dispute(ctx context.Context, account, channelID string) (paymux.Dispute, error) {
	const sql = `SELECT id, merchant, payment, status, amount, currency, version, detail
		FROM disputes WHERE account = $1 AND channel_id = $2`
	return one(ctx, s, "dispute", channelID, sql, []any{account, channelID}, func(row pgx.CollectableRow) (paymux.Dispute, error) {
		var columns, d paymux.Dispute
		var detail []byte
		err := row.Scan(&columns.ID, &columns.Merchant, &columns.Payment, &columns.Status, &columns.Amount, &columns.Currency, &columns.Version, &detail)
		if err != nil {
			return d, err
		}
		if err := json.Unmarshal(detail, &d); err != nil {
			return d, fmt.Errorf("detail of dispute %s: %w", columns.ID, err)
		}
		d.ID, d.Merchant, d.Payment, d.Version = columns.ID, columns.Merchant, columns.Payment, columns.Version
		d.Status, d.Amount, d.Currency = columns.Status, columns.Amount, columns.Currency
		return d, nil
	})
}
