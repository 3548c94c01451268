package wechatpay_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/wechatpay"
	"github.com/paymux/paymux/test/wechatpayfake"
)

// clock is one that both sides go by, and that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time        { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) move(by time.Duration) { c.ahead.Add(int64(by)) }

// clocked starts an institution and an account that go by one clock.
func clocked(t *testing.T, c wechatpayfake.Config) (*wechatpayfake.Institution, channel.Config, *clock) {
	t.Helper()
	k := new(clock)
	c.Now = k.now
	institution, config := fake(t, c)
	config.Now = k.now
	return institution, config, k
}

// An answer that the platform has not signed is no answer: what became of the operation is not known.
func TestAnswersThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	other := wechatpayfake.New(wechatpayfake.Config{})
	header := func(name, value string) func(http.Header, []byte) []byte {
		return func(h http.Header, b []byte) []byte {
			h.Set(name, value)
			return b
		}
	}
	stamp := func(off time.Duration) string { return strconv.FormatInt(time.Now().Add(off).Unix(), 10) }
	for name, spoil := range map[string]func(http.Header, []byte) []byte{
		"unsigned":           header("Wechatpay-Signature", ""),
		"probe":              header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/iVBORw0KGgo="),
		"another signature":  header("Wechatpay-Signature", "iVBORw0KGgo="),
		"another nonce":      header("Wechatpay-Nonce", "0"),
		"another time":       header("Wechatpay-Timestamp", stamp(time.Minute)),
		"unknown public key": header("Wechatpay-Serial", "PUB_KEY_ID_0"),
		"no serial":          header("Wechatpay-Serial", ""),
		"another body":       func(_ http.Header, b []byte) []byte { return append(b, ' ') },
		"another platform's": func(h http.Header, b []byte) []byte {
			signed, body := other.Notify(wechatpayfake.Notice{Event: "x"})
			for k := range signed {
				h.Set(k, signed.Get(k))
			}
			return body
		},
	} {
		op := payment("")
		institution.Script(wechatpayfake.Reply{Spoil: spoil})
		r, err := ch.Do(t.Context(), op)
		if err == nil || errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s: %s, %v; want an error that leaves the outcome open", name, r.State, err)
		}
		for _, status := range []int{400, 404, 429, 500} {
			institution.Script(wechatpayfake.Reply{Status: status, Code: "ORDER_NOT_EXIST", Spoil: spoil})
			if r, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
				t.Errorf("%s, HTTP %d: a query says %s, %v; want an error that says nothing", name, status, r.State, err)
			}
		}
		if r, err := ch.Query(t.Context(), op); err != nil || r.State != paymux.OpPending {
			t.Errorf("%s: the order is there, and a query says %s, %v", name, r.State, err)
		}
	}
	// The one answer that needs no signature: a request that was not accepted is not executed, nor answered with one.
	institution.Script(wechatpayfake.Reply{Status: 401, Code: "SIGN_ERROR", Spoil: header("Wechatpay-Signature", "")})
	if _, err := ch.Do(t.Context(), payment("")); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("401: %v, want ErrNotSent", err)
	}
}

func TestAnOldAnswerIsNotBelieved(t *testing.T) {
	t.Parallel()
	institution, config, k := clocked(t, wechatpayfake.Config{})
	var h http.Header
	var body []byte
	op := payment("")
	ch := open(t, config)
	institution.Script(wechatpayfake.Reply{Spoil: func(now http.Header, b []byte) []byte {
		h, body = now.Clone(), b
		return b
	}})
	if _, err := ch.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	k.move(6 * time.Minute)
	institution.Script(wechatpayfake.Reply{Spoil: func(now http.Header, _ []byte) []byte {
		for name := range h {
			now.Set(name, h.Get(name))
		}
		return body
	}})
	if r, err := ch.Do(t.Context(), op); !errors.Is(err, channel.ErrStale) || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("an answer of six minutes ago: %s, %v", r.State, err)
	}
}

// pays makes a payment, has it notified, and reports what went wrong.
func pays(ctx context.Context, institution *wechatpayfake.Institution, ch channel.Channel, signer string) error {
	op := payment("")
	if _, err := ch.Do(ctx, op); err != nil {
		return err
	}
	if err := institution.Pay(number(op.ID)); err != nil {
		return err
	}
	news, err := ch.Callback(ctx, notified(institution, wechatpayfake.Notice{Event: success, Number: number(op.ID), Signer: signer}))
	if err == nil && (news.Operation != op.ID || news.Result.State != paymux.OpSucceeded) {
		err = errors.New("the notification is not of the payment")
	}
	return err
}

func downloads(institution *wechatpayfake.Institution) (n int) {
	for _, q := range institution.Asked() {
		if q.URI == "/v3/certificates" {
			n++
		}
	}
	return n
}

