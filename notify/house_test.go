package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
)

const merchant = paymux.MerchantID("mer_1")

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// house is a Notifier on a store in memory.
type house struct {
	testing.TB
	*notify.Notifier
	store *store
	ids   *paymux.IDs
}

func newHouse(t testing.TB, adjust ...func(*notify.Config)) *house {
	t.Helper()
	h := &house{TB: t, store: newStore()}
	h.ids = paymux.NewIDs([]byte("sixteen bytes or more"), 1, time.Now)
	c := notify.Config{
		Store: h.store, Deliveries: h.store, Replays: h.store, Backlog: h.store, IDs: h.ids, Now: time.Now,
		Log:           slog.New(slog.NewTextHandler(io.Discard, nil)),
		AllowNetworks: loopback,
	}
	for _, f := range adjust {
		f(&c)
	}
	h.Notifier = notify.New(c)
	t.Cleanup(h.Close)
	return h
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Microsecond)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func at(c *clock) func(*notify.Config) { return func(config *notify.Config) { config.Now = c.now } }

// endpoint adds an enabled endpoint of the merchant.
func (h *house) endpoint(url string, adjust ...func(*paymux.Endpoint)) paymux.Endpoint {
	e := paymux.Endpoint{
		ID: paymux.EndpointID(h.ids.New(paymux.PrefixEndpoint)), Object: "webhook_endpoint", URL: url,
		Status: paymux.EndpointEnabled, Merchant: merchant,
		Secrets: []paymux.SigningSecret{{Value: paymux.Secret(webhook.NewSecret())}},
	}
	for _, f := range adjust {
		f(&e)
	}
	h.store.put(e)
	h.Invalidate()
	return e
}

func strategy(s paymux.FailureStrategy, retry ...int) func(*paymux.Endpoint) {
	return func(e *paymux.Endpoint) { e.Delivery.OnFailure, e.Delivery.RetrySeconds = s, retry }
}

// event commits an event of a payment and returns the tasks that deliver it.
func (h *house) event(adjust ...func(*paymux.Event)) (paymux.Event, []queue.Task) {
	h.Helper()
	e := paymux.Event{
		ID: paymux.EventID(h.ids.New(paymux.PrefixEvent)), Type: paymux.PaymentSucceeded, Timestamp: time.Now().UTC(),
		Merchant: merchant, Payment: "pay_1", ObjectID: "pay_1",
		Data: paymux.EventData{Object: json.RawMessage(`{"text":"<é> & 中"}`), Sequence: 3},
	}
	for _, f := range adjust {
		f(&e)
	}
	var err error
	if e.Body, err = json.Marshal(e); err != nil {
		h.Fatal(err)
	}
	tasks, err := h.Tasks(h.Context(), e)
	if err != nil {
		h.Fatal(err)
	}
	if err := h.store.Emit(h.Context(), e, tasks); err != nil {
		h.Fatal(err)
	}
	return e, tasks
}

// deliver makes one attempt to tell an endpoint of a new event.
func (h *house) deliver(to paymux.Endpoint, failed int) (paymux.Event, queue.Verdict) {
	h.Helper()
	e, tasks := h.event()
	for _, t := range tasks {
		if t.Lane == string(to.ID) || strings.HasPrefix(t.Lane, string(to.ID)+"/") {
			t.Attempt = failed
			return e, h.handle(t)
		}
	}
	h.Fatalf("no task for %s among %v", to.ID, tasks)
	return e, queue.Verdict{}
}

// handle does a task and settles it, as the queue would.
func (h *house) handle(t queue.Task) queue.Verdict {
	h.Helper()
	v := h.Handle(h.Context(), t)
	h.store.settle(t, v)
	if v.Attempt != nil && h.Context().Err() == nil {
		h.checkAttempt(t, v)
	}
	return v
}

// checkAttempt holds what every attempt in the log must be.
func (h *house) checkAttempt(t queue.Task, v queue.Verdict) {
	h.Helper()
	a := v.Attempt
	ended := map[paymux.AttemptResult]bool{paymux.AttemptDelivered: v.Done, paymux.AttemptDropped: v.Done, paymux.AttemptDead: v.Bury, paymux.AttemptFailed: !v.Done && !v.Bury}
	if !ended[a.Result] || a.Object != "notification_attempt" || string(a.Event) != t.Ref || a.Number != t.Attempt+1 ||
		!strings.HasPrefix(t.Lane, string(a.Endpoint)) || a.At.Nanosecond()%1000 != 0 || !a.NextAt.Equal(v.Due) {
		h.Errorf("attempt %+v of %+v, with the verdict %+v", a, t, v)
	}
	if (a.Result == paymux.AttemptDelivered) != (a.Error == "") {
		h.Errorf("a %s attempt says %q", a.Result, a.Error)
	}
	if a.Result == paymux.AttemptFailed && v.Reason != a.Error {
		h.Errorf("the task says %q, the log %q", v.Reason, a.Error)
	}
}

// sink is a merchant's server.
type sink struct {
	*httptest.Server
	got chan request
}

// request is what arrived.
type request struct {
	header http.Header
	body   []byte
	path   string
}

// listen starts a sink that answers with answer after it has kept the request.
func listen(t testing.TB, answer http.HandlerFunc) *sink {
	t.Helper()
	s := &sink{got: make(chan request, 1000)}
	s.Server = httptest.NewServer(s.keep(answer))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) keep(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.got <- request{r.Header.Clone(), body, r.URL.Path}
		answer(w, r)
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// changing answers with a code that can be changed.
type changing struct {
	mu   sync.Mutex
	code int
}

func (c *changing) set(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code = code
}

func (c *changing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.WriteHeader(c.code)
}

func wants(t testing.TB, what, got, part string) {
	t.Helper()
	if !strings.Contains(got, part) {
		t.Errorf("%s is %q, want it to say %q", what, got, part)
	}
}

// now returns an endpoint as it is in the store.
func (h *house) now(e paymux.Endpoint) paymux.Endpoint {
	h.Helper()
	now, err := h.store.Endpoint(context.Background(), e.Merchant, e.ID)
	if err != nil {
		h.Fatal(err)
	}
	return now
}
