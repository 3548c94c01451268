package alipay

import (
	"context"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// cancel closes an unpaid trade (alipay.trade.close).
//
// alipay.trade.cancel is not used, though it takes an order without a trade, too. It pays back a trade that has been paid in the
// meantime, which is more than was asked for; it belongs to one of Alipay's products only; and for an
// order it does not know it answers success without any action, from which nothing follows: the
// documentation does not say that the page or code can no longer be used. So where there is no trade to
// close, the cancellation is pending while the payer may still come, and Query ends it: closed once there is a
// trade, done once the order has expired.
func (a *account) cancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	got, err := a.ask(ctx, request{method: "alipay.trade.close", content: tradeRef{OutTradeNo: number(op)}})
	if err != nil {
		return channel.Result{}, err
	}
	switch {
	case got.Code == success && got.OutTradeNo == number(op):
		return channel.Result{State: paymux.OpSucceeded, ChannelID: got.TradeNo, Code: got.Code}, nil
	case got.Code == success:
		return channel.Result{}, fmt.Errorf("alipay close %s: the answer is about another order", op.ID)
	case got.SubCode == tradeNotExist:
		return a.nothingToClose(op, got), nil
	case notUnpaid[got.SubCode]:
		// Closed by an earlier attempt or by expiry, or paid: the trade itself tells.
		r, err := a.askCancel(ctx, op)
		return r, unsure(err)
	}
	return a.refusal(ctx, op, got)
}

// notUnpaid are the codes with which a trade in another state than waiting for its payer refuses to be closed.
var notUnpaid = map[string]bool{
	"ACQ.TRADE_STATUS_ERROR": true, "ACQ.REASON_TRADE_STATUS_INVALID": true, "ACQ.REASON_ILLEGAL_STATUS": true,
	"ACQ.TRADE_HAS_FINISHED": true, "ACQ.TRADE_HAS_CLOSE": true, "ACQ.TRADE_HAS_SUCCESS": true,
}

func (a *account) nothingToClose(op channel.Operation, got answer) channel.Result {
	r := channel.Result{State: paymux.OpSucceeded, ChannelID: number(op), Code: got.SubCode, Message: "there is no trade, and none can begin any more"}
	if a.mayStillCome(op) {
		r.State, r.Message = paymux.OpPending, "there is no trade to close yet, and the payer may still begin one"
	}
	return r
}

// tradeRef is biz_content of what refers to a trade.
type tradeRef struct {
	OutTradeNo   string `json:"out_trade_no"`
	OutRequestNo string `json:"out_request_no,omitempty"`
}

// refundOrder is biz_content of a refund; out_request_no makes it happen once.
type refundOrder struct {
	OutTradeNo   string `json:"out_trade_no"`
	RefundAmount string `json:"refund_amount"`
	OutRequestNo string `json:"out_request_no"`
	RefundReason string `json:"refund_reason,omitempty"`
}

// refund gives money back. fund_change is Y when this very call moved money: then it is done. On a repeat, and where a
// bank takes its time, it is N, and the refund's own status tells. refund_fee in the answer is the sum of all
// refunds of the trade, so the amount of this one is not stated here.
func (a *account) refund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	got, err := a.ask(ctx, request{method: "alipay.trade.refund", content: refundOrder{
		OutTradeNo: number(op), RefundAmount: op.Money.Decimal(), OutRequestNo: paymux.OrderNumber(string(op.ID)), RefundReason: reason(op.Reason),
	}})
	if err != nil {
		return channel.Result{}, err
	}
	switch {
	case got.Code != success:
		return a.refusal(ctx, op, got)
	case got.OutTradeNo != number(op):
		return channel.Result{}, fmt.Errorf("alipay refund %s: the answer is about another order", op.ID)
	case got.FundChange == "Y":
		return channel.Result{State: paymux.OpSucceeded, ChannelID: got.TradeNo, Code: got.Code}, nil
	}
	pending := channel.Result{State: paymux.OpPending, ChannelID: got.TradeNo, Code: "fund_change_" + got.FundChange}
	if r, err := a.askRefund(ctx, op); err == nil {
		return r, nil
	}
	return pending, nil
}

func reason(text string) string {
	text = subject(text)
	if r := []rune(text); len(r) > 85 { // 256 bytes, at three a Chinese character
		return string(r[:85])
	}
	return text
}
