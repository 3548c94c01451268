package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

// paymentDoc is a payment's detail column: all of it.
func paymentDoc(p *paymux.Payment) string { return string(p.AppendKept(make([]byte, 0, 2048))) }

const paymentColumns = `SELECT id, merchant, status, amount, currency, capturable, received, refunded, refunding, disputed,
	version, merchant_order_id, detail FROM payments `

func scanPayment(r *row) (paymux.Payment, error) {
	var p paymux.Payment
	columns := paymux.Payment{
		ID: paymux.PaymentID(r.text()), Merchant: paymux.MerchantID(r.text()), Status: paymux.PaymentStatus(r.text()),
		Amount: r.int(), Currency: paymux.Currency(r.text()),
		AmountCapturable: r.int(), AmountReceived: r.int(), AmountRefunded: r.int(), AmountRefunding: r.int(), AmountDisputed: r.int(),
		Version: r.int(), MerchantOrderID: r.text(),
	}
	if err := p.ReadKept([]byte(r.text())); err != nil {
		return p, fmt.Errorf("payment %s: %w", columns.ID, err)
	}
	// What columns hold is what CHECKs have seen: it counts.
	p.ID, p.Merchant, p.Status, p.Amount, p.Currency = columns.ID, columns.Merchant, columns.Status, columns.Amount, columns.Currency
	p.AmountCapturable, p.AmountReceived, p.AmountRefunded = columns.AmountCapturable, columns.AmountReceived, columns.AmountRefunded
	p.AmountRefunding, p.AmountDisputed, p.Version, p.MerchantOrderID = columns.AmountRefunding, columns.AmountDisputed, columns.Version, columns.MerchantOrderID
	return p, nil
}

const insertPayment = `INSERT INTO payments (n, id, merchant, status, amount, currency, capturable, received, refunded, refunding, disputed,
	version, merchant_order_id, order_slot, created_at, detail)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (merchant, merchant_order_id, order_slot) DO NOTHING`

func (w *writer) insertPayment(p *paymux.Payment, doc string) error {
	s := w.prepare(insertPayment)
	s.identity(string(p.ID))
	s.text(string(p.Merchant))
	s.text(string(p.Status))
	s.int(p.Amount)
	s.text(string(p.Currency))
	s.int(p.AmountCapturable)
	s.int(p.AmountReceived)
	s.int(p.AmountRefunded)
	s.int(p.AmountRefunding)
	s.int(p.AmountDisputed)
	s.int(p.Version)
	s.text(p.MerchantOrderID)
	s.int(orderSlot(p))
	s.time(p.CreatedAt)
	s.text(doc)
	n, err := w.exec(&s)
	if err != nil {
		return fmt.Errorf("insert payment %s: %w", p.ID, err)
	}
	if n == 0 {
		return paymux.ErrOrderTaken
	}
	return nil
}

func orderSlot(p *paymux.Payment) int64 {
	if p.HoldsOrder() && p.MerchantOrderID != "" {
		return 0
	}
	return number(string(p.ID))
}

// Two statements, for an update that names order_slot rewrites its index even where it changes nothing.
const (
	advancePayment = `UPDATE payments SET status = ?, capturable = ?, received = ?, refunded = ?, refunding = ?, disputed = ?,
	version = ?, detail = ? WHERE n = ? AND id = ? AND version = ?`
	endPayment = `UPDATE payments SET status = ?, capturable = ?, received = ?, refunded = ?, refunding = ?, disputed = ?,
	version = ?, detail = ?, order_slot = n WHERE n = ? AND id = ? AND version = ?`
)

func (w *writer) advancePayment(p *paymux.Payment, doc string) error {
	query := advancePayment
	if !p.HoldsOrder() {
		query = endPayment
	}
	s := w.prepare(query)
	s.text(string(p.Status))
	s.int(p.AmountCapturable)
	s.int(p.AmountReceived)
	s.int(p.AmountRefunded)
	s.int(p.AmountRefunding)
	s.int(p.AmountDisputed)
	s.int(p.Version)
	s.text(doc)
	s.identity(string(p.ID))
	s.int(p.Version - 1)
	n, err := w.exec(&s)
	if err != nil {
		return fmt.Errorf("advance payment %s: %w", p.ID, err)
	}
	if n == 0 {
		return paymux.ErrStale
	}
	return nil
}

