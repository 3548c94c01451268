package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// tokenTime is how long one attempt to get an access token may take.
const tokenTime = 15 * time.Second

// token is an access token (OAuth 2.0 client credentials) and when to stop using it.
type token struct {
	text  paymux.Secret
	until time.Time
}

// tokens hands out one access token to all callers until shortly before it expires. However
// many ask while there is none, one request is made; no lock is held meanwhile.
type tokens struct {
	fetch func(context.Context) (token, error)
	now   func() time.Time

	mu     sync.Mutex
	have   token
	flight *flight // nil: nobody is fetching
}

// flight is a fetch under way. token and err may be read when done is closed.
type flight struct {
	done  chan struct{}
	token token
	err   error
}

func (t *tokens) get(ctx context.Context) (paymux.Secret, error) {
	t.mu.Lock()
	if t.have.text != "" && t.now().Before(t.have.until) {
		defer t.mu.Unlock()
		return t.have.text, nil
	}
	f := t.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		t.flight = f
		go t.fly(context.WithoutCancel(ctx), f) // ends after tokenTime; the first caller may leave, the others still wait for it
	}
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.token.text, f.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (t *tokens) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, tokenTime)
	defer cancel()
	f.token, f.err = t.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.err == nil {
		t.have = f.token
	}
	t.flight = nil
	close(f.done)
}

// drop forgets a token that was refused, unless another has taken its place.
func (t *tokens) drop(refused paymux.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have.text == refused {
		t.have = token{}
	}
}

// fetchToken asks for the app's secret each time, so that a rotated one is used at once.
func (a *account) fetchToken(clientID string, keys channel.Keys) func(context.Context) (token, error) {
	return func(ctx context.Context) (token, error) {
		secret, err := keys.Reveal(ctx, "client_secret")
		if err != nil {
			return token{}, fmt.Errorf("client secret: %w", err)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/v1/oauth2/token", io.NopCloser(strings.NewReader("grant_type=client_credentials")))
		if err != nil {
			return token{}, err
		}
		r.SetBasicAuth(clientID, secret.Reveal())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		return a.askToken(r)
	}
}

func (a *account) askToken(r *http.Request) (token, error) {
	asked := a.now()
	resp, err := a.client.Do(r)
	if err != nil {
		return token{}, err
	}
	defer resp.Body.Close()
	var answer struct {
		Text      string `json:"access_token"`
		Type      string `json:"token_type"`
		ExpiresIn int64  `json:"expires_in"`
	}
	if resp.StatusCode != http.StatusOK {
		return token{}, fmt.Errorf("HTTP %d (debug ID %s)", resp.StatusCode, resp.Header.Get("Paypal-Debug-Id"))
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer)
	if err != nil || answer.Text == "" || !strings.EqualFold(answer.Type, "Bearer") || answer.ExpiresIn <= 0 {
		return token{}, errors.New("the answer holds no bearer token")
	}
	life := time.Duration(min(answer.ExpiresIn, 24*60*60)) * time.Second
	return token{text: paymux.Secret(answer.Text), until: asked.Add(life - min(time.Minute, life/10))}, nil
}
