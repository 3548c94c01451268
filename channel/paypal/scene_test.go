package paypal_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/paypalfake"
)

// payment is a pay operation, sent now.
func payment() channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: paymux.Pay, Payment: "pay_1",
		Money: paymux.Money{Amount: 1250, Currency: "EUR"}, Method: paymux.Method{Type: paymux.PayPal},
		ReturnURL: "https://shop.example/back", SentAt: clock(),
	}
}

// follow is an operation that refers to a pay operation whose order is known.
func follow(kind paymux.OperationKind, pay channel.Operation, amount int64) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(mint.New(paymux.PrefixOperation)), Kind: kind, PayID: pay.ID, ChannelID: pay.ChannelID, PayMoney: pay.Money,
		Money: paymux.Money{Amount: amount, Currency: pay.Money.Currency}, SentAt: clock(),
	}
}

// do carries out op and wants a state.
func do(t *testing.T, ch channel.Channel, op channel.Operation, want paymux.OperationState) channel.Result {
	t.Helper()
	r, err := ch.Do(t.Context(), op)
	if err != nil || r.State != want {
		t.Fatalf("do %s: %+v, %v; want %s", op.Kind, r, err, want)
	}
	return r
}

// ask queries op and wants a state.
func ask(t *testing.T, ch channel.Channel, op channel.Operation, want paymux.OperationState) channel.Result {
	t.Helper()
	r, err := ch.Query(t.Context(), op)
	if err != nil || r.State != want {
		t.Fatalf("query %s: %+v, %v; want %s", op.Kind, r, err, want)
	}
	return r
}

// ordered makes the order of a pay operation.
func ordered(t *testing.T, ch channel.Channel, manual bool) channel.Operation {
	t.Helper()
	op := payment()
	op.Manual = manual
	op.ChannelID = do(t, ch, op, paymux.OpPending).ChannelID
	return op
}

// paid makes a payment that has succeeded, or been reserved.
func paid(t *testing.T, institution *paypalfake.Institution, ch channel.Channel, manual bool) channel.Operation {
	t.Helper()
	op := ordered(t, ch, manual)
	institution.Approve(string(op.ID))
	want := paymux.OpSucceeded
	if manual {
		want = paymux.OpAuthorized
	}
	ask(t, ch, op, want)
	return op
}

// line is a transport with a switch on it: before, if set, sees each request and may answer it.
type line struct {
	next   http.RoundTripper
	before func(*http.Request) (*http.Response, error)
	after  func(*http.Request, *http.Response) (*http.Response, error)
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.before != nil {
		if resp, err := l.before(r); resp != nil || err != nil {
			return resp, err
		}
	}
	resp, err := l.next.RoundTrip(r)
	if err == nil && l.after != nil {
		return l.after(r, resp)
	}
	return resp, err
}

// over puts a line before an institution.
func over(c channel.Config) (*line, channel.Config) {
	l := &line{next: c.Client.Transport}
	c.Client = &http.Client{Transport: l}
	return l, c
}

// lose throws an answer away, as a broken connection does.
func lose(resp *http.Response) (*http.Response, error) {
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return nil, io.ErrUnexpectedEOF
}

func completes(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v2/checkout/orders/")
}

// answering is an account at an institution that gives every call but the one for a token one answer.
func answering(t *testing.T, status int, body string) (channel.Channel, *atomic.Int64) {
	t.Helper()
	calls := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/oauth2/token" {
			io.WriteString(w, `{"access_token":"token-1","token_type":"Bearer","expires_in":3600}`)
			return
		}
		calls.Add(1)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return open(t, channel.Config{Account: "main", Client: server.Client(), Options: map[string]string{
		"client_id": "id", "client_secret": "secret-1", "base_url": server.URL,
	}}), calls
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}
