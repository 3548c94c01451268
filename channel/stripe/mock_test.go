package stripe_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
)

// TestAgainstStripeMock proves the shape of every request with the institution's own mock
// server: URL, authentication, form encoding, names, types and enumerations. It answers
// whatever it is asked with fixtures, so the suite checks no outcomes.
func TestAgainstStripeMock(t *testing.T) {
	t.Parallel()
	config := channel.Config{Client: &http.Client{Transport: strict{t}}, Options: map[string]string{"api_key": "sk_test_123", "webhook_secret": "whsec_none", "base_url": stripeMock(t)}}
	card := paymux.Method{Type: paymux.Card}
	channeltest.Run(t, channeltest.Subject{
		Driver:    forgetful(driver()),
		Config:    config,
		Stateless: true,
		Payers: []channeltest.Payer{
			{Request: channeltest.Request{Method: card, Card: &paymux.CardDetails{Token: "pm_card_visa"}}, State: paymux.OpSucceeded, Manual: true},
			{Request: channeltest.Request{Name: "page", Method: card}, State: paymux.OpPending},
			{Request: channeltest.Request{Method: paymux.Method{Type: paymux.Alipay}}, State: paymux.OpPending},
			{Request: channeltest.Request{Method: paymux.Method{Type: paymux.WeChatPay}}, State: paymux.OpPending},
		},
		Faults: channeltest.HTTPFaults(config),
	})
	t.Run("by_id", func(t *testing.T) { byID(t, open(t, config)) })
}

// forgetful makes of "never seen" an unknown outcome: the mock server's fixtures carry no
// metadata of ours, so after a proper exchange that is all the channel can say.
func forgetful(d channel.Driver) channel.Driver {
	open := d.Open
	d.Open = func(c channel.Config) (channel.Channel, error) {
		ch, err := open(c)
		return canned{ch}, err
	}
	return d
}

type canned struct{ channel.Channel }

func (c canned) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := c.Channel.Query(ctx, op)
	if err != nil && absent(err) {
		return channel.Result{State: paymux.OpUnknown}, nil
	}
	return r, err
}

// strict fails the test on every request the mock server finds fault with. A refusal
// would otherwise pass for a decline.
type strict struct{ t *testing.T }

func (s strict) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	s.t.Errorf("%s %s: HTTP %d %s", r.Method, r.URL.Path, resp.StatusCode, body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// byID asks for objects by their IDs at Stripe, and carries out what refers to them; any ID exists there.
func byID(t *testing.T, ch channel.Channel) {
	ids := paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)
	for _, kind := range []paymux.OperationKind{paymux.Pay, paymux.Capture, paymux.Cancel, paymux.Refunds} {
		for _, id := range []string{"pi_1", "cs_test_1", "re_1"} {
			op := channel.Operation{
				ID: paymux.OperationID(ids.New(paymux.PrefixOperation)), Kind: kind, ChannelID: id,
				Money:  paymux.Money{Amount: 100, Currency: "USD"},
				Method: paymux.Method{Type: paymux.Card}, Card: &paymux.CardDetails{Token: "pm_card_visa"},
				Reason: "duplicate", SentAt: time.Now(), ReturnURL: "https://shop.example/",
			}
			if kind != paymux.Pay {
				op.PayID, op.Card = paymux.OperationID(ids.New(paymux.PrefixOperation)), nil
			}
			if id != "re_1" {
				if _, err := ch.Do(t.Context(), op); err != nil && id != "cs_test_1" {
					t.Errorf("do %s of %s: %v", kind, id, err)
				}
			}
			// The fixtures carry no metadata of ours: that an operation is not found among them is a proper answer.
			if _, err := ch.Query(t.Context(), op); err != nil && !absent(err) {
				t.Errorf("query %s %s: %v", kind, id, err)
			}
		}
	}
}

// stripeMock starts the mock server and returns its URL.
func stripeMock(t *testing.T) string {
	t.Helper()
	binary := mockBinary(t)
	plain, secure := freePort(t), freePort(t)
	cmd := exec.CommandContext(t.Context(), binary, "-http-addr", plain, "-https-addr", secure)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		if resp, err := http.Get("http://" + plain + "/"); err == nil {
			resp.Body.Close()
			return "http://" + plain
		}
		<-tick.C
	}
	t.Fatal("stripe-mock does not answer")
	return ""
}

func mockBinary(t *testing.T) string {
	t.Helper()
	here, err := filepath.Abs("../../.tools/bin/stripe-mock")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(here); err == nil {
		return here
	}
	if found, err := exec.LookPath("stripe-mock"); err == nil {
		return found
	}
	if os.Getenv("PAYMUX_CHECK") == "1" {
		t.Fatal("stripe-mock is missing: ./check installs it into .tools/bin")
	}
	t.Skip("stripe-mock is not installed (./check installs it into .tools/bin)")
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
