package alipay

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// The gateway's codes, and the states of a trade.
const (
	success     = "10000"
	waiting     = "10003" // for the payer
	unavailable = "20000" // of the service behind the gateway: nobody knows how far it got
	business    = "40004" // sub_code tells

	statusWaiting  = "WAIT_BUYER_PAY"
	statusPaid     = "TRADE_SUCCESS"
	statusFinished = "TRADE_FINISHED" // paid, and can no longer be refunded
	statusClosed   = "TRADE_CLOSED"   // unpaid in time, closed, or given back in full
	statusHeld     = "TRADE_PENDING"  // paid, and held while the seller's account is blocked
)

// turnedAway are the gateway's codes for a request that it did not pass on: not authorised, parameters missing
// or wrong, a signature it does not believe, no permission, too many calls. Nothing was done.
var turnedAway = map[string]bool{"20001": true, "40001": true, "40002": true, "40003": true, "40005": true, "40006": true}

// refusal is what an answer other than success means for op. What is not in the tables is unknown.
func (a *account) refusal(ctx context.Context, op channel.Operation, got answer) (channel.Result, error) {
	code := strings.TrimPrefix(got.SubCode, "aop.") // some come through another layer, which says so
	r := channel.Result{State: paymux.OpUnknown, Code: cmp.Or(got.SubCode, got.Code), Message: cmp.Or(got.SubMsg, got.Msg)}
	switch {
	case turnedAway[got.Code]:
		r.State, r.Message = "", got.Msg // sub_msg repeats the request
		return r, fmt.Errorf("%w: alipay %s %s: %s %s", channel.ErrNotSent, op.Kind, op.ID, got.Code, got.SubCode)
	case got.Code == waiting:
		r.State = paymux.OpPending
	case got.Code == unavailable || nobodyKnows[code]:
		return r, fmt.Errorf("alipay %s %s: %s %s", op.Kind, op.ID, got.Code, got.SubCode)
	case got.Code == business:
		if why, ok := refusals[op.Kind][code]; ok {
			r.State, r.DeclineCode, r.Advice, r.Retryable = paymux.OpDeclined, why.code, why.advice, why.retryable
			return r, nil
		}
		fallthrough
	default:
		a.unheardOf(ctx, "code", got.Code+" "+got.SubCode)
	}
	return r, nil
}

// refusedToPay: codes that say the order is there already are answered by the order itself, for a resend reads like that.
func (a *account) refusedToPay(ctx context.Context, op channel.Operation, got answer) (channel.Result, error) {
	if got.Code != business || !thereAlready[got.SubCode] {
		return a.refusal(ctx, op, got)
	}
	trade, exists, err := a.trade(ctx, op)
	if err != nil || !exists {
		return channel.Result{State: paymux.OpUnknown, Code: got.SubCode, Message: got.SubMsg}, unsure(err)
	}
	return a.payOutcome(ctx, trade), nil
}

// thereAlready: paid, closed, or made with other parameters or for another payer.
var thereAlready = map[string]bool{
	"ACQ.TRADE_HAS_SUCCESS": true, "ACQ.TRADE_HAS_CLOSE": true, "ACQ.CONTEXT_INCONSISTENT": true, "ACQ.TRADE_BUYER_NOT_MATCH": true,
}

// nobodyKnows are failures inside Alipay, after which it asks for a query or a repeat. A refund that was repeated with
// another amount is among them: one of that number has been made.
var nobodyKnows = map[string]bool{
	"ACQ.SYSTEM_ERROR": true, "AQC.SYSTEM_ERROR": true, "ACQ.DISCORDANT_REPEAT_REQUEST": true, "isp.unknow-error": true, "unknow-error": true,
}

// decline is what a sub_code says in our words.
type decline struct {
	code   paymux.DeclineCode
	advice paymux.Advice
	// retryable: the trouble is this merchant's account at Alipay, which another account does not share.
	retryable bool
}

