package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/queue"
)

// Resolve is the handler of KindResolve. It is done when nothing about the payment
// is open, and comes back otherwise: soon while the outcome is fresh, ever more
// rarely later. Unknown outcomes are asked for until GiveUp has passed; then the
// task is buried with the reason and the payment stays as it is (money rule 1).
func (s *Service) Resolve(ctx context.Context, t queue.Task) queue.Verdict {
	id := paymux.PaymentID(t.Ref)
	next, oldest, err := s.resolve(ctx, id)
	switch {
	case errors.Is(err, paymux.NotFound) || err == nil && next.IsZero():
		return queue.Verdict{Done: true}
	case !oldest.IsZero() && s.Now().Sub(oldest) > GiveUp:
		reason := fmt.Sprintf("no outcome after %d days of asking; an operator has to find out", int(GiveUp.Hours()/24))
		return queue.Verdict{Bury: true, Reason: reason, Payment: id, Hop: &paymux.Hop{
			At: s.now(), Kind: paymux.HopTask, Text: "resolve buried: " + reason, Ref: string(t.ID),
		}}
	case err != nil:
		s.Log.WarnContext(ctx, "resolve", "payment", id, "error", err)
		return queue.Verdict{Reason: publicReason(err), Due: next}
	}
	return queue.Verdict{Uncounted: true, Reason: "waiting for the outcome", Due: next}
}

// GiveUp is how long an unknown outcome is asked for before a person is needed.
const GiveUp = 30 * 24 * time.Hour

func publicReason(err error) string {
	var e *paymux.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "the institution did not answer the query, or the store did not"
}

// resolve works on everything open and returns when to look again, zero for
// never, and when the oldest open operation was sent.
func (s *Service) resolve(ctx context.Context, id paymux.PaymentID) (next, oldest time.Time, err error) {
	rec, err := s.Store.Record(ctx, id)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	var failed error
	for i := range rec.Operations {
		if op := &rec.Operations[i]; !op.State.Ended() {
			failed = errors.Join(failed, s.advance(ctx, id, op))
		}
	}
	if rec, err = s.Store.Record(ctx, id); err != nil {
		return time.Time{}, time.Time{}, err
	}
	if s.due(&rec.Payment) {
		failed = errors.Join(failed, s.expire(ctx, id))
		if rec, err = s.Store.Record(ctx, id); err != nil {
			return time.Time{}, time.Time{}, err
		}
	}
	next, oldest = s.next(&rec)
	s.unknowns.saw(&rec, next)
	return next, oldest, failed
}

// advance brings one open operation further: sends what was left to the task, asks about the rest.
func (s *Service) advance(ctx context.Context, id paymux.PaymentID, op *paymux.Operation) error {
	account, err := s.account(op.Account)
	if err != nil {
		return err
	}
	if op.State == paymux.OpCreated {
		return s.sendLater(ctx, id, op.ID)
	}
	if op.State == paymux.OpSent && s.Now().Before(s.believable(op, account)) {
		return nil // the call may still be under way
	}
	return s.ask(ctx, id, op.ID, account)
}

// believable is when the institution's word that it never saw an operation counts.
func (s *Service) believable(op *paymux.Operation, a *channel.Account) time.Time {
	return op.SentAt.Add(a.Driver.TimeLimit + s.Patience)
}

// sendLater sends an operation that was committed to be sent by the task.
func (s *Service) sendLater(ctx context.Context, id paymux.PaymentID, opID paymux.OperationID) error {
	d, err := s.change(ctx, s.record(id), func(d *draft) error {
		op := d.find(opID)
		if op.State != paymux.OpCreated {
			return errUnchanged
		}
		d.touch(op)
		op.State, op.SentAt = paymux.OpSent, d.now
		return nil
	})
	if err != nil || d.find(opID).State != paymux.OpSent {
		return err
	}
	_, err = s.send(ctx, d, opID)
	return err
}

// ask queries the institution and applies what it says. What it does not say
// changes nothing (money rule 3).
func (s *Service) ask(ctx context.Context, id paymux.PaymentID, opID paymux.OperationID, a *channel.Account) error {
	rec, err := s.Store.Record(ctx, id)
	if err != nil {
		return err
	}
	d := s.draftOf(rec)
	op := d.find(opID)
	if op.State.Ended() {
		return nil
	}
	result, err := query(ctx, a, s.operation(d, op))
	out := outcome{Result: sane(result)}
	switch {
	case errors.Is(err, channel.ErrAbsent):
		if out, err = s.absent(ctx, d, op, a); err != nil {
			return err
		}
	case errors.Is(err, channel.ErrUnsupported) && op.Kind != paymux.Pay && op.State == paymux.OpUnknown:
		out = s.again(ctx, d, op, a) // all that can be asked
	case errors.Is(err, channel.ErrUnsupported):
		return nil
	case err != nil:
		return fmt.Errorf("query %s: %w", opID, err)
	}
	_, err = s.change(ctx, s.record(id), func(d *draft) error {
		if err := d.concludeLoaded(ctx, opID, out); err != nil {
			return err
		}
		op := d.find(opID)
		op.Queries++
		d.hop(paymux.HopQuery, string(opID), line(op), nil)
		return d.latePayment(ctx)
	})
	return err
}

// absent decides about an operation the institution says it never saw. It is
// believed only when no call can be under way any more. A payer's operation is then
// proven not sent; the others are sent again.
func (s *Service) absent(ctx context.Context, d *draft, op *paymux.Operation, a *channel.Account) (outcome, error) {
	if s.Now().Before(s.believable(op, a)) {
		return outcome{Result: channel.Result{State: paymux.OpUnknown}}, nil
	}
	if op.Kind == paymux.Pay {
		return outcome{Result: channel.Result{State: paymux.OpNotSent, Code: "absent", Message: "the institution never received it"}}, nil
	}
	return s.again(ctx, d, op, a), nil
}

// again sends an operation once more under the same ID, which cannot have a second
// effect (money rule 4). That this call was not sent says nothing about those before
// it: the outcome stays unknown, and the next look sends it again (money rule 1).
func (s *Service) again(ctx context.Context, d *draft, op *paymux.Operation, a *channel.Account) outcome {
	out := s.call(ctx, a, s.operation(d, op))
	if out.State == paymux.OpNotSent {
		return outcome{Result: channel.Result{State: paymux.OpUnknown}}
	}
	return out
}

// next is when to look again, given what is open.
func (s *Service) next(rec *Record) (next, oldest time.Time) {
	now := s.Now()
	soonest := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for i := range rec.Operations {
		op := &rec.Operations[i]
		if op.State.Ended() {
			continue
		}
		if oldest.IsZero() || op.CreatedAt.Before(oldest) {
			oldest = op.CreatedAt
		}
		wait := min(max(now.Sub(op.CreatedAt)/2, soonestAgain), latestAgain)
		soonest(now.Add(wait))
	}
	if s.expires(&rec.Payment) {
		if at := rec.Payment.ExpiresAt; at.After(now) {
			soonest(at)
		} else {
			soonest(now.Add(soonestAgain))
		}
	}
	return next, oldest
}

// Waits between two looks at an open operation: half its age, within these bounds.
const (
	soonestAgain = 5 * time.Second
	latestAgain  = time.Hour
)

func (s *Service) record(id paymux.PaymentID) func(context.Context) (Record, error) {
	return func(ctx context.Context) (Record, error) { return s.Store.Record(ctx, id) }
}
