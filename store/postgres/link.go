package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/paymux/paymux"
)

// linkPayment is the newest payment made with a link.
type linkPayment struct {
	link    paymux.LinkID
	payment paymux.PaymentID
}

type linkRow = row[linkPayment]

func linkOf(r linkRow) string { return string(r.noun.link) }

func appendLink(r *record, l *linkPayment) {
	r.open(linkTable)
	r.text(string(l.link))
	r.null(pgtype.TextOID)
	r.null(pgtype.TextOID)
	r.null(pgtype.Int8OID)
	r.null(pgtype.TextOID)
	r.text(string(l.payment))
	r.null(pgtype.JSONOID)
}

func (g *group) noteLinks() {
	rows := gather(g, func(e *entry) []linkRow { return e.links })
	if len(rows) == 0 {
		return
	}
	// Later payments have greater IDs: the newest is noted, however groups overtake one another.
	rows = newestOnly(rows, linkOf)
	sortRows(rows, linkOf)
	g.add(statement{
		sql:  "UPDATE links l SET payment = u.payment" + linkTable.from() + " u WHERE l.id = u.id AND l.payment < u.payment",
		rows: array(g.types, linkTable, rows),
	})
}

// CreateLink implements access.Links.
func (s *Store) CreateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	detail, err := marshal(&l)
	if err != nil {
		return err
	}
	return written(s.inTx(ctx, func(tx pgx.Tx) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO links (id, merchant, status, amount, currency, payment, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			string(l.ID), string(l.Merchant), string(l.Status), l.Amount, string(l.Currency), string(l.Payment), detail)
		return err
	}), "create link", string(l.ID))
}

// UpdateLink implements access.Links. The link's payment is left as it is: it changes
// with the commit of a payment only.
func (s *Store) UpdateLink(ctx context.Context, l paymux.Link, i *paymux.Idempotency) error {
	detail, err := marshal(&l)
	if err != nil {
		return err
	}
	return written(s.inTx(ctx, func(tx pgx.Tx) error {
		if err := keep(ctx, tx, i); err != nil {
			return err
		}
		return must(ctx, tx, "link", string(l.ID),
			"UPDATE links SET status = $3, amount = $4, currency = $5, detail = $6 WHERE id = $1 AND merchant = $2",
			string(l.ID), string(l.Merchant), string(l.Status), l.Amount, string(l.Currency), detail)
	}), "update link", string(l.ID))
}

const linkColumns = "id, merchant, status, amount, currency, payment, detail"

func scanLink(row pgx.CollectableRow) (paymux.Link, error) {
	var columns, l paymux.Link
	var detail []byte
	err := row.Scan(&columns.ID, &columns.Merchant, &columns.Status, &columns.Amount, &columns.Currency, &columns.Payment, &detail)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(detail, &l); err != nil {
		return l, fmt.Errorf("detail of link %s: %w", columns.ID, err)
	}
	l.ID, l.Merchant, l.Status, l.Payment = columns.ID, columns.Merchant, columns.Status, columns.Payment
	l.Amount, l.Currency = columns.Amount, columns.Currency
	return l, nil
}

// Link implements access.Links.
func (s *Store) Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error) {
	return one(ctx, s, "link", string(id), "SELECT "+linkColumns+" FROM links WHERE id = $1", []any{string(id)}, scanLink)
}

// Links implements access.Links.
func (s *Store) Links(ctx context.Context, merchant paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	q := filter{}
	q.where("merchant = ?", string(merchant))
	q.whereSet("id < ?", p.After)
	sql := "SELECT " + linkColumns + " FROM links " + q.text() + " ORDER BY id DESC LIMIT " + q.arg(p.Limit)
	return list(ctx, s, "links", sql, q.args, scanLink)
}
