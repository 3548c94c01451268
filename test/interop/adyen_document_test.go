package interop_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/adyenfake"
)

const adyenDocument = "../specs/adyen_CheckoutService-v71.yaml"

// TestRequestsMatchAdyensDocument records what the channel asks of the simulator, in every operation, and has
// a mock server that knows only Adyen's own document judge each request.
func TestRequestsMatchAdyensDocument(t *testing.T) {
	t.Parallel()
	needModules(t, "@stoplight/prism-cli")
	requests := adyenRequests(t)
	covered := map[string]bool{}
	for _, r := range requests {
		covered[r.method+" "+adyenIDs.ReplaceAllString(r.path, "/{id}")] = true
	}
	want := []string{
		"GET /paymentLinks/{id}", "PATCH /paymentLinks/{id}", "POST /cancels", "POST /paymentLinks", "POST /payments", "POST /payments/details",
		"POST /payments/{id}/cancels", "POST /payments/{id}/captures", "POST /payments/{id}/refunds",
	}
	if got := slices.Sorted(maps.Keys(covered)); !slices.Equal(got, want) {
		t.Fatalf("the operations make %v, want %v", got, want)
	}
	document := adyenMock(t, adyenDocument)
	for _, r := range requests {
		if status, fault := r.replay(t, document); status >= 400 || fault != "" {
			t.Errorf("%s: %s %s %s\nis answered %d %s", r.name, r.method, r.path, r.body, status, fault)
		}
		for name, bad := range r.spoiled() {
			if status, _ := bad.replay(t, document); status < 400 {
				t.Errorf("%s: a request with %s is answered %d: the document judges nothing", r.name, name, status)
			}
		}
	}
}

var adyenIDs = regexp.MustCompile(`/(PL)?[A-Z0-9]{16}\b`)

// asked is one request of the channel.
type adyenAsked struct {
	name, method, path string
	header             http.Header
	body               string
}

// replay sends the request to the judge.
func (r adyenAsked) replay(t *testing.T, base string) (status int, fault string) {
	t.Helper()
	var body io.Reader // a GET has none
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, base+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	fault = resp.Header.Get("sl-violations")
	if resp.StatusCode >= 400 {
		fault += string(answer)
	}
	return resp.StatusCode, fault
}

// spoiled are variants that a judge worth its name refuses.
func (r adyenAsked) spoiled() map[string]adyenAsked {
	all := map[string]adyenAsked{}
	spoil := func(name string, change func(*adyenAsked)) {
		bad := r
		bad.header = r.header.Clone()
		if change(&bad); bad.body != r.body || len(bad.header) != len(r.header) {
			all[name] = bad
		}
	}
	spoil("no API key", func(a *adyenAsked) { a.header.Del("X-API-Key") })
	spoil("a value in quotes", func(a *adyenAsked) { a.body = adyenValue.ReplaceAllString(a.body, `"value":"$1"`) })
	spoil("a currency of four letters", func(a *adyenAsked) { a.body = strings.Replace(a.body, `"EUR"`, `"EURO"`, 1) })
	if strings.Contains(r.body, `"merchantAccount"`) {
		spoil("no merchant account", func(a *adyenAsked) { a.body = strings.Replace(a.body, `"merchantAccount"`, `"merchant"`, 1) })
		spoil("a field nobody knows", func(a *adyenAsked) { a.body = strings.Replace(a.body, `{`, `{"levitate":true,`, 1) })
	}
	return all
}

var adyenValue = regexp.MustCompile(`"value":(\d+)`)

// adyenRecorder keeps the requests that pass, under the name of what is being done.
type adyenRecorder struct {
	mu   sync.Mutex
	name string
	all  []adyenAsked
}

