package sandbox_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/internal/wiretest"
)

const (
	secret  = paymux.Secret("sbxsec_0123456789abcdef0123456789abcdef")
	wireKey = paymux.Secret("sbxkey_0123456789abcdef0123456789abcdef")
)

// inbox stands where notifications go to: an http.Client whose other end is a map.
type inbox struct {
	mu     sync.Mutex
	got    map[paymux.OperationID][]channel.CallbackRequest
	answer func(n int, body []byte) int // status for the nth message; nil: 200
	count  int
	news   chan struct{} // closed and replaced with every message
}

func newInbox() *inbox {
	return &inbox{got: map[paymux.OperationID][]channel.CallbackRequest{}, news: make(chan struct{})}
}

func (b *inbox) client() *http.Client { return &http.Client{Transport: b} }

func (b *inbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var about struct {
		Operation paymux.OperationID `json:"operation"`
	}
	if err := json.Unmarshal(body, &about); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got[about.Operation] = append(b.got[about.Operation], channel.CallbackRequest{
		Channel: sandbox.Name, Account: "test", Method: r.Method, URL: r.URL.String(), Header: r.Header, Body: body,
	})
	status := http.StatusOK
	if b.answer != nil {
		status = b.answer(b.count, body)
	}
	b.count++
	close(b.news)
	b.news = make(chan struct{})
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: r}, nil
}

// tester is what the helpers here need of a test, the suite's included.
type tester interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// of waits for n messages about an operation.
func (b *inbox) of(t tester, op paymux.OperationID, n int) []channel.CallbackRequest {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		b.mu.Lock()
		got, news := b.got[op], b.news
		b.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-news:
		case <-timeout:
			t.Fatalf("%d messages about %s, want %d", len(got), op, n)
		}
	}
}

func institution(t *testing.T, c sandbox.Config) *sandbox.Institution {
	t.Helper()
	c.CallbackSecret, c.APIKey = secret, wireKey
	if c.PublicURL == nil {
		c.PublicURL = func() string { return "https://sandbox.example" }
	}
	i, err := sandbox.NewInstitution(c)
	if err != nil {
		t.Fatal(err)
	}
	i.Start()
	t.Cleanup(i.Stop)
	return i
}

func card(number string) *paymux.CardDetails {
	return &paymux.CardDetails{Number: paymux.Secret(number), CVC: "123", ExpMonth: 12, ExpYear: 2099}
}

func TestChannel(t *testing.T) {
	t.Parallel()
	box := newInbox()
	bank := institution(t, sandbox.Config{Dir: t.TempDir(), Client: box.client(), Delay: 30 * time.Millisecond})
	s := subject(bank, box)
	s.Driver, s.Config = *bank.Driver(), channel.Config{Account: "test"}
	s.Faults = throws(bank, s.Config)
	channeltest.Run(t, s)
}

// A package's way: the suite over NATS, in front of plain calls.
func TestChannelOverTheWire(t *testing.T) {
	t.Parallel()
	box := newInbox()
	bank := institution(t, sandbox.Config{Dir: t.TempDir(), Client: box.client(), Delay: 30 * time.Millisecond})
	s := subject(bank, box)
	s.Driver, s.Config = *bank.Driver(), channel.Config{Account: "test"}
	s.Faults = throws(bank, s.Config)
	channeltest.Run(t, channeltest.OverTheWire(wiretest.Open(t, 0).Connect(), s))
}

// The same suite over a real line, once with the faults the institution's switches make and once with those a network makes.
func TestChannelOverHTTP(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]func(*sandbox.Institution, channel.Config) *channeltest.Faults{
		"institution's faults": func(bank *sandbox.Institution, c channel.Config) *channeltest.Faults {
			f := throws(bank, c)
			f.Refused = nil // a socket that is shared is not closed for one account: see TestOutage
			return f
		},
		"network's faults": func(_ *sandbox.Institution, c channel.Config) *channeltest.Faults { return channeltest.HTTPFaults(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := newInbox()
			bank := institution(t, sandbox.Config{Dir: t.TempDir(), Client: box.client(), Delay: 30 * time.Millisecond})
			s := subject(bank, box)
			s.Driver, s.Config = *sandbox.RemoteDriver(), wireConfig(t, bank)
			s.Faults = faults(bank, s.Config)
			channeltest.Run(t, s)
		})
	}
}

// throws makes a broken line by throwing the account's switches.
func throws(bank *sandbox.Institution, good channel.Config) *channeltest.Faults {
	throw := func(f sandbox.Faults) func(channeltest.T) channel.Config {
		return func(t channeltest.T) channel.Config {
			t.Helper()
			setFaults(t, bank, f)
			return good
		}
	}
	return &channeltest.Faults{
		Refused: throw(sandbox.Faults{Down: true}),
		Broken:  throw(sandbox.Faults{Do: sandbox.ErrorAfterSuccess}),
		Silent:  throw(sandbox.Faults{TimeoutRate: 1}),
		Mend:    func(t channeltest.T) { setFaults(t, bank, sandbox.Faults{}) },
	}
}

