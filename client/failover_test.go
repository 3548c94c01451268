package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// deployment keeps what its frontends share: which keys had an effect.
type deployment struct {
	mu      sync.Mutex
	effects map[string]int
	bodies  map[string]string
}

func newDeployment() *deployment {
	return &deployment{effects: map[string]int{}, bodies: map[string]string{}}
}

// take has the effect of a request, once a key, as Paymux does.
func (d *deployment) take(t testing.TB, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	if before, seen := d.bodies[key]; seen && before != string(body) {
		t.Errorf("key %s came with %s and with %s", key, before, body)
	}
	d.bodies[key] = string(body)
	if d.effects[key] == 0 {
		d.effects[key]++
	}
}

func (d *deployment) keys() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.effects)
}

// frontend counts what it is asked and behaves as fate says.
type frontend struct {
	*httptest.Server
	mu    sync.Mutex
	asked int
	fate  func(w http.ResponseWriter, r *http.Request)
}

func (f *frontend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked++
	fate := f.fate
	f.mu.Unlock()
	fate(w, r)
}

func (f *frontend) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func stand(t *testing.T, fate http.HandlerFunc) *frontend {
	t.Helper()
	f := &frontend{fate: fate}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// serve answers as Paymux does when all is well.
func (d *deployment) serve(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.take(t, r)
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, paid)
	}
}

// effectThen has the request's effect and then something else than the answer.
func (d *deployment) effectThen(t *testing.T, fate http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.take(t, r)
		fate(w, r)
	}
}

func say(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// half of an answer, as of a frontend that dies while it writes.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, `{"id":`)
}

func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // only then does the server see the client leave
	<-r.Context().Done()
}

func TestFailover(t *testing.T) {
	t.Parallel()
	page := "<html>nothing behind me</html>"
	notReady := `{"code":"unavailable","detail":"This frontend is a standby."}`
	cases := []struct {
		name   string
		first  func(*testing.T, *deployment) http.HandlerFunc
		moves  bool // to the second frontend
		within time.Duration
	}{
		{"cut before the effect", func(*testing.T, *deployment) http.HandlerFunc { return cut }, true, 0},
		{"cut after the effect", func(t *testing.T, d *deployment) http.HandlerFunc { return d.effectThen(t, cut) }, true, 0},
		{"half an answer", func(t *testing.T, d *deployment) http.HandlerFunc { return d.effectThen(t, half) }, true, 0},
		{"hangs after the effect", func(t *testing.T, d *deployment) http.HandlerFunc { return d.effectThen(t, hang) }, true, time.Second},
		{"a proxy's 502", func(*testing.T, *deployment) http.HandlerFunc { return say(502, page) }, true, 0},
		{"a proxy's 503", func(*testing.T, *deployment) http.HandlerFunc { return say(503, page) }, true, 0},
		{"a proxy's 504 after the effect", func(t *testing.T, d *deployment) http.HandlerFunc { return d.effectThen(t, say(504, page)) }, true, 0},
		{"a standby", func(*testing.T, *deployment) http.HandlerFunc { return say(503, notReady, "Retry-After", "60") }, true, 0},
		{"not sent", func(*testing.T, *deployment) http.HandlerFunc { return say(502, `{"code":"not_sent"}`) }, false, 0},
		{"declined", func(*testing.T, *deployment) http.HandlerFunc { return say(402, `{"code":"payment_declined"}`) }, false, 0},
		{"conflict", func(*testing.T, *deployment) http.HandlerFunc { return say(409, `{"code":"state_conflict"}`) }, false, 0},
		{"a proxy's 404", func(*testing.T, *deployment) http.HandlerFunc { return say(404, page) }, false, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment()
			first, second := stand(t, c.first(t, d)), stand(t, d.serve(t))
			err := pay(t, c.within, first.URL, second.URL)
			if c.moves != (err == nil) || second.times() == 1 != c.moves || first.times() != 1 {
				t.Fatalf("asked %d and %d times: %v", first.times(), second.times(), err)
			}
			if c.moves && d.keys() != 1 {
				t.Errorf("%d keys had an effect", d.keys())
			}
		})
	}
}

// pay makes one payment at frontends, within a time; 0: as long as it takes.
func pay(t *testing.T, within time.Duration, urls ...string) error {
	t.Helper()
	c, err := client.New(client.Config{BaseURLs: urls, Key: "sk"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	_, err = c.CreatePayment(ctx, client.PaymentRequest{Amount: 1250, Currency: "CNY", MerchantOrderID: "A-1"})
	return err
}

func TestWhatWasNotLearntIsUnsettled(t *testing.T) {
	t.Parallel()
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()
	unavailable := say(503, `{"code":"unavailable","detail":"Nothing was done."}`)
	for _, x := range []struct {
		name    string
		fates   []http.HandlerFunc // of one frontend, attempt by attempt
		unknown bool
		is      error
	}{
		{"never a connection", nil, false, nil},
		{"cut every time", []http.HandlerFunc{cut, cut, cut}, true, nil},
		{"cut, then nothing was done", []http.HandlerFunc{cut, unavailable, unavailable}, true, paymux.Unavailable},
		{"nothing was done", []http.HandlerFunc{unavailable, unavailable, unavailable}, false, paymux.Unavailable},
		{"cut, then the key was revoked", []http.HandlerFunc{cut, say(401, `{"code":"unauthenticated"}`)}, true, paymux.Unauthenticated},
		{"cut, then declined", []http.HandlerFunc{cut, say(402, `{"code":"payment_declined"}`)}, false, paymux.PaymentDeclined},
		{"cut, then not sent", []http.HandlerFunc{cut, say(502, `{"code":"not_sent"}`)}, false, paymux.NotSent},
		{"internal", []http.HandlerFunc{say(500, `{"code":"internal"}`)}, true, paymux.Internal},
		{"an answer nobody can read", []http.HandlerFunc{say(201, `<html>`)}, true, nil},
		{"unknown until the end", []http.HandlerFunc{say(504, `{"code":"outcome_unknown"}`), say(504, `{"code":"outcome_unknown"}`), say(504, `{"code":"outcome_unknown"}`)}, true, paymux.OutcomeUnknown},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			url := refused.URL
			var mu sync.Mutex
			var keys []string
			if x.fates != nil {
				url = stand(t, func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					keys = append(keys, r.Header.Get("Idempotency-Key"))
					fate := x.fates[len(keys)-1]
					mu.Unlock()
					fate(w, r)
				}).URL
			}
			err := pay(t, 0, url)
			var open *client.Unsettled
			if errors.As(err, &open) != x.unknown || err == nil || x.is != nil && !errors.Is(err, x.is) {
				t.Fatalf("error %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if x.unknown && `"`+open.Key+`"` != keys[0] {
				t.Errorf("key %q, sent %v", open.Key, keys)
			}
			if len(keys) != len(x.fates) {
				t.Errorf("asked %d times of %d", len(keys), len(x.fates))
			}
		})
	}
}

// A question has no effect that could be in doubt.
func TestAQuestionIsNeverUnsettled(t *testing.T) {
	t.Parallel()
	c, err := client.New(client.Config{BaseURL: stand(t, cut).URL, Key: "sk"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Payment(t.Context(), "pay_1")
	var open *client.Unsettled
	if err == nil || errors.As(err, &open) {
		t.Errorf("error %v", err)
	}
}
