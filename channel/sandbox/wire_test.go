package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// Two gateways, two lines, one bank: an operation sent through both has one effect.
func TestTwoGatewaysShareOneBank(t *testing.T) {
	t.Parallel()
	bank := institution(t, sandbox.Config{Dir: t.TempDir(), Client: newInbox().client()})
	gateways := []channel.Channel{openWire(t, wireConfig(t, bank)), openWire(t, wireConfig(t, bank))}
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	transactions := make([]string, 40)
	var callers sync.WaitGroup
	for i := range transactions {
		callers.Go(func() {
			if r, err := gateways[i%2].Do(t.Context(), op); err == nil {
				transactions[i] = r.ChannelID
			}
		})
	}
	callers.Wait()
	charge, _ := bank.Charge(op.ID)
	if one := slices.Compact(transactions); len(one) != 1 || one[0] == "" || charge.Effects != 1 {
		t.Errorf("transactions %v, %d effects", one, charge.Effects)
	}
	refund := after(op, paymux.Refunds, 1250)
	for _, g := range gateways {
		if r, err := g.Do(t.Context(), refund); err != nil || r.State != paymux.OpSucceeded {
			t.Errorf("refund: %+v, %v", r, err)
		}
		if r, err := g.Do(t.Context(), after(op, paymux.Refunds, 1)); err != nil || r.State != paymux.OpDeclined {
			t.Errorf("a second refund through either gateway: %+v, %v", r, err)
		}
	}
}

func TestBearersOnly(t *testing.T) {
	t.Parallel()
	bank := institution(t, sandbox.Config{})
	if err := bank.OpenAccount("own", map[string]string{"api_key": "its own key"}); err != nil {
		t.Fatal(err)
	}
	config := wireConfig(t, bank)
	for name, c := range map[string]struct {
		account, key string
		in           bool
	}{
		"the institution's key":               {"fresh", wireKey.Reveal(), true},
		"a wrong key":                         {"other", "guess", false},
		"the account's key":                   {"own", "its own key", true},
		"the institution's, where it has one": {"own", wireKey.Reveal(), false},
		"another account's key":               {"fresh", "its own key", false},
	} {
		conf := config
		conf.Account, conf.Options = c.account, maps.Clone(config.Options)
		conf.Options["api_key"] = c.key
		ch := openWire(t, conf)
		op := payOp(paymux.Card, card("4242424242424242"), 1250)
		_, err := ch.Do(t.Context(), op)
		if _, booked := bank.Charge(op.ID); booked != c.in || errors.Is(err, channel.ErrNotSent) == c.in {
			t.Errorf("%s: %v, booked: %t", name, err, booked)
		}
		if _, err := ch.Query(t.Context(), op); (err == nil) != c.in || errors.Is(err, channel.ErrAbsent) {
			t.Errorf("%s: query says %v", name, err)
		}
		if _, err := ch.Statement(t.Context(), time.Now()); (err == nil) != c.in {
			t.Errorf("%s: statement says %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), c.key) {
			t.Errorf("%s: the error repeats the key: %v", name, err)
		}
	}
	if names := bank.Accounts(); !slices.Equal(names, []string{"fresh", "own"}) {
		t.Errorf("accounts %v; a wrong key opens none", names)
	}
	for _, header := range []string{"", "Bearer ", "Basic " + wireKey.Reveal(), wireKey.Reveal()} {
		r := httptest.NewRequest("POST", "/sandbox/v1/fresh/operations", strings.NewReader(`{}`))
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		if bank.Wire().ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Errorf("authorization %q: %d", header, w.Code)
		}
	}
}

// answered is an account whose institution gives everything one answer, and how often it was asked.
func answered(t *testing.T, serve http.HandlerFunc) (channel.Channel, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		asked.Add(1)
		serve(w, r)
	}))
	t.Cleanup(server.Close)
	return openWire(t, channel.Config{Account: "test", Client: server.Client(), Now: time.Now, Options: map[string]string{
		"base_url": server.URL, "api_key": "k", "callback_secret": "s",
	}}), asked
}

