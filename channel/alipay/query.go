package alipay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// refundSettles is how long Alipay asks to wait before a refund is asked about; sooner, absence says nothing.
const refundSettles = 10 * time.Second

// Query asks what became of op, always by our own numbers.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, fmt.Errorf("alipay query %s: %w", op.ID, err)
	}
	var r channel.Result
	var err error
	switch op.Kind {
	case paymux.Pay:
		r, err = a.askPay(ctx, op)
	case paymux.Cancel:
		r, err = a.askCancel(ctx, op)
	case paymux.Refunds:
		r, err = a.askRefund(ctx, op)
	default:
		err = fmt.Errorf("%s: %w", op.Kind, channel.ErrUnsupported)
	}
	return r, unsure(err) // that the question was not sent says nothing of op
}

// trade asks for the trade of op. That it does not exist is an answer, any other refusal is an error.
func (a *account) trade(ctx context.Context, op channel.Operation) (got answer, exists bool, err error) {
	got, err = a.ask(ctx, request{method: "alipay.trade.query", content: tradeRef{OutTradeNo: number(op)}})
	switch {
	case err != nil:
		return got, false, err
	case got.SubCode == tradeNotExist:
		return got, false, nil
	case got.Code != success:
		return got, false, fmt.Errorf("alipay query %s: %s %s", op.ID, got.Code, got.SubCode)
	case got.OutTradeNo != number(op) || got.TradeNo == "":
		return got, false, fmt.Errorf("alipay query %s: the answer is about another order", op.ID)
	}
	return got, true, nil
}

// askPay also makes the invitation anew while the payer has not come, so that one whose answer was
// lost can be shown after all: it only has to be signed, and leads to the same order.
func (a *account) askPay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	got, exists, err := a.trade(ctx, op)
	if err != nil {
		return channel.Result{}, err
	}
	if exists {
		return a.payOutcome(ctx, got), nil
	}
	r, err := a.noTrade(op, got)
	if err == nil && r.State == paymux.OpPending && flow(op) != paymux.FlowQR && op.ExpiresAt.Sub(a.now()) > soonest {
		if again, err := a.invite(ctx, op); err == nil {
			r.NextAction = again.NextAction
		}
	}
	return r, err
}

// askCancel: a trade that still waits for its payer was never closed, so the request to close it never came, or came
// before the trade: that is absence, upon which it is sent again.
func (a *account) askCancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	got, exists, err := a.trade(ctx, op)
	if err != nil {
		return channel.Result{}, err
	}
	if !exists {
		return a.nothingToClose(op, got), nil
	}
	r := channel.Result{ChannelID: got.TradeNo, Code: got.TradeStatus}
	switch got.TradeStatus {
	case statusClosed:
		r.State = paymux.OpSucceeded
	case statusWaiting:
		return channel.Result{}, fmt.Errorf("alipay close %s: %w", op.ID, channel.ErrAbsent)
	case statusPaid, statusFinished:
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineProcessing, paymux.DoNotRetry
		r.Message = "the trade has been paid"
	default:
		r.State = paymux.OpUnknown
		a.unheardOf(ctx, "trade_status", got.TradeStatus)
	}
	return r, nil
}

// askRefund: an answer without a status is none of success; Alipay documents it as "not received, or failed".
func (a *account) askRefund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	request := request{method: "alipay.trade.fastpay.refund.query", content: tradeRef{
		OutTradeNo: number(op), OutRequestNo: paymux.OrderNumber(string(op.ID)),
	}}
	got, err := a.ask(ctx, request)
	switch {
	case err != nil:
		return channel.Result{}, err
	case got.SubCode == tradeNotExist || got.Code == success && got.RefundStatus == "":
		return channel.Result{}, a.noRefund(op)
	case got.Code != success:
		return channel.Result{}, fmt.Errorf("alipay query %s: %s %s", op.ID, got.Code, got.SubCode)
	case got.OutRequestNo != paymux.OrderNumber(string(op.ID)) || got.OutTradeNo != number(op):
		return channel.Result{}, fmt.Errorf("alipay query %s: the answer is about another refund", op.ID)
	}
	r := channel.Result{State: paymux.OpUnknown, ChannelID: got.TradeNo, Code: got.RefundStatus, Money: got.RefundAmount.money()}
	switch got.RefundStatus {
	case "REFUND_SUCCESS":
		r.State = paymux.OpSucceeded
	case "REFUND_PROCESSING":
		r.State = paymux.OpPending
	default:
		a.unheardOf(ctx, "refund_status", got.RefundStatus)
	}
	return r, nil
}

func (a *account) noRefund(op channel.Operation) error {
	if a.now().Sub(op.SentAt) < refundSettles {
		return errors.New("alipay knows no such refund yet, and it is too early for that to say anything")
	}
	return fmt.Errorf("alipay query %s: %w", op.ID, channel.ErrAbsent)
}
