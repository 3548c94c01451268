package payment

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// Timeline is everything that happened to a payment, oldest first (X12). Creation
// and calls are read from the payment and its operations, so that the hot path
// writes nothing twice; the rest are lines of their own.
func (s *Service) Timeline(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Hop, error) {
	rec, err := s.owned(merchant, id)(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := s.Store.Hops(ctx, id)
	if err != nil {
		return nil, err
	}
	hops := slices.Concat(rec.Payment.Hops, lines)
	for i := range rec.Operations {
		op := &rec.Operations[i]
		hops = append(hops, op.Hops...)
		hops = append(hops, callHop(op))
	}
	slices.SortStableFunc(hops, func(a, b paymux.Hop) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.Kind), rank(b.Kind)))
	})
	return hops, nil
}

// callHop is the call of an operation, at the time its answer came.
func callHop(op *paymux.Operation) paymux.Hop {
	took := time.Duration(op.AnswerMS) * time.Millisecond
	h := paymux.Hop{At: op.SentAt.Add(took), Kind: paymux.HopChannel, Ref: string(op.ID), Duration: took.Microseconds()}
	h.Text = op.Account + ": " + string(op.Kind) + " " + string(op.Answer)
	if op.Answer == "" { // not answered: still under way, not yet sent, or cut off by a crash
		h.Text = op.Account + ": " + string(op.Kind) + " sent, no answer seen"
	}
	if op.SentAt.IsZero() {
		h.At, h.Text = op.CreatedAt, op.Account+": "+string(op.Kind)+" waits to be sent"
	}
	if op.ChannelMessage != "" || op.ChannelID != "" {
		h.Data = map[string]string{"channel_id": op.ChannelID, "message": op.ChannelMessage}
	}
	return h
}

// rank orders hops of one instant as they happen.
func rank(k paymux.HopKind) int {
	return slices.Index([]paymux.HopKind{
		paymux.HopAPI, paymux.HopRelay, paymux.HopRoute, paymux.HopTask, paymux.HopChannel,
		paymux.HopQuery, paymux.HopCallback, paymux.HopState, paymux.HopNotify,
	}, k)
}
