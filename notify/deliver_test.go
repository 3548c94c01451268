package notify_test

import (
	"context"
	"net/http"
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
	a := v.Attempt
	if a == nil || a.Status != 204 || a.Type != e.Type || a.URL != s.URL+"/hooks" || v.Window != notify.Window || v.Rate != 0 {
		t.Fatalf("verdict %+v, attempt %+v", v, a)
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
		{name: "502", answer: status(502), least: minute, most: minute, hold: second},
		{name: "504", answer: status(504), least: minute, most: minute, hold: second},
		{name: "504, second failure", answer: status(504), failed: 1, least: 4 * minute, most: 6 * minute, hold: second},
		{name: "503", answer: status(503), least: 4 * second, most: 6 * second, hold: second},
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
			if v.Attempt == nil || v.Attempt.Number != test.failed+1 {
				t.Errorf("attempt %+v", v.Attempt)
			}
		})
	}
}

func TestJitter(t *testing.T) {
	t.Parallel()
	for percent, most := range map[int]float64{0: 0.2, 1: 0.01, 50: 0.5} {
		h := newHouse(t)
		to := h.endpoint(listen(t, status(500)).URL, func(e *paymux.Endpoint) {
			e.Delivery.RetrySeconds, e.Delivery.JitterPercent = []int{1000}, percent
		})
		shortest, longest := time.Hour, time.Duration(0)
		for range 60 {
			_, v := h.deliver(to, 0)
			wait := time.Until(v.Due)
			shortest, longest = min(shortest, wait), max(longest, wait)
		}
		around := time.Duration(most * 1000 * float64(time.Second))
		if shortest < 995*time.Second-around || longest > 1001*time.Second+around || longest-shortest < around/2 {
			t.Errorf("%d %%: waits from %v to %v", percent, shortest, longest)
		}
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
	pulled := h.endpoint("https://shop.example", func(e *paymux.Endpoint) { e.Status = paymux.EndpointPull })
	for id, says := range map[paymux.EndpointID]string{"we_none": "the endpoint was deleted", off.ID: "the endpoint is disabled: switched off", pulled.ID: "the endpoint is pulled"} {
		v := h.handle(task(id))
		if !v.Done || v.Attempt == nil || v.Attempt.Result != paymux.AttemptDropped || v.Attempt.Error != says || v.Attempt.Type != e.Type {
			t.Errorf("%s: verdict %+v, attempt %+v", id, v, v.Attempt)
		}
	}
	if _, tasks := h.event(); len(tasks) != 0 {
		t.Errorf("an endpoint that is not enabled has tasks: %v", tasks)
	}
	lost := task(off.ID)
	lost.Ref = "evt_none"
	if v := h.handle(lost); !v.Bury || v.Reason == "" {
		t.Errorf("an event that is gone: %+v", v)
	}
	h.store.err = errDown
	h.Invalidate()
	if v := h.handle(task(off.ID)); v.Done || v.Bury || !v.Uncounted || v.Due.IsZero() || v.Attempt != nil {
		t.Errorf("while the store is down: %+v", v)
	}
}

func TestStoppingIsNoFailure(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	to := h.endpoint(listen(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}).URL)
	_, tasks := h.event()
	if v := h.Handle(ctx, tasks[0]); !v.Uncounted || v.Done || v.Bury || v.Attempt != nil {
		t.Errorf("verdict %+v", v)
	}
	if !h.now(to).FailingSince.IsZero() {
		t.Error("an endpoint is failing because we stop")
	}
}

func TestWindowAndRateAreTheMerchants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint(listen(t, status(500)).URL, func(e *paymux.Endpoint) { e.Delivery.Window, e.Delivery.RatePerSecond = 3, 7 })
	if _, v := h.deliver(to, 0); v.Window != 3 || v.Rate != 7 {
		t.Errorf("window %d, rate %d", v.Window, v.Rate)
	}
}

func TestSecretsThatCannotSign(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	for _, secrets := range [][]paymux.SigningSecret{nil, {{Value: "whsec_hush"}}, {{Value: "whsk_hush"}}, {{Value: "whpk_hush"}}} {
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
