package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

// paymentDetail is what of a payment is read with it only.
type paymentDetail struct {
	Livemode             bool                 `json:"livemode,omitempty"`
	CaptureMethod        paymux.CaptureMethod `json:"capture_method,omitempty"`
	Description          string               `json:"description,omitempty"`
	Method               paymux.Method        `json:"payment_method,omitzero"`
	AllowedMethods       []paymux.MethodType  `json:"allowed_methods,omitempty"`
	ReturnURL            string               `json:"return_url,omitempty"`
	Link                 paymux.LinkID        `json:"payment_link,omitempty"`
	Metadata             map[string]string    `json:"metadata,omitempty"`
	Channel              string               `json:"channel,omitempty"`
	Account              string               `json:"account,omitempty"`
	ChannelTransactionID string               `json:"channel_transaction_id,omitempty"`
	LatestOperation      paymux.OperationID   `json:"latest_operation,omitempty"`
	NextAction           *paymux.NextAction   `json:"next_action,omitempty"`
	LastError            *paymux.Failure      `json:"last_error,omitempty"`
	Late                 bool                 `json:"late,omitempty"`
	Routing              *paymux.Routing      `json:"routing,omitempty"`
	Client               paymux.Client        `json:"client,omitzero"`
	Hops                 []paymux.Hop         `json:"hops,omitempty"`
}

func paymentDoc(p *paymux.Payment) (string, error) {
	return text(&paymentDetail{
		p.Livemode, p.CaptureMethod, p.Description, p.Method, p.AllowedMethods, p.ReturnURL, p.Link, p.Metadata, p.Channel, p.Account,
		p.ChannelTransactionID, p.LatestOperation, p.NextAction, p.LastError, p.Late, p.Routing, p.Client, p.Hops,
	})
}

const paymentColumns = `SELECT id, merchant, status, amount, currency, capturable, received, refunded, refunding, disputed,
	version, merchant_order_id, created_at, updated_at, expires_at, detail FROM payments `

func scanPayment(r *row) (paymux.Payment, error) {
	p := paymux.Payment{
		Object: "payment",
		ID:     paymux.PaymentID(r.text()), Merchant: paymux.MerchantID(r.text()), Status: paymux.PaymentStatus(r.text()),
		Amount: r.int(), Currency: paymux.Currency(r.text()),
		AmountCapturable: r.int(), AmountReceived: r.int(), AmountRefunded: r.int(), AmountRefunding: r.int(), AmountDisputed: r.int(),
		Version: r.int(), MerchantOrderID: r.text(), CreatedAt: r.time(), UpdatedAt: r.time(), ExpiresAt: r.time(),
	}
	var d paymentDetail
	if err := r.json(&d); err != nil {
		return p, fmt.Errorf("payment %s: %w", p.ID, err)
	}
	p.Livemode, p.CaptureMethod, p.Description, p.Method, p.AllowedMethods = d.Livemode, d.CaptureMethod, d.Description, d.Method, d.AllowedMethods
	p.ReturnURL, p.Link, p.Metadata, p.Channel, p.Account = d.ReturnURL, d.Link, d.Metadata, d.Channel, d.Account
	p.ChannelTransactionID, p.LatestOperation, p.NextAction, p.LastError = d.ChannelTransactionID, d.LatestOperation, d.NextAction, d.LastError
	p.Late, p.Routing, p.Client, p.Hops = d.Late, d.Routing, d.Client, d.Hops
	return p, nil
}

const insertPayment = `INSERT INTO payments (n, id, merchant, status, amount, currency, capturable, received, refunded, refunding, disputed,
	version, merchant_order_id, order_slot, created_at, updated_at, expires_at, detail)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
	s.time(p.UpdatedAt)
	s.time(p.ExpiresAt)
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
	version = ?, updated_at = ?, expires_at = ?, detail = ? WHERE n = ? AND id = ? AND version = ?`
	endPayment = `UPDATE payments SET status = ?, capturable = ?, received = ?, refunded = ?, refunding = ?, disputed = ?,
	version = ?, updated_at = ?, expires_at = ?, detail = ?, order_slot = n WHERE n = ? AND id = ? AND version = ?`
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
	s.time(p.UpdatedAt)
	s.time(p.ExpiresAt)
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
