package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Why an authentic callback is not believed.
var (
	errForeign  = errors.New("payment: the operation belongs to another account")
	errMisstate = errors.New("payment: another amount than was asked for")
	errNotOurs  = errors.New("payment: no operation of this system")
)

// Callback takes an institution's notification: the channel authenticates it, and
// what it says is compared with what was asked before it is believed (B9, A29).
// A nil error means that the news is durable, or known already.
//
// Errors: NotFound for an account that is not configured; CallbackRefused for what is not
// believed, which leaves a line on the payment's timeline; Unavailable to be sent again.
func (s *Service) Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error) {
	ctx = context.WithoutCancel(ctx)
	account := s.Accounts().Named(r.Account)
	if account == nil || account.Driver.Name != r.Channel {
		return paymux.CallbackAck{}, paymux.Errorf(paymux.NotFound, "There is no account %s at channel %s.", r.Account, r.Channel)
	}
	cb, err := verify(ctx, account, r)
	if err != nil && !judged(err) {
		return paymux.CallbackAck{}, paymux.Errorf(paymux.Unavailable, "The callback could not be verified just now. Send it again.").Because(err)
	}
	if err != nil {
		return paymux.CallbackAck{}, s.refuse(ctx, account.Name, cb.Operation, err)
	}
	switch {
	case cb.Dispute != nil:
		err = s.disputed(ctx, account.Name, cb.Dispute)
	case cb.Operation != "":
		err = s.reported(ctx, account.Name, &cb)
	}
	return cb.Ack, err
}

// refuse answers a callback that is not believed. Where it names an operation of
// ours, the payment's timeline says so, within bounds: see doubts. That changes nothing else.
func (s *Service) refuse(ctx context.Context, account string, id paymux.OperationID, cause error) error {
	if id != "" && s.IDs.Check(paymux.PrefixOperation, string(id)) != nil {
		id = "" // somebody else's number
	}
	s.Log.WarnContext(ctx, "callback refused", "account", account, "operation", id, "reason", brief(cause))
	if id != "" {
		kind := untruths
		if errors.Is(cause, channel.ErrForged) && !errors.Is(cause, channel.ErrForeign) {
			kind = forgeries
		}
		err := s.doubt(ctx, doubted{id, kind}, func(d *draft) paymux.Hop {
			return paymux.Hop{At: d.now, Kind: paymux.HopCallback, Text: account + ": callback refused, " + refusal(cause)}
		})
		if err != nil {
			return err
		}
	}
	return paymux.Errorf(paymux.CallbackRefused, "The callback was refused: %s.", refusal(cause)).Because(cause)
}

// brief is an error's text for the log, where a stranger may have written a part of it.
func brief(err error) string {
	const most = 300
	text := err.Error()
	return text[:min(most, len(text))]
}

// judged reports whether an error is a channel's verdict on a callback, and not its inability to give one.
func judged(err error) bool {
	for _, verdict := range []error{channel.ErrForged, channel.ErrStale, channel.ErrMalformed, channel.ErrUnsupported} { // ErrForeign is an ErrForged
		if errors.Is(err, verdict) {
			return true
		}
	}
	return false
}

// refusal says why a callback is not believed, in words that help no forger.
func refusal(err error) string {
	switch {
	case errors.Is(err, channel.ErrForeign):
		return "it was made for another merchant, application or account"
	case errors.Is(err, channel.ErrForged):
		return "its signature is missing or wrong, or the institution denies what it says"
	case errors.Is(err, channel.ErrStale):
		return "it is too old"
	case errors.Is(err, channel.ErrMalformed):
		return "it is malformed"
	case errors.Is(err, channel.ErrUnsupported):
		return "this channel sends no callbacks"
	case errors.Is(err, errForeign):
		return "it is about an operation of another account"
	case errors.Is(err, errNotOurs):
		return "it names no operation of this system"
	}
	return "it cannot be believed"
}

// reported applies what a callback says of an operation.
func (s *Service) reported(ctx context.Context, account string, cb *channel.Callback) error {
	if s.IDs.Check(paymux.PrefixOperation, string(cb.Operation)) != nil {
		return s.refuse(ctx, account, "", fmt.Errorf("%w: %.64q", errNotOurs, cb.Operation))
	}
	err := s.changeReported(ctx, cb.Operation, func(d *draft) error {
		op := d.find(cb.Operation)
		if op.Account != account {
			return errForeign
		}
		if differs(op, cb.Result) {
			return errMisstate
		}
		return d.report(ctx, op, cb)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errMisstate):
		return s.misstated(ctx, cb)
	case errors.Is(err, paymux.NotFound):
		return s.refuse(ctx, account, "", fmt.Errorf("%w: %s", errNotOurs, cb.Operation))
	case errors.Is(err, errForeign):
		return s.refuse(ctx, account, cb.Operation, err)
	}
	return paymux.Errorf(paymux.Unavailable, "The callback could not be stored. Send it again.").Because(err)
}

func (d *draft) report(ctx context.Context, op *paymux.Operation, cb *channel.Callback) error {
	if err := d.load(ctx, op); err != nil {
		return err
	}
	id, account := op.ID, op.Account
	d.told = id
	if !d.conclude(op, outcome{Result: sane(cb.Result)}) {
		return errUnchanged
	}
	op = d.find(id) // conclude may have added operations
	d.hop(paymux.HopCallback, string(id), line(op), map[string]string{"callback": cb.ID, "checks": "signature ok, account ok, amount ok"})
	if !op.State.Ended() {
		d.resolveAt(account, d.now.Add(d.s.carrier(op).Driver.TimeLimit+d.s.Patience))
	}
	return d.latePayment(ctx)
}

// misstated notes an authentic callback with another amount, and has the
// institution asked at once: its own word on a question is another matter.
func (s *Service) misstated(ctx context.Context, cb *channel.Callback) error {
	s.Log.WarnContext(ctx, "callback refused", "operation", cb.Operation, "reason", "it states "+cb.Result.Money.String())
	err := s.doubt(ctx, doubted{cb.Operation, untruths}, func(d *draft) paymux.Hop {
		op := d.find(cb.Operation)
		if !op.State.Ended() {
			d.resolveAt(op.Account, d.now)
		}
		asked := paymux.Money{Amount: op.Amount, Currency: op.Currency}
		return paymux.Hop{
			At: d.now, Kind: paymux.HopCallback, Data: map[string]string{"callback": cb.ID},
			Text: op.Account + ": callback refused, it states " + cb.Result.Money.String() + " where " + asked.String() + " was asked for",
		}
	})
	if err != nil {
		return err
	}
	return paymux.Errorf(paymux.CallbackRefused, "The callback states another amount than was asked for.")
}

func (s *Service) disputed(ctx context.Context, account string, n *channel.Dispute) error {
	err := s.dispute(ctx, account, n)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, paymux.NotFound):
		return s.refuse(ctx, account, "", fmt.Errorf("dispute %.64q: %w: %.64q", n.ChannelID, errNotOurs, n.Operation))
	case errors.Is(err, errForeign):
		return s.refuse(ctx, account, n.Operation, err)
	}
	return paymux.Errorf(paymux.Unavailable, "The dispute could not be stored. Send it again.").Because(err)
}

func (s *Service) recordOf(id paymux.OperationID) func(context.Context) (Record, error) {
	return func(ctx context.Context) (Record, error) {
		rec, err := s.Store.RecordOf(ctx, id)
		if err != nil {
			return rec, fmt.Errorf("load the payment of %s: %w", id, err)
		}
		return rec, nil
	}
}
