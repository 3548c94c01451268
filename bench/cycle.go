package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/webhook"
)

// sink is the merchant's endpoint: it verifies every notification's signature and
// remembers when each payment was told.
type sink struct {
	secret string
	mu     sync.Mutex
	told   map[string]time.Time // payment ID → first told
	made   map[string]time.Time // payment ID → its creation was sent
	bad    error
}

// receive opens the endpoint and registers it.
func (s *shop) receive(ctx context.Context) error {
	s.sink = &sink{told: map[string]time.Time{}, made: map[string]time.Time{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.sink, ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener) // ends with the process
	endpoint, err := s.admin.CreateEndpoint(ctx, client.EndpointRequest{URL: "http://" + listener.Addr().String() + "/webhooks"})
	if err != nil {
		return fmt.Errorf("register the endpoint: %w", err)
	}
	s.sink.secret = endpoint.Secret.Reveal()
	return nil
}

func (k *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = webhook.Verify(k.secret, r.Header, body, now)
	}
	var event struct {
		Type string `json:"type"`
		Data struct {
			Object struct{ ID string } `json:"object"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.bad = err
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, again := k.told[event.Data.Object.ID]; !again && event.Type == "payment.succeeded" {
		k.told[event.Data.Object.ID] = now
	}
}

// buy makes a payment and remembers when, so that its notification can be timed.
func (s *shop) buy(ctx context.Context, _ int) error {
	start := time.Now()
	id, err := s.order(ctx)
	if err != nil {
		return err
	}
	s.sink.mu.Lock()
	s.sink.made[string(id)] = start
	s.sink.mu.Unlock()
	return nil
}

// await waits until every payment made was told, and turns the load's result into
// one of whole cycles: from the request to the verified notification.
func (s *shop) await(ctx context.Context, r *result) error {
	start := time.Now()
	for limit := start.Add(time.Minute); ; {
		s.sink.mu.Lock()
		missing := len(s.sink.made) - len(s.sink.told)
		bad := s.sink.bad
		s.sink.mu.Unlock()
		if bad != nil {
			return fmt.Errorf("a notification did not verify: %w", bad)
		}
		if missing <= 0 {
			break
		}
		if time.Now().After(limit) || ctx.Err() != nil {
			return fmt.Errorf("%d payments were never told", missing)
		}
		time.Sleep(time.Millisecond)
	}
	r.Length += time.Since(start)
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	r.took = r.took[:0]
	from := time.Now().Add(-r.Length)
	for id, made := range s.sink.made {
		if told, ok := s.sink.told[id]; ok && made.After(from) { // the warm-up's are not counted
			r.took = append(r.took, told.Sub(made))
		}
	}
	r.Done = len(r.took)
	slices.Sort(r.took)
	return nil
}
