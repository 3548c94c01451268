package payment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
)

// beginAnswer is what is kept of a request before its outcome is known.
func beginAnswer(c paymux.Caller, object string, d *draft) *paymux.Idempotency {
	if c.Idempotency == "" {
		return nil
	}
	return &paymux.Idempotency{Merchant: c.Merchant, Key: c.Idempotency, Fingerprint: c.Fingerprint, Object: object, CreatedAt: d.now}
}

// answer writes the answer of the request that waits for an operation, when this
// change is the one that ends the waiting. It needs the payment whole.
func (d *draft) answer() error {
	if d.atOnce != nil {
		return d.answerAtOnce()
	}
	if d.answers == nil {
		return nil
	}
	reply, err := d.reply(d.answers)
	if err != nil {
		return err
	}
	reply.RequestID = d.requestOf(d.answers)
	d.answered = &reply
	if d.answers.IdempotencyKey == "" {
		return nil
	}
	body, err := encodeReply(&reply)
	if err != nil {
		return err
	}
	d.Finish = &paymux.Idempotency{Merchant: d.Payment.Merchant, Key: d.answers.IdempotencyKey, Answer: body}
	return nil
}

// answerAtOnce answers a request that needs no institution, in the commit of its effect.
func (d *draft) answerAtOnce() (err error) {
	d.answered = &paymux.Reply{Object: d.object, RequestID: d.atOnce.RequestID}
	if d.Begin != nil {
		d.Begin.Answer, err = encodeReply(d.answered)
	}
	return err
}

// requestOf is the ID of the API request that began an operation: creations are on the payment.
func (d *draft) requestOf(op *paymux.Operation) paymux.RequestID {
	hops := op.Hops
	if len(hops) == 0 {
		hops = d.Payment.Hops
	}
	for _, h := range hops {
		if h.Kind == paymux.HopAPI {
			return paymux.RequestID(h.Ref)
		}
	}
	return ""
}

// answerTo is the answer to the request that began an operation: the one just
// committed, the one a callback committed first, or, without a key, how things stand.
func (s *Service) answerTo(ctx context.Context, c paymux.Caller, d *draft, id paymux.OperationID) (paymux.Reply, error) {
	if d.answered != nil {
		return *d.answered, nil
	}
	if r, ok, err := s.repeated(ctx, c); ok && err == nil {
		r.Replayed = false
		return r, nil
	}
	op := d.find(id)
	if err := d.load(ctx, op); err != nil {
		return paymux.Reply{}, err
	}
	d.object = d.Payment.AppendShown(nil)
	r, err := d.reply(op)
	r.RequestID = c.RequestID
	return r, err
}

// reply is the answer to the request that began an operation, by the operation's state.
func (d *draft) reply(op *paymux.Operation) (paymux.Reply, error) {
	r := paymux.Reply{Object: d.object, Created: op.Kind == paymux.Pay && len(op.Hops) == 0}
	if op.Kind == paymux.Refunds {
		refund := d.refunds[op.Refund]
		object, err := json.Marshal(&refund)
		if err != nil {
			return r, err
		}
		r.Object, r.Created = object, true
	}
	switch op.State {
	case paymux.OpDeclined, paymux.OpNotSent, paymux.OpCanceled:
		f := failure(op)
		r.Error = &paymux.Error{Code: f.Code, Message: f.Message, DeclineCode: f.DeclineCode, Advice: f.Advice}
	case paymux.OpUnknown, paymux.OpSent:
		r.Accepted = true
	case paymux.OpPending:
		r.Accepted = d.Payment.Status == paymux.Processing || op.Kind != paymux.Pay
	}
	return r, nil
}

// encodeReply is json.Marshal for the common case without copying the object through the encoder.
func encodeReply(r *paymux.Reply) ([]byte, error) {
	if r.Error != nil {
		return json.Marshal(r)
	}
	b := make([]byte, 0, len(r.Object)+96)
	b = append(append(b, `{"object":`...), r.Object...)
	if r.Created {
		b = append(b, `,"created":true`...)
	}
	if r.Accepted {
		b = append(b, `,"accepted":true`...)
	}
	if r.RequestID != "" {
		b = append(append(append(b, `,"request_id":"`...), r.RequestID...), '"')
	}
	return append(b, '}'), nil
}

// replay answers a request whose idempotency key is there already: as before when
// it is the same request, and never with a second effect (X2).
func (s *Service) replay(ctx context.Context, c paymux.Caller) (paymux.Reply, error) {
	kept, err := s.Store.Idempotency(ctx, c.Merchant, c.Idempotency)
	if err != nil {
		return paymux.Reply{}, fmt.Errorf("load idempotency key: %w", err)
	}
	if !bytes.Equal(kept.Fingerprint, c.Fingerprint) {
		return paymux.Reply{}, paymux.Errorf(paymux.KeyReused,
			"Idempotency-Key %q was used for another request at %s. Use a new key for a new request; repeat the old one unchanged.",
			c.Idempotency, kept.CreatedAt.Format("2006-01-02T15:04:05Z07:00"))
	}
	if len(kept.Answer) == 0 {
		e := paymux.Errorf(paymux.KeyInFlight, "The first request with this Idempotency-Key is still being answered (%s). Repeat it in a moment.", kept.Object)
		e.RetryAfter = 1
		return paymux.Reply{}, e
	}
	var r paymux.Reply
	if err := json.Unmarshal(kept.Answer, &r); err != nil {
		return paymux.Reply{}, fmt.Errorf("read the kept answer: %w", err)
	}
	r.Replayed = true
	return r, nil
}

// repeated answers a request that was made before; ok is false for a new one.
func (s *Service) repeated(ctx context.Context, c paymux.Caller) (r paymux.Reply, ok bool, err error) {
	if c.Idempotency == "" {
		return r, false, nil
	}
	r, err = s.replay(ctx, c)
	if errors.Is(err, paymux.NotFound) {
		return r, false, nil
	}
	return r, true, err
}