// Record implements payment.Store.
func (s *Store) Record(ctx context.Context, id paymux.PaymentID) (r payment.Record, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		r, err = record(conn, number(string(id)), "payment "+string(id))
		return err
	})
	if err == nil && r.Payment.ID != id {
		return payment.Record{}, notFound("payment " + string(id))
	}
	return r, err
}

// RecordOf implements payment.Store.
func (s *Store) RecordOf(ctx context.Context, id paymux.OperationID) (r payment.Record, err error) {
	err = s.pool.snapshot(ctx, func(conn *sqlite.Conn) error {
		of, err := read(conn, "SELECT payment FROM operations WHERE n = ? AND id = ?",
			func(s *statement) { s.identity(string(id)) },
			func(r *row) (int64, error) { return r.int(), nil })
		if err != nil {
			return fmt.Errorf("load operation %s: %w", id, err)
		}
		if len(of) == 0 {
			return notFound("operation " + string(id))
		}
		r, err = record(conn, of[0], "payment of operation "+string(id))
		return err
	})
	return r, err
}

// record reads a payment by its number, and its operations. what names it in errors.
func record(conn *sqlite.Conn, n int64, what string) (r payment.Record, err error) {
	bind := func(s *statement) { s.int(n) }
	found, err := read(conn, paymentColumns+"WHERE n = ?", bind, scanPayment)
	if err != nil {
		return r, fmt.Errorf("load %s: %w", what, err)
	}
	if len(found) == 0 {
		return r, notFound(what)
	}
	r.Payment = found[0]
	r.Operations, err = read(conn, operationColumns+"WHERE payment = ? ORDER BY n", bind, func(r *row) (paymux.Operation, error) {
		return scanOperation(r, &found[0])
	})
	if err != nil {
		return r, fmt.Errorf("load the operations of %s: %w", what, err)
	}
	return r, nil
}

// NotifyURL implements notify.Store.
func (s *Store) NotifyURL(ctx context.Context, id paymux.PaymentID) (string, error) {
	return one(ctx, s.pool, "payment "+string(id), "SELECT json_extract(detail, '$.notify_url') FROM payments WHERE n = ? AND id = ?",
		func(s *statement) { s.identity(string(id)) },
		func(r *row) (string, error) { return r.text(), nil })
}

// Payments implements payment.Store.
func (s *Store) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	list, err := query(ctx, s.pool, selectPayments(f), func(s *statement) { bindPayments(s, f) }, scanPayment)
	if err != nil {
		return nil, fmt.Errorf("list payments of %s: %w", f.Merchant, err)
	}
	return list, nil
}

// selectPayments names the index: without statistics the planner would read
// all of a merchant's payments to find those of an order.
func selectPayments(f paymux.PaymentFilter) string {
	index, where := "payments_list", "merchant = ? AND n < ?"
	if f.MerchantOrderID != "" {
		index, where = "payments_order", where+" AND merchant_order_id = ?"
	}
	if f.Status != "" {
		where += " AND status = ?"
	}
	if !f.CreatedFrom.IsZero() {
		where += " AND created_at >= ?"
	}
	if !f.CreatedTo.IsZero() {
		where += " AND created_at < ?"
	}
	return paymentColumns + "INDEXED BY " + index + " WHERE " + where + " ORDER BY n DESC LIMIT ?"
}

func bindPayments(s *statement, f paymux.PaymentFilter) {
	s.text(string(f.Merchant))
	s.before(f.After)
	if f.MerchantOrderID != "" {
		s.text(f.MerchantOrderID)
	}
	if f.Status != "" {
		s.text(string(f.Status))
	}
	if !f.CreatedFrom.IsZero() {
		s.time(f.CreatedFrom)
	}
	if !f.CreatedTo.IsZero() {
		s.time(f.CreatedTo)
	}
	s.int(int64(f.Limit))
}
