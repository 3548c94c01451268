package payment

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// codeUnsupported is the code of operations that a channel cannot carry out.
const codeUnsupported = "unsupported"

// outcome is what is known of an operation after a call, a query or a callback.
type outcome struct {
	channel.Result
	took time.Duration // of a call; 0 for what was not one
}

// call carries out an operation and translates the answer. It never fails: not
// knowing is an outcome.
func (s *Service) call(ctx context.Context, a *channel.Account, op channel.Operation) outcome {
	start := s.Now()
	ctx, span := asked(ctx, string(op.Kind), a, &op)
	defer span.End()
	result, err := a.Do(ctx, op)
	out := outcome{Result: result, took: s.Now().Sub(start)}
	switch {
	case err == nil:
		out.Result = sane(result)
	case errors.Is(err, channel.ErrNotSent):
		out.Result = channel.Result{State: paymux.OpNotSent, Code: result.Code, Message: or(result.Message, "the institution was not reached")}
	case errors.Is(err, channel.ErrUnsupported):
		out.Result = channel.Result{State: paymux.OpNotSent, Code: codeUnsupported, Message: "the channel cannot do this"}
	default:
		out.Result = channel.Result{State: paymux.OpUnknown, Code: result.Code, Message: noAnswer(err), ChannelID: result.ChannelID}
	}
	answered(span, out.Result)
	if err != nil {
		s.Log.WarnContext(ctx, "channel call", "operation", op.ID, "kind", op.Kind, "account", a.Name, "state", out.State, "error", err)
	}
	return out
}

// sane maps what the contract does not allow to unknown (money rule 3): a state
// nobody knows is not a verdict.
func sane(r channel.Result) channel.Result {
	switch r.State {
	case paymux.OpPending, paymux.OpUnknown, paymux.OpAuthorized, paymux.OpSucceeded, paymux.OpDeclined, paymux.OpCanceled:
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// noAnswer says why there was no answer, without the error's own text, which may hold what merchants must not see.
func noAnswer(err error) string {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer in time"
	}
	return "the answer was lost or not understood"
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// differs reports whether an institution states another amount than ours for
// something it claims done. What it does not state does not differ.
func differs(op *paymux.Operation, r channel.Result) bool {
	if r.State != paymux.OpAuthorized && r.State != paymux.OpSucceeded || r.Money == (paymux.Money{}) {
		return false
	}
	return r.Money != paymux.Money{Amount: op.Amount, Currency: op.Currency}
}

// conclude applies an outcome to an operation and to what it moves: the payment or
// a refund. It reports whether anything changed. What the tables of states do
// not allow, such as a decline after a success, changes nothing.
func (d *draft) conclude(op *paymux.Operation, out outcome) bool {
	if differs(op, out.Result) {
		d.hop(paymux.HopState, string(op.ID), "amount differs from what was asked: not believed", map[string]string{
			"asked": paymux.Money{Amount: op.Amount, Currency: op.Currency}.String(), "stated": out.Money.String(),
		})
		out.State, out.Message = paymux.OpUnknown, "the institution stated another amount"
	}
	was := op.State
	if !d.tells(op, out) {
		return d.answerNoted(op, out)
	}
	d.record(op, out)
	if was == paymux.OpSent {
		d.answers = op
	}
	if was.Ended() && was != paymux.OpAuthorized {
		op.Late = true
	}
	if op.State == was && was != paymux.OpPending {
		return true
	}
	d.move(op, was, out)
	return true
}

// tells reports whether an outcome says more than is known.
func (d *draft) tells(op *paymux.Operation, out outcome) bool {
	switch was := op.State; {
	case !was.CanBecome(out.State), was == paymux.OpPending && out.State == paymux.OpUnknown:
		return false
	case out.State == was:
		return d.news(op, out)
	}
	return true
}

// answerNoted writes down a call's answer that a callback had overtaken, so that
// the timeline does not say there was none.
func (d *draft) answerNoted(op *paymux.Operation, out outcome) bool {
	if out.took == 0 || op.Answer != "" {
		return false
	}
	d.touch(op)
	op.AnswerMS, op.Answer = max(1, out.took.Milliseconds()), out.State
	d.factAnswered(op)
	return true
}

// news reports whether an unchanged state brings the payer something new to do.
func (d *draft) news(op *paymux.Operation, out outcome) bool {
	return out.State == paymux.OpPending && out.NextAction != nil && d.Payment.NextAction == nil && op.Kind == paymux.Pay ||
		out.ChannelID != "" && op.ChannelID == ""
}

// record writes what the institution said into the operation.
func (d *draft) record(op *paymux.Operation, out outcome) {
	d.touch(op)
	was := op.State
	op.State = out.State
	op.ChannelID = or(out.ChannelID, op.ChannelID)
	op.ChannelCode, op.ChannelMessage = out.Code, out.Message
	op.DeclineCode, op.Advice = "", ""
	if out.State == paymux.OpDeclined {
		op.DeclineCode, op.Advice = out.DeclineCode, out.Advice
		if op.DeclineCode == "" {
			op.DeclineCode = paymux.DeclineGeneric
		}
		if op.Advice == "" {
			op.Advice = paymux.TryOtherMethod
		}
	}
	if out.took > 0 && op.AnswerMS == 0 {
		op.AnswerMS, op.Answer = max(1, out.took.Milliseconds()), out.State
		d.factAnswered(op)
	}
	if op.State.Ended() {
		op.EndedAt = d.now
	}
	d.heard(op, was, out)
}

// failure is an operation's end without success, for the merchant.
func failure(op *paymux.Operation) *paymux.Failure {
	f := &paymux.Failure{Channel: op.Channel, ChannelCode: op.ChannelCode, ChannelMessage: op.ChannelMessage}
	switch op.State {
	case paymux.OpDeclined:
		f.Code, f.DeclineCode, f.Advice = paymux.PaymentDeclined, op.DeclineCode, op.Advice
		f.Message = "The institution declined: " + string(op.DeclineCode) + "."
	case paymux.OpNotSent:
		f.Code, f.Advice = paymux.NotSent, paymux.RetryLater
		f.Message = "The institution could not be reached; nothing was charged. Try again."
	case paymux.OpCanceled:
		f.Code, f.DeclineCode = paymux.PaymentDeclined, paymux.DeclineCanceledByPayer
		f.Message = "It was canceled at the institution."
	default:
		f.Code = paymux.OutcomeUnknown
		f.Message = "The institution has not confirmed the outcome; Paymux keeps asking. Do not charge again."
	}
	return f
}

// move changes the payment, or the refund, after an operation went from one state to another.
func (d *draft) move(op *paymux.Operation, was paymux.OperationState, out outcome) {
	switch op.Kind {
	case paymux.Pay:
		d.movePay(op, was, out)
	case paymux.Capture:
		d.moveCapture(op)
	case paymux.Cancel:
		d.moveCancel(op)
	case paymux.Refunds:
		d.moveRefund(op, was)
	}
}

// line is what became of an operation, in one line for the timeline.
func line(op *paymux.Operation) string {
	text := op.Account + ": " + string(op.Kind) + " " + string(op.State)
	if op.ChannelCode != "" {
		text += " (" + op.ChannelCode + ")"
	}
	return text
}
