package test_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/webhook"
)

// sink is a merchant's endpoint: it verifies signatures and remembers what it was told.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	told   map[string]map[paymux.EventType]int // object ID → type → how many different events
	seen   map[string]bool                     // webhook-id
	bad    []error
}

func newSink(t *testing.T, merchant *client.Client) *sink {
	t.Helper()
	k := &sink{told: map[string]map[paymux.EventType]int{}, seen: map[string]bool{}}
	k.Server = httptest.NewServer(k)
	t.Cleanup(k.Close)
	e, err := merchant.CreateEndpoint(t.Context(), client.EndpointRequest{URL: k.URL + "/webhooks"})
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.secret = e.Secret.Reveal()
	return k
}

func (k *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		err = webhook.Verify(k.secret, r.Header, body, time.Now())
	}
	var event struct {
		Type paymux.EventType
		Data struct{ Object struct{ ID string } }
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		k.bad = append(k.bad, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if id := r.Header.Get("webhook-id"); !k.seen[id] { // a repeat carries the same ID
		k.seen[id] = true
		if k.told[event.Data.Object.ID] == nil {
			k.told[event.Data.Object.ID] = map[paymux.EventType]int{}
		}
		k.told[event.Data.Object.ID][event.Type]++
	}
}

func (k *sink) times(object string, t paymux.EventType) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.told[object][t]
}

// heard is every kind of notification of an object, with how often.
func (k *sink) heard(object string) map[paymux.EventType]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.told[object])
}

// refused are the notifications that did not verify.
func (k *sink) refused() []error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.bad)
}

func (k *sink) secretNow() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.secret
}
