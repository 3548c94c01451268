package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// TestVerifyWithAPublicKey: a receiver of Ed25519 deliveries has a public key where others have a secret.
func TestVerifyWithAPublicKey(t *testing.T) {
	t.Parallel()
	key := webhook.NewSigningKey()
	public, err := webhook.PublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	now, body := time.Now(), []byte(`{"id":"evt_1"}`)
	sum, err := webhook.Sign(key, "evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	headers := fmt.Sprintf("webhook-id: evt_1\nwebhook-timestamp: %d\nwebhook-signature: %s\n", now.Unix(), sum)
	for name, text := range map[string]string{"headers.txt": headers, "body.json": string(body), "other.json": "{}", "key.txt": public} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := newDesk(t, nil)
	at := func(name string) string { return filepath.Join(dir, name) }
	d.do("webhooks", "verify", "--secret", public, "--headers", at("headers.txt"), at("body.json"))
	d.do("webhooks", "verify", "--secret", "file:"+at("key.txt"), "--headers", at("headers.txt"), at("body.json"))
	out := newTranscript()
	if code := d.cli(out, out).run(t.Context(), []string{"webhooks", "verify", "--secret", public, "--headers", at("headers.txt"), at("other.json")}); code != exitFailed {
		t.Errorf("another body: exit code %d\n%s", code, out)
	}
}

func TestAgreed(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "是\n": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		var asked bytes.Buffer
		c := &cli{in: strings.NewReader(answer), err: &asked}
		if got := c.agreed("Send? "); got != want || asked.String() != "Send? " {
			t.Errorf("%q is taken for %v, after %q", answer, got, asked.String())
		}
	}
}

// Why a replay was canceled stands at the end of its line; another has nothing there.
func TestShowReplay(t *testing.T) {
	t.Parallel()
	for reason, end := range map[string]string{"": "2026-11-21T00:00:00Z\n", "the endpoint is pulled": "2026-11-21T00:00:00Z  the endpoint is pulled\n"} {
		var out bytes.Buffer
		c := &cli{out: &out}
		r := paymux.Replay{ID: "rpl_1", To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Reason: reason}
		if err := c.showReplay(&r); err != nil || !strings.HasSuffix(out.String(), end) {
			t.Errorf("%q does not end in %q: %v", out.String(), end, err)
		}
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	c := &cli{now: func() time.Time { return now }}
	for text, want := range map[string]time.Time{
		"2h": now.Add(-2 * time.Hour), "0s": now, "2026-11-20": time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		"2026-11-20T08:00:00+08:00": time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), "yesterday": {}, "-2h": {}, "": {},
	} {
		got, err := c.when("from", text)
		if !got.Equal(want) || want.IsZero() != (err != nil) {
			t.Errorf("%q is %s, error %v", text, got, err)
		}
	}
}
