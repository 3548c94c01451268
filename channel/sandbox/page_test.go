package sandbox_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

func (d desk) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.bank.Pages().ServeHTTP(w, r)
	return w
}

func (d desk) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	d.bank.Pages().ServeHTTP(w, r)
	return w
}

// page is the path of the page a pending answer sends the payer to.
func page(t *testing.T, r channel.Result) string {
	t.Helper()
	a := r.NextAction
	if a == nil {
		t.Fatalf("nothing to do for the payer: %+v", r)
	}
	var to string
	switch {
	case a.Redirect != nil:
		to = a.Redirect.URL
	case a.DisplayQR != nil:
		to = a.DisplayQR.Data
	default:
		to = a.Instructions.URL
	}
	path, ok := strings.CutPrefix(to, "https://sandbox.example")
	if !ok {
		t.Fatalf("the page is at %s", to)
	}
	return path
}

func TestPayersPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	for _, c := range []struct {
		name    string
		method  paymux.MethodType
		card    *paymux.CardDetails
		en, zh  string
		refused paymux.DeclineCode
	}{
		{"wallet by code", paymux.WeChatPay, nil, "Approve the payment", "确认付款", paymux.DeclineCanceledByPayer},
		{"wallet by redirect", paymux.Alipay, nil, "Alipay", "支付宝", paymux.DeclineCanceledByPayer},
		{"bank", paymux.BankTransfer, nil, "Transfer the money", "请转账", paymux.DeclineCanceledByPayer},
		{"3-D Secure", paymux.Card, card("4000002760003184"), "Is it you?", "是您本人吗", paymux.DeclineAuthenticationFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			for action, want := range map[string]paymux.OperationState{"approve": paymux.OpSucceeded, "decline": paymux.OpDeclined} {
				op := payOp(c.method, c.card, 1250)
				path := page(t, d.do(t, op))
				for lang, text := range map[string]string{"en": c.en, "zh-CN": c.zh} {
					got := d.get(path, "Accept-Language", lang)
					checkPage(t, got, lang, text, "CNY 12.50", "A-1001", "Two cups of tea")
				}
				got := d.post(path, url.Values{"action": {action}})
				if got.Code != http.StatusSeeOther || got.Header().Get("Location") != op.ReturnURL {
					t.Fatalf("%s: %d to %q, want on to %s", action, got.Code, got.Header().Get("Location"), op.ReturnURL)
				}
				r := d.query(t, op)
				if r.State != want || want == paymux.OpDeclined && r.DeclineCode != c.refused {
					t.Errorf("%s: %s %s", action, r.State, r.DeclineCode)
				}
				again := d.get(path)
				if strings.Contains(again.Body.String(), "<form") || !strings.Contains(again.Body.String(), "Back to the shop") {
					t.Error("the page still asks, or has no way back, after the payer has acted")
				}
				if got := d.post(path, url.Values{"action": {"decline"}}); got.Code != http.StatusConflict {
					t.Errorf("declining what is decided: %d", got.Code)
				}
			}
		})
	}
}

func checkPage(t *testing.T, got *httptest.ResponseRecorder, lang string, texts ...string) {
	t.Helper()
	body := got.Body.String()
	for _, text := range append(texts, `<html lang="`+lang+`">`) {
		if !strings.Contains(body, text) {
			t.Errorf("%q is missing from the page (%d):\n%s", text, got.Code, body)
		}
	}
	if strings.Contains(body, "<script") || strings.Contains(body, "style=") || strings.Contains(body, "src=") {
		t.Error("the page has a script, an inline style or an outside request")
	}
	csp := got.Header().Get("Content-Security-Policy")
	if got.Code == http.StatusOK && (!strings.HasPrefix(csp, "default-src 'none';") || !strings.Contains(csp, "form-action 'self' https://shop.example")) {
		t.Errorf("Content-Security-Policy %q", csp)
	}
}

func TestCardForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	form := func(number string) url.Values {
		return url.Values{"action": {"card"}, "number": {number}, "expiry": {"12 / 99"}, "cvc": {"123"}}
	}
	op := payOp(paymux.Card, nil, 1250)
	path := page(t, d.do(t, op))
	checkPage(t, d.get(path), "en", "Test cards", "4000000000009995", "Declined: insufficient funds.")
	for name, bad := range map[string]url.Values{
		"number": {"action": {"card"}, "number": {"4242"}, "expiry": {"12/99"}, "cvc": {"123"}},
		"expiry": {"action": {"card"}, "number": {"4242424242424242"}, "expiry": {"99"}, "cvc": {"123"}},
		"cvc":    {"action": {"card"}, "number": {"4242424242424242"}, "expiry": {"12/99"}},
		"action": {"action": {"steal"}},
		"card":   {"action": {"approve"}},
	} {
		if got := d.post(path, bad); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), `role="alert"`) {
			t.Errorf("wrong %s: %d", name, got.Code)
		}
	}
	if r := d.query(t, op); r.State != paymux.OpPending {
		t.Fatalf("a form filled in wrongly has decided: %s", r.State)
	}
	got := d.post(path, form("4000 0027 6000 3184"))
	if got.Header().Get("Location") != path {
		t.Fatalf("a card that needs 3-D Secure leads to %q, want to the next step", got.Header().Get("Location"))
	}
	checkPage(t, d.get(path, "Cookie", "lang=zh-CN"), "zh-CN", "3-D Secure")
	d.post(path, url.Values{"action": {"approve"}})
	if r := d.query(t, op); r.State != paymux.OpSucceeded || r.Card == nil || r.Card.Last4 != "3184" || d.effects(op) != 1 {
		t.Errorf("after 3-D Secure: %+v, %d effects", r, d.effects(op))
	}
	refused := payOp(paymux.Card, nil, 1250)
	path = page(t, d.do(t, refused))
	d.post(path, form("4000000000009995"))
	checkPage(t, d.get(path+"?lang=zh"), "zh-CN", "余额不足")
	if r := d.query(t, refused); r.DeclineCode != paymux.DeclineInsufficientFunds {
		t.Errorf("%+v", r)
	}
}

func TestPagesThatAreNotThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	if got := d.get("/sandbox/pay/00000000000000000000000000000000"); got.Code != http.StatusNotFound {
		t.Errorf("a guessed page: %d", got.Code)
	}
	if got := d.post("/sandbox/pay/x", url.Values{"action": {"approve"}}); got.Code != http.StatusNotFound {
		t.Errorf("acting on a guessed page: %d", got.Code)
	}
	op := payOp(paymux.Alipay, nil, 1250)
	op.ReturnURL, op.PageURL = "javascript:alert(1)", ""
	path := page(t, d.do(t, op))
	if got := d.post(path, url.Values{"action": {"approve"}}); got.Header().Get("Location") != path {
		t.Errorf("led to %q", got.Header().Get("Location"))
	}
}

func TestLanguageIsRemembered(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	path := page(t, d.do(t, payOp(paymux.Alipay, nil, 1250)))
	got := d.get(path+"?lang=zh-CN", "Accept-Language", "en")
	cookies := got.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != "zh-CN" {
		t.Fatalf("cookies %v", cookies)
	}
	checkPage(t, d.get(path, "Cookie", "lang=zh-CN", "Accept-Language", "en"), "zh-CN")
	checkPage(t, d.get(path, "Accept-Language", "fr, zh-TW;q=0.8, en;q=0.5"), "zh-CN")
	checkPage(t, d.get(path, "Accept-Language", "fr"), "en")
}

func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	texts := sandbox.Texts()
	en, zh := slices.Sorted(maps.Keys(texts["en"])), slices.Sorted(maps.Keys(texts["zh-CN"]))
	if len(en) == 0 || !slices.Equal(en, zh) {
		t.Errorf("texts differ:\n%v\n%v", en, zh)
	}
	for _, c := range sandbox.Cards() {
		if c.HelpEN == "" || c.HelpZH == "" {
			t.Errorf("card %s has no help", c.Number)
		}
	}
}
