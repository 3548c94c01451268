package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// maxDelivery is more than any notification has.
const maxDelivery = 1 << 20

// receiver is a merchant's webhook handler: it believes nothing without a
// signature, answers 2xx only for what it has understood, and counts.
type receiver struct {
	c       *cli
	secret  paymux.Secret
	forward string // empty: nowhere
	shop    *shop  // nil: none
	http    *http.Client

	mu     sync.Mutex
	left   int // verified events until enough; 0 from the start: no limit
	enough chan struct{}
}

func (r *receiver) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks", r.receive)
	if r.shop != nil {
		mux.HandleFunc("GET /{$}", r.shop.page)
	}
	return mux
}

// delivery is what listen tells of one delivery.
type delivery struct {
	At        time.Time        `json:"at"`
	ID        string           `json:"id"`
	Type      paymux.EventType `json:"type"`
	Object    string           `json:"object"`
	Signature string           `json:"signature"` // "ok", or what is wrong with it
	Forwarded string           `json:"forwarded,omitempty"`
	Status    int              `json:"status"`
	TookMS    int64            `json:"took_ms"`
	Body      json.RawMessage  `json:"body,omitempty"`
}

func (r *receiver) receive(w http.ResponseWriter, q *http.Request) {
	begun := r.c.now()
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxDelivery))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	d := delivery{At: begun, ID: q.Header.Get("webhook-id"), Signature: "ok", Status: http.StatusOK, Forwarded: r.forward}
	if err := webhook.Diagnose(r.secret.Reveal(), q.Header, body, begun); err != nil {
		d.Signature, d.Status, d.Forwarded = err.Error(), http.StatusUnauthorized, ""
	} else {
		d.Status = r.accept(q, body, &d)
	}
	d.TookMS = r.c.now().Sub(begun).Milliseconds()
	w.WriteHeader(d.Status)
	r.tell(d)
}

// accept does what a shop does with an event that is authentic, and returns the answer's status.
func (r *receiver) accept(q *http.Request, body []byte, d *delivery) int {
	var e paymux.Event
	if err := json.Unmarshal(body, &e); err != nil {
		d.Signature = "ok, and the body is not an event: " + err.Error()
		return http.StatusBadRequest
	}
	d.Type, d.Object, d.Body = e.Type, summary(e.Data.Object), body
	if r.shop != nil {
		r.shop.learn(e)
	}
	if r.forward == "" {
		return http.StatusOK
	}
	status, err := r.pass(q, body)
	if err != nil {
		d.Forwarded += " (" + err.Error() + ")"
	}
	return status
}

// pass hands a delivery on as it came. Paymux hears the same status, so that its retries work through listen.
func (r *receiver) pass(q *http.Request, body []byte) (int, error) {
	onward, err := http.NewRequestWithContext(q.Context(), http.MethodPost, r.forward, bytes.NewReader(body))
	if err != nil {
		return http.StatusBadGateway, err
	}
	onward.Header = q.Header.Clone()
	answer, err := r.http.Do(onward)
	if err != nil {
		return http.StatusBadGateway, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxDelivery))
	return answer.StatusCode, err
}

// tell prints a delivery, one line each, and notices when there were enough.
func (r *receiver) tell(d delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c.format == "json" {
		// Standard output that is gone is noticed by the next text command, not here.
		_ = json.NewEncoder(r.c.out).Encode(d)
	} else {
		fmt.Fprintln(r.c.out, r.line(d))
	}
	if d.Signature != "ok" || r.left == 0 {
		return
	}
	if r.left--; r.left == 0 {
		close(r.enough)
	}
}

func (r *receiver) line(d delivery) string {
	status := fmt.Sprintf("[%d]", d.Status)
	if d.Status >= 300 {
		status = r.c.paint(red, status)
	}
	parts := []string{d.At.Local().Format("15:04:05"), "-->", string(d.Type), "[" + d.ID + "]", d.Object, "<--", status}
	if d.Forwarded != "" {
		parts = append(parts, "POST "+d.Forwarded)
	}
	parts = append(parts, fmt.Sprintf("%d ms ", d.TookMS), r.c.text("listen.signature"), d.Signature)
	return strings.Join(parts, " ")
}

// summary is an object in a few words: its ID, money and status.
func summary(object json.RawMessage) string {
	var o struct {
		ID       string          `json:"id"`
		Amount   int64           `json:"amount"`
		Currency paymux.Currency `json:"currency"`
		Status   string          `json:"status"`
	}
	if err := json.Unmarshal(object, &o); err != nil || o.ID == "" {
		return ""
	}
	if o.Currency == "" {
		return o.ID
	}
	return fmt.Sprintf("%s %s %s", o.ID, paymux.Money{Amount: o.Amount, Currency: o.Currency}, o.Status)
}
