package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"expvar"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// order is what the ceiling keeps of a payment.
type order struct {
	ID              string `json:"id"`
	Key             string `json:"-"`
	Amount          int64  `json:"amount"`
	Currency        string `json:"currency"`
	MerchantOrderID string `json:"merchant_order_id"`
	Description     string `json:"description"`
	Status          string `json:"status"`
	Method          struct {
		Type string `json:"type"`
	} `json:"payment_method"`
}

// ledger makes orders durable, group by group: insert before the pretended
// channel call, update after it. Both return when the commit is on disk.
type ledger interface {
	insert(context.Context, *order) error
	update(context.Context, *order) error
	Close() error
}

var ceilingSecret = []byte("the ceiling's shared secret, of no value to anybody")

// serveCeiling is the barest honest program for the work of a payment: HTTP, one
// HMAC, JSON in and out, and two durable commits in the same engine through the
// same group committer. It has no merchants, no rules, no events, no tasks, no channel.
func serveCeiling(ctx context.Context, store, database, listen string) error {
	book, err := openLedger(ctx, store, database)
	if err != nil {
		return err
	}
	defer book.Close()
	var last atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET /debug/vars", expvar.Handler())
	mux.HandleFunc("POST /v1/payments", func(w http.ResponseWriter, r *http.Request) {
		o, err := readOrder(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.ID = "pay_" + strconv.FormatInt(last.Add(1), 36)
		if err := keep(r.Context(), book, o); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body, _ := json.Marshal(o)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(body)
	})
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

func keep(ctx context.Context, book ledger, o *order) error {
	o.Status = "processing"
	if err := book.insert(ctx, o); err != nil {
		return err
	}
	o.Status = "requires_action"
	return book.update(ctx, o)
}

func readOrder(r *http.Request) (*order, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(r.Header.Get("Signature")), []byte(ceilingSignature(body))) {
		return nil, fmt.Errorf("signature")
	}
	var o order
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, err
	}
	o.Key = r.Header.Get("Idempotency-Key")
	if o.Amount <= 0 || o.Key == "" {
		return nil, fmt.Errorf("amount and key are needed")
	}
	return &o, nil
}

func ceilingSignature(body []byte) string {
	mac := hmac.New(sha256.New, ceilingSecret)
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
