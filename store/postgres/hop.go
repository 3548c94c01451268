package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// payHop is a hop on a payment's timeline.
type payHop struct {
	payment paymux.PaymentID
	paymux.Hop
}

func payHops(id paymux.PaymentID, hops []paymux.Hop) []payHop {
	all := make([]payHop, len(hops))
	for i, h := range hops {
		all[i] = payHop{id, h}
	}
	return all
}

type hopRow = row[payHop]

const insertHops = `INSERT INTO hops (payment, at, detail)
	SELECT payment, at, detail FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS u (payment, at, detail)`

func (g *group) insertHops() {
	rows := gather(g, func(e *entry) []hopRow { return e.hops })
	if len(rows) == 0 {
		return
	}
	g.add(statement{sql: insertHops, args: []any{
		column(rows, func(r hopRow) string { return string(r.noun.payment) }),
		column(rows, func(r hopRow) time.Time { return r.noun.At }),
		column(rows, func(r hopRow) string { return r.detail }),
	}})
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
