package client_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/httpsig"
)

// Fates of an attempt on its way to a frontend and back.
const (
	fine        = "fine"
	refusedDial = "refused"
	lostThere   = "lost on the way there"
	lostBack    = "lost on the way back"
	lateThere   = "arrives after the client has turned away"
	slow        = "takes long"
	proxyBefore = "a proxy's 502 before"
	proxyAfter  = "a proxy's 504 after"
	standby     = "not ready"
	tooMany     = "too many"
	sentTwice   = "a proxy sends it twice"
)

var fates = []string{fine, refusedDial, lostThere, lostBack, lateThere, slow, proxyBefore, proxyAfter, standby, tooMany, sentTwice}

// network is what lies between a client and a deployment whose frontends share one store.
type network struct {
	verifier httpsig.Verifier

	mu      sync.Mutex
	fates   []string // of the attempts to come; then all are fine
	effects int
	keys    map[string]string // a key's state: running or done
	nonces  map[string]bool
	bodies  map[string]bool
	asked   []string // host and fate
	wrong   []error
	late    sync.WaitGroup
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	fate := fine
	if len(n.fates) > 0 {
		fate, n.fates = n.fates[0], n.fates[1:]
	}
	n.asked = append(n.asked, r.URL.Host+" "+fate)
	n.mu.Unlock()
	lost := errors.New("connection reset by peer")
	switch fate {
	case refusedDial:
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	case lostThere:
		return nil, lost
	case lostBack:
		n.arrive(r, body, 0)
		return nil, lost
	case lateThere:
		n.late.Go(func() { time.Sleep(700 * time.Millisecond); n.arrive(r, body, time.Second) })
		return nil, lost
	case slow:
		n.late.Go(func() { n.arrive(r, body, 20*time.Second) })
		<-r.Context().Done()
		return nil, r.Context().Err()
	case proxyBefore:
		return answered(502, "<html>"), nil
	case proxyAfter:
		n.arrive(r, body, 0)
		return answered(504, "<html>"), nil
	case standby:
		return answered(503, `{"code":"unavailable"}`), nil
	case tooMany:
		return answered(429, `{"code":"rate_limited"}`), nil
	case sentTwice:
		n.arrive(r, body, 0)
	}
	return n.arrive(r, body, 50*time.Millisecond), nil
}

// arrive is a request at a frontend: the signature, the key, the effect, the answer, as Paymux does it.
func (n *network) arrive(r *http.Request, body []byte, takes time.Duration) *http.Response {
	n.mu.Lock()
	defer n.mu.Unlock()
	nonce, err := n.verified(r, body)
	if err != nil {
		n.wrong = append(n.wrong, err)
	}
	if n.nonces[nonce] {
		return answered(401, `{"code":"signature_replayed"}`)
	}
	n.nonces[nonce] = true
	key := r.Header.Get("Idempotency-Key")
	n.bodies[string(body)] = true
	switch n.keys[key] {
	case "running":
		a := answered(409, `{"code":"idempotency_key_in_flight"}`)
		a.Header.Set("Retry-After", "1")
		return a
	case "done":
		return answered(201, paid)
	}
	n.effects++
	n.keys[key] = "running"
	n.mu.Unlock()
	time.Sleep(takes)
	n.mu.Lock()
	n.keys[key] = "done"
	return answered(201, paid)
}

// deal decides over the attempts to come and forgets those before.
func (n *network) deal(fates ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fates, n.asked = fates, nil
}

func (n *network) heard() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.asked, ", ")
}

func (n *network) verified(r *http.Request, body []byte) (nonce string, err error) {
	m := httpsig.OutgoingRequest(r)
	signatures, err := httpsig.ParseSignatures(r.Header)
	if err != nil || len(signatures) != 1 {
		return "", fmt.Errorf("%d signatures: %w", len(signatures), err)
	}
	base, err := signatures[0].AppendBase(nil, &m)
	if err != nil {
		return "", err
	}
	if !n.verifier.Verify(base, signatures[0].Value) {
		return "", errors.New("the signature is wrong")
	}
	return signatures[0].Nonce, httpsig.VerifyDigest(r.Header.Values("Content-Digest"), body)
}

