package cashier_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/paymux/paymux"
)

var attempt = regexp.MustCompile(`name="attempt" value="([^"]*)"`)

// attemptOn reads the hidden field of a page's form.
func attemptOn(t *testing.T, page string) string {
	t.Helper()
	m := attempt.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no form on the page:\n%s", page)
	}
	return m[1]
}

func TestLinkMakesOnePayment(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler, link := h.handler(t), h.keepLink(nil)
	path := "/pay/l/" + string(link.ID)
	form := url.Values{"method": {"card"}, "attempt": {attemptOn(t, body(t, get(t, handler, path, "en")))}}
	goes := make([]string, 20)
	var clicks sync.WaitGroup
	for i := range goes {
		clicks.Go(func() { goes[i] = post(t, handler, path+"/pay", form).Header().Get("Location") })
	}
	clicks.Wait()
	if h.made != 1 {
		t.Fatalf("%d clicks made %d payments", len(goes), h.made)
	}
	made := h.links[link.ID].Payment
	for _, to := range goes {
		if strings.TrimSuffix(to, "?go=1") != "/pay/"+string(made) {
			t.Errorf("a click went to %q, want the payment %s", to, made)
		}
	}
	r := h.creates[0]
	if r.Merchant != link.Merchant || r.Money.Amount != 1250 || r.Method.Type != paymux.Card || !r.Confirm || r.Link != link.ID ||
		r.MerchantOrderID != "A-1001" || !r.Livemode || r.Idempotency == "" || len(r.Fingerprint) != 32 {
		t.Errorf("asked for %+v", r)
	}
	// The page that follows takes the payer on without another click; a visit later does not.
	auto := `<meta http-equiv="refresh" content="1;url=https://bank.example/authorize">`
	if page := body(t, get(t, handler, "/pay/"+string(made)+"?go=1", "en")); !strings.Contains(page, auto) {
		t.Errorf("does not go on by itself:\n%s", page)
	}
	if page := body(t, get(t, handler, "/pay/"+string(made), "en")); strings.Contains(page, auto) {
		t.Error("a payer who comes back is sent away again")
	}
	if to := get(t, handler, path, "en").Header().Get("Location"); to != "/pay/"+string(made) {
		t.Errorf("the link leads to %q while its payment is open", to)
	}
}

func TestFailedAttemptCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	failed := h.keep(paymux.Failed, nil)
	link := h.keepLink(func(l *paymux.Link) { l.Payment = failed.ID })
	path := "/pay/l/" + string(link.ID)
	token := attemptOn(t, body(t, get(t, handler, path, "en")))
	if token != string(failed.ID) {
		t.Fatalf("attempt is %q, want the payment before", token)
	}
	post(t, handler, path+"/pay", url.Values{"method": {"alipay"}, "attempt": {token}})
	if h.made != 1 || h.links[link.ID].Payment == failed.ID {
		t.Errorf("made %d payments", h.made)
	}
}

func TestLinkRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	form := url.Values{"method": {"card"}, "attempt": {""}}
	for name, c := range map[string]struct {
		link paymux.Link
		form url.Values
		to   string
	}{
		"canceled":       {h.keepLink(func(l *paymux.Link) { l.Status = paymux.LinkCanceled }), form, ""},
		"expired":        {h.keepLink(func(l *paymux.Link) { l.ExpiresAt = now }), form, ""},
		"no method":      {h.keepLink(nil), url.Values{}, "?notice=choose"},
		"strange method": {h.keepLink(nil), url.Values{"method": {"gold"}}, "?notice=choose"},
		"made-up try":    {h.keepLink(nil), url.Values{"method": {"card"}, "attempt": {"1"}}, "?notice=choose"},
		"huge":           {h.keepLink(nil), url.Values{"method": {"card"}, "attempt": {strings.Repeat("x", 9000)}}, "?notice=choose"},
	} {
		w := post(t, handler, "/pay/l/"+string(c.link.ID)+"/pay", c.form)
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != "/pay/l/"+string(c.link.ID)+c.to {
			t.Errorf("%s: HTTP %d to %q", name, w.Code, to)
		}
	}
	paid := h.keep(paymux.Succeeded, nil)
	link := h.keepLink(func(l *paymux.Link) { l.Payment = paid.ID })
	if to := post(t, handler, "/pay/l/"+string(link.ID)+"/pay", form).Header().Get("Location"); to != "/pay/"+string(paid.ID) {
		t.Errorf("a paid link's form goes to %q", to)
	}
	if h.made != 0 {
		t.Errorf("made %d payments", h.made)
	}
}

