package wechatpay

import (
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// verdict is what an error code says about the operation it answers.
type verdict int

const (
	unheard verdict = iota // not in the table: unknown, with its code
	perhaps                // it may have been done
	notDone                // refused before anything was done
	refused                // a no; whether there was a yes before, the order or refund itself tells
	absent                 // an answer to a question: there is no such thing
)

// ruling is one line of WeChat Pay's documented codes.
type ruling struct {
	status  int
	code    string
	kinds   []paymux.OperationKind // none: every kind of operation
	verdict verdict
	reason  reason // refused
}

// reason is a refusal in our vocabulary.
type reason struct {
	code   paymux.DeclineCode
	advice paymux.Advice
	// retryable: the refusal is about the merchant's account at WeChat Pay, not about the payer.
	retryable bool
}

var (
	payment = []paymux.OperationKind{paymux.Pay}
	closing = []paymux.OperationKind{paymux.Cancel}
	refunds = []paymux.OperationKind{paymux.Refunds}
	orders  = []paymux.OperationKind{paymux.Pay, paymux.Cancel}

	invalid   = reason{paymux.DeclineProcessing, paymux.DoNotRetry, false}
	general   = reason{paymux.DeclineGeneric, paymux.TryOtherMethod, false}
	noRefund  = reason{paymux.DeclineRefundRefused, paymux.DoNotRetry, false}
	refundNow = reason{paymux.DeclineRefundRefused, paymux.RetryLater, false}
)

// rulings are the error codes of the pages "Native下单", "JSAPI下单", "H5下单", "APP下单", "关闭订单" and "申请退款"
// (pay.weixin.qq.com/doc/v3/merchant), with the spellings that answers have had beside the documented ones. The
// first line that fits counts.
var rulings = []ruling{
	// The signature, the account or the pace: nothing was executed.
	{401, "SIGN_ERROR", nil, notDone, reason{}}, // as any 401: see refusal
	{429, "FREQUENCY_LIMITED", nil, notDone, reason{}},
	{429, "RATELIMIT_EXCEEDED", nil, notDone, reason{}},
	{400, "APPID_MCHID_NOT_MATCH", nil, notDone, reason{}},
	{400, "MCH_NOT_EXISTS", nil, notDone, reason{}},
	{404, "MCH_NOT_EXISTS", nil, notDone, reason{}},
	{403, "NO_AUTH", orders, notDone, reason{}},
	// Their trouble: the documentation asks for the same request again.
	{500, "SYSTEM_ERROR", nil, perhaps, reason{}},
	{500, "BANK_ERROR", nil, perhaps, reason{}},
	{500, "BANKERROR", nil, perhaps, reason{}},
	// Refunds.
	{403, "NO_AUTH", refunds, refused, noRefund},
	{403, "NOT_ENOUGH", refunds, refused, refundNow},
	{403, "USER_ACCOUNT_ABNORMAL", refunds, refused, noRefund},
	{404, "RESOURCE_NOT_EXISTS", refunds, refused, noRefund},
	{400, "INVALID_REQUEST", refunds, refused, noRefund},
	{400, "PARAM_ERROR", refunds, refused, noRefund},
	// Orders. A number that is used, paid or closed was ours before.
	{400, "PARAM_ERROR", orders, refused, invalid},
	{400, "INVALID_REQUEST", orders, refused, invalid},
	{403, "OUT_TRADE_NO_USED", orders, refused, invalid},
	{400, "ORDER_PAID", orders, refused, invalid},
	{403, "ORDER_PAID", orders, refused, invalid},
	{400, "ORDERPAID", orders, refused, invalid},
	{403, "ORDERPAID", orders, refused, invalid},
	{400, "ORDER_CLOSED", orders, refused, invalid},
	{403, "TRADE_ERROR", orders, refused, general},
	{403, "NOT_ENOUGH", payment, refused, reason{paymux.DeclineInsufficientFunds, paymux.TryOtherMethod, false}},
	{403, "ACCOUNT_ERROR", orders, refused, reason{paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false}},
	{500, "OPENID_MISMATCH", payment, refused, reason{paymux.DeclineInvalidAccount, paymux.DoNotRetry, false}},
	{403, "RULE_LIMIT", orders, refused, reason{paymux.DeclineLimit, paymux.RetryLater, true}},
	{403, "RULELIMIT", orders, refused, reason{paymux.DeclineLimit, paymux.RetryLater, true}},
	{404, "ORDER_NOT_EXIST", closing, refused, invalid},
	{404, "ORDERNOTEXIST", closing, refused, invalid},
	{202, "USER_PAYING", closing, refused, reason{paymux.DeclineProcessing, paymux.RetryLater, false}},
	{202, "USERPAYING", closing, refused, reason{paymux.DeclineProcessing, paymux.RetryLater, false}},
}

// questions are the codes that answer a query with certainty. Any other says nothing.
var questions = []ruling{
	{404, "ORDER_NOT_EXIST", orders, absent, reason{}},
	{404, "ORDERNOTEXIST", orders, absent, reason{}},
	{404, "RESOURCE_NOT_EXISTS", refunds, absent, reason{}},
}

func rule(table []ruling, kind paymux.OperationKind, r answer) ruling {
	for _, line := range table {
		if line.status == r.status && line.code == r.fault.Code && line.concerns(kind) {
			return line
		}
	}
	return ruling{}
}

func (r ruling) concerns(kind paymux.OperationKind) bool {
	for _, k := range r.kinds {
		if k == kind {
			return true
		}
	}
	return r.kinds == nil
}

// told is an error answer in words: code and text as they came.
func (r answer) told() error {
	return fmt.Errorf("HTTP %d %.64s: %.256s", r.status, r.fault.Code, r.fault.Message)
}

// coded is a result of which only the institution's code and text are known.
func (r answer) coded(state paymux.OperationState) channel.Result {
	return channel.Result{State: state, Code: r.fault.Code, Message: r.fault.Message}
}
