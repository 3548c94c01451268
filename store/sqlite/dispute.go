package sqlite

import (
	"context"
	"fmt"

	"github.com/paymux/paymux"
)

func (w *writer) putDispute(d *paymux.Dispute) error {
	s := w.prepare(`INSERT INTO disputes (id, payment, merchant, status, amount, currency, account, channel_id, reason, livemode, version, created_at, updated_at)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount = excluded.amount, reason = excluded.reason,
	version = excluded.version, updated_at = excluded.updated_at`)
	s.text(string(d.ID))
	s.text(string(d.Payment))
	s.text(string(d.Merchant))
	s.text(string(d.Status))
	s.int(d.Amount)
	s.text(string(d.Currency))
	s.text(d.Account)
	s.text(d.ChannelID)
	s.text(d.Reason)
	s.bool(d.Livemode)
	s.int(d.Version)
	s.time(d.CreatedAt)
	s.time(d.UpdatedAt)
	if _, err := w.exec(&s); err != nil {
		return fmt.Errorf("keep dispute %s: %w", d.ID, err)
	}
	return nil
}

func scanDispute(r *row) (paymux.Dispute, error) {
	return paymux.Dispute{
		Object: "dispute",
		ID:     paymux.DisputeID(r.text()), Payment: paymux.PaymentID(r.text()), Merchant: paymux.MerchantID(r.text()),
		Status: paymux.DisputeStatus(r.text()), Amount: r.int(), Currency: paymux.Currency(r.text()),
		Account: r.text(), ChannelID: r.text(), Reason: r.text(), Livemode: r.int() != 0, Version: r.int(), CreatedAt: r.time(), UpdatedAt: r.time(),
	}, nil
}

// Dispute implements payment.Store.
func (s *Store) Dispute(ctx context.Context, account, channelID string) (paymux.Dispute, error) {
	return one(ctx, s.pool, "dispute "+channelID+" at "+account, `SELECT id, payment, merchant, status, amount, currency, account, channel_id,
	reason, livemode, version, created_at, updated_at FROM disputes WHERE account = ? AND channel_id = ?`, func(s *statement) {
		s.text(account)
		s.text(channelID)
	}, scanDispute)
}
