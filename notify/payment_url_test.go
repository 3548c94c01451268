package notify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

func perPayment(e *paymux.Endpoint) { e.PerPayment, e.URL = true, "" }

// paid is an event of a payment with a notify_url.
func paid(url string) func(*paymux.Event) {
	return func(e *paymux.Event) {
		e.Data.Object = fmt.Appendf(nil, `{"id":"pay_1","notify_url":%q}`, url)
	}
}

// refunded is one of a refund, which does not carry the URL.
func refunded(e *paymux.Event) { e.Type, e.ObjectID = paymux.RefundDone, "re_1" }

func TestAPaymentsOwnURL(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	to := h.endpoint("", perPayment)
	host := strings.TrimPrefix(s.URL, "http://")
	h.store.notifyURLs["pay_1"] = s.URL + "/mine?token=hush"
	for name, adjust := range map[string]func(*paymux.Event){"payment": paid(s.URL + "/mine?token=hush"), "refund": refunded} {
		e, tasks := h.event(adjust)
		if len(tasks) != 1 || tasks[0].Lane != string(to.ID)+"/"+host {
			t.Fatalf("%s: tasks %+v", name, tasks)
		}
		v := h.handle(tasks[0])
		got := <-s.got
		if !v.Done || got.path != "/mine" || v.Attempt.URL != s.URL+"/mine" || v.Attempt.Endpoint != to.ID {
			t.Errorf("%s: verdict %+v, attempt %+v", name, v, v.Attempt)
		}
		if err := webhook.Verify(to.Secrets[0].Value.Reveal(), got.header, got.body, h.Now()); err != nil || string(got.body) != string(e.Body) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLanesOfPaymentsOwnURLs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint("", perPayment)
	for url, host := range map[string]string{
		"https://Shop.Example/a":     "shop.example:443",
		"https://shop.example:8443/": "shop.example:8443",
		"http://shop.example/a?b":    "shop.example:80",
		"https://[2001:DB8::1]/":     "[2001:db8::1]:443",
		"":                           "", // none: nothing to deliver
		"https://bad.example:hush/":  "",
		"ftp://shop.example/":        "",
	} {
		_, tasks := h.event(paid(url))
		want := []string{}
		if host != "" {
			want = append(want, string(to.ID)+"/"+host)
		}
		lanes := []string{}
		for _, task := range tasks {
			lanes = append(lanes, task.Lane)
		}
		if fmt.Sprint(lanes) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", url, lanes, want)
		}
	}
	if _, tasks := h.event(func(e *paymux.Event) { e.Payment, e.ObjectID = "", "we_1" }); len(tasks) != 0 {
		t.Errorf("an event of no payment has tasks: %v", tasks)
	}
	h.store.fail("NotifyURL")
	if _, err := h.Tasks(t.Context(), paymux.Event{Merchant: merchant, Payment: "pay_1", ObjectID: "re_1"}); !errors.Is(err, errDown) {
		t.Errorf("a URL that cannot be learned: %v", err)
	}
}

// The common path, a merchant without a per-payment endpoint, costs nothing.
func TestNoPerPaymentEndpointNoRead(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	h.endpoint("https://shop.example")
	h.event()
	reads := h.store.reads
	h.event(refunded)
	h.event(func(e *paymux.Event) { e.Data.Object = nil })
	if more := h.store.reads - reads; more != 0 {
		t.Errorf("%d reads", more)
	}
}

// What one payment's URL does says nothing about the others.
func TestAPaymentsOwnURLFails(t *testing.T) {
	t.Parallel()
	for code, failed := range map[int]int{410: 0, 500: 1} {
		c := newClock()
		h := newHouse(t, at(c))
		to := h.endpoint("", perPayment, strategy(paymux.FailureStrategy{Exhausted: paymux.DisableEndpoint, AlertAfterSeconds: 1, DisableAfterSeconds: 1}, 60))
		s := listen(t, status(code))
		_, tasks := h.event(paid(s.URL))
		h.handle(tasks[0])
		c.pass(time.Hour)
		_, tasks = h.event(paid(s.URL))
		tasks[0].Attempt = failed
		if v := h.handle(tasks[0]); !v.Bury || v.Attempt.Status != code {
			t.Errorf("%d: verdict %+v", code, v)
		}
		if now := h.now(to); now.Status != paymux.EndpointEnabled || !now.FailingSince.IsZero() || len(h.store.failing) != 0 {
			t.Errorf("%d: endpoint %+v", code, now)
		}
		other := listen(t, status(200))
		_, tasks = h.event(paid(other.URL))
		if v := h.handle(tasks[0]); !v.Done {
			t.Errorf("%d: another URL: %+v", code, v)
		}
	}
}