// subject is what the suite needs of the institution, however it is reached.
func subject(bank *sandbox.Institution, box *inbox) channeltest.Subject {
	approve := func(t channeltest.T, op channel.Operation) {
		t.Helper()
		if err := bank.Approve(t.Context(), op.ID); err != nil {
			t.Fatalf("approve: %v", err)
		}
	}
	return channeltest.Subject{
		Payers: []channeltest.Payer{
			{Request: pay("card number", paymux.Card, card("4242 4242 4242 4242")), State: paymux.OpSucceeded, Manual: true},
			{Request: pay("card token", paymux.Card, &paymux.CardDetails{Token: "tok_visa"}), State: paymux.OpSucceeded},
			{Request: pay("card form", paymux.Card, nil), State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: approve},
			{Request: pay("3-D Secure", paymux.Card, card("4000002500003155")), State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: approve},
			{Request: pay("", paymux.WeChatPay, nil), State: paymux.OpPending, Action: paymux.ActionDisplayQR, Complete: approve},
			{Request: pay("", paymux.Alipay, nil), State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: approve},
			{Request: pay("", paymux.PayPal, nil), State: paymux.OpPending, Action: paymux.ActionRedirect, Complete: approve},
			{Request: pay("", paymux.BankTransfer, nil), State: paymux.OpPending, Action: paymux.ActionInstructions, Complete: approve},
		},
		Declines: declines(bank),
		Unknown:  &channeltest.Request{Method: paymux.Method{Type: paymux.Card}, Card: card("4242424242424242"), Money: paymux.Money{Amount: 1210, Currency: "CNY"}},
		Effects: func(op paymux.OperationID) int {
			c, _ := bank.Charge(op)
			return c.Effects
		},
		Callbacks: &channeltest.Callbacks{
			Success: func(t channeltest.T, op channel.Operation) channel.CallbackRequest { return box.of(t, op.ID, 1)[0] },
			Stale: func(t channeltest.T, op channel.Operation) channel.CallbackRequest {
				return signed(box.of(t, op.ID, 1)[0].Body, time.Now().Add(-6*time.Minute))
			},
			Malformed: func(channeltest.T) channel.CallbackRequest { return signed([]byte(`["paid"]`), time.Now()) },
			Unknown: func(_ channeltest.T, op channel.Operation) channel.CallbackRequest {
				return signed(fmt.Appendf(nil, `{"id":"n1","account":"test","operation":%q,"kind":"pay","status":"MAYBE","code":"?"}`, op.ID), time.Now())
			},
		},
	}
}

// signed is a notification as the institution would sign it.
func signed(body []byte, at time.Time) channel.CallbackRequest {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	header := fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))
	return channel.CallbackRequest{Account: "test", Header: http.Header{"Sandbox-Signature": {header}}, Body: body}
}

func setFaults(t tester, bank *sandbox.Institution, f sandbox.Faults) {
	t.Helper()
	if err := bank.SetFaults("test", f); err != nil {
		t.Fatalf("throw a switch: %v", err)
	}
}

func pay(name string, method paymux.MethodType, c *paymux.CardDetails) channeltest.Request {
	return channeltest.Request{Name: name, Method: paymux.Method{Type: method}, Card: c}
}

func declines(bank *sandbox.Institution) []channeltest.Decline {
	var all []channeltest.Decline
	for number, code := range map[string]paymux.DeclineCode{
		"4000000000000002": paymux.DeclineGeneric,
		"4000000000009995": paymux.DeclineInsufficientFunds,
		"4000000000009987": paymux.DeclineLostCard,
		"4000000000009979": paymux.DeclineStolenCard,
		"4000000000000069": paymux.DeclineExpiredCard,
		"4000000000000127": paymux.DeclineIncorrectCVC,
		"4242424242424241": paymux.DeclineIncorrectNumber,
		"4111111111111111": paymux.DeclineNotSupported, // no test card
	} {
		all = append(all, channeltest.Decline{Request: pay(number, paymux.Card, card(number)), Code: code})
	}
	again := pay("processing error", paymux.Card, card("4000000000000119"))
	all = append(all, channeltest.Decline{Request: again, Code: paymux.DeclineProcessing, Retryable: true})
	return append(all, channeltest.Decline{
		Request: pay("payer refuses", paymux.WeChatPay, nil), Code: paymux.DeclineCanceledByPayer,
		Complete: func(t channeltest.T, op channel.Operation) {
			if err := bank.Decline(t.Context(), op.ID, ""); err != nil {
				t.Fatalf("decline: %v", err)
			}
		},
	})
}
