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
	"github.com/paymux/paymux/queue/queuetest"
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
		Store: h.store, IDs: h.ids, Now: time.Now,
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

// event commits an event of a payment and returns the tasks that deliver it.
func (h *house) event() (paymux.Event, []queue.Task) {
	h.Helper()
	e := paymux.Event{
		ID: paymux.EventID(h.ids.New(paymux.PrefixEvent)), Type: paymux.PaymentSucceeded, Timestamp: time.Now().UTC(),
		Merchant: merchant, Payment: "pay_1", Data: paymux.EventData{Object: json.RawMessage(`{"text":"<é> & 中"}`), Sequence: 3},
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
		if t.Lane == string(to.ID) {
			t.Attempt = failed
			return e, h.Handle(h.Context(), t)
		}
	}
	h.Fatalf("no task for %s among %v", to.ID, tasks)
	return e, queue.Verdict{}
}

// run starts a queue that delivers what is in the store.
func (h *house) run() *queue.Runner {
	r := queue.NewRunner(queue.Config{
		Store: h.store.Store, Handlers: map[string]queue.Handler{notify.KindNotify: h.Handler()},
		Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	r.Start()
	h.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		r.Stop(ctx)
	})
	return r
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
		s.got <- request{r.Header.Clone(), body}
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

// store is a notify.Store beside a queue's store, in memory.
type store struct {
	*queuetest.Store

	mu        sync.Mutex
	endpoints []paymux.Endpoint
	events    map[paymux.EventID]paymux.Event
	revision  int64
	reads     int
	err       error
}

func newStore() *store {
	return &store{Store: queuetest.NewStore(), events: map[paymux.EventID]paymux.Event{}}
}

func (s *store) put(e paymux.Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoints = append(s.endpoints, e)
}

func (s *store) Endpoints(_ context.Context, m paymux.MerchantID) (all []paymux.Endpoint, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	for _, e := range s.endpoints {
		if e.Merchant == m {
			all = append(all, e)
		}
	}
	return all, s.err
}

func (s *store) Endpoint(_ context.Context, m paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	for _, e := range s.endpoints {
		if e.ID == id && e.Merchant == m {
			return e, s.err
		}
	}
	return paymux.Endpoint{}, paymux.NotFound
}

func (s *store) UpdateEndpoint(_ context.Context, changed paymux.Endpoint, _ *paymux.Idempotency) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.endpoints {
		if e.ID == changed.ID {
			s.endpoints[i] = changed
			s.revision++
		}
	}
	return s.err
}

func (s *store) EventByID(_ context.Context, id paymux.EventID) (paymux.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if e, ok := s.events[id]; ok {
		return e, s.err
	}
	return paymux.Event{}, paymux.NotFound
}

func (s *store) Emit(_ context.Context, e paymux.Event, tasks []queue.Task) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events[e.ID] = e
	s.Add(tasks...)
	return s.err
}

func (s *store) Revision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.revision, s.err
}

func wants(t *testing.T, what, got, part string) {
	t.Helper()
	if !strings.Contains(got, part) {
		t.Errorf("%s is %q, want it to say %q", what, got, part)
	}
}
