package webhook_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/paymux/paymux/internal/webhook"
)

// The vector of the specification's own libraries.
const (
	vectorSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime   = 1614265330
	vectorBody   = `{"test": 2432232314}`
	vectorSum    = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestVector(t *testing.T) {
	t.Parallel()
	got, err := webhook.Sign(vectorSecret, vectorID, time.Unix(vectorTime, 0), []byte(vectorBody))
	if err != nil || got != vectorSum {
		t.Errorf("signed %q, %v; want %q", got, err, vectorSum)
	}
}

func TestOthersVerifyWhatWeSign(t *testing.T) {
	t.Parallel()
	secret, now := webhook.NewSecret(), time.Now()
	header := headers(t, secret, "evt_1", now, `{"a":1}`)
	other, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Verify([]byte(`{"a":1}`), header); err != nil {
		t.Error(err)
	}
	if err := webhook.Verify(secret, header, []byte(`{"a":1}`), now); err != nil {
		t.Error(err)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for secret, good := range map[string]bool{
		webhook.NewSecret():                   true,
		vectorSecret:                          true,
		"":                                    false,
		"whsec_":                              false,
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":    false, // no prefix
		"whsec_c2hvcnQ=":                      false,
		"whsec_not base64 at all":             false,
		"whsec_" + strings.Repeat("QUJD", 22): false, // 66 bytes
	} {
		err := webhook.CheckSecret(secret)
		if (err == nil) != good {
			t.Errorf("%q: %v", secret, err)
		}
		if err != nil && secret != "" && secret != "whsec_" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	if webhook.NewSecret() == webhook.NewSecret() {
		t.Error("two secrets are the same")
	}
}

func headers(t *testing.T, secret, id string, at time.Time, body string) http.Header {
	t.Helper()
	sum, err := webhook.Sign(secret, id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set(webhook.HeaderID, id)
	h.Set(webhook.HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(webhook.HeaderSignature, sum)
	return h
}

const sent = `{"id":"evt_1","text":"a\u003cb & \u00e9 / 中","n":1.50}` + "\n"

func TestDiagnose(t *testing.T) {
	t.Parallel()
	secret, before := webhook.NewSecret(), webhook.NewSecret()
	now := time.Unix(vectorTime, 900e6)
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	rename := func(from, to string) func(http.Header) {
		return func(h http.Header) { h.Set(to, h.Get(from)); h.Del(from) }
	}
	original := `{"id":"evt_1","text":"a<b \u0026 é","path":"/x"}`
	goBody := `{"id":"evt_1","text":"a\u003cb \u0026 é","path":"/x"}`
	tests := []struct {
		name   string
		signed string // body; original where empty
		body   string // as it arrives; signed where empty
		secret string // configured; secret where empty
		at     time.Duration
		change func(http.Header)
		cause  webhook.Cause // none: it verifies
		says   string
	}{
		{name: "good"},
		{name: "good among others", change: func(h http.Header) {
			h.Set(webhook.HeaderSignature, "v1a,abc v1,AAAA "+h.Get(webhook.HeaderSignature))
		}},
		{name: "good at the edge", at: -5 * time.Minute},
		{name: "no ID", change: func(h http.Header) { h.Del(webhook.HeaderID) }, cause: webhook.MissingHeader, says: "webhook-id"},
		{name: "no timestamp", change: func(h http.Header) { h.Del(webhook.HeaderTimestamp) }, cause: webhook.MissingHeader, says: "webhook-timestamp"},
		{name: "no signature", change: func(h http.Header) { h.Del(webhook.HeaderSignature) }, cause: webhook.MissingHeader, says: "webhook-signature"},
		{name: "renamed", change: rename(webhook.HeaderID, "Svix-Id"), cause: webhook.MissingHeader, says: "svix-id instead"},
		{name: "twice", change: func(h http.Header) { h.Add(webhook.HeaderID, "evt_2") }, cause: webhook.MalformedHeader, says: "more than once"},
		{name: "date for seconds", change: set(webhook.HeaderTimestamp, "2026-11-22T00:00:00Z"), cause: webhook.MalformedHeader, says: "seconds"},
		{name: "padded seconds", change: set(webhook.HeaderTimestamp, "+1614265330"), cause: webhook.MalformedHeader},
		{name: "hex signature", change: set(webhook.HeaderSignature, "deadbeef"), cause: webhook.MalformedHeader, says: "v1,"},
		{name: "short signature", change: set(webhook.HeaderSignature, "v1,AAAA"), cause: webhook.MalformedHeader},
		{name: "old", at: -412 * time.Second, cause: webhook.StaleTimestamp, says: "412 s before"},
		{name: "future", at: 412 * time.Second, cause: webhook.StaleTimestamp, says: "412 s after"},
		{name: "secret of another form", secret: "sk_test_1", cause: webhook.BadSecret},
		{name: "another secret", secret: webhook.NewSecret(), cause: webhook.WrongSignature},
		{name: "secret that was replaced", secret: webhook.NewSecret(), cause: webhook.OldSecret, change: func(h http.Header) {
			sum, _ := webhook.Sign(before, "evt_1", now, []byte(original))
			h.Set(webhook.HeaderSignature, sum)
		}},
		{name: "other ID in the header", change: set(webhook.HeaderID, "evt_2"), cause: webhook.ChangedHeader, says: "evt_2"},
		{name: "other timestamp in the header", change: set(webhook.HeaderTimestamp, strconv.FormatInt(now.Unix()+1, 10)), cause: webhook.WrongSignature},
		{name: "newline added", body: original + "\n", cause: webhook.ChangedBody},
		{name: "newline lost", signed: original + "\n", body: original, cause: webhook.ChangedBody, says: "newline"},
		{name: "Windows line ends", signed: "{\n\"a\":1\n}", body: "{\r\n\"a\":1\r\n}", cause: webhook.ChangedBody, says: "line ends"},
		{name: "indented", body: "{\n  \"id\": \"evt_1\",\n  \"text\": \"a<b \\u0026 é\",\n  \"path\": \"/x\"\n}", cause: webhook.ChangedBody, says: "written again"},
		{name: "JSON.parse and stringify", signed: goBody, body: `{"id":"evt_1","text":"a<b & é","path":"/x"}`, cause: webhook.ChangedBody, says: "written again"},
		{name: "Python's json", signed: goBody, body: `{"id": "evt_1", "text": "a<b & \u00e9", "path": "/x"}`, cause: webhook.ChangedBody, says: "written again"},
		{name: "PHP's json_encode", signed: `{"p":"/é"}`, body: `{"p":"\/\u00e9"}`, cause: webhook.ChangedBody, says: "written again"},
		{name: "byte order mark", body: "\xef\xbb\xbf" + original, cause: webhook.ChangedBody},
		{name: "cut short", body: original[:20], cause: webhook.WrongSignature, says: "cut short"},
		{name: "one amount changed", signed: `{"amount":1}`, body: `{"amount":2}`, cause: webhook.WrongSignature},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			signed := or(test.signed, original)
			header := headers(t, secret, "evt_1", now.Add(test.at), signed)
			if test.change != nil {
				test.change(header)
			}
			body, configured := []byte(or(test.body, signed)), or(test.secret, secret)
			err := webhook.Diagnose(configured, header, body, now, before)
			check(t, err, test.cause, test.says)
			if plain := webhook.Verify(configured, header, body, now); (plain == nil) != (test.cause == "") {
				t.Errorf("Verify says %v", plain)
			}
		})
	}
}

func check(t *testing.T, err error, cause webhook.Cause, says string) {
	t.Helper()
	if cause == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %s that says %q", err, cause, says)
	}
}

func TestDiagnoseEmptyBody(t *testing.T) {
	t.Parallel()
	secret, now := webhook.NewSecret(), time.Now()
	err := webhook.Diagnose(secret, headers(t, secret, "evt_1", now, sent), nil, now)
	check(t, err, webhook.ChangedBody, "empty")
}

func or(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

func FuzzDiagnose(f *testing.F) {
	f.Add("evt_1", "1614265330", vectorSum, vectorBody)
	f.Add("", "x", "v1,", `{"a":"\u00e9\u`)
	f.Fuzz(func(t *testing.T, id, stamp, sum, body string) {
		h := http.Header{}
		h.Set(webhook.HeaderID, id)
		h.Set(webhook.HeaderTimestamp, stamp)
		h.Set(webhook.HeaderSignature, sum)
		now := time.Unix(vectorTime, 0)
		diagnosed := webhook.Diagnose(vectorSecret, h, []byte(body), now, webhook.NewSecret())
		verified := webhook.Verify(vectorSecret, h, []byte(body), now)
		if (diagnosed == nil) != (verified == nil) {
			t.Errorf("Diagnose says %v, Verify %v", diagnosed, verified)
		}
	})
}
