package payment

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
)

// Sync asks the institution about everything open, now, and returns the payment as
// it then stands. A query that fails changes nothing and is no error: the payment says what is known.
func (s *Service) Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error) {
	rec, err := s.owned(r.Merchant, r.Payment)(ctx)
	if err != nil {
		return paymux.Reply{}, err
	}
	for i := range rec.Operations {
		op := &rec.Operations[i]
		if op.State.Ended() {
			continue
		}
		if err := s.advance(ctx, r.Payment, op); err != nil {
			s.Log.WarnContext(ctx, "sync", "payment", r.Payment, "operation", op.ID, "error", err)
		}
	}
	if rec, err = s.Store.Record(ctx, r.Payment); err != nil {
		return paymux.Reply{}, err
	}
	return paymux.Reply{Object: rec.Payment.AppendShown(nil), RequestID: r.RequestID}, nil
}

// Payment returns a merchant's payment.
func (s *Service) Payment(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) (paymux.Payment, error) {
	rec, err := s.owned(merchant, id)(ctx)
	return rec.Payment, err
}

// Find returns a payment to those who hold its ID, whoever owns it: the payer's pages.
func (s *Service) Find(ctx context.Context, id paymux.PaymentID) (paymux.Payment, error) {
	rec, err := s.Store.Record(ctx, id)
	if errors.Is(err, paymux.NotFound) {
		err = paymux.Errorf(paymux.NotFound, "There is no payment %s.", id)
	}
	return rec.Payment, err
}

// Payments lists a merchant's payments, newest first.
func (s *Service) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return s.Store.Payments(ctx, f)
}

// Operations lists what was asked of institutions for a payment, oldest first.
func (s *Service) Operations(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Operation, error) {
	rec, err := s.owned(merchant, id)(ctx)
	return rec.Operations, err
}

// Methods lists what routing could serve for an amount: what a payer may choose from.
func (s *Service) Methods(ctx context.Context, merchant paymux.MerchantID, m paymux.Money) ([]paymux.MethodType, error) {
	policy, err := s.Policy(ctx, merchant)
	if err != nil {
		return nil, err
	}
	var methods []paymux.MethodType
	for _, method := range paymux.MethodTypes() {
		p := paymux.Payment{Merchant: merchant, Amount: m.Amount, Currency: m.Currency, Method: paymux.Method{Type: method}}
		r := s.routingRequest(&p, nil, &policy)
		if len(s.Routes().Decide(&r).Order) > 0 {
			methods = append(methods, method)
		}
	}
	return methods, nil
}
