// Package stripefake is a small stateful institution that speaks the part of Stripe's API
// that channel/stripe uses, over real HTTP: it validates forms strictly, keeps what it was
// told, honours Idempotency-Key as documented, and counts what took effect. What
// Stripe's own mock server checks (shapes) it does not repeat; that one has no state.
package stripefake

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Institution is an http.Handler. Its methods play the payer and look into its book.
type Institution struct {
	Key string // the secret key it accepts

	mux     *http.ServeMux
	mu      sync.Mutex
	objects map[string]object // by ID
	order   []string          // IDs, oldest first
	indexed int               // how many of them search has heard of
	answers map[string]answer // by Idempotency-Key
	effects map[string]int    // by Idempotency-Key
}

type object = map[string]any

type answer struct {
	request string // method, path and body
	status  int
	body    []byte
}

// New returns an institution with an empty book that accepts one key.
func New(key string) *Institution {
	s := &Institution{
		Key: key, mux: http.NewServeMux(),
		objects: map[string]object{}, answers: map[string]answer{}, effects: map[string]int{},
	}
	s.mux.HandleFunc("POST /v1/payment_intents", s.write(createIntent))
	s.mux.HandleFunc("POST /v1/payment_intents/{id}/capture", s.write(captureIntent))
	s.mux.HandleFunc("POST /v1/payment_intents/{id}/cancel", s.write(cancelIntent))
	s.mux.HandleFunc("POST /v1/checkout/sessions", s.write(createSession))
	s.mux.HandleFunc("POST /v1/checkout/sessions/{id}/expire", s.write(expireSession))
	s.mux.HandleFunc("POST /v1/refunds", s.write(createRefund))
	s.mux.HandleFunc("GET /v1/payment_intents/search", s.read(s.search))
	s.mux.HandleFunc("GET /v1/payment_intents/{id}", s.read(s.one))
	s.mux.HandleFunc("GET /v1/checkout/sessions/{id}", s.read(s.one))
	s.mux.HandleFunc("GET /v1/refunds/{id}", s.read(s.one))
	s.mux.HandleFunc("GET /v1/payment_intents", s.read(s.list("pi_")))
	s.mux.HandleFunc("GET /v1/checkout/sessions", s.read(s.list("cs_")))
	s.mux.HandleFunc("GET /v1/refunds", s.read(s.list("re_")))
	return s
}

