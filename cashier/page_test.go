package cashier_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

// scene is a page in a state, and what both languages must say on it.
type scene struct {
	name   string
	status int
	path   func(h *house) string
	en, zh []string
	goes   string // the one outside address it may name besides the shop's
}

func onPayment(status paymux.PaymentStatus, change func(*paymux.Payment)) func(*house) string {
	return func(h *house) string { return "/pay/" + string(h.keep(status, change).ID) }
}

func onLink(change func(*house, *paymux.Link)) func(*house) string {
	return func(h *house) string {
		return "/pay/l/" + string(h.keepLink(func(l *paymux.Link) {
			if change != nil {
				change(h, l)
			}
		}).ID)
	}
}

func action(n paymux.NextAction, method paymux.MethodType) func(*paymux.Payment) {
	return func(p *paymux.Payment) { p.NextAction, p.Method.Type = &n, method }
}

func declined(code paymux.DeclineCode) func(*paymux.Payment) {
	return func(p *paymux.Payment) {
		p.LastError = &paymux.Failure{Code: paymux.PaymentDeclined, DeclineCode: code, ChannelMessage: "raw words of the bank"}
	}
}

func scenes() []scene {
	return []scene{
		{name: "choose", path: onPayment(paymux.Created, nil), en: []string{"How would you like to pay?", "CN¥12.50", "Card", "WeChat Pay", "Two cups of tea", "A-1001", "Tea House"}, zh: []string{"请选择付款方式", ">¥12.50", "银行卡", "微信支付", "支付宝"}},
		{name: "choose one of few", path: onPayment(paymux.Created, func(p *paymux.Payment) { p.AllowedMethods = []paymux.MethodType{paymux.Alipay, paymux.PayPal} }), en: []string{"Alipay"}, zh: []string{"支付宝"}},
		{name: "choose none", path: onPayment(paymux.Created, func(p *paymux.Payment) { p.AllowedMethods = []paymux.MethodType{paymux.PayPal} }), en: []string{"No payment method is available"}, zh: []string{"暂时没有可用的付款方式"}},
		{name: "qr", path: onPayment(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{Brand: paymux.WeChatPay, Data: "weixin://wxpay/bizpayurl?pr=1"}}, paymux.WeChatPay)),
			en: []string{"Scan with WeChat Pay", "/qr.svg", `href="weixin://wxpay/bizpayurl?pr=1"`, "data-countdown"}, zh: []string{"请使用微信支付扫码付款", "打开微信支付"}},
		{name: "redirect", goes: "https://bank.example", path: onPayment(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example/authorize?a=1&b=2", Method: "GET"}}, paymux.Card)),
			en: []string{"Continue to payment", "bank.example", `href="https://bank.example/authorize?a=1&amp;b=2"`}, zh: []string{"前往付款"}},
		{name: "redirect by form", goes: "https://bank.example", path: onPayment(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example/form", Method: "POST", FormFields: map[string]string{"PaReq": `a"b`}}}, paymux.Card)),
			en: []string{`action="https://bank.example/form"`, `name="PaReq" value="a&#34;b"`}, zh: []string{"前往付款"}},
		{name: "bank transfer", path: onPayment(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionInstructions, Instructions: &paymux.Instructions{Lines: []paymux.Instruction{{Label: "IBAN", Value: "DE02 1203 0000"}}}}, paymux.BankTransfer)),
			en: []string{"Transfer the amount", "IBAN", "DE02 1203 0000"}, zh: []string{"请转账付款", "IBAN"}},
		{name: "sdk", path: onPayment(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionInvokeSDK, InvokeSDK: &paymux.InvokeSDK{SDK: "wechat_jsapi"}}, paymux.WeChatPay)), en: []string{"being processed"}, zh: []string{"付款处理中"}},
		{name: "processing", path: onPayment(paymux.Processing, nil), en: []string{"being processed", "do not pay again"}, zh: []string{"付款处理中", "请勿重复付款"}},
		{name: "authorized", path: onPayment(paymux.Authorized, nil), en: []string{"Payment complete", "reserved"}, zh: []string{"付款成功", "预授权"}},
		{name: "succeeded", path: onPayment(paymux.Succeeded, func(p *paymux.Payment) {
			p.Method = paymux.Method{Type: paymux.Card, Card: &paymux.CardSummary{Last4: "4242"}}
			p.AmountRefunded = 250
		}), en: []string{"Payment complete", "4242", "CN¥2.50", `href="https://shop.example/thanks"`, "Receipt number"}, zh: []string{"付款成功", "收据编号", "已退款"}},
		{name: "failed", path: onPayment(paymux.Failed, declined(paymux.DeclineInsufficientFunds)), en: []string{"did not go through", "not enough money"}, zh: []string{"付款未成功", "账户余额不足"}},
		{name: "failed, stolen card", path: onPayment(paymux.Failed, declined(paymux.DeclineStolenCard)), en: []string{"The bank or wallet refused the payment"}, zh: []string{"拒绝了付款"}},
		{name: "failed, link", path: onPayment(paymux.Failed, func(p *paymux.Payment) { p.Link = paymux.LinkID(ids.New(paymux.PrefixLink)) }), en: []string{"Try again", "/pay/l/plink_"}, zh: []string{"重新付款"}},
		{name: "canceled", path: onPayment(paymux.Canceled, nil), en: []string{"was canceled"}, zh: []string{"付款已取消"}},
		{name: "expired", path: onPayment(paymux.Expired, nil), en: []string{"time to pay has run out"}, zh: []string{"付款已超时"}},
		{name: "created too long ago", path: onPayment(paymux.Created, func(p *paymux.Payment) { p.ExpiresAt = now }), en: []string{"time to pay has run out"}, zh: []string{"付款已超时"}},
		{name: "link", path: onLink(nil), en: []string{"Tea House", "CN¥12.50", "How would you like to pay?"}, zh: []string{"请选择付款方式"}},
		{name: "link after a failure", path: onLink(func(h *house, l *paymux.Link) {
			l.Payment = h.keep(paymux.Failed, declined(paymux.DeclineExpiredCard)).ID
		}), en: []string{"last attempt did not go through", "card has expired", "How would you like to pay?"}, zh: []string{"上次付款未成功", "银行卡已过期"}},
		{name: "link paid", path: onLink(func(h *house, l *paymux.Link) { l.Payment = h.keep(paymux.Succeeded, nil).ID }), en: []string{"already been paid", "/pay/pay_"}, zh: []string{"此链接已付款"}},
		{name: "link canceled", path: onLink(func(_ *house, l *paymux.Link) { l.Status = paymux.LinkCanceled }), en: []string{"link was canceled"}, zh: []string{"此付款链接已取消"}},
		{name: "link expired", path: onLink(func(_ *house, l *paymux.Link) { l.ExpiresAt = now }), en: []string{"link has expired"}, zh: []string{"此付款链接已过期"}},
		{name: "test mode", path: onPayment(paymux.Created, func(p *paymux.Payment) { p.Livemode = false }), en: []string{"Test mode"}, zh: []string{"测试模式"}},
		{name: "mistyped", status: http.StatusNotFound, path: func(*house) string { return "/pay/pay_01M82GFMTH008002RP844JXR4H" }, en: []string{"nothing to pay here"}, zh: []string{"没有找到这笔付款"}},
		{name: "unknown", status: http.StatusNotFound, path: func(*house) string { return "/pay/" + ids.New(paymux.PrefixPayment) }, en: []string{"nothing to pay here"}, zh: []string{"没有找到"}},
		{name: "unknown link", status: http.StatusNotFound, path: func(*house) string { return "/pay/l/" + ids.New(paymux.PrefixLink) }, en: []string{"nothing to pay here"}, zh: []string{"没有找到"}},
		{name: "elsewhere", status: http.StatusNotFound, path: func(*house) string { return "/pay/nothing/at/all" }, en: []string{"nothing to pay here"}, zh: []string{"没有找到"}},
		{name: "broken", status: http.StatusServiceUnavailable, path: func(h *house) string {
			h.fault = fmt.Errorf("secret reason")
			return onPayment(paymux.Created, nil)(h)
		}, en: []string{"went wrong on our side"}, zh: []string{"系统暂时出现问题"}},
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range scenes() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse()
			handler, path := h.handler(t), c.path(h)
			for lang, words := range map[string][]string{"en-GB,en;q=0.9": c.en, "zh-Hans-CN,zh;q=0.9,en;q=0.8": c.zh} {
				w := get(t, handler, path, lang)
				page := body(t, w)
				if want := max(c.status, http.StatusOK); w.Code != want {
					t.Fatalf("%s: HTTP %d, want %d", path, w.Code, want)
				}
				for _, word := range words {
					if !strings.Contains(page, word) {
						t.Errorf("%s: %q is missing in\n%s", lang, word, page)
					}
				}
				checkPage(t, page, c.goes)
				checkHeaders(t, w.Header())
			}
		})
	}
}

var (
	outside  = regexp.MustCompile(`(?i)(?:https?:)?//[a-z0-9.-]+`)
	handlers = regexp.MustCompile(`(?i)\son[a-z]+\s*=`)
	scripts  = regexp.MustCompile(`(?is)<script[^>]*>(.*?)</script>`)
	inputs   = regexp.MustCompile(`<(?:input|select|textarea)[^>]*>`)
	images   = regexp.MustCompile(`<img[^>]*>`)
)

// checkPage holds every page to the same rules: nothing from elsewhere, nothing inline, readable by everyone.
func checkPage(t *testing.T, page, goes string) {
	t.Helper()
	for _, address := range outside.FindAllString(page, -1) {
		if address != goes && address != "https://shop.example" && address != "//wxpay" || address == "" {
			t.Errorf("names the outside address %q", address)
		}
	}
	for _, s := range scripts.FindAllStringSubmatch(page, -1) {
		if strings.TrimSpace(s[1]) != "" || !strings.Contains(s[0], `src="/pay/static/`) {
			t.Errorf("inline script: %s", s[0])
		}
	}
	for _, bad := range []string{"<style", "style=", "javascript:", "ZgotmplZ", "<nil>", "%!", "raw words of the bank", "secret reason", "goroutine"} {
		if strings.Contains(page, bad) {
			t.Errorf("page contains %q:\n%s", bad, page)
		}
	}
	if h := handlers.FindString(page); h != "" {
		t.Errorf("inline handler %q", h)
	}
	accessible(t, page)
}

func accessible(t *testing.T, page string) {
	t.Helper()
	if strings.Count(page, "<h1") != 1 || strings.Count(page, "<main") != 1 || !regexp.MustCompile(`<html lang="(en|zh-CN)">`).MatchString(page) {
		t.Error("a page has one heading, one main part and a language")
	}
	if !regexp.MustCompile(`<title>[^<]+</title>`).MatchString(page) {
		t.Error("no title")
	}
	for _, i := range inputs.FindAllString(page, -1) {
		if !strings.Contains(i, `type="hidden"`) {
			t.Errorf("a field without a label: %s", i)
		}
	}
	for _, i := range images.FindAllString(page, -1) {
		if !regexp.MustCompile(`alt="[^"]+"`).MatchString(i) {
			t.Errorf("an image without words: %s", i)
		}
	}
	if strings.Contains(page, "tabindex") || strings.Contains(page, "user-scalable") {
		t.Error("takes the keyboard's order or zooming away")
	}
}

func checkHeaders(t *testing.T, h http.Header) {
	t.Helper()
	csp := h.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("policy %q lacks %s", csp, part)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
		t.Errorf("policy %q is not strict", csp)
	}
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
