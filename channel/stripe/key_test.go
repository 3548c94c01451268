package stripe_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/stripe"
)

// keyService is what stands behind an account's keys: it counts, rotates and fails.
type keyService struct {
	channel.Keys
	reveal func() (paymux.Secret, error)
	live   []string // webhook secrets
	down   error
}

func (k *keyService) Reveal(context.Context, string) (paymux.Secret, error) { return k.reveal() }

func (k *keyService) Verify(_ context.Context, _ string, message, signature []byte) error {
	if k.down != nil {
		return k.down
	}
	for _, secret := range k.live {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(message)
		if hmac.Equal(mac.Sum(nil), signature) {
			return nil
		}
	}
	return channel.ErrForged
}

func TestARotatedKeyIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	var sent atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(r.Header.Values("Authorization"))
		w.Write([]byte(`{"id":"pi_1","status":"processing"}`))
	}))
	t.Cleanup(server.Close)
	key := paymux.Secret("sk_test_1")
	keys := &keyService{reveal: func() (paymux.Secret, error) { return key, nil }}
	ch := open(t, channel.Config{Client: server.Client(), Keys: keys, Options: map[string]string{"api_key": "set", "base_url": server.URL}})
	for _, key = range []paymux.Secret{"sk_test_1", "rk_test_2"} {
		if _, err := ch.Do(t.Context(), payment("pm_1")); err != nil {
			t.Fatal(err)
		}
		if got := sent.Load().([]string); len(got) != 1 || got[0] != "Bearer "+key.Reveal() {
			t.Errorf("sent %q, want the newest key alone", got)
		}
	}
}

// Whatever is wrong with the key, nothing leaves, and that is what the error says.
func TestNothingIsSentWithoutAKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key paymux.Secret
		err error
	}{
		"publishable key":     {"pk_test_1", nil},
		"something else":      {"hunter2", nil},
		"no key":              {"", channel.ErrNoKey},
		"key service is down": {"", errors.New("nobody answers")},
	} {
		calls := 0
		client := &http.Client{Transport: counted(func() { calls++ })}
		keys := &keyService{reveal: func() (paymux.Secret, error) { return c.key, c.err }}
		ch := open(t, channel.Config{Client: client, Keys: keys, Options: map[string]string{"api_key": "set"}})
		_, err := ch.Do(t.Context(), payment("pm_1"))
		if !errors.Is(err, channel.ErrNotSent) || calls != 0 {
			t.Errorf("%s: %v after %d calls, want ErrNotSent and none", name, err, calls)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the key: %v", name, err)
		}
	}
}

// A configuration that spells a key out is told at once when it cannot be one, without the text.
func TestTheFormOfAKeyIsChecked(t *testing.T) {
	t.Parallel()
	var check func(string) error
	for _, o := range stripe.Driver().Options {
		if o.Name == "api_key" {
			check = o.Check
		}
	}
	for key, good := range map[string]bool{
		"sk_test_1": true, "sk_live_1": true, "rk_test_1": true, "rk_live_1": true, "pk_test_1": false, "hunter2": false,
	} {
		err := check(key)
		if (err == nil) != good || err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%.8s…: %v", key, err)
		}
	}
}

type counted func()

func (c counted) RoundTrip(*http.Request) (*http.Response, error) {
	c()
	return nil, errors.New("no line here")
}

// While a secret is replaced, Stripe signs with both and we may know the old one, the new one or both.
func TestWebhookSecretsRotate(t *testing.T) {
	t.Parallel()
	object := json.RawMessage(`{"id":"pi_1","status":"processing","metadata":{"paymux_operation":"op_1"}}`)
	old := signed(t, "whsec_old", "payment_intent.processing", object, accountClock())
	several := old
	several.Header = map[string][]string{"Stripe-Signature": {old.Header["Stripe-Signature"][0] + ",v1=00,v1=zz"}}
	for name, c := range map[string]struct {
		live []string
		down error
		want error
	}{
		"old one":       {[]string{"whsec_old"}, nil, nil},
		"both":          {[]string{"whsec_new", "whsec_old"}, nil, nil},
		"old one ended": {[]string{"whsec_new"}, nil, channel.ErrForged},
		"no key":        {nil, channel.ErrNoKey, channel.ErrForged},
	} {
		for _, req := range []channel.CallbackRequest{old, several} {
			ch := open(t, channel.Config{Client: http.DefaultClient, Keys: &keyService{live: c.live, down: c.down}, Options: map[string]string{"api_key": "set"}})
			if _, err := ch.Callback(t.Context(), req); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
	}
	ch := open(t, channel.Config{Client: http.DefaultClient, Keys: &keyService{down: errors.New("nobody answers")}, Options: map[string]string{"api_key": "set"}})
	if _, err := ch.Callback(t.Context(), old); err == nil || errors.Is(err, channel.ErrForged) {
		t.Errorf("the key service is down: %v; nothing was judged", err)
	}
}