func (s *Institution) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_"+rand.Text())
	if r.Header.Get("Authorization") != "Bearer "+s.Key {
		refuse(http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key provided").send(w)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Effects is how often the requests under an Idempotency-Key had an effect.
func (s *Institution) Effects(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[key]
}

// Charge is money that was taken.
type Charge struct {
	Operation, Payment, Order string // as the caller named them
	Amount                    int64
}

// Charges are all in the book, oldest first.
func (s *Institution) Charges() []Charge {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Charge
	for _, id := range s.order {
		o := s.objects[id]
		if amount, _ := o["amount_received"].(int64); strings.HasPrefix(id, "pi_") && amount > 0 {
			m := meta(o)
			all = append(all, Charge{Operation: m["paymux_operation"], Payment: m["paymux_payment"], Order: m["merchant_order_id"], Amount: amount})
		}
	}
	return all
}

// Index lets search find all that there is now. Stripe's own index lags behind.
func (s *Institution) Index() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexed = len(s.order)
}

// Object returns the JSON of the newest object whose metadata name an operation.
func (s *Institution) Object(operation string) (id string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Backward(s.order) {
		if meta(s.objects[id])["paymux_operation"] == operation {
			body, _ = json.Marshal(s.objects[id])
			return id, body
		}
	}
	return "", nil
}

// Complete does what the payer of an operation has to do: 3-D Secure, or paying on the page. With fail, badly.
func (s *Institution) Complete(operation string, fail bool) {
	id, _ := s.Object(operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[id]
	if strings.HasPrefix(id, "cs_") {
		s.payOnPage(o)
		return
	}
	o["next_action"] = nil
	if fail {
		s.effects[operation]-- // it moved nothing after all
		o["status"] = "requires_payment_method"
		o["last_payment_error"] = object{"type": "invalid_request_error", "code": "payment_intent_authentication_failure", "message": "3-D Secure failed."}
		return
	}
	s.settle(o)
}

func (s *Institution) payOnPage(session object) {
	data := session["payment_intent_data"].(object)
	intent := s.add("pi_", object{
		"object": "payment_intent", "amount": session["amount_total"], "currency": session["currency"],
		"capture_method": data["capture_method"], "metadata": data["metadata"], "amount_received": int64(0),
	})
	s.settle(intent)
	session["status"], session["payment_intent"] = "complete", intent["id"]
	session["payment_status"] = "paid"
	if intent["status"] != "succeeded" {
		session["payment_status"] = "unpaid"
	}
}

// settle takes or reserves the money of an intent.
func (s *Institution) settle(intent object) {
	if intent["capture_method"] == "manual" {
		intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
		return
	}
	intent["status"], intent["amount_received"] = "succeeded", intent["amount"]
}

// write runs a mutating call under its Idempotency-Key: what a key was answered it is answered again.
func (s *Institution) write(do func(*Institution, string, *form) (object, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			refuse(http.StatusBadRequest, "invalid_request_error", "", "the body must be a form").send(w)
			return
		}
		if err := r.ParseForm(); err != nil {
			refuse(http.StatusBadRequest, "invalid_request_error", "", "the form cannot be read").send(w)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		key, request := r.Header.Get("Idempotency-Key"), r.URL.Path+"?"+r.PostForm.Encode()
		if before, ok := s.answers[key]; ok && key != "" {
			if before.request != request {
				refuse(http.StatusBadRequest, "idempotency_error", "", "the key was used for another request").send(w)
				return
			}
			w.Header().Set("Idempotent-Replayed", "true")
			w.WriteHeader(before.status)
			w.Write(before.body)
			return
		}
		f := &form{values: maps.Clone(r.PostForm)}
		made, refused := do(s, r.PathValue("id"), f)
		if refused != nil && refused.unsaved {
			refused.send(w)
			return
		}
		a := answer{request: request, status: http.StatusOK}
		if refused != nil {
			a.status, a.body = refused.status, refused.body()
		} else {
			a.body, _ = json.Marshal(made)
			s.effects[key]++
		}
		s.answers[key] = a
		w.WriteHeader(a.status)
		w.Write(a.body)
	}
}

func (s *Institution) read(do func(id string, q url.Values) (object, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		found, refused := do(r.PathValue("id"), r.URL.Query())
		if refused != nil {
			refused.send(w)
			return
		}
		json.NewEncoder(w).Encode(found)
	}
}

func (s *Institution) add(prefix string, o object) object {
	o["id"], o["created"] = prefix+rand.Text(), time.Now().Unix()
	id := o["id"].(string)
	s.objects[id] = o
	s.order = append(s.order, id)
	return o
}

func meta(o object) map[string]string {
	m, _ := o["metadata"].(map[string]string)
	return m
}

// refusal is an error answer.
type refusal struct {
	status  int
	unsaved bool // validation failed before anything was executed: the key stays free
	err     object
}

func refuse(status int, kind, code, message string) *refusal {
	return &refusal{status: status, unsaved: true, err: object{"type": kind, "code": code, "message": message}}
}

func invalid(code, format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "invalid_request_error", code, fmt.Sprintf(format, args...))
}

// with is a refusal after execution began: it shows the object, and is what the key answers from now on.
func (r *refusal) with(intent object) *refusal {
	r.unsaved, r.err["payment_intent"] = false, intent
	return r
}

func (r *refusal) body() []byte {
	b, _ := json.Marshal(object{"error": r.err})
	return b
}

func (r *refusal) send(w http.ResponseWriter) {
	w.WriteHeader(r.status)
	w.Write(r.body())
}
