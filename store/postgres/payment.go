package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func appendPayment(r *record, p *paymux.Payment) {
	slot := ""
	if !p.HoldsOrder() {
		slot = string(p.ID)
	}
	r.open(paymentTable)
	r.text(string(p.ID))
	r.text(string(p.Merchant))
	r.text(string(p.Status))
	r.number(p.Amount)
	r.text(string(p.Currency))
	r.number(p.AmountCapturable)
	r.number(p.AmountReceived)
	r.number(p.AmountRefunded)
	r.number(p.AmountRefunding)
	r.number(p.AmountDisputed)
	r.number(p.Version)
	r.text(p.MerchantOrderID)
	r.text(slot)
	r.time(p.CreatedAt)
	r.paymentJSON(p)
}

// paymentJSON puts a payment's detail column: all of it, and what merchants do not see.
func (r *record) paymentJSON(p *paymux.Payment) {
	at := r.openText()
	r.buf = p.AppendKept(r.buf)
	r.closeText(at)
}

const paymentColumns = `p.id, p.merchant, p.status, p.amount, p.currency, p.capturable, p.received,
	p.refunded, p.refunding, p.disputed, p.version, p.merchant_order_id, p.detail`

// paymentInto returns where to scan paymentColumns to. Read after the scan: the columns
// are the truth where detail says the same.
func paymentInto(p *paymux.Payment, detail *[]byte) []any {
	return []any{&p.ID, &p.Merchant, &p.Status, &p.Amount, &p.Currency, &p.AmountCapturable, &p.AmountReceived,
		&p.AmountRefunded, &p.AmountRefunding, &p.AmountDisputed, &p.Version, &p.MerchantOrderID, detail}
}

func decodePayment(columns paymux.Payment, detail []byte) (paymux.Payment, error) {
	var p paymux.Payment
	if err := p.ReadKept(detail); err != nil {
		return p, fmt.Errorf("detail of payment %s: %w", columns.ID, err)
	}
	p.ID, p.Merchant, p.Status, p.MerchantOrderID, p.Version = columns.ID, columns.Merchant, columns.Status, columns.MerchantOrderID, columns.Version
	p.Amount, p.Currency = columns.Amount, columns.Currency
	p.AmountCapturable, p.AmountReceived, p.AmountDisputed = columns.AmountCapturable, columns.AmountReceived, columns.AmountDisputed
	p.AmountRefunded, p.AmountRefunding = columns.AmountRefunded, columns.AmountRefunding
	return p, nil
}

type payRow = row[paymux.Payment]

func (e *entry) inserted() []payRow {
	if len(e.payment) > 0 && e.payment[0].noun.Version == 1 {
		return e.payment
	}
	return nil
}

func (e *entry) advanced() []payRow {
	if len(e.payment) > 0 && e.payment[0].noun.Version != 1 {
		return e.payment
	}
	return nil
}

// insertPayments writes payments of version 1. A row that is not returned ran into a
// payment of its ID or of its order.
func (g *group) insertPayments() {
	rows := gather(g, (*entry).inserted)
	if len(rows) == 0 {
		return
	}
	// Orders, the only key others may be waiting for, are taken in the same sequence by every writer.
	sortRows(rows, func(r payRow) string { return string(r.noun.Merchant) + " " + r.noun.MerchantOrderID })
	g.add(g.ifFree(statement{
		sql: paymentTable.insert(), rows: array(g.types, paymentTable, rows),
		returned: byKey(rows, paymentID), owners: owners(rows), refusal: errNotInserted,
	}, "id"))
}

func paymentID(r payRow) string { return string(r.noun.ID) }

// advancePayments replaces payments whose stored version is the one before. Amount,
// currency, merchant and order never change and are not written again.
func (g *group) advancePayments() {
	rows := gather(g, (*entry).advanced)
	if len(rows) == 0 {
		return
	}
	sortRows(rows, paymentID)
	g.add(statement{
		sql: `UPDATE payments p SET status = u.status, capturable = u.capturable, received = u.received, refunded = u.refunded,
			refunding = u.refunding, disputed = u.disputed, version = u.version,
			order_slot = CASE WHEN u.order_slot = '' THEN p.order_slot ELSE u.order_slot END, detail = u.detail
		FROM unnest($1::payments[]) WITH ORDINALITY u
		WHERE p.id = u.id AND p.version = u.version - 1 RETURNING u.ordinality`,
		rows: array(g.types, paymentTable, rows), returned: byOrdinal, owners: owners(rows), refusal: paymux.ErrStale,
	})
}

