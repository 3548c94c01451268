package alipay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/test/alipayfake"
)

// A payer's browser opens the page and pays, over real HTTP.
func TestAPayerPaysOnThePage(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{Certified: true})
	op := k.payment(paymux.FlowMobileWeb)
	op.Description = strings.Repeat("茶&", 200)
	op.ReturnURL = "https://shop.example/back?order=" + strings.Repeat("茶", 60)
	to := k.do(t, op, paymux.OpPending).NextAction.Redirect
	if to.Method != http.MethodGet || len(to.URL) > 4000 {
		t.Fatalf("a URL of %d bytes, by %s", len(to.URL), to.Method)
	}
	if text := browse(t, to.URL, nil); !strings.Contains(text, "12.50 元") {
		t.Fatalf("the page says %s", text)
	}
	k.ask(t, op, paymux.OpPending)
	u, err := url.Parse(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawQuery = "/cashier", ""
	browse(t, u.String(), url.Values{"order": {paymux.OrderNumber(string(op.ID))}, "act": {"pay"}})
	k.ask(t, op, paymux.OpSucceeded)
}

// browse gets a page, or posts a form.
func browse(t *testing.T, to string, form url.Values) string {
	t.Helper()
	got, err := http.Get(to)
	if form != nil {
		got, err = http.PostForm(to, form)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("HTTP %d %s, %v", got.StatusCode, text, err)
	}
	return string(text)
}

// What the payer is given cannot be changed on the way.
func TestAnInvitationCannotBeChanged(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	op := k.payment(paymux.FlowWeb)
	next := k.do(t, op, paymux.OpPending).NextAction
	honest := next.Redirect.URL
	for old, forged := range map[string]string{"12.50": "0.01", "pay.example": "evil.example", "FAST_INSTANT": "QUICK_INSTANT"} {
		next.Redirect.URL = strings.Replace(honest, old, forged, 1)
		if _, err := k.institution.Come(next); err == nil || next.Redirect.URL == honest {
			t.Errorf("%s for %s is taken: %v", forged, old, err)
		}
	}
	next.Redirect.URL = honest
	k.come(t, next)
}

// What Alipay is told, in its own words.
func TestWhatAPageIsSigned(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{})
	op := k.payment(paymux.FlowWeb)
	u, err := url.Parse(k.do(t, op, paymux.OpPending).NextAction.Redirect.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"app_id": k.institution.AppID, "method": "alipay.trade.page.pay", "format": "JSON", "charset": "utf-8", "sign_type": "RSA2", "version": "1.0",
		"timestamp": "2026-02-28 23:59:30", "notify_url": op.CallbackURL, "return_url": op.ReturnURL, "app_cert_sn": "",
		"biz_content": `{"out_trade_no":"` + paymux.OrderNumber(string(op.ID)) + `","total_amount":"12.50","subject":"两杯茶 ＆ 饼干",` +
			`"product_code":"FAST_INSTANT_TRADE_PAY","time_expire":"2026-03-01 00:59:30"}`,
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
}

// An answer that comes too late leaves a payment that may have been made: the channel says that nobody knows.
func TestAnAnswerThatComesTooLate(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	_, config := fake(t, alipayfake.Config{})
	config.Options["base_url"] = server.URL
	config.Client = &http.Client{Timeout: 50 * time.Millisecond}
	if r, err := open(t, config).Do(t.Context(), operation(paymux.Refunds)); err == nil || r.State != "" || strings.Contains(err.Error(), "sign=") {
		t.Errorf("%s, %v", r.State, err)
	}
}
