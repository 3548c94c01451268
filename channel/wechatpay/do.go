package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Do carries out op: it places an order, closes one, or gives money back. One request, and, only where
// WeChat Pay says no, one question about what is there: a no to an operation that was sent before is no proof.
func (a *account) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if op.Kind == paymux.Capture || op.Kind == paymux.Pay && op.Manual {
		return channel.Result{}, fmt.Errorf("%s of a reservation: %w", op.Kind, channel.ErrUnsupported)
	}
	if op.Livemode != a.live {
		return channel.Result{}, fmt.Errorf("%w: the operation's livemode is %t and the account is for livemode %t", channel.ErrNotSent, op.Livemode, a.live)
	}
	r, err := a.do(ctx, op)
	if err != nil {
		return r, fmt.Errorf("wechatpay %s %s: %w", op.Kind, op.ID, err)
	}
	return r, nil
}

func (a *account) do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if no := unpayable(op); no != nil {
		return *no, nil
	}
	switch op.Kind {
	case paymux.Pay:
		return a.pay(ctx, op)
	case paymux.Cancel:
		return a.closeOrder(ctx, op)
	case paymux.Refunds:
		return a.refund(ctx, op)
	}
	return channel.Result{}, channel.ErrUnsupported
}

// change makes a call that changes something at WeChat Pay. done tells that it was carried out, and r is its
// answer; otherwise what is known of op is in the result and the error.
func (a *account) change(ctx context.Context, op channel.Operation, uri string, content any) (r answer, known channel.Result, done bool, err error) {
	if err := a.trust.ready(ctx); err != nil {
		return r, known, false, fmt.Errorf("%w: no answer could be verified: %w", channel.ErrNotSent, err)
	}
	if r, err = a.call(ctx, http.MethodPost, uri, content); err != nil {
		return r, known, false, err
	}
	if r.status == http.StatusOK || r.status == http.StatusNoContent {
		return r, known, true, nil
	}
	known, err = a.refusal(ctx, op, r)
	return r, known, false, err
}

// refusal is what an error answer means for op.
func (a *account) refusal(ctx context.Context, op channel.Operation, r answer) (channel.Result, error) {
	line := rule(rulings, op.Kind, r)
	switch {
	case line.verdict == notDone, r.status == http.StatusUnauthorized: // 401 is never executed, whatever its code
		return r.coded(""), fmt.Errorf("%w: %w", channel.ErrNotSent, r.told())
	case line.verdict == perhaps, r.fault.Code == "":
		return r.coded(""), r.told()
	case line.verdict == refused:
		return a.despite(ctx, op, r, line.reason)
	}
	return r.coded(paymux.OpUnknown), nil
}

// despite asks for op after a no. What is there counts; where nothing is, the no does.
func (a *account) despite(ctx context.Context, op channel.Operation, r answer, why reason) (channel.Result, error) {
	found, err := a.ask(ctx, op)
	switch {
	case errors.Is(err, channel.ErrAbsent):
		no := r.coded(paymux.OpDeclined)
		no.DeclineCode, no.Advice, no.Retryable = why.code, why.advice, why.retryable && op.Kind == paymux.Pay
		return no, nil
	case err != nil:
		return r.coded(""), fmt.Errorf("%w, and what is there is not known: %w", r.told(), unknowing(err))
	}
	return found, nil
}

// unknowing keeps a question that could not be sent from looking like an operation that was not.
func unknowing(err error) error {
	if errors.Is(err, channel.ErrNotSent) {
		return errors.New(err.Error())
	}
	return err
}

// unpayable refuses what WeChat Pay does not take, before anything is sent.
func unpayable(op channel.Operation) *channel.Result {
	no := channel.Result{State: paymux.OpDeclined, DeclineCode: paymux.DeclineNotSupported, Advice: paymux.TryOtherMethod}
	switch {
	case op.Money.Currency != yuan:
		no.Code, no.Message = "currency_not_supported", "WeChat Pay takes CNY only."
		no.Retryable = op.Kind == paymux.Pay
	case op.Kind != paymux.Pay:
		return nil
	case op.Method.Flow == paymux.FlowWeb:
		no.Code, no.Message = "flow_not_supported", "WeChat Pay has no page for desktop browsers; use the flow qr."
		no.Retryable = true
	case op.Method.Flow == paymux.FlowInApp && op.Method.PayerID == "":
		no.Code, no.Message = "payer_id_missing", "payment_method.payer_id is missing: a payment inside WeChat needs the payer's openid."
		no.DeclineCode, no.Advice = paymux.DeclineInvalidAccount, paymux.DoNotRetry
	case op.Method.Flow == paymux.FlowMobileWeb && !isAddress(op.Client.IP):
		no.Code, no.Message = "payer_ip_missing", "client.ip is missing: a payment in a phone's browser needs the payer's IP address."
		no.DeclineCode, no.Advice = paymux.DeclineProcessing, paymux.DoNotRetry
	default:
		return nil
	}
	return &no
}
