package sandbox

import (
	"slices"
	"strconv"
	"strings"

	"github.com/paymux/paymux"
)

// Behaviour is one way in which the institution misbehaves towards one operation. The same
// names are chosen by a step of a script, by an account's switch and by the last two
// digits of an amount; docs/sandbox.md lists what a channel makes of each.
type Behaviour string

const (
	Normal Behaviour = "normal"

	// Decisions: what becomes of the operation.
	Decline             Behaviour = "decline"
	Insufficient        Behaviour = "insufficient_funds"
	ThreeDSecure        Behaviour = "three_d_secure"
	DeclineAfterPending Behaviour = "decline_after_pending"
	SuccessAfterDecline Behaviour = "success_after_decline"
	SuccessAfterCancel  Behaviour = "success_after_cancel"

	// The line fails before anything is done.
	Refused     Behaviour = "refused"
	Unavailable Behaviour = "unavailable"
	LostRequest Behaviour = "lost_request"
	ServerError Behaviour = "server_error"

	// It is done, and the answer does not come as it should.
	TimeoutAfterSuccess Behaviour = "timeout_after_success"
	DroppedAnswer       Behaviour = "dropped_answer"
	ErrorAfterSuccess   Behaviour = "error_after_success"
	GarbageAnswer       Behaviour = "garbage_answer"
	TruncatedAnswer     Behaviour = "truncated_answer"
	WrongStatus         Behaviour = "wrong_status"
	Slow                Behaviour = "slow"

	// It is done, and the answer says something else.
	UnknownCode         Behaviour = "unknown_code"
	WrongAmountAnswer   Behaviour = "wrong_amount_answer"
	WrongCurrencyAnswer Behaviour = "wrong_currency_answer"
	WrongAccountAnswer  Behaviour = "wrong_account_answer"
	DeclinedAnswer      Behaviour = "declined_answer"
	PendingAnswer       Behaviour = "pending_answer"
)

// ofCallbacks makes a behaviour of the way in which an operation's notifications misbehave.
func ofCallbacks(f CallbackFault) Behaviour { return Behaviour("callbacks_" + f) }

// news is the fault of a behaviour that is about notifications; empty: it is about something else.
func (b Behaviour) news() CallbackFault {
	f, _ := strings.CutPrefix(string(b), "callbacks_")
	if f == string(b) {
		return ""
	}
	return CallbackFault(f)
}

// BehaviourInfo is one row of the table of behaviours.
type BehaviourInfo struct {
	Behaviour  Behaviour `json:"behaviour"`
	LastDigits string    `json:"last_digits"` // of an amount in minor units that asks for it
	HelpEN     string    `json:"help_en"`
	HelpZH     string    `json:"help_zh"`
}

