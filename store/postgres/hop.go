package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/paymux/paymux"
)

// payHop is a hop on a payment's timeline.
type payHop struct {
	payment paymux.PaymentID
	paymux.Hop
}

func payHops(id paymux.PaymentID, hops []paymux.Hop) []payHop {
	if len(hops) == 0 {
		return nil
	}
	all := make([]payHop, len(hops))
	for i, h := range hops {
		all[i] = payHop{id, h}
	}
	return all
}

type hopRow = row[payHop]

func appendHop(r *record, h *payHop) {
	r.open(hopTable)
	r.null(pgtype.Int8OID)
	r.text(string(h.payment))
	r.time(h.At)
	r.json(&h.Hop)
}

func (g *group) insertHops() {
	rows := gather(g, func(e *entry) []hopRow { return e.hops })
	if len(rows) > 0 {
		g.add(statement{sql: hopTable.insert(), rows: array(g.types, hopTable, rows)})
	}
}

// Hops implements payment.Store.
func (s *Store) Hops(ctx context.Context, id paymux.PaymentID) ([]paymux.Hop, error) {
	const sql = "SELECT detail FROM hops WHERE payment = $1 ORDER BY at, seq"
	return list(ctx, s, "hops", sql, []any{string(id)}, func(row pgx.CollectableRow) (h paymux.Hop, err error) {
		var detail []byte
		if err = row.Scan(&detail); err == nil {
			err = json.Unmarshal(detail, &h)
		}
		return h, err
	})
}