func answered(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// dealing makes a network and a signing client of two or three frontends in it.
func dealing(t *testing.T, hosts, attempts int, fates ...string) (*network, *client.Client) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := httpsig.NewVerifier(httpsig.Ed25519, public)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := client.SignEd25519("key_1", private, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{verifier: verifier, fates: fates, keys: map[string]string{}, nonces: map[string]bool{}, bodies: map[string]bool{}}
	c, err := client.New(client.Config{
		BaseURLs: []string{"http://a.test", "http://b.test", "http://c.test"}[:hosts], Signer: signer, Attempts: attempts,
		HTTP: &http.Client{Transport: n, Timeout: 10 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, c
}

// Whatever happens to the attempts and in whatever order, money moves once: exactly once where the call
// succeeds, at most once where it does not, and once when the call is repeated with the key it named.
func TestEveryInterleavingHasOneEffect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		drawn := rapid.SliceOfN(rapid.SampledFrom(fates), 0, 8).Draw(r, "fates")
		hosts := rapid.IntRange(1, 3).Draw(r, "frontends")
		attempts := rapid.IntRange(1, 6).Draw(r, "attempts")
		limit := rapid.SampledFrom([]time.Duration{0, 3 * time.Second, 30 * time.Second}).Draw(r, "limit")
		var complaint error
		synctest.Test(t, func(t *testing.T) {
			n, c := dealing(t, hosts, attempts, drawn...)
			complaint = n.oneEffect(t.Context(), c, limit)
			n.late.Wait()
			complaint = errors.Join(complaint, n.fair())
		})
		if complaint != nil {
			r.Fatal(complaint)
		}
	})
}

// oneEffect buys one thing and goes on until there is an answer.
func (n *network) oneEffect(ctx context.Context, c *client.Client, limit time.Duration) error {
	var opts []client.Option
	for range 20 {
		within, cancel := ctx, context.CancelFunc(func() {})
		if limit > 0 {
			within, cancel = context.WithTimeout(ctx, limit)
		}
		_, err := c.CreatePayment(within, client.PaymentRequest{Amount: 1250, Currency: "CNY", MerchantOrderID: "A-1"}, opts...)
		cancel()
		var open *client.Unsettled
		switch {
		case err == nil:
			return nil
		case errors.As(err, &open):
			opts = []client.Option{client.IdempotencyKey(open.Key)}
		case opts == nil: // then nothing happened, and a new key is safe
			n.late.Wait()
			if n.effects > 0 {
				return fmt.Errorf("the call had an effect and says %w", err)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(time.Second)
	}
	return errors.New("no answer in 20 calls")
}

func (n *network) fair() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.effects != 1 || len(n.bodies) != 1 || len(n.wrong) > 0 {
		return fmt.Errorf("%d effects, %d bodies, %v, after %q", n.effects, len(n.bodies), errors.Join(n.wrong...), n.asked)
	}
	return nil
}

func TestThePrimaryIsAskedAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, c := dealing(t, 2, 0, refusedDial)
		ask := func() {
			if _, err := c.Payment(t.Context(), "pay_1"); err != nil {
				t.Fatal(err)
			}
		}
		ask() // a refuses, b answers
		ask() // b
		time.Sleep(29 * time.Second)
		ask() // b still
		time.Sleep(2 * time.Second)
		n.fates = append(n.fates, refusedDial)
		ask() // a refuses once more, b answers
		time.Sleep(31 * time.Second)
		ask() // a is back
		ask()
		want := "a.test refused, b.test fine, b.test fine, b.test fine, a.test refused, b.test fine, a.test fine, a.test fine"
		if got := n.heard(); got != want {
			t.Errorf("asked %s\nwant  %s", got, want)
		}
	})
}

// While one call finds out whether a frontend that hung is back, the others do not wait for it.
func TestOneCallFindsOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, c := dealing(t, 2, 0, slow)
		ask := func() {
			if _, err := c.SyncPayment(t.Context(), "pay_1"); err != nil {
				t.Error(err)
			}
		}
		ask()
		n.late.Wait()
		time.Sleep(31 * time.Second)
		n.deal(slow)
		var all sync.WaitGroup
		all.Go(ask)
		synctest.Wait()
		begun := time.Now()
		ask()
		if took, asked := time.Since(begun), n.heard(); took > time.Second || asked != "a.test takes long, b.test fine" {
			t.Errorf("asked %s within %s", asked, took)
		}
		all.Wait()
		n.late.Wait()
	})
}

func TestRetryAfterIsKept(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		after string
		times int
		took  time.Duration
	}{{"3", 2, 3 * time.Second}, {"10", 2, 10 * time.Second}, {"11", 1, 0}} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			c, err := client.New(client.Config{BaseURL: "http://a.test", Key: "sk", HTTP: &http.Client{Transport: roundTrip(func(*http.Request) *http.Response {
				if asked++; asked > 1 {
					return answered(201, paid)
				}
				a := answered(429, `{"code":"rate_limited"}`)
				a.Header.Set("Retry-After", x.after)
				return a
			})}})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err = c.CreatePayment(t.Context(), client.PaymentRequest{Amount: 1})
			if took := time.Since(begun); asked != x.times || took != x.took || (err != nil) != errors.Is(err, paymux.RateLimited) {
				t.Errorf("Retry-After %s: asked %d times in %s: %v", x.after, asked, took, err)
			}
		})
	}
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// A request under way is waited for beyond the attempts, for a minute.
func TestWhatIsUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		answers int // of "in flight"
		fine    bool
	}{{12, true}, {1000, false}} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			c, err := client.New(client.Config{BaseURL: "http://a.test", Key: "sk", HTTP: &http.Client{Transport: roundTrip(func(*http.Request) *http.Response {
				if asked++; asked > x.answers {
					return answered(201, paid)
				}
				a := answered(409, `{"code":"idempotency_key_in_flight"}`)
				a.Header.Set("Retry-After", "1")
				return a
			})}})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err = c.CreatePayment(t.Context(), client.PaymentRequest{Amount: 1}, client.IdempotencyKey("k"))
			var open *client.Unsettled
			if took := time.Since(begun); x.fine != (err == nil) || !x.fine && (!errors.As(err, &open) || open.Key != "k") || took > time.Minute {
				t.Errorf("asked %d times in %s: %v", asked, took, err)
			}
		})
	}
}