// Certificates are replaced while payments are under way: no payment is lost, and one download does for all.
func TestCertificatesAreReplacedInUse(t *testing.T) {
	t.Parallel()
	institution, config, k := clocked(t, wechatpayfake.Config{Certificates: true})
	ch := open(t, config)
	for turn := range 3 {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if err := pays(t.Context(), institution, ch, ""); err != nil {
					t.Errorf("turn %d: %v", turn, err)
				}
			})
		}
		group.Wait()
		if n := downloads(institution); n != turn+1 {
			t.Errorf("turn %d: %d downloads", turn, n)
		}
		k.move(2 * time.Minute)
		institution.NewCertificate(k.now().Add(-time.Hour), k.now().AddDate(5, 0, 0))
	}
}

// Whoever sends serial numbers that do not exist does not make us ask for certificates all the time.
func TestUnknownSerialNumbersAskOnceAMinute(t *testing.T) {
	t.Parallel()
	institution, config, k := clocked(t, wechatpayfake.Config{Certificates: true})
	ch := open(t, config)
	if err := pays(t.Context(), institution, ch, ""); err != nil {
		t.Fatal(err)
	}
	k.move(2 * time.Minute)
	forged := func() {
		t.Helper()
		req := notified(institution, wechatpayfake.Notice{Event: success, Plain: []byte(`{}`)})
		http.Header(req.Header).Set("Wechatpay-Serial", strings.Repeat("A", 40))
		if _, err := ch.Callback(t.Context(), req); !errors.Is(err, channel.ErrForged) {
			t.Errorf("an unknown serial number: %v", err)
		}
	}
	for range 20 {
		forged()
	}
	if n := downloads(institution); n != 2 {
		t.Errorf("%d downloads, want the first and one more", n)
	}
	k.move(2 * time.Minute)
	forged()
	if n := downloads(institution); n != 3 {
		t.Errorf("%d downloads two minutes later, want one more", n)
	}
}

// While a merchant changes from certificates to a public key, notifications are signed with either.
func TestPublicKeyAndCertificateTogether(t *testing.T) {
	t.Parallel()
	institution, config, k := clocked(t, wechatpayfake.Config{})
	certificate := institution.NewCertificate(k.now().Add(-time.Hour), k.now().AddDate(5, 0, 0))
	ch := open(t, config)
	_, ids := institution.PublicKeys()
	for _, signer := range []string{ids[0], certificate, ids[0], certificate} {
		if err := pays(t.Context(), institution, ch, signer); err != nil {
			t.Errorf("signed by %s: %v", signer, err)
		}
	}
	if n := downloads(institution); n != 1 {
		t.Errorf("%d downloads", n)
	}
	for _, q := range institution.Asked() {
		if q.Header.Get("Wechatpay-Serial") != ids[0] {
			t.Errorf("%s %s does not ask for the public key's signature", q.Method, q.URI)
		}
	}
}

// One public key replaces another: the new one is configured beside the old, first in the list.
func TestPublicKeysAreReplaced(t *testing.T) {
	t.Parallel()
	institution, old := fake(t, wechatpayfake.Config{})
	before := open(t, old)
	_, ids := institution.PublicKeys()
	newest := institution.NewPublicKey()
	both := old
	both.Options = institution.Options(old.Options["base_url"])
	during := open(t, both)
	for name, c := range map[string]struct {
		ch     channel.Channel
		signer string
		good   bool
	}{
		"old key, before": {before, ids[0], true}, "new key, before": {before, newest, false},
		"old key, during": {during, ids[0], true}, "new key, during": {during, newest, true},
	} {
		if err := pays(t.Context(), institution, c.ch, c.signer); (err == nil) != c.good || !c.good && !errors.Is(err, channel.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExpiredCertificatesAreNotBelieved(t *testing.T) {
	t.Parallel()
	institution, config, k := clocked(t, wechatpayfake.Config{Certificates: true})
	k.move(2 * time.Minute)
	until := k.now().Add(time.Hour)
	institution.NewCertificate(k.now().Add(-time.Hour), until)
	ch := open(t, config)
	if err := pays(t.Context(), institution, ch, ""); err != nil {
		t.Fatal(err)
	}
	op := payment("")
	k.move(2 * time.Hour)
	if r, err := ch.Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("an answer signed with a certificate that has expired: %s, %v", r.State, err)
	}
	if r, err := ch.Query(t.Context(), op); err == nil {
		t.Errorf("and a query says %s", r.State)
	}
}

// Without a certificate to verify the answer with, nothing is sent.
func TestNothingIsSentWhoseAnswerCannotBeVerified(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*wechatpayfake.Institution, channel.Config){
		"expired": func(*wechatpayfake.Institution, channel.Config) {},
		"sealed with another key": func(_ *wechatpayfake.Institution, c channel.Config) {
			c.Options["api_v3_key"] = strings.Repeat("k", 32)
		},
		"no certificates, no key": func(_ *wechatpayfake.Institution, c channel.Config) {
			c.Options["platform_public_key"], c.Options["platform_public_key_id"] = "", ""
		},
	} {
		institution, config, k := clocked(t, wechatpayfake.Config{Certificates: !strings.HasPrefix(name, "no ")})
		if name == "expired" {
			k.move(6 * 365 * 24 * time.Hour)
		}
		spoil(institution, config)
		ch := open(t, config)
		if _, err := ch.Do(t.Context(), payment("")); !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s: %v, want ErrNotSent", name, err)
		}
		for _, q := range institution.Asked() {
			if q.Method == http.MethodPost {
				t.Errorf("%s: %s was sent", name, q.URI)
			}
		}
	}
}

