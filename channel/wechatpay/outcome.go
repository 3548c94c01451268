package wechatpay

import (
	"cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// orderState is an order as queries and notifications tell it.
type orderState struct {
	AppID          string  `json:"appid"`
	MchID          string  `json:"mchid"`
	OutTradeNo     string  `json:"out_trade_no"`
	TransactionID  string  `json:"transaction_id"`
	TradeState     string  `json:"trade_state"`
	TradeStateDesc string  `json:"trade_state_desc"`
	Attach         string  `json:"attach"`
	Amount         *amount `json:"amount"`
}

// money is the order's amount, as WeChat Pay states it. Orders of mainland merchants are in CNY even where
// that is not said.
func (o orderState) money() paymux.Money {
	if o.Amount == nil {
		return paymux.Money{}
	}
	return paymux.Money{Amount: o.Amount.Total, Currency: cmp.Or(o.Amount.Currency, yuan)}
}

// outcome is what an order says about the pay operation that placed it. A refunded order was paid.
func (o orderState) outcome() channel.Result {
	r := channel.Result{
		ChannelID: cmp.Or(o.TransactionID, o.OutTradeNo), Code: o.TradeState, Message: o.TradeStateDesc, Money: o.money(),
	}
	switch o.TradeState {
	case "SUCCESS", "REFUND":
		r.State = paymux.OpSucceeded
		if o.Amount == nil || o.TransactionID == "" {
			r.State = paymux.OpUnknown // a success without an amount cannot be compared
		}
	case "NOTPAY", "USERPAYING", "ACCEPT":
		r.State = paymux.OpPending
	case "CLOSED", "REVOKED":
		r.State = paymux.OpCanceled
	case "PAYERROR":
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineGeneric, paymux.TryOtherMethod
	default:
		r.State = paymux.OpUnknown
	}
	return r
}

// closed is what an order says about the operation that closes it. One that is open says that nothing has closed it.
func (o orderState) closed() (r channel.Result, open bool) {
	r = channel.Result{ChannelID: o.OutTradeNo, Code: o.TradeState, Message: o.TradeStateDesc, State: paymux.OpUnknown}
	switch o.outcome().State {
	case paymux.OpCanceled:
		r.State = paymux.OpSucceeded
	case paymux.OpSucceeded, paymux.OpDeclined:
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineProcessing, paymux.DoNotRetry
	case paymux.OpPending:
		return r, true
	}
	return r, false
}

// refundState is a refund as answers and notifications tell it; they name its status differently.
type refundState struct {
	MchID         string `json:"mchid"` // notifications only
	OutTradeNo    string `json:"out_trade_no"`
	OutRefundNo   string `json:"out_refund_no"`
	RefundID      string `json:"refund_id"`
	TransactionID string `json:"transaction_id"`
	Status        string `json:"status"`
	RefundStatus  string `json:"refund_status"`
	Amount        *struct {
		Refund   int64           `json:"refund"`
		Currency paymux.Currency `json:"currency"`
	} `json:"amount"`
}

// outcome is what a refund says about its operation. ABNORMAL has left the merchant and could not reach the
// payer's bank card: somebody has to send it elsewhere in the merchant platform, until which it is pending, for
// refunding again would pay twice.
func (f refundState) outcome() channel.Result {
	r := channel.Result{ChannelID: f.RefundID, Code: cmp.Or(f.Status, f.RefundStatus)}
	if f.Amount != nil {
		r.Money = paymux.Money{Amount: f.Amount.Refund, Currency: cmp.Or(f.Amount.Currency, yuan)}
	}
	switch r.Code {
	case "SUCCESS":
		r.State = paymux.OpSucceeded
		if f.Amount == nil {
			r.State = paymux.OpUnknown
		}
	case "PROCESSING":
		r.State = paymux.OpPending
	case "ABNORMAL":
		r.State = paymux.OpPending
		r.Message = "The payer's bank did not take the money: finish this refund by hand in the merchant platform."
	case "CLOSED":
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineRefundRefused, paymux.RetryLater
	default:
		r.State = paymux.OpUnknown
	}
	return r
}