// Only the institution's own word proves anything: what a proxy or a stranger answers does not.
func TestAnswers(t *testing.T) {
	t.Parallel()
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	whole := fmt.Sprintf(`{"account":"test","operation":%q,"kind":"pay","status":"DONE","transaction":"sbx_1","amount":1250,"currency":"CNY"}`, op.ID)
	for name, c := range map[string]struct {
		status    int
		body      string
		do, query string
	}{
		"done":                     {200, whole, "succeeded", "succeeded"},
		"another status":           {200, strings.Replace(whole, "DONE", "MAYBE", 1), "unknown", "unknown"},
		"refused without a reason": {200, strings.Replace(whole, "DONE", "REFUSED", 1), "unknown", "unknown"},
		"another operation":        {200, strings.Replace(whole, string(op.ID), "op_1", 1), "error", "error"},
		"another account":          {200, strings.Replace(whole, "test", "best", 1), "error", "error"},
		"another kind":             {200, strings.Replace(whole, "pay", "refund", 1), "error", "error"},
		"an empty object":          {200, `{}`, "error", "error"},
		"nothing":                  {200, ``, "error", "error"},
		"no JSON":                  {200, `<html>`, "error", "error"},
		"JSON and more":            {200, whole + "x", "error", "error"},
		"created":                  {201, whole, "error", "error"},
		"redirect":                 {307, whole, "error", "error"},
		"503 of the institution":   {503, `{"code":"unavailable"}`, "not sent", "not sent"},
		"503 of a proxy":           {503, `upstream reset`, "error", "error"},
		"401 of the institution":   {401, `{"code":"unauthorized"}`, "not sent", "not sent"},
		"401 of a proxy":           {401, `<html>`, "error", "error"},
		"404 of the institution":   {404, `{"code":"no_such_operation"}`, "absent", "absent"},
		"404 of a proxy":           {404, `<html>`, "error", "error"},
		"404 with another code":    {404, `{"code":"unavailable"}`, "error", "error"},
		"409":                      {409, `{"code":"operation_differs"}`, "error", "error"},
		"500":                      {500, `{"code":"unavailable"}`, "error", "error"},
		"418":                      {418, `{}`, "error", "error"},
	} {
		ch, asked := answered(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		r, err := ch.Do(t.Context(), op)
		if got := outcome(r, err); got != c.do || asked.Load() != 1 {
			t.Errorf("%s: do says %s (%v) after %d requests, want %s after one", name, got, err, asked.Load(), c.do)
		}
		r, err = ch.Query(t.Context(), op)
		if got := outcome(r, err); got != c.query {
			t.Errorf("%s: query says %s (%v), want %s", name, got, err, c.query)
		}
	}
}

// net/http repeats requests that it may: a request on a kept connection that dies is not one of them.
func TestNoResendOnADeadConnection(t *testing.T) {
	t.Parallel()
	ch, asked := answered(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"code":"no_such_operation"}`)
	})
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	if _, err := ch.Query(t.Context(), op); !errors.Is(err, channel.ErrAbsent) {
		t.Fatalf("the first call, which leaves a connection open: %v", err)
	}
	if r, err := ch.Do(t.Context(), op); outcome(r, err) != "error" || asked.Load() != 2 {
		t.Errorf("%v; %d requests in all, want 2", err, asked.Load())
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket.Close()
	ch := openWire(t, channel.Config{Account: "test", Options: map[string]string{"base_url": "http://" + socket.Addr().String(), "api_key": "k", "callback_secret": "s"}})
	if r, err := ch.Do(t.Context(), payOp(paymux.Alipay, nil, 1250)); outcome(r, err) != "not sent" {
		t.Errorf("%v", err)
	}
	if _, err := ch.Query(t.Context(), payOp(paymux.Alipay, nil, 1250)); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("query: %v", err)
	}
}

// A key that cannot be had is a request that was not sent; a rotated one is used at once.
func TestKeyOfTheWire(t *testing.T) {
	t.Parallel()
	var seen []string
	config := channel.Config{Account: "test", Options: map[string]string{"base_url": "http://127.0.0.1:9", "api_key": "k", "callback_secret": "s"}}
	config.Client = &http.Client{Transport: lineFunc(func(r *http.Request) (*http.Response, error) {
		seen = append(seen, r.Header.Get("Authorization"))
		return nil, errors.New("cut")
	})}
	for _, key := range []string{"first", "second", ""} {
		config.Keys = fixed(t, sandbox.RemoteDriver(), map[string]string{"api_key": key})
		_, err := openWire(t, config).Do(t.Context(), payOp(paymux.Alipay, nil, 1250))
		if errors.Is(err, channel.ErrNotSent) != (key == "") || err == nil {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if !slices.Equal(seen, []string{"Bearer first", "Bearer second"}) {
		t.Errorf("seen %q", seen)
	}
}

type lineFunc func(*http.Request) (*http.Response, error)

func (f lineFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestStatementOverTheWire(t *testing.T) {
	t.Parallel()
	d := wireDesk(t, sandbox.Config{}, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 12_50)
	d.do(t, op)
	d.do(t, after(op, paymux.Refunds, 400))
	here := openAccount(t, d.bank, "test", nil)
	today, err := d.channel.Statement(t.Context(), time.Now())
	want, errHere := here.Statement(t.Context(), time.Now())
	if err != nil || errHere != nil || len(today) != 2 || today[0].Fee != 8 {
		t.Fatalf("%+v, %v, %v", today, err, errHere)
	}
	if diff := cmp.Diff(want, today); diff != "" {
		t.Errorf("in process and over HTTP differ:\n%s", diff)
	}
	if none, err := d.channel.Statement(t.Context(), time.Now().AddDate(0, 0, -1)); err != nil || len(none) != 0 {
		t.Errorf("yesterday: %v, %v", none, err)
	}
	d.faults(t, sandbox.Faults{Do: sandbox.TruncatedAnswer})
	if lines, err := d.channel.Statement(t.Context(), time.Now()); err == nil {
		t.Errorf("half a statement is taken for one: %v", lines)
	}
}

// What is on the wire stays there: cards and keys are in no log.
func TestTheWireIsNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var body []byte
	bank := institution(t, sandbox.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	config := wireConfig(t, bank)
	base := config.Client.Transport
	config.Client = &http.Client{Transport: lineFunc(func(r *http.Request) (*http.Response, error) {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return base.RoundTrip(r)
	})}
	op := payOp(paymux.Card, card("4000000000009995"), 1250)
	r, err := openWire(t, config).Do(t.Context(), op)
	if err != nil || r.DeclineCode != paymux.DeclineInsufficientFunds || !bytes.Contains(body, []byte("4000000000009995")) {
		t.Fatalf("%+v, %v: the card did not arrive: %s", r, err, body)
	}
	bank.Stop() // it sends a notification meanwhile, and logs that
	for _, hidden := range []string{"4000000000009995", wireKey.Reveal(), secret.Reveal()} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log holds a secret:\n%s", &log)
		}
	}
}

func TestRemoteOptionsAreChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	good := map[string]string{"base_url": "http://bank.example", "api_key": "held", "callback_secret": "held"}
	keys := fixed(t, sandbox.RemoteDriver(), map[string]string{"api_key": "k", "callback_secret": "s"})
	for name, driver := range map[string]*channel.Driver{"remote": sandbox.RemoteDriver(), "either": d.bank.Driver()} {
		if _, err := driver.Open(channel.Config{Account: "x", Options: good, Keys: keys}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := driver.Open(channel.Config{Account: "x", Options: good}); err == nil {
			t.Errorf("%s: opened without keys", name)
		}
		for option, text := range map[string]string{"base_url": "bank.example", "api_key": "", "callback_secret": "", "magic": "off"} {
			bad := maps.Clone(good)
			bad[option] = text
			if _, err := driver.Open(channel.Config{Account: "x", Options: bad, Keys: keys}); err == nil || !strings.Contains(err.Error(), option) {
				t.Errorf("%s, %s=%q: %v", name, option, text, err)
			}
		}
	}
	if _, err := d.bank.Driver().Open(channel.Config{Account: "x", Options: map[string]string{"api_key": "held"}, Keys: keys}); err == nil {
		t.Error("a key for a wire that there is not")
	}
}

// Calls that nobody will answer must not keep a server from ending.
func TestHangUp(t *testing.T) {
	t.Parallel()
	bank := institution(t, sandbox.Config{})
	config := wireConfig(t, bank)
	ch := openWire(t, config)
	op := payOp(paymux.Card, card("4242424242424242"), 1205)
	failed := make(chan error, 1)
	go func() {
		_, err := ch.Do(t.Context(), op)
		failed <- err
	}()
	bank.HangUp()
	bank.HangUp()
	if err := <-failed; err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("%v", err)
	}
}

func FuzzWire(f *testing.F) {
	bank, err := sandbox.NewInstitution(sandbox.Config{APIKey: wireKey})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(bank.Stop)
	wire := bank.Wire()
	f.Add("test", []byte(`{"operation":"op_1","kind":"pay","amount":1250,"currency":"CNY","method":"card","card":{"number":"4242424242424242"}}`))
	f.Add("test", []byte(`{"operation":"op_2","kind":"refund","amount":-1,"pay":"op_1"}`))
	f.Add("A b", []byte(`null`))
	f.Fuzz(func(t *testing.T, account string, body []byte) {
		r := httptest.NewRequest("POST", "/sandbox/v1/x/operations", bytes.NewReader(body))
		r.URL.Path = "/sandbox/v1/" + account + "/operations"
		r.Header.Set("Authorization", "Bearer "+wireKey.Reveal())
		w := httptest.NewRecorder()
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
			if !json.Valid(body) && w.Code == http.StatusOK {
				t.Errorf("%q is taken for a request", body)
			}
		}()
		bank.HangUp()
		wire.ServeHTTP(w, r)
	})
}

// Whatever comes back with 200, it never proves that nothing was done.
func FuzzAnswer(f *testing.F) {
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	f.Add([]byte(`{"account":"test","operation":"op_1","kind":"pay","status":"DONE"}`))
	f.Add([]byte(`{"code":"unavailable"}`))
	f.Add([]byte(`[]`))
	keys := fixed(f, sandbox.RemoteDriver(), map[string]string{"api_key": "k", "callback_secret": "s"})
	f.Fuzz(func(t *testing.T, body []byte) {
		line := lineFunc(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
		})
		ch := openWire(t, channel.Config{Account: "test", Keys: keys, Client: &http.Client{Transport: line}, Options: map[string]string{"base_url": "http://bank.example"}})
		r, err := ch.Do(t.Context(), op)
		if errors.Is(err, channel.ErrNotSent) || err == nil && r.State == "" {
			t.Errorf("%q is taken for %+v, %v", body, r, err)
		}
		if _, err := ch.Query(t.Context(), op); errors.Is(err, channel.ErrAbsent) {
			t.Errorf("%q is taken for proof of absence", body)
		}
	})
}