// A list of certificates that its own signature does not vouch for is no list.
func TestListsOfCertificatesThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{Certificates: true})
	for name, reply := range map[string]wechatpayfake.Reply{
		"unsigned":      {Spoil: func(h http.Header, b []byte) []byte { h.Del("Wechatpay-Signature"); return b }},
		"changed":       {Spoil: func(_ http.Header, b []byte) []byte { return append(b, ' ') }},
		"old":           {Spoil: func(h http.Header, b []byte) []byte { h.Set("Wechatpay-Timestamp", "1"); return b }},
		"server error":  {Status: 500, Code: "SYSTEM_ERROR"},
		"none":          {Status: 404, Code: "RESOURCE_NOT_EXISTS"},
		"empty":         {Body: `{"data":[]}`},
		"not of a form": {Body: `[]`},
		"not sealed":    {Body: `{"data":[{"serial_no":"1","encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","nonce":"0123456789ab","ciphertext":"AAAA"}}]}`},
	} {
		institution.ScriptCertificates(reply)
		if r, err := open(t, config).Do(t.Context(), payment("")); !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s: %s, %v; want ErrNotSent", name, r.State, err)
		}
	}
	institution.ScriptCertificates(wechatpayfake.Reply{})
	if err := pays(t.Context(), institution, open(t, config), ""); err != nil {
		t.Errorf("the good list: %v", err)
	}
}

// Who gives up while certificates are downloaded spoils nothing for others.
func TestDownloadThatIsGivenUp(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{Certificates: true})
	ctx, cancel := context.WithCancel(t.Context())
	line := config.Client.Transport
	config.Client = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if ctx.Err() == nil && r.URL.Path == "/v3/certificates" {
			cancel()
			return nil, r.Context().Err()
		}
		return line.RoundTrip(r)
	})}
	ch := open(t, config)
	if _, err := ch.Do(ctx, payment("")); !errors.Is(err, channel.ErrNotSent) || !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if err := pays(t.Context(), institution, ch, ""); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// keys are an account's with one fault or another.
type keys struct {
	channel.Keys
	id     string
	signs  atomic.Int64 // that many succeed
	failed error
}

func (k *keys) KeyID(context.Context, string) (string, error) { return k.id, nil }

func (k *keys) Sign(ctx context.Context, option, keyID string, message []byte) ([]byte, error) {
	if keyID != k.id {
		return nil, errors.New("asked for another version of the key")
	}
	if k.signs.Add(-1) < 0 {
		return nil, k.failed
	}
	return k.Keys.Sign(ctx, option, "", message)
}

func TestKeysThatFail(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	config.Options["serial_no"] = ""
	good, err := channel.FixedKeys(wechatpay.Driver(), config.Options)
	if err != nil {
		t.Fatal(err)
	}
	account := func(id string, signs int64, failed error) channel.Channel {
		k := &keys{Keys: good, id: id, failed: failed}
		k.signs.Store(signs)
		c := config
		c.Keys = k
		return open(t, c)
	}
	serial, down := institution.Merchant.SerialNo, errors.New("the key service is down")
	if r, err := account(serial, 9, nil).Do(t.Context(), payment("")); err != nil || r.State != paymux.OpPending {
		t.Errorf("with the key's ID as serial number: %s, %v", r.State, err)
	}
	sent := len(institution.Asked())
	if _, err := account("", 9, nil).Do(t.Context(), payment("")); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("without any serial number: %v", err)
	}
	if _, err := account(serial, 0, down).Do(t.Context(), payment("")); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("without a signature: %v", err)
	}
	if len(institution.Asked()) != sent {
		t.Error("something was sent without a signature")
	}
	// The order is there, its parameters could not be signed: that is no "not sent", whatever the key service says.
	op := payment(paymux.FlowInApp)
	if r, err := account(serial, 1, errors.Join(down, channel.ErrNotSent)).Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("parameters that could not be signed: %s, %v", r.State, err)
	}
	if r, err := account(serial, 9, nil).Do(t.Context(), op); err != nil || r.NextAction == nil {
		t.Errorf("the same again: %+v, %v", r, err)
	}
}