func (r *adyenRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.mu.Lock()
	r.all = append(r.all, adyenAsked{name: r.name, method: req.Method, path: strings.TrimPrefix(req.URL.Path, "/v71"), header: req.Header.Clone(), body: string(body)})
	r.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

// adyenRequests carries out every operation, in each of its forms.
func adyenRequests(t *testing.T) []adyenAsked {
	t.Helper()
	institution := adyenfake.New(adyenMerchant)
	server := httptest.NewServer(institution)
	t.Cleanup(server.Close)
	record := &adyenRecorder{}
	ch := adyenAccount(t, server.URL+"/v71", &http.Client{Transport: record}, institution.Key)
	ids := paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)
	do := func(name string, op channel.Operation) (channel.Operation, channel.Result) {
		t.Helper()
		op.ID, op.SentAt = paymux.OperationID(ids.New(paymux.PrefixOperation)), time.Now()
		record.name = name
		r, err := ch.Do(t.Context(), op)
		if err != nil || r.State != paymux.OpSucceeded && r.State != paymux.OpAuthorized && r.State != paymux.OpPending {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		return op, r
	}
	pay := func(method paymux.MethodType, token string, manual bool) channel.Operation {
		op := channel.Operation{
			Kind: paymux.Pay, Money: paymux.Money{Amount: 1250, Currency: "EUR"}, Payment: "pay_1", Method: paymux.Method{Type: method}, Manual: manual,
			MerchantOrderID: "订单 A-1001 " + strings.Repeat("x", 100), Description: "两杯茶 " + strings.Repeat("y", 400), ExpiresAt: time.Now().Add(time.Hour),
			ReturnURL: "https://shop.example/back", PageURL: "https://pay.example/pay/pay_1", CallbackURL: "https://pay.example/callbacks/adyen/main",
			Client: paymux.Client{IP: "203.0.113.7", Country: "NL"},
		}
		if token != "" {
			op.Card = &paymux.CardDetails{Token: paymux.Secret(token)}
		}
		return op
	}
	follow := func(kind paymux.OperationKind, id, reason string) channel.Operation {
		return channel.Operation{Kind: kind, Money: paymux.Money{Amount: 1250, Currency: "EUR"}, ChannelID: id, Reason: reason}
	}
	_, paid := do("stored card", pay(paymux.Card, adyenfake.Visa, false))
	do("encrypted card", pay(paymux.Card, adyenComponent, false))
	_, reserved := do("reservation", pay(paymux.Card, adyenfake.Visa, true))
	do("capture", follow(paymux.Capture, reserved.ChannelID, ""))
	_, released := do("another reservation", pay(paymux.Card, adyenfake.Visa, true))
	do("cancel", follow(paymux.Cancel, released.ChannelID, ""))
	for _, reason := range []string{"", "duplicate", "fraudulent", "requested_by_customer", "the tea was cold"} {
		do("refund, "+reason, follow(paymux.Refunds, paid.ChannelID, reason))
	}
	op, waiting := do("3-D Secure", pay(paymux.Card, adyenfake.Authenticate, false))
	do("cancel by reference", follow(paymux.Cancel, waiting.ChannelID, ""))
	op, _ = do("3-D Secure", pay(paymux.Card, adyenfake.Authenticate, false))
	record.name = "return"
	if _, err := ch.Callback(t.Context(), channel.CallbackRequest{Method: http.MethodGet, URL: institution.Authenticate(string(op.ID), true)}); err != nil {
		t.Fatal(err)
	}
	for _, method := range []paymux.MethodType{paymux.Card, paymux.Alipay, paymux.WeChatPay, paymux.PayPal} {
		op, page := do("page, "+string(method), pay(method, "", method == paymux.Card))
		op.ChannelID, record.name = page.ChannelID, "query"
		if _, err := ch.Query(t.Context(), op); err != nil {
			t.Fatal(err)
		}
		do("close the page", follow(paymux.Cancel, page.ChannelID, ""))
	}
	return record.all
}

const adyenComponent = `{"paymentMethod":{"type":"scheme","encryptedCardNumber":"test_4111111111111111","encryptedExpiryMonth":"test_03",
"encryptedExpiryYear":"test_2030","encryptedSecurityCode":"test_737","holderName":"J. Smith","brand":"visa","checkoutAttemptId":"a1"},"browserInfo":{"userAgent":"Mozilla/5.0",
"acceptHeader":"*/*","language":"nl-NL","colorDepth":24,"screenHeight":723,"screenWidth":1536,"timeZoneOffset":0,"javaEnabled":true},"origin":"https://shop.example"}`

// adyenMock starts a mock server of an OpenAPI document and returns its URL.
func adyenMock(t *testing.T, document string) string {
	t.Helper()
	port := adyenPort(t)
	cmd := exec.CommandContext(t.Context(), "node", "node_modules/@stoplight/prism-cli/dist/index.js", "mock", "-h", "127.0.0.1", "-p", port, document)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && err != os.ErrProcessDone {
			t.Logf("stop the mock server: %v", err)
		}
		<-ended
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if resp, err := http.Get("http://127.0.0.1:" + port + "/"); err == nil {
			resp.Body.Close()
			return "http://127.0.0.1:" + port
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the mock server has ended: %v\n%s", err, said.Bytes())
		case <-ctx.Done():
			t.Fatal("the mock server does not answer")
		case <-tick.C:
		}
	}
}

func adyenPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
