package payment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// Timeline is everything that happened to a payment, oldest first (X12). Creation
// and calls are read from the payment and its operations, and notifications from their log, so
// that the hot path writes nothing twice; the rest are lines of their own.
func (s *Service) Timeline(ctx context.Context, merchant paymux.MerchantID, id paymux.PaymentID) ([]paymux.Hop, error) {
	rec, err := s.owned(merchant, id)(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := s.Store.Hops(ctx, id)
	if err != nil {
		return nil, err
	}
	attempts, err := s.Store.Notified(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load notifications of %s: %w", id, err)
	}
	hops := slices.Concat(rec.Payment.Hops, lines)
	for i := range attempts {
		hops = append(hops, notifyHop(&attempts[i]))
	}
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

// notifyHop is an attempt to tell the merchant, or why there was none.
func notifyHop(a *paymux.Attempt) paymux.Hop {
	h := paymux.Hop{
		At: a.At, Kind: paymux.HopNotify, Ref: string(a.Event), Duration: a.Duration,
		Data: map[string]string{"endpoint": string(a.Endpoint)},
	}
	if a.Result == paymux.AttemptDropped {
		h.Text = fmt.Sprintf("%s not delivered: %s", a.Type, a.Error)
		return h
	}
	h.Data["attempt"] = strconv.Itoa(a.Number)
	what, more, also := strings.Cut(a.Error, "; ") // what came of the attempt, and what of the endpoint
	if a.Status != 0 {
		what = strconv.Itoa(a.Status)
		h.Data["status"] = what
	}
	h.Text = fmt.Sprintf("%s -> %s %s in %d ms", a.Type, a.URL, what, a.Duration/1000)
	switch a.Result {
	case paymux.AttemptFailed:
		wait := a.NextAt.Sub(a.At) - time.Duration(a.Duration)*time.Microsecond
		h.Text += fmt.Sprintf(", attempt %d, next in %v", a.Number, wait.Round(time.Second))
	case paymux.AttemptDead:
		h.Text += fmt.Sprintf(", given up after attempt %d", a.Number)
	}
	if also {
		h.Text += ", " + more
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
