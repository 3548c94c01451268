package wechatpay

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// closeOrder ends an order that nobody has paid. Closing it again is the same as closing it once.
func (a *account) closeOrder(ctx context.Context, op channel.Operation) (channel.Result, error) {
	number := orderNumber(op.PayID)
	content := struct {
		MchID string `json:"mchid"`
	}{a.mchID}
	_, known, done, err := a.change(ctx, op, "/v3/pay/transactions/out-trade-no/"+number+"/close", content)
	if !done {
		return known, err
	}
	return channel.Result{State: paymux.OpSucceeded, ChannelID: number}, nil
}

// refundOrder asks to give money back. Its number is the operation's own, so the same operation gives back once.
type refundOrder struct {
	OutTradeNo  string       `json:"out_trade_no"`
	OutRefundNo string       `json:"out_refund_no"`
	Reason      string       `json:"reason,omitempty"`
	NotifyURL   string       `json:"notify_url,omitempty"`
	Amount      refundAmount `json:"amount"`
}

type refundAmount struct {
	Refund   int64           `json:"refund"`
	Total    int64           `json:"total"`
	Currency paymux.Currency `json:"currency"`
}

func (a *account) refund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	content := refundOrder{
		OutTradeNo: orderNumber(op.PayID), OutRefundNo: orderNumber(op.ID),
		Reason: spoken(op.Reason), NotifyURL: op.CallbackURL,
		Amount: refundAmount{Refund: op.Money.Amount, Total: op.PayMoney.Amount, Currency: op.Money.Currency},
	}
	r, known, done, err := a.change(ctx, op, "/v3/refund/domestic/refunds", content)
	if !done {
		return known, err
	}
	var made refundState
	if err := json.Unmarshal(r.body, &made); err != nil {
		return channel.Result{}, errors.New("the answer to the refund is not of its form")
	}
	if made.OutRefundNo != content.OutRefundNo {
		return channel.Result{}, errors.New("the answer is about another refund")
	}
	return made.outcome(), nil
}

// spoken is a refund's reason as the payer reads it. Words of our own are not for payers.
func spoken(reason string) string {
	switch reason {
	case paymux.ReasonExpired, paymux.ReasonLate, paymux.ReasonSurplus:
		return ""
	}
	return cut(printable(reason), 80)
}
