package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// The account's keys, by their options.
const (
	optionKey    = "api_key"
	optionSecret = "webhook_secret"
)

var errNoSecret = fmt.Errorf("%w: option %s is not set", channel.ErrForged, optionSecret)

var errKeyForm = fmt.Errorf("option %q must start with sk_test_, sk_live_, rk_test_ or rk_live_", optionKey)

// authorized asks for the account's key for each request and puts it into that request's
// header alone, so that a rotated key is used at once and none is kept. What it
// refuses has not been sent, and says so.
type authorized struct {
	keys channel.Keys
	next http.RoundTripper
}

func (t authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	key, err := reveal(r.Context(), t.keys)
	if err == nil {
		err = sameMode(r.Context(), key)
	}
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+key.Reveal())
	return t.next.RoundTrip(r)
}

// reveal is the account's key, of a form that Stripe gives out for servers.
func reveal(ctx context.Context, keys channel.Keys) (paymux.Secret, error) {
	key, err := keys.Reveal(ctx, optionKey)
	if err != nil {
		return "", fmt.Errorf("ask for the key: %w", err)
	}
	return key, checkForm(key.Reveal())
}

// checkForm refuses keys that are not for servers.
func checkForm(key string) error {
	for _, prefix := range []string{"sk_test_", "sk_live_", "rk_test_", "rk_live_"} {
		if strings.HasPrefix(key, prefix) {
			return nil
		}
	}
	return errKeyForm
}

// modeKey is where a context says which money a request is about.
type modeKey struct{}

func withMode(ctx context.Context, live bool) context.Context {
	return context.WithValue(ctx, modeKey{}, live)
}

// sameMode refuses to move real money for a test, or the other way round. Requests
// whose context says nothing move none.
func sameMode(ctx context.Context, key paymux.Secret) error {
	live := strings.Contains(key.Reveal()[:len("sk_live_")], "_live_")
	if asked, said := ctx.Value(modeKey{}).(bool); said && asked != live {
		return fmt.Errorf("the operation's livemode is %t and the account's key is for livemode %t", asked, live)
	}
	return nil
}

// believed verifies a signature with the live versions of the webhook's secret.
func (a *account) believed(ctx context.Context, message, signature []byte) error {
	err := a.keys.Verify(ctx, optionSecret, message, signature)
	if errors.Is(err, channel.ErrNoKey) {
		return errNoSecret
	}
	return err
}