// refusals are the sub_codes of 40004 that prove that nothing was done, by what was asked.
var refusals = map[paymux.OperationKind]map[string]decline{
	paymux.Pay: {
		"ACQ.INVALID_PARAMETER":                      {paymux.DeclineProcessing, paymux.DoNotRetry, false},
		"ACQ.EXIST_FORBIDDEN_WORD":                   {paymux.DeclineGeneric, paymux.DoNotRetry, false},
		"ACQ.ACCESS_FORBIDDEN":                       {paymux.DeclineNotSupported, paymux.TryOtherMethod, true},
		"ACQ.PARTNER_ERROR":                          {paymux.DeclineProcessing, paymux.TryOtherMethod, true},
		"ACQ.SELLER_BEEN_BLOCKED":                    {paymux.DeclineProcessing, paymux.TryOtherMethod, true},
		"ACQ.SELLER_NOT_EXIST":                       {paymux.DeclineProcessing, paymux.TryOtherMethod, true},
		"ACQ.INVALID_RECEIVE_ACCOUNT":                {paymux.DeclineProcessing, paymux.TryOtherMethod, true},
		"ACQ.INVALID_STORE_ID":                       {paymux.DeclineProcessing, paymux.TryOtherMethod, true},
		"ACQ.BEYOND_PER_RECEIPT_RESTRICTION":         {paymux.DeclineLimit, paymux.TryOtherMethod, true},
		"ACQ.BEYOND_PAY_RESTRICTION":                 {paymux.DeclineLimit, paymux.TryOtherMethod, true},
		"ACQ.TOTAL_FEE_EXCEED":                       {paymux.DeclineLimit, paymux.TryOtherMethod, false},
		"ACQ.PRODUCT_AMOUNT_LIMIT_ERROR":             {paymux.DeclineLimit, paymux.TryOtherMethod, false},
		"ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR":   {paymux.DeclineLimit, paymux.TryOtherMethod, false},
		"ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR": {paymux.DeclineLimit, paymux.TryOtherMethod, false},
		"ACQ.BUYER_BALANCE_NOT_ENOUGH":               {paymux.DeclineInsufficientFunds, paymux.TryOtherMethod, false},
		"ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH":      {paymux.DeclineInsufficientFunds, paymux.TryOtherMethod, false},
		"ACQ.BUYER_SELLER_EQUAL":                     {paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false},
		"ACQ.BUYER_NOT_EXIST":                        {paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false},
		"ACQ.BUYER_ENABLE_STATUS_FORBID":             {paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false},
		"ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT":        {paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false},
		"ACQ.PAYMENT_REQUEST_HAS_RISK":               {paymux.DeclineFraud, paymux.TryOtherMethod, false},
		"ACQ.PULL_MOBILE_CASHIER_FAIL":               {paymux.DeclineProcessing, paymux.RetryLater, false},
	},
	paymux.Cancel: {
		"ACQ.INVALID_PARAMETER": {paymux.DeclineProcessing, paymux.DoNotRetry, false},
	},
	paymux.Refunds: {
		"ACQ.INVALID_PARAMETER":              refundRefused,
		"ACQ.SELLER_BALANCE_NOT_ENOUGH":      {paymux.DeclineRefundRefused, paymux.RetryLater, false},
		"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL":     refundRefused,
		"ACQ.REASON_TRADE_REFUND_FEE_ERR":    refundRefused,
		"ACQ.REFUND_FEE_ERROR":               refundRefused,
		"ACQ.REASON_TRADE_BEEN_FREEZEN":      {paymux.DeclineRefundRefused, paymux.RetryLater, false},
		"ACQ.NOT_ALLOW_PARTIAL_REFUND":       refundRefused,
		"ACQ.TRADE_NOT_ALLOW_REFUND":         refundRefused,
		"ACQ.TRADE_HAS_FINISHED":             refundRefused,
		"ACQ.TRADE_STATUS_ERROR":             refundRefused,
		"ACQ.REASON_TRADE_STATUS_INVALID":    refundRefused,
		"ACQ.CUSTOMER_VALIDATE_ERROR":        refundRefused,
		"ACQ.BUYER_ERROR":                    refundRefused,
		"ACQ.BUYER_NOT_EXIST":                refundRefused,
		"ACQ.BUYER_ENABLE_STATUS_FORBID":     refundRefused,
		"ACQ.REFUND_ACCOUNT_NOT_EXIST":       refundRefused,
		tradeNotExist:                        refundRefused,
		"ACQ.ENTERPRISE_REFUND_RULE_INVALID": refundRefused,
	},
}

var refundRefused = decline{paymux.DeclineRefundRefused, paymux.DoNotRetry, false}

// payOutcome is what a trade says of the pay operation that it belongs to.
func (a *account) payOutcome(ctx context.Context, got answer) channel.Result {
	r := channel.Result{State: payState[got.TradeStatus], ChannelID: got.TradeNo, Code: got.TradeStatus, Money: got.TotalAmount.money()}
	switch {
	case r.State == "":
		r.State = paymux.OpUnknown
		a.unheardOf(ctx, "trade_status", got.TradeStatus)
	case r.State == paymux.OpCanceled && got.SendPayDate != "":
		r.Message = "it was paid, and given back in full"
	}
	return r
}

var payState = map[string]paymux.OperationState{
	statusWaiting: paymux.OpPending, statusHeld: paymux.OpPending, statusPaid: paymux.OpSucceeded,
	statusFinished: paymux.OpSucceeded, statusClosed: paymux.OpCanceled,
}

// unheardOf notes what this channel has no word for.
func (a *account) unheardOf(ctx context.Context, what, value string) {
	a.log.WarnContext(ctx, "alipay says something nobody knows", "what", what, "value", value)
}
