package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
)

// Refund gives money of a payment back. What several refunds under way have
// reserved cannot be refunded twice: the payment's version decides.
//
// Errors: NotFound, StateConflict, AmountTooLarge, Unsupported, KeyReused,
// KeyInFlight. A Reply with PaymentDeclined or NotSent carries the failed refund.
func (s *Service) Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error) {
	return s.operate(ctx, r.Caller, s.owned(r.Merchant, r.Payment), func(_ context.Context, d *draft) (*paymux.Operation, error) {
		return d.refund(&r)
	})
}

func (d *draft) refund(r *paymux.CreateRefund) (*paymux.Operation, error) {
	p, pay := &d.Payment, d.payOperation()
	if p.Status != paymux.Succeeded && p.Status != paymux.PartiallyCaptured {
		return nil, paymux.Errorf(paymux.StateConflict, "The payment is %s; only what was received can be refunded.", p.Status)
	}
	amount := r.Amount
	if amount == 0 {
		amount = p.Refundable()
	}
	if amount <= 0 || amount > p.Refundable() {
		return nil, paymux.Errorf(paymux.AmountTooLarge, "%s can still be refunded; %s was asked for.", d.money(max(0, p.Refundable())), d.money(amount)).At("amount")
	}
	account, err := d.s.account(pay.Account)
	if err != nil {
		return nil, err
	}
	switch can := account.Driver.Features; {
	case !can.Refund:
		return nil, paymux.Errorf(paymux.Unsupported, "Channel %s cannot refund.", pay.Channel)
	case amount < p.AmountReceived && !can.PartialRefund:
		return nil, paymux.Errorf(paymux.Unsupported, "Channel %s refunds only the whole amount.", pay.Channel).At("amount")
	}
	op := d.beginRefund(pay.ID, amount, r.Reason)
	refund := d.refunds[op.Refund]
	refund.MerchantRefundID, refund.Metadata = r.MerchantRefundID, r.Metadata
	d.NewRefunds[len(d.NewRefunds)-1] = refund
	d.refunds[op.Refund] = refund
	d.asked(op, &r.Caller, "refund")
	return op, nil
}

// beginRefund reserves the amount and adds the refund with its operation.
func (d *draft) beginRefund(pay paymux.OperationID, amount int64, reason string) *paymux.Operation {
	p := &d.Payment
	account := d.s.carrier(d.find(pay))
	op := d.begin(paymux.Refunds, account, amount)
	refund := paymux.Refund{
		ID: paymux.RefundID(d.s.IDs.New(paymux.PrefixRefund)), Object: "refund", Livemode: p.Livemode,
		Status: paymux.RefundProcessing, Payment: p.ID, Operation: op.ID, Amount: amount, Currency: p.Currency,
		Reason: reason, CreatedAt: d.now, UpdatedAt: d.now, Version: 1, Merchant: p.Merchant,
	}
	op.PayID, op.Reason, op.Refund = pay, reason, refund.ID
	p.AmountRefunding += amount
	d.NewRefunds = append(d.NewRefunds, refund)
	d.keep(refund)
	return op
}

func (d *draft) keep(r paymux.Refund) {
	if d.refunds == nil {
		d.refunds = make(map[paymux.RefundID]paymux.Refund, 1)
	}
	d.refunds[r.ID] = r
}

// load reads what an operation moves beside the payment.
func (d *draft) load(ctx context.Context, op *paymux.Operation) error {
	if op == nil || op.Refund == "" {
		return nil
	}
	if _, ok := d.refunds[op.Refund]; ok {
		return nil
	}
	r, err := d.s.Store.Refund(ctx, op.Refund)
	if err != nil {
		return fmt.Errorf("load refund %s: %w", op.Refund, err)
	}
	d.keep(r)
	return nil
}

// moveRefund changes the refund and the payment's amounts after the operation went from was to where it is.
func (d *draft) moveRefund(op *paymux.Operation, was paymux.OperationState) {
	if op.Refund == "" { // given back from beside the payment: its amounts never held it
		return
	}
	p, refund := &d.Payment, d.refunds[op.Refund]
	status := paymux.RefundStatusOf(op.State)
	if status == refund.Status || !refund.Status.CanBecome(status) {
		return
	}
	before := refund.Status
	switch {
	case status == paymux.RefundSucceeded && before == paymux.RefundFailed:
		p.AmountRefunded += op.Amount
	case status == paymux.RefundSucceeded:
		p.AmountRefunding -= op.Amount
		p.AmountRefunded += op.Amount
	case status == paymux.RefundFailed && before == paymux.RefundSucceeded:
		p.AmountRefunded -= op.Amount
	case status == paymux.RefundFailed:
		p.AmountRefunding -= op.Amount
	}
	refund.Status, refund.Version, refund.UpdatedAt = status, refund.Version+1, d.now
	refund.LastError = nil
	if status == paymux.RefundFailed || status == paymux.RefundUnknown {
		refund.LastError = failure(op)
	}
	d.Refunds = append(d.Refunds, refund)
	d.keep(refund)
}

// RefundByID returns a merchant's refund.
func (s *Service) RefundByID(ctx context.Context, merchant paymux.MerchantID, id paymux.RefundID) (paymux.Refund, error) {
	r, err := s.Store.Refund(ctx, id)
	if errors.Is(err, paymux.NotFound) || err == nil && r.Merchant != merchant {
		return paymux.Refund{}, paymux.Errorf(paymux.NotFound, "There is no refund %s.", id)
	}
	return r, err
}

// Refunds lists a merchant's refunds, newest first.
func (s *Service) Refunds(ctx context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	return s.Store.Refunds(ctx, f)
}