func TestErrorsBecomeNotices(t *testing.T) {
	t.Parallel()
	for code, want := range map[paymux.Code]string{
		paymux.NoChannel: "?notice=method", paymux.Unavailable: "?notice=later", paymux.Internal: "?notice=later", paymux.PaymentDeclined: "?go=1",
	} {
		h := newHouse()
		handler := h.handler(t)
		link := h.keepLink(nil)
		h.fault = paymux.Errorf(code, "no")
		w := post(t, handler, "/pay/l/"+string(link.ID)+"/pay", url.Values{"method": {"card"}, "attempt": {""}})
		if to := w.Header().Get("Location"); to != "/pay/l/"+string(link.ID)+want {
			t.Errorf("%s leads to %q, want %s", code, to, want)
		}
	}
	h := newHouse()
	page := body(t, get(t, h.handler(t), "/pay/l/"+string(h.keepLink(nil).ID)+"?notice=later", "en"))
	if !strings.Contains(page, "nothing was charged") {
		t.Error("the notice is not shown")
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	p := h.keep(paymux.Created, nil)
	path := "/pay/" + string(p.ID)
	token := attemptOn(t, body(t, get(t, handler, path, "en")))
	for range 2 {
		w := post(t, handler, path+"/confirm", url.Values{"method": {"wechat_pay"}, "attempt": {token}})
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != path+"?go=1" {
			t.Fatalf("HTTP %d to %q", w.Code, w.Header().Get("Location"))
		}
	}
	a, b := h.confirms[0], h.confirms[1]
	if a.Idempotency != b.Idempotency || string(a.Fingerprint) != string(b.Fingerprint) {
		t.Error("two clicks are two requests")
	}
	if a.Merchant != p.Merchant || a.Payment != p.ID || a.Method.Type != paymux.WeChatPay || a.Client.IP == "" || a.RequestID == "" {
		t.Errorf("asked to confirm %+v", a)
	}
}

func TestHostileWords(t *testing.T) {
	t.Parallel()
	h := newHouse()
	h.name = `<img src=x onerror=alert(1)>`
	handler := h.handler(t)
	const evil = `"><script>alert('x')</script><a href="https://evil.example">`
	p := h.keep(paymux.RequiresAction, func(p *paymux.Payment) {
		p.Description, p.MerchantOrderID, p.ReturnURL = evil, evil, "javascript:alert(1)"
		p.NextAction = &paymux.NextAction{Type: paymux.ActionInstructions, Instructions: &paymux.Instructions{
			URL: "data:text/html,<script>", Lines: []paymux.Instruction{{Label: evil, Value: evil}},
		}}
	})
	page := body(t, get(t, handler, "/pay/"+string(p.ID), "en"))
	for _, bad := range []string{"<script>", "<img src=x", "javascript:", "data:text", `href="https://evil`} {
		if strings.Contains(page, bad) {
			t.Errorf("page contains %s", bad)
		}
	}
	for _, to := range []string{"javascript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x"} {
		p := h.keep(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: to, Method: "GET"}}, paymux.Card))
		if page := body(t, get(t, handler, "/pay/"+string(p.ID)+"?go=1", "en")); strings.Contains(page, to) {
			t.Errorf("sends the payer to %s", to)
		}
		p = h.keep(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{Brand: paymux.Alipay, Data: to}}, paymux.Alipay))
		if page := body(t, get(t, handler, "/pay/"+string(p.ID), "en")); strings.Contains(page, to) {
			t.Errorf("opens %s as an app", to)
		}
	}
}

