package notify_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// What was sent and what came back are kept without what would let a reader of the log send or log in.
func TestLogShowsNoSecrets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{
			"Set-Cookie": "hush", "Authorization": "hush", "Www-Authenticate": "hush", "X-Api-Key": "hush",
			"X-Request-Id": "req-1", "Location": "https://user:hush@shop.example/x?token=hush#hush", "Retry-After": "7",
			"Server": strings.Repeat("s", 5000),
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(503)
		w.Write([]byte("no\x00 \xff room"))
	})
	key := webhook.NewSigningKey()
	url := strings.Replace(s.URL, "http://", "http://user:hush@", 1) + "/hooks?token=hush#hush"
	to := h.endpoint(url, func(e *paymux.Endpoint) {
		e.Secrets = append(e.Secrets, paymux.SigningSecret{Value: paymux.Secret(key), Expires: time.Now().Add(time.Hour)})
	})
	e, v := h.deliver(to, 0)
	a, got := v.Attempt, <-s.got
	if user, password, ok := basic(got.header); !ok || user != "user" || password != "hush" {
		t.Errorf("the URL's user was not sent: %q", got.header.Get("Authorization"))
	}
	want := map[string]string{
		"content-type": "application/json", "user-agent": "Paymux", "authorization": "Basic [redacted]",
		"webhook-id": string(e.ID), "webhook-timestamp": got.header.Get("webhook-timestamp"),
		"webhook-signature": "v1,[redacted] v1a,[redacted]",
	}
	if diff := cmp.Diff(want, a.Sent()); diff != "" {
		t.Error(diff)
	}
	want = map[string]string{
		"Content-Type": a.ResponseHeader["Content-Type"], "Content-Length": "10", "Date": a.ResponseHeader["Date"],
		"X-Request-Id": "req-1", "Location": "https://shop.example/x", "Retry-After": "7", "Server": strings.Repeat("s", 256),
	}
	if diff := cmp.Diff(want, a.ResponseHeader); diff != "" {
		t.Error(diff)
	}
	if a.ResponseBody != "no\uFFFD \uFFFD room" || a.ResponseCut || a.Status != 503 || a.URL != s.URL+"/hooks" {
		t.Errorf("attempt %+v", a)
	}
	signatures := strings.Fields(got.header.Get("webhook-signature"))
	for _, secret := range append(signatures, "hush") {
		if strings.Contains(fmt.Sprintf("%+v", *a), secret) {
			t.Errorf("the log shows %q: %+v", secret, a)
		}
	}
}

func basic(h http.Header) (user, password string, ok bool) {
	return (&http.Request{Header: h}).BasicAuth()
}

func TestLogKeepsTheBeginningOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		kept int
		cut  bool
	}{
		"nothing":                {"", 0, false},
		"exactly as much":        {strings.Repeat("x", 2048), 2048, false},
		"more":                   {strings.Repeat("x", 2049), 2048, true},
		"much more":              {strings.Repeat("x", 1<<20), 2048, true},
		"a character cut in two": {strings.Repeat("x", 2047) + "é and more", 2047, true},
		"a character cut late":   {strings.Repeat("x", 2045) + "𝄞 and more", 2045, true},
		"binary":                 {strings.Repeat("\xff\x00a", 1000), 2047, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			_, v := h.deliver(h.endpoint(listen(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(test.body)) }).URL), 0)
			a := v.Attempt
			if !v.Done || len(a.ResponseBody) != test.kept || a.ResponseCut != test.cut {
				t.Errorf("%d bytes kept, cut %v", len(a.ResponseBody), a.ResponseCut)
			}
			if !utf8.ValidString(a.ResponseBody) || strings.Contains(a.ResponseBody, "\x00") {
				t.Errorf("%q cannot be stored", a.ResponseBody)
			}
		})
	}
}
