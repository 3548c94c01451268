package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/webhook"
)

// sink is the merchant's endpoint: it verifies every notification's signature and
// wakes the caller who waits for it.
type sink struct {
	secret  string
	mu      sync.Mutex
	told    map[paymux.PaymentID]bool // notified before anybody waited
	waiting map[paymux.PaymentID]chan struct{}
	bad     error
}

// receive opens the endpoint and registers it.
func (s *shop) receive(ctx context.Context) error {
	s.sink = &sink{told: map[paymux.PaymentID]bool{}, waiting: map[paymux.PaymentID]chan struct{}{}}
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
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = webhook.Verify(k.secret, r.Header, body, time.Now())
	}
	var event struct {
		Type paymux.EventType
		Data struct{ Object struct{ ID paymux.PaymentID } }
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
	if event.Type != paymux.PaymentSucceeded {
		return
	}
	if waiting, ok := k.waiting[event.Data.Object.ID]; ok {
		delete(k.waiting, event.Data.Object.ID)
		close(waiting)
		return
	}
	k.told[event.Data.Object.ID] = true
}

// await returns when a payment was told.
func (k *sink) await(ctx context.Context, id paymux.PaymentID) error {
	k.mu.Lock()
	if k.bad != nil {
		defer k.mu.Unlock()
		return fmt.Errorf("a notification did not verify: %w", k.bad)
	}
	if k.told[id] {
		delete(k.told, id)
		k.mu.Unlock()
		return nil
	}
	waiting := make(chan struct{})
	k.waiting[id] = waiting
	k.mu.Unlock()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	select {
	case <-waiting:
		return nil
	case <-limit.C:
		return fmt.Errorf("payment %s was never told", id)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// buy is a whole cycle: from the request to the verified notification.
func (s *shop) buy(ctx context.Context, _ int) error {
	id, err := s.order(ctx)
	if err != nil {
		return err
	}
	return s.sink.await(ctx, id)
}
