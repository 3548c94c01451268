package payment

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/trace"
)

// Attributes of spans.
const (
	aboutPayment   = "paymux.payment"
	aboutOperation = "paymux.operation"
	aboutChannel   = "paymux.channel"
	aboutAccount   = "paymux.account"
	aboutState     = "paymux.operation.state"
)

// keep commits a draft. What it begins, and what is to be done later, carries on with the trace of what caused it.
func (s *Service) keep(ctx context.Context, d *draft) error {
	if header := trace.Header(ctx); header != "" {
		d.carry(header)
	}
	ctx, span := trace.Start(ctx, "commit", trace.Internal)
	defer span.End()
	span.Text(aboutPayment, string(d.Payment.ID)).Text("paymux.payment.status", string(d.Payment.Status)).Number("paymux.payment.version", d.Payment.Version)
	err := s.Store.Commit(ctx, &d.Change)
	switch {
	case err == nil:
		s.Quotas.moved(&d.Change)
		d.tell()
	case errors.Is(err, paymux.ErrStale), errors.Is(err, paymux.ErrKeyTaken), errors.Is(err, paymux.ErrOrderTaken), errors.Is(err, paymux.ErrQuotaFull):
		span.Text(trace.ErrorType, "lost a race")
	default:
		span.Fail("not confirmed")
	}
	return err
}

func (d *draft) carry(header string) {
	for i := range d.Tasks {
		if d.Tasks[i].Trace == "" {
			d.Tasks[i].Trace = header
		}
	}
	for _, list := range [][]paymux.Operation{d.New, d.ops[len(d.ops)-len(d.New):]} { // what is new stands last
		for i := range list {
			list[i].Trace = header
		}
	}
}

// backTo goes over to the trace of the operation that an institution's news is about; the two are linked. The news
// came under a trace of its own, as nobody could know yet what it was about.
func (s *Service) backTo(ctx context.Context, d *draft) (context.Context, trace.Span) {
	op := d.find(d.told)
	if op == nil || op.Trace == "" {
		return ctx, trace.Span{}
	}
	ctx, span := s.Trace.Continue(ctx, "callback applied", trace.Internal, trace.Parent{Parent: op.Trace})
	span.Text(aboutChannel, op.Channel).Text(aboutAccount, op.Account).Text(aboutOperation, string(op.ID)).Text(aboutState, string(op.State))
	return ctx, span
}

// asked begins the span of a call to an institution.
func asked(ctx context.Context, what string, a *channel.Account, op *channel.Operation) (context.Context, trace.Span) {
	ctx, span := trace.Start(ctx, what, trace.Client)
	span.Text(aboutChannel, a.Driver.Name).Text(aboutAccount, a.Name)
	if op != nil {
		span.Text(aboutOperation, string(op.ID)).Text(aboutPayment, string(op.Payment))
	}
	return ctx, span
}

func answered(span trace.Span, r channel.Result) {
	span.Text(aboutState, string(r.State)).Text("paymux.channel.code", r.Code)
	if r.State == paymux.OpUnknown || r.State == paymux.OpNotSent {
		span.Fail(string(r.State))
	}
}

// query asks an institution about an operation.
func query(ctx context.Context, a *channel.Account, op channel.Operation) (channel.Result, error) {
	ctx, span := asked(ctx, "query", a, &op)
	defer span.End()
	result, err := a.Query(ctx, op)
	switch {
	case err == nil:
		answered(span, result)
	case errors.Is(err, channel.ErrAbsent):
		span.Text(aboutState, "absent")
	case !errors.Is(err, channel.ErrUnsupported):
		span.Fail("no answer")
	}
	return result, err
}

// verify has a channel judge a callback.
func verify(ctx context.Context, a *channel.Account, r paymux.CallbackRequest) (channel.Callback, error) {
	ctx, span := asked(ctx, "callback", a, nil)
	defer span.End()
	cb, err := a.Channel.Callback(ctx, r)
	switch {
	case err == nil:
		span.Text(aboutOperation, string(cb.Operation)).Text(aboutState, string(cb.Result.State))
	case judged(err):
		span.Text(trace.ErrorType, "refused")
	default:
		span.Fail("not verified")
	}
	return cb, err
}
