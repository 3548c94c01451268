package paypal_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/paypal"
)

// One token serves all callers, however many ask while there is none.
func TestOneTokenForAll(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, slow := over(config)
	ch := open(t, slow)
	var waiting atomic.Int64
	release := make(chan struct{})
	l.before = func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v1/oauth2/token" {
			waiting.Add(1)
			<-release
		}
		return nil, nil
	}
	const callers = 16
	arrived := make(chan struct{}, callers)
	go func() {
		for range callers {
			<-arrived
		}
		close(release)
	}()
	together(callers, func(int) {
		arrived <- struct{}{}
		if r, err := ch.Do(t.Context(), payment()); err != nil || r.State != paymux.OpPending {
			t.Errorf("%+v, %v", r, err)
		}
	})
	if waiting.Load() != 1 || institution.Tokens() != 1 {
		t.Errorf("%d requests for %d tokens", waiting.Load(), institution.Tokens())
	}
}

// A caller whose time is up leaves; the token comes to the others all the same.
func TestCallerLeavesTokenToOthers(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, slow := over(config)
	ch := open(t, slow)
	asked, release := make(chan struct{}), make(chan struct{})
	l.before = func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v1/oauth2/token" {
			close(asked)
			<-release
		}
		return nil, nil
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()
	if _, err := ch.Do(ctx, payment()); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("%v, want ErrNotSent: nothing but the token was asked for", err)
	}
	close(release)
	do(t, ch, payment(), paymux.OpPending)
	if n := institution.Tokens(); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// A token is renewed before it expires: no call is lost to an old one.
func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	institution.TokenLife = 10 * time.Minute
	var ahead atomic.Int64
	institution.Now = func() time.Time { return clock().Add(time.Duration(ahead.Load())) }
	config.Now = institution.Now
	keys, err := channel.FixedKeys(paypal.Driver(), config.Options)
	if err != nil {
		t.Fatal(err)
	}
	config.Keys = keys
	ch, err := paypal.Driver().Open(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at     time.Duration
		tokens int
	}{{0, 1}, {8 * time.Minute, 1}, {9*time.Minute + 30*time.Second, 2}} {
		ahead.Store(int64(c.at))
		do(t, ch, payment(), paymux.OpPending)
		if n := institution.Tokens(); n != c.tokens {
			t.Errorf("%s after the first: %d tokens, want %d", c.at, n, c.tokens)
		}
	}
}

// A refused token is dropped; the call is proven not to have been carried out, and not sent again by itself.
func TestRefusedTokenIsDropped(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	do(t, ch, payment(), paymux.OpPending)
	institution.Revoke()
	op := payment()
	if _, err := ch.Do(t.Context(), op); !errors.Is(err, channel.ErrNotSent) {
		t.Fatalf("%v, want ErrNotSent", err)
	}
	if n := institution.Orders(string(op.ID)); n != 0 {
		t.Errorf("%d orders", n)
	}
	do(t, ch, op, paymux.OpPending)
	if n := institution.Tokens(); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
}

// Without a token nothing is sent, and the errors hold no secret.
func TestNoToken(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"refused":     canned(401, `{"error":"invalid_client","error_description":"secret-1"}`),
		"broken":      canned(500, `out of order`),
		"no bearer":   canned(200, `{"access_token":"token-1","token_type":"MAC","expires_in":60}`),
		"no life":     canned(200, `{"access_token":"token-1","token_type":"Bearer"}`),
		"no JSON":     canned(200, `<html>token-1`),
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	} {
		l := &line{before: answer}
		ch := open(t, channel.Config{Client: &http.Client{Transport: l}, Options: map[string]string{
			"client_id": "id", "client_secret": "secret-1", "base_url": "http://127.0.0.1:1",
		}})
		_, err := ch.Do(t.Context(), payment())
		if !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s: %v, want ErrNotSent", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret-1") || strings.Contains(err.Error(), "token-1")) {
			t.Errorf("%s: the error repeats what it must not: %v", name, err)
		}
	}
}

func canned(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// The app's secret is asked for each time a token is, so that a rotated one is used at once.
func TestRotatedSecret(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	keys := &rotating{secret: paymux.Secret(institution.Secret)}
	config.Keys, config.Now = keys, later
	ch, err := paypal.Driver().Open(config)
	if err != nil {
		t.Fatal(err)
	}
	do(t, ch, payment(), paymux.OpPending)
	institution.Revoke()
	institution.Secret, keys.secret = "another", "another"
	if _, err := ch.Do(t.Context(), payment()); !errors.Is(err, channel.ErrNotSent) {
		t.Fatalf("%v, want ErrNotSent", err)
	}
	do(t, ch, payment(), paymux.OpPending)
	keys.err = channel.ErrNoKey
	institution.Revoke()
	ch.Do(t.Context(), payment())
	if _, err := ch.Do(t.Context(), payment()); !errors.Is(err, channel.ErrNotSent) || !errors.Is(err, channel.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
}

// rotating are keys of which one can be revealed.
type rotating struct {
	channel.Keys
	secret paymux.Secret
	err    error
}

func (k *rotating) Reveal(context.Context, string) (paymux.Secret, error) { return k.secret, k.err }