// Behaviours lists every way to misbehave. The list is the caller's own. Digits that
// end everyday amounts (multiples of five, mostly) mean nothing.
func Behaviours() []BehaviourInfo {
	row := func(digits string, b Behaviour, en, zh string) BehaviourInfo { return BehaviourInfo{b, digits, en, zh} }
	return []BehaviourInfo{
		row("01", Decline, "Declined.", "拒绝支付。"),
		row("02", Insufficient, "Declined: insufficient funds.", "拒绝支付：余额不足。"),
		row("03", ThreeDSecure, "Cards are asked for 3-D Secure.", "银行卡需要 3-D Secure 验证。"),
		row("05", TimeoutAfterSuccess, "The charge happens and the answer never comes.", "扣款成功，但应答丢失。"),
		row("06", ofCallbacks(CallbacksLost), "The notification is lost; a query finds the outcome.", "通知丢失，可通过查询得到结果。"),
		row("07", ofCallbacks(CallbacksDuplicate), "Notified twice.", "重复通知。"),
		row("08", ofCallbacks(CallbacksWrongAmount), "The notification states a wrong amount.", "通知中的金额错误。"),
		row("09", Unavailable, "503 before anything happens; another account may be tried.", "返回 503，未做任何处理，可切换账户。"),
		row("10", UnknownCode, "Answered with a code nobody knows.", "返回未知代码。"),
		row("11", ofCallbacks(CallbacksLate), "Notified late.", "通知迟到。"),
		row("12", ofCallbacks(CallbacksReordered), "Notified in the wrong order.", "通知乱序。"),
		row("13", ofCallbacks(CallbacksForged), "A forged notification comes first.", "先收到一条伪造的通知。"),
		row("14", Refused, "The connection is refused, or over the wire closed, before anything happens.", "连接被拒绝（网络接口上为连接中断），未做任何处理。"),
		row("16", LostRequest, "The request is lost: nothing happens and nothing is answered.", "请求丢失：未做任何处理，也没有应答。"),
		row("17", ServerError, "500, and nothing happened.", "返回 500，未做任何处理。"),
		row("18", ErrorAfterSuccess, "The charge happens and the answer is 500.", "扣款成功，但返回 500。"),
		row("19", DroppedAnswer, "The charge happens and the connection is closed without an answer.", "扣款成功，但连接中断，没有应答。"),
		row("21", GarbageAnswer, "The charge happens and the answer is no JSON.", "扣款成功，但应答不是 JSON。"),
		row("22", TruncatedAnswer, "The charge happens and the answer breaks off.", "扣款成功，但应答不完整。"),
		row("23", WrongStatus, "The charge happens and the answer is a web page with status 404.", "扣款成功，但应答是状态为 404 的网页。"),
		row("24", Slow, "Answered slowly.", "应答缓慢。"),
		row("26", WrongAmountAnswer, "The answer states a wrong amount.", "应答中的金额错误。"),
		row("27", WrongCurrencyAnswer, "The answer states a wrong currency.", "应答中的币种错误。"),
		row("28", WrongAccountAnswer, "The answer is about another account.", "应答属于另一个账户。"),
		row("29", DeclinedAnswer, "The charge happens, the answer says declined and the notification says paid.", "扣款成功，应答却说被拒绝，通知说已支付。"),
		row("31", PendingAnswer, "The charge happens, the answer says pending and the notification says paid.", "扣款成功，应答却说处理中，通知说已支付。"),
		row("32", ofCallbacks(CallbacksStale), "A notification signed an hour ago comes first.", "先收到一条一小时前签名的通知。"),
		row("33", ofCallbacks(CallbacksReplayed), "The notification is replayed, byte for byte.", "通知被原样重放。"),
		row("34", ofCallbacks(CallbacksWrongCurrency), "The notification states a wrong currency.", "通知中的币种错误。"),
		row("36", ofCallbacks(CallbacksWrongAccount), "A notification about another account comes first.", "先收到一条属于另一个账户的通知。"),
		row("37", ofCallbacks(CallbacksUnknownCode), "The notification carries a code nobody knows.", "通知带有未知代码。"),
		row("38", ofCallbacks(CallbacksDeclined), "The charge happens and the notification says declined.", "扣款成功，通知却说被拒绝。"),
		row("39", DeclineAfterPending, "Pending first, declined by itself a little later.", "先处理中，稍后自动被拒绝。"),
		row("41", SuccessAfterDecline, "Declined first, paid a little later all the same.", "先被拒绝，稍后却支付成功。"),
		row("42", SuccessAfterCancel, "Pending; once the order is closed or has expired, it is paid all the same.", "处理中；订单关闭或过期后却支付成功。"),
	}
}

// byDigits is what the last two digits of an amount ask for.
var byDigits = indexDigits()

func indexDigits() (index [100]Behaviour) {
	for _, b := range Behaviours() {
		if at, err := strconv.Atoi(b.LastDigits); err == nil {
			index[at] = b.Behaviour
		}
	}
	return index
}

// MagicAmount is one row of the table of magic amounts.
type MagicAmount struct {
	LastDigits string `json:"last_digits"` // of the amount in minor units
	HelpEN     string `json:"help_en"`
	HelpZH     string `json:"help_zh"`
}

// MagicAmounts lists what amounts make happen. They speak of pay operations only. The list is the caller's own.
func MagicAmounts() []MagicAmount {
	var rows []MagicAmount
	for _, b := range Behaviours() {
		rows = append(rows, MagicAmount{b.LastDigits, b.HelpEN, b.HelpZH})
	}
	return rows
}

// check reports a behaviour that there is not, as a paymux.InvalidRequest.
func (b Behaviour) check() error {
	if b == Normal || slices.ContainsFunc(Behaviours(), func(i BehaviourInfo) bool { return i.Behaviour == b }) {
		return nil
	}
	var names []string
	for _, i := range Behaviours() {
		names = append(names, string(i.Behaviour))
	}
	return paymux.Errorf(paymux.InvalidRequest, "%q is no behaviour of the sandbox; it knows normal, %s.", b, strings.Join(names, ", ")).At("do")
}
