package notify_test

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(204))
	before, ended := webhook.NewSecret(), webhook.NewSecret()
	to := h.endpoint(s.URL+"/hooks?token=hush", func(e *paymux.Endpoint) {
		e.Secrets = append(e.Secrets,
			paymux.SigningSecret{Value: paymux.Secret(before), Expires: time.Now().Add(time.Hour)},
			paymux.SigningSecret{Value: paymux.Secret(ended), Expires: time.Now().Add(-time.Second)})
	})
	began := time.Now().Unix()
	e, v := h.deliver(to, 0)
	if !v.Done {
		t.Fatalf("verdict %+v", v)
	}
	got := <-s.got
	if string(got.body) != string(e.Body) {
		t.Errorf("body %s, want the event's bytes %s", got.body, e.Body)
	}
	for name, want := range map[string]string{"webhook-id": string(e.ID), "content-type": "application/json", "user-agent": "Paymux"} {
		if value := got.header.Get(name); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	if at, err := strconv.ParseInt(got.header.Get("webhook-timestamp"), 10, 64); err != nil || at < began || at > began+10 {
		t.Errorf("webhook-timestamp %q", got.header.Get("webhook-timestamp"))
	}
	if n := len(strings.Split(got.header.Get("webhook-signature"), " ")); n != 2 {
		t.Errorf("%d signatures, want one for each of two live secrets", n)
	}
	for secret, good := range map[string]bool{to.Secrets[0].Value.Reveal(): true, before: true, ended: false} {
		other, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Verify(got.body, got.header); (err == nil) != good {
			t.Errorf("the specification's library says %v", err)
		}
	}
	hop := v.Hop
	if hop == nil || v.Payment != "pay_1" || hop.Kind != paymux.HopNotify || hop.Ref != string(e.ID) || hop.Data["attempt"] != "1" || hop.Data["status"] != "204" {
		t.Fatalf("hop %+v", hop)
	}
	wants(t, "hop", hop.Text, "payment.succeeded -> "+s.URL+"/hooks 204 in ")
	if strings.Contains(hop.Text, "hush") {
		t.Errorf("the hop shows the query: %s", hop.Text)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	second, minute := time.Second, time.Minute
	tests := []struct {
		name   string
		answer http.HandlerFunc
		own    []int // the merchant's schedule
		failed int   // attempts before
		done   bool
		bury   bool
		least  time.Duration // to the next attempt
		most   time.Duration
		hold   time.Duration // 0: none
		reason string
	}{
		{name: "200", answer: status(200), done: true},
		{name: "299", answer: status(299), done: true},
		{name: "302", answer: status(302, "Location", "http://127.0.0.1:1/"), least: 4 * second, most: 6 * second, reason: "302 Found (redirects are not followed)"},
		{name: "304", answer: status(304), least: 4 * second, most: 6 * second, reason: "304"},
		{name: "400", answer: status(400), least: 4 * second, most: 6 * second, reason: "400 Bad Request"},
		{name: "404, second failure", answer: status(404), failed: 1, least: 4 * minute, most: 6 * minute},
		{name: "500, ninth failure", answer: status(500), failed: 8, least: 19 * time.Hour, most: 29 * time.Hour},
		{name: "500, tenth failure", answer: status(500), failed: 9, bury: true, reason: "answered 500"},
		{name: "own schedule", answer: status(500), own: []int{60, 3600}, failed: 1, least: 48 * minute, most: 72 * minute},
		{name: "own schedule ends", answer: status(500), own: []int{60, 3600}, failed: 2, bury: true},
		{name: "429", answer: status(429), least: minute, most: minute, hold: second},
		{name: "429, own schedule", answer: status(429), own: []int{10}, least: 8 * second, most: 12 * second, hold: second},
		{name: "502", answer: status(502), least: 4 * second, most: 6 * second, hold: second},
		{name: "503 after seconds", answer: status(503, "Retry-After", "7"), own: []int{5}, least: 7 * second, most: 7 * second, hold: 7 * second},
		{name: "503 after less", answer: status(503, "Retry-After", "1"), own: []int{100}, least: 80 * second, most: 120 * second, hold: second},
		{name: "503 after a year", answer: status(503, "Retry-After", "31536000"), own: []int{100}, least: 160 * second, most: 240 * second, hold: minute},
		{name: "504 after a date", answer: status(504, "Retry-After", time.Now().Add(75*second).UTC().Format(http.TimeFormat)), own: []int{60}, least: 65 * second, most: 80 * second, hold: minute},
		{name: "503 after a date long ago", answer: status(503, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), own: []int{60}, least: 48 * second, most: 72 * second, hold: second},
		{name: "503 after nonsense", answer: status(503, "Retry-After", "-9e99"), own: []int{60}, least: 48 * second, most: 72 * second, hold: second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			s := listen(t, test.answer)
			to := h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = test.own })
			_, v := h.deliver(to, test.failed)
			if v.Done != test.done || v.Bury != test.bury || v.Uncounted {
				t.Fatalf("verdict %+v", v)
			}
			wants(t, "reason", v.Reason, test.reason)
			if len(s.got) != 1 {
				t.Errorf("%d requests", len(s.got))
			}
			if wait := time.Until(v.Due); test.most > 0 && (wait < test.least-2*second || wait > test.most+second) {
				t.Errorf("next in %v, want %v to %v", wait, test.least, test.most)
			}
			if hold := time.Until(v.Hold); test.hold == 0 && !v.Hold.IsZero() || test.hold > 0 && (hold > test.hold || hold < test.hold-5*second) {
				t.Errorf("lane held for %v, want %v", hold, test.hold)
			}
			if v.Hop == nil || v.Hop.Data["attempt"] != strconv.Itoa(test.failed+1) {
				t.Errorf("hop %+v", v.Hop)
			}
		})
	}
}

