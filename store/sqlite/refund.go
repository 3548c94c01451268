package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

type refundDetail struct {
	Livemode         bool              `json:"livemode,omitempty"`
	MerchantRefundID string            `json:"merchant_refund_id,omitempty"`
	Reason           string            `json:"reason,omitempty"`
	LastError        *paymux.Failure   `json:"last_error,omitempty"`
	Metadata         map[string]string `json:"metadata,omitempty"`
}

func refundDoc(r *paymux.Refund) (string, error) {
	return text(&refundDetail{r.Livemode, r.MerchantRefundID, r.Reason, r.LastError, r.Metadata})
}

const refundColumns = `SELECT id, payment, merchant, operation, status, amount, currency, version, created_at, updated_at, detail FROM refunds `

func scanRefund(r *row) (paymux.Refund, error) {
	re := paymux.Refund{
		Object: "refund",
		ID:     paymux.RefundID(r.text()), Payment: paymux.PaymentID(r.text()), Merchant: paymux.MerchantID(r.text()),
		Operation: paymux.OperationID(r.text()), Status: paymux.RefundStatus(r.text()),
		Amount: r.int(), Currency: paymux.Currency(r.text()), Version: r.int(), CreatedAt: r.time(), UpdatedAt: r.time(),
	}
	var d refundDetail
	if err := r.json(&d); err != nil {
		return re, fmt.Errorf("refund %s: %w", re.ID, err)
	}
	re.Livemode, re.MerchantRefundID, re.Reason, re.LastError, re.Metadata = d.Livemode, d.MerchantRefundID, d.Reason, d.LastError, d.Metadata
	return re, nil
}

func (w *writer) changeRefunds(c *payment.Change, d documents) error {
	for i := range c.NewRefunds {
		if err := w.insertRefund(&c.NewRefunds[i], d.newRefunds[i]); err != nil {
			return fmt.Errorf("insert refund %s: %w", c.NewRefunds[i].ID, err)
		}
	}
	for i := range c.Refunds {
		if err := w.updateRefund(&c.Refunds[i], d.refunds[i]); err != nil {
			return fmt.Errorf("update refund %s: %w", c.Refunds[i].ID, err)
		}
	}
	return nil
}

func (w *writer) insertRefund(r *paymux.Refund, doc string) error {
	s := w.prepare(`INSERT INTO refunds (id, payment, merchant, currency, created_at, operation, status, amount, version, updated_at, detail)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	s.text(string(r.ID))
	s.text(string(r.Payment))
	s.text(string(r.Merchant))
	s.text(string(r.Currency))
	s.time(r.CreatedAt)
	s.refund(r, doc)
	_, err := w.exec(&s)
	return err
}

func (w *writer) updateRefund(r *paymux.Refund, doc string) error {
	s := w.prepare(`UPDATE refunds SET operation = ?, status = ?, amount = ?, version = ?, updated_at = ?, detail = ? WHERE id = ?`)
	s.refund(r, doc)
	s.text(string(r.ID))
	return w.mustChange(&s)
}

// refund binds what of a refund may change.
func (s *statement) refund(r *paymux.Refund, doc string) {
	s.text(string(r.Operation))
	s.text(string(r.Status))
	s.int(r.Amount)
	s.int(r.Version)
	s.time(r.UpdatedAt)
	s.text(doc)
}

// Refund implements payment.Store.
func (s *Store) Refund(ctx context.Context, id paymux.RefundID) (paymux.Refund, error) {
	return one(ctx, s.pool, "refund "+string(id), refundColumns+"WHERE id = ?", func(s *statement) { s.text(string(id)) }, scanRefund)
}

// Refunds implements payment.Store.
func (s *Store) Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	sql := refundColumns + "WHERE merchant = ? AND id < ? ORDER BY id DESC LIMIT ?"
	if f.Payment != "" {
		sql = refundColumns + "WHERE merchant = ? AND id < ? AND payment = ? ORDER BY id DESC LIMIT ?"
	}
	list, err := query(ctx, s.pool, sql, func(s *statement) {
		s.text(string(f.Merchant))
		s.text(cmp.Or(f.After, beyond))
		if f.Payment != "" {
			s.text(string(f.Payment))
		}
		s.int(int64(f.Limit))
	}, scanRefund)
	if err != nil {
		return nil, fmt.Errorf("list refunds of %s: %w", f.Merchant, err)
	}
	return list, nil
}
