// Package adyenfake is a small stateful institution that speaks the part of Adyen's
// Checkout API, webhooks and reports that channel/adyen uses, over real HTTP. It refuses fields it
// does not know, keeps what it was told, honours Idempotency-Key as documented, decides about
// captures, cancels and refunds only after it has received them, signs its webhooks, and counts
// what took effect. It shares no code with the channel.
//
// Start reading at Institution; its methods play the payer, the bank and Adyen's console.
package adyenfake

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Institution is an http.Handler: the API is under /v71, reports are under /reports.
type Institution struct {
	Key            string // the X-API-Key it accepts
	Merchant       string // the merchant account it knows
	HMAC           []byte // what webhooks are signed with
	ReportUser     string
	ReportPassword string
	Now            func() time.Time

	mux      *http.ServeMux
	mu       sync.Mutex
	payments map[string]*payment // by pspReference
	links    map[string]*link    // by ID
	answers  map[string]answer   // by Idempotency-Key
	effects  map[string]int      // by operation
	events   []Event
	bookings []booking
}

type answer struct {
	request string // method, path and body
	status  int
	body    []byte
}

// New returns an institution with an empty book.
func New(merchant string) *Institution {
	s := &Institution{
		Key: rand.Text(), Merchant: merchant, HMAC: []byte(rand.Text()), Now: time.Now,
		ReportUser: "report@Company.Test", ReportPassword: rand.Text(),
		mux: http.NewServeMux(), payments: map[string]*payment{}, links: map[string]*link{},
		answers: map[string]answer{}, effects: map[string]int{},
	}
	s.mux.HandleFunc("POST /v71/payments", post(s, s.pay))
	s.mux.HandleFunc("POST /v71/payments/details", post(s, s.details))
	s.mux.HandleFunc("POST /v71/payments/{psp}/captures", post(s, s.capture))
	s.mux.HandleFunc("POST /v71/payments/{psp}/cancels", post(s, s.cancel))
	s.mux.HandleFunc("POST /v71/payments/{psp}/refunds", post(s, s.refund))
	s.mux.HandleFunc("POST /v71/cancels", post(s, s.cancelByReference))
	s.mux.HandleFunc("POST /v71/paymentLinks", post(s, s.makeLink))
	s.mux.HandleFunc("GET /v71/paymentLinks/{id}", s.readLink)
	s.mux.HandleFunc("PATCH /v71/paymentLinks/{id}", post(s, s.updateLink))
	s.mux.HandleFunc("GET /reports/{merchant}/{name}", s.report)
	return s
}

func (s *Institution) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Effects is how often an operation moved, reserved, released or gave back money, or closed a page.
func (s *Institution) Effects(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[operation]
}

func (s *Institution) took(reference string) { s.effects[operationOf(reference)]++ }

// refusal is an error answer.
type refusal struct {
	Status    int    `json:"status"`
	ErrorCode string `json:"errorCode"`
	Message   string `json:"message"`
	ErrorType string `json:"errorType"`
}

func invalid(code, message string) *refusal {
	return &refusal{Status: http.StatusUnprocessableEntity, ErrorCode: code, Message: message, ErrorType: "validation"}
}

func (r *refusal) send(w http.ResponseWriter) { send(w, r.Status, r) }

func send(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}

// newPSP is a reference of Adyen's form.
func newPSP() string { return rand.Text()[:16] }

type object = map[string]any
