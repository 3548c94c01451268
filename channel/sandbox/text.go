package sandbox

import (
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

// language is one the pages are written in, as an HTML lang attribute.
type language string

const (
	english language = "en"
	chinese language = "zh-CN"
)

func (l language) other() language {
	if l == english {
		return chinese
	}
	return english
}

// languageOf is what the payer chose (?lang, remembered in a cookie), or the
// browser prefers, or English.
func languageOf(w http.ResponseWriter, r *http.Request) language {
	if chosen, ok := languageIn(r.URL.Query().Get("lang")); ok {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: string(chosen), Path: "/", MaxAge: 31_536_000, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		return chosen
	}
	if cookie, err := r.Cookie("lang"); err == nil {
		if kept, ok := languageIn(cookie.Value); ok {
			return kept
		}
	}
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		if preferred, ok := languageIn(strings.TrimSpace(tag)); ok {
			return preferred
		}
	}
	return english
}

func languageIn(tag string) (language, bool) {
	switch tag = strings.ToLower(tag); {
	case strings.HasPrefix(tag, "zh"):
		return chinese, true
	case strings.HasPrefix(tag, "en"):
		return english, true
	}
	return "", false
}

var brands = map[language]map[paymux.MethodType]string{
	english: {paymux.Card: "Card", paymux.WeChatPay: "WeChat Pay", paymux.Alipay: "Alipay", paymux.PayPal: "PayPal", paymux.BankTransfer: "Bank transfer"},
	chinese: {paymux.Card: "银行卡", paymux.WeChatPay: "微信支付", paymux.Alipay: "支付宝", paymux.PayPal: "PayPal", paymux.BankTransfer: "银行转账"},
}

var texts = map[language]map[string]string{
	english: {
		"title": "Sandbox bank", "pretends": "This bank pretends. No real money moves. Never enter a real card.",
		"switch": "中文", "order": "Order", "amount": "Amount", "method": "Method",
		"card_title": "Pay by card", "number": "Card number", "expiry": "Expiry (MM/YY)", "cvc": "Security code", "pay": "Pay",
		"cancel": "Cancel", "cards": "Test cards",
		"secure_title": "Is it you?", "secure_text": "3-D Secure: your bank asks whether you are making this payment.", "secure_yes": "Yes, it is me", "secure_no": "No, fail the check",
		"wallet_title": "Approve the payment", "wallet_text": "This is what your wallet would ask you.", "approve": "Approve and pay", "decline": "Refuse",
		"bank_title": "Transfer the money", "bank_text": "In real life you would make a transfer with this reference. Here, one press stands for its arrival.", "reference": "Reference", "received": "The money has arrived",
		"paid_title": "Paid", "paid_text": "The payment is done.", "reserved_title": "Reserved", "reserved_text": "The amount is reserved.",
		"refused_title": "Not paid", "closed_title": "Order closed", "closed_text": "This order can no longer be paid.",
		"expired_title": "Expired", "expired_text": "The time to pay this order is over.", "back": "Back to the shop",
		"absent_title": "No such page", "absent_text": "There is no order here. The link may be incomplete.",
		"problem_number": "A card number has 12 to 19 digits.", "problem_expiry": "Write the expiry as MM/YY.", "problem_cvc": "The security code has 3 or 4 digits.",
		"problem_card": "Fill in the card.", "problem_action": "Press one of the buttons.", "problem_over": "This has been decided already.", "": "",
	},
	chinese: {
		"title": "沙箱银行", "pretends": "这是模拟银行，不会发生真实资金流动。请勿输入真实卡号。",
		"switch": "English", "order": "订单", "amount": "金额", "method": "支付方式",
		"card_title": "银行卡支付", "number": "卡号", "expiry": "有效期（月/年）", "cvc": "安全码", "pay": "支付",
		"cancel": "取消", "cards": "测试卡",
		"secure_title": "是您本人吗？", "secure_text": "3-D Secure：您的银行想确认这笔付款是否由您本人发起。", "secure_yes": "是，是我本人", "secure_no": "不是，验证失败",
		"wallet_title": "确认付款", "wallet_text": "这里相当于您的钱包应用中的确认页面。", "approve": "确认支付", "decline": "拒绝",
		"bank_title": "请转账", "bank_text": "现实中您需要按附言进行转账。在这里，按一下按钮即表示款项已到账。", "reference": "附言", "received": "款项已到账",
		"paid_title": "已支付", "paid_text": "付款已完成。", "reserved_title": "已预授权", "reserved_text": "金额已被冻结。",
		"refused_title": "支付未成功", "closed_title": "订单已关闭", "closed_text": "该订单已无法支付。",
		"expired_title": "已过期", "expired_text": "该订单的支付时间已过。", "back": "返回商户",
		"absent_title": "页面不存在", "absent_text": "这里没有订单，链接可能不完整。",
		"problem_number": "卡号应为 12 至 19 位数字。", "problem_expiry": "有效期请按 月/年 填写，例如 12/30。", "problem_cvc": "安全码为 3 或 4 位数字。",
		"problem_card": "请填写银行卡。", "problem_action": "请按其中一个按钮。", "problem_over": "该订单已有结果。", "": "",
	},
}

// Texts of refusals in Chinese; the English ones are the institution's messages.
var refusals = map[string]string{
	codeDeclined: "银行卡被拒绝。", codeInsufficient: "余额不足。", codeLost: "卡片已挂失。", codeStolen: "卡片已报失窃。",
	codeExpiredCard: "卡片已过期。", codeCVC: "安全码错误。", codeNumber: "卡号错误。", codeProcessing: "处理银行卡时出错。",
	codeRealCard: "这不是测试卡。请勿在此使用真实银行卡。", codeAuth: "持卡人身份验证未通过。", codePayer: "付款人已拒绝。", codeMethod: "该账户不支持此支付方式。",
}

// Refusal is why the charge was refused, in the page's language.
func (v *view) Refusal() string {
	if text := refusals[v.Charge.Code]; v.Lang == chinese && text != "" {
		return text
	}
	return v.Charge.Message
}

// Reference is what a transfer must quote.
func (v *view) Reference() string { return paymux.OrderNumber(string(v.Charge.Operation)) }