// Record implements payment.Store.
func (s *Store) Record(ctx context.Context, id paymux.PaymentID) (payment.Record, error) {
	return s.record(ctx, "payment", string(id), "p.id = $1")
}

// RecordOf implements payment.Store.
func (s *Store) RecordOf(ctx context.Context, id paymux.OperationID) (payment.Record, error) {
	return s.record(ctx, "operation", string(id), "p.id = (SELECT payment FROM operations WHERE id = $1)")
}

// paymentAndOperation is a row of a payment's join with its operations.
type paymentAndOperation struct {
	payment          paymux.Payment
	operation        paymux.Operation
	detail, opDetail []byte
}

// record reads a payment with its operations by one statement, which is one
// snapshot; the payment comes again with each of them.
func (s *Store) record(ctx context.Context, kind, id, where string) (payment.Record, error) {
	sql := `SELECT ` + paymentColumns + `, coalesce(o.id, ''), coalesce(o.state, ''), coalesce(o.amount, 0), coalesce(o.merchant, ''), o.detail
		FROM payments p LEFT JOIN operations o ON o.payment = p.id WHERE ` + where + ` ORDER BY o.id`
	all, err := list(ctx, s, "payments of "+kind+" "+id, sql, []any{id}, func(row pgx.CollectableRow) (r paymentAndOperation, err error) {
		o := &r.operation
		err = row.Scan(append(paymentInto(&r.payment, &r.detail), &o.ID, &o.State, &o.Amount, &o.Merchant, &r.opDetail)...)
		return r, err
	})
	if err != nil {
		return payment.Record{}, err
	}
	if len(all) == 0 {
		return payment.Record{}, notFound(kind, id)
	}
	var record payment.Record
	if record.Payment, err = decodePayment(all[0].payment, all[0].detail); err != nil {
		return payment.Record{}, err
	}
	for _, r := range all {
		if r.operation.ID == "" {
			break // a payment without operations is one row without one
		}
		op, err := decodeOperation(r.operation, r.opDetail)
		if err != nil {
			return payment.Record{}, err
		}
		record.Operations = append(record.Operations, op)
	}
	return record, nil
}

// NotifyURL implements notify.Store.
func (s *Store) NotifyURL(ctx context.Context, id paymux.PaymentID) (string, error) {
	return one(ctx, s, "payment", string(id), "SELECT detail FROM payments WHERE id = $1", []any{string(id)}, func(row pgx.CollectableRow) (string, error) {
		var p paymux.Payment
		var detail []byte
		if err := row.Scan(&detail); err != nil {
			return "", err
		}
		if err := p.ReadKept(detail); err != nil {
			return "", fmt.Errorf("detail of payment %s: %w", id, err)
		}
		return p.NotifyURL, nil
	})
}

// Payments implements payment.Store.
func (s *Store) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	q := filter{}
	q.where("p.merchant = ?", string(f.Merchant))
	q.whereSet("p.merchant_order_id = ?", f.MerchantOrderID)
	q.whereSet("p.status = ?", string(f.Status))
	q.whereSet("p.id < ?", f.After)
	if !f.CreatedFrom.IsZero() {
		q.where("p.created_at >= ?", f.CreatedFrom)
	}
	if !f.CreatedTo.IsZero() {
		q.where("p.created_at < ?", f.CreatedTo)
	}
	sql := `SELECT ` + paymentColumns + ` FROM payments p ` + q.text() + ` ORDER BY p.id DESC LIMIT ` + q.arg(f.Limit)
	return list(ctx, s, "payments", sql, q.args, func(row pgx.CollectableRow) (paymux.Payment, error) {
		var columns paymux.Payment
		var detail []byte
		if err := row.Scan(paymentInto(&columns, &detail)...); err != nil {
			return columns, err
		}
		return decodePayment(columns, detail)
	})
}