func TestFormRedirectIsAllowedByThePolicy(t *testing.T) {
	t.Parallel()
	h := newHouse()
	p := h.keep(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example:8443/x?y", Method: "POST"}}, paymux.Card))
	csp := get(t, h.handler(t), "/pay/"+string(p.ID), "en").Header().Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "form-action 'self' https://bank.example:8443") {
		t.Errorf("policy %q", csp)
	}
}

func TestLanguageIsRemembered(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	path := "/pay/" + string(h.keep(paymux.Created, nil).ID)
	w := get(t, handler, path+"?lang=zh-CN", "en")
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly || !strings.Contains(body(t, w), "请选择付款方式") {
		t.Fatalf("cookies %v", cookies)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.AddCookie(cookies[0])
	again := httptest.NewRecorder()
	handler.ServeHTTP(again, r)
	if !strings.Contains(body(t, again), "请选择付款方式") {
		t.Error("the choice is forgotten")
	}
	if w := get(t, handler, path+"?lang=xx", "de"); len(w.Result().Cookies()) != 0 || !strings.Contains(body(t, w), "How would you like to pay?") {
		t.Error("an unknown language is not English")
	}
}

func TestStatusAndCode(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	p := h.keep(paymux.RequiresAction, action(paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{Brand: paymux.Alipay, Data: "https://qr.alipay.com/x"}}, paymux.Alipay))
	if got := strings.TrimSpace(body(t, get(t, handler, "/pay/"+string(p.ID)+"/status", "en"))); got != `{"status":"requires_action","version":3}` {
		t.Errorf("status is %s", got)
	}
	w := get(t, handler, "/pay/"+string(p.ID)+"/qr.svg", "en")
	if svg := body(t, w); w.Header().Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(svg, "<svg") || strings.Contains(svg, "alipay") {
		t.Errorf("code: %s %.80s", w.Header().Get("Content-Type"), svg)
	}
	done := h.keep(paymux.Succeeded, nil)
	for _, path := range []string{"/pay/" + string(done.ID) + "/qr.svg", "/pay/" + string(done.ID) + "/secrets", "/pay/static/none.js", "/pay/static/"} {
		if w := get(t, handler, path, "en"); w.Code != http.StatusNotFound {
			t.Errorf("%s: HTTP %d", path, w.Code)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	h := newHouse()
	p := h.keep(paymux.Processing, nil)
	server := httptest.NewServer(h.handler(t))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/pay/%s/events", server.URL, p.ID), nil)
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if got := nextData(lines); got != `{"status":"processing","version":3}` {
		t.Fatalf("first %s", got)
	}
	h.mu.Lock()
	p.Status, p.Version = paymux.Succeeded, 4
	h.payments[p.ID] = p
	h.mu.Unlock()
	h.changed <- struct{}{}
	if got := nextData(lines); got != `{"status":"succeeded","version":4}` {
		t.Fatalf("then %s", got)
	}
	if got := nextData(lines); got != "" {
		t.Errorf("goes on after the end: %s", got)
	}
}

// nextData returns the next event's data, or nothing at the end of the stream.
func nextData(lines *bufio.Scanner) string {
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data
		}
	}
	return ""
}

func FuzzPaths(f *testing.F) {
	h := newHouse()
	p := h.keep(paymux.Succeeded, nil)
	handler := h.handler(f)
	f.Add(string(p.ID), "go=1")
	f.Add("l/plink_1", "lang=zh-CN")
	f.Add("%2e%2e/x", "notice=later&notice=choose")
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/pay/", nil)
		r.URL = &url.URL{Path: "/pay/" + path, RawQuery: query}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("HTTP %d: %s", w.Code, body(t, w))
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
			t.Error("not JSON")
		}
	})
}