func TestJitterStaysWithinAFifth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint(listen(t, status(500)).URL, func(e *paymux.Endpoint) { e.Delivery.RetrySeconds = []int{1000} })
	least, most := time.Hour, time.Duration(0)
	for range 60 {
		_, v := h.deliver(to, 0)
		wait := time.Until(v.Due)
		least, most = min(least, wait), max(most, wait)
	}
	if least < 795*time.Second || most > 1205*time.Second || most-least < 100*time.Second {
		t.Errorf("waits from %v to %v", least, most)
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(410))
	to := h.endpoint(s.URL)
	_, v := h.deliver(to, 0)
	if !v.Done {
		t.Fatalf("verdict %+v", v)
	}
	wants(t, "hop", v.Hop.Text, "disabled")
	now, _ := h.store.Endpoint(t.Context(), merchant, to.ID)
	if now.Status != paymux.EndpointDisabled || !strings.Contains(now.Reason, "410") || len(now.Secrets) != 1 {
		t.Errorf("endpoint %+v", now)
	}
	if _, tasks := h.event(); len(tasks) != 0 {
		t.Errorf("a disabled endpoint is still told: %v", tasks)
	}
}

func TestGoneWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint(listen(t, func(w http.ResponseWriter, _ *http.Request) {
		h.store.mu.Lock()
		h.store.err = errors.New("down")
		h.store.mu.Unlock()
		w.WriteHeader(410)
	}).URL)
	if _, v := h.deliver(to, 0); v.Done || v.Bury || !v.Uncounted {
		t.Errorf("verdict %+v", v)
	}
}

func TestGoneFromAnAddressTheMerchantLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var to paymux.Endpoint
	to = h.endpoint(listen(t, func(w http.ResponseWriter, r *http.Request) {
		moved := to
		moved.URL = "https://new.example/"
		h.store.UpdateEndpoint(r.Context(), moved, nil)
		w.WriteHeader(410)
	}).URL)
	if _, v := h.deliver(to, 0); v.Done || v.Due.IsZero() {
		t.Errorf("verdict %+v", v)
	}
	if now, _ := h.store.Endpoint(t.Context(), merchant, to.ID); now.Status != paymux.EndpointEnabled {
		t.Errorf("the moved endpoint was disabled")
	}
}

func TestEndpointsThatAreNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	e, _ := h.event()
	task := func(id paymux.EndpointID) queue.Task {
		return queue.Task{ID: "task_1", Kind: notify.KindNotify, Ref: string(e.ID), Lane: string(id)}
	}
	off := h.endpoint("https://shop.example", func(e *paymux.Endpoint) { e.Status, e.Reason = paymux.EndpointDisabled, "switched off" })
	for id, says := range map[paymux.EndpointID]string{"we_none": "deleted", off.ID: "switched off"} {
		v := h.Handle(t.Context(), task(id))
		if !v.Done || v.Hop == nil {
			t.Fatalf("verdict %+v", v)
		}
		wants(t, "hop", v.Hop.Text, says)
	}
	lost := task(off.ID)
	lost.Ref = "evt_none"
	if v := h.Handle(t.Context(), lost); !v.Bury || v.Reason == "" {
		t.Errorf("an event that is gone: %+v", v)
	}
	h.store.err = errors.New("down")
	h.Invalidate()
	if v := h.Handle(t.Context(), task(off.ID)); v.Done || v.Bury || !v.Uncounted || v.Due.IsZero() {
		t.Errorf("while the store is down: %+v", v)
	}
}

func TestAttemptsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	secured := httptest.NewTLSServer(status(200))
	t.Cleanup(secured.Close)
	silent, cut := make(chan struct{}), cutter(t)
	hung := listen(t, func(http.ResponseWriter, *http.Request) { <-silent })
	t.Cleanup(func() { close(silent) })
	plain := listen(t, status(200))

	tests := map[string]struct{ url, reason string }{
		"connection refused": {closed.URL, "connection refused"},
		"unknown name":       {"https://no-such-host.invalid/", "name not resolved"},
		"unknown authority":  {secured.URL, "TLS: x509"},
		"no TLS":             {strings.Replace(plain.URL, "http:", "https:", 1), "HTTP response to HTTPS client"},
		"hung":               {hung.URL + "/?token=hush", "no answer within 1s"},
		"cut":                {cut + "/?token=hush", "EOF"},
		"bad URL":            {"https://shop.example:hush/", "URL cannot be used"},
		"no scheme":          {"shop.example/?token=hush", "unsupported protocol"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			to := h.endpoint(test.url, func(e *paymux.Endpoint) {
				if name == "hung" {
					e.Delivery.TimeoutMS = 1000
				}
			})
			_, v := h.deliver(to, 0)
			if v.Done || v.Bury || v.Uncounted || v.Due.IsZero() {
				t.Fatalf("verdict %+v", v)
			}
			wants(t, "reason", v.Reason, test.reason)
			wants(t, "hop", v.Hop.Text, test.reason)
			if strings.Contains(v.Reason+v.Hop.Text, "hush") {
				t.Errorf("shows what it must not: %s / %s", v.Reason, v.Hop.Text)
			}
		})
	}
}

// cutter accepts connections and closes them without a word.
func cutter(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096)) // the request, so that nothing suggests sending it again
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestTrustedCertificate(t *testing.T) {
	t.Parallel()
	secured := httptest.NewUnstartedServer(status(200))
	secured.EnableHTTP2 = true
	secured.StartTLS()
	t.Cleanup(secured.Close)
	pool := x509.NewCertPool()
	pool.AddCert(secured.Certificate())
	h := newHouse(t, func(c *notify.Config) { c.RootCAs = pool })
	if _, v := h.deliver(h.endpoint(secured.URL), 0); !v.Done {
		t.Errorf("verdict %+v", v)
	}
	other := strings.Replace(secured.URL, "127.0.0.1", "localhost", 1) // not in the certificate
	if _, v := h.deliver(h.endpoint(other), 0); v.Done || !strings.Contains(v.Reason, "TLS: ") {
		t.Errorf("another name: %+v", v)
	}
}

func TestAnswersWithoutEnd(t *testing.T) {
	t.Parallel()
	body := func(bytes int, pause time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			rc := http.NewResponseController(w)
			chunk := make([]byte, bytes)
			for {
				if _, err := w.Write(chunk); err != nil || rc.Flush() != nil {
					return
				}
				select {
				case <-time.After(pause):
				case <-r.Context().Done():
					return
				}
			}
		}
	}
	for name, answer := range map[string]http.HandlerFunc{"flood": body(64<<10, 0), "drip": body(1, 100*time.Millisecond)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			began := time.Now()
			_, v := h.deliver(h.endpoint(listen(t, answer).URL), 0)
			if took := time.Since(began); !v.Done || took > 10*time.Second {
				t.Errorf("verdict %+v after %v", v, took)
			}
		})
	}
}

func TestSecretsThatCannotSign(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	for _, secrets := range [][]paymux.SigningSecret{nil, {{Value: "whsec_hush"}}} {
		to := h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Secrets = secrets })
		_, v := h.deliver(to, 0)
		if v.Done || !strings.Contains(v.Reason, "secret") || strings.Contains(v.Reason, "hush") {
			t.Errorf("verdict %+v", v)
		}
	}
	if len(s.got) != 0 {
		t.Error("something unsigned was sent")
	}
}
