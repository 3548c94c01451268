// Package paypalfake is a small stateful institution that speaks the part of PayPal's API
// that channel/paypal uses, over real HTTP: it hands out access tokens that expire, reads
// bodies strictly, keeps what it was told, honours PayPal-Request-Id, signs webhooks with
// a certificate of its own authority, and counts what moved money or ended something. Shapes are checked against PayPal's
// own documents elsewhere; those have no state.
package paypalfake

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Merchant is PayPal's ID of the account that is paid.
const Merchant = "9KCYQVRPZ2YLW"

// Institution is an http.Handler. Its methods play the payer and look into its book. Set the
// fields before it is used.
type Institution struct {
	ClientID, Secret string
	WebhookID        string
	Now              func() time.Time
	TokenLife        time.Duration
	// Unpatchable orders refuse every change until their payer has approved, which is how PayPal's
	// documentation of PATCH can be read.
	Unpatchable bool

	mux     *http.ServeMux
	signer  sync.Once
	chain   *chain
	mu      sync.Mutex
	tokens  map[string]time.Time // until when
	issued  int
	orders  map[string]*order
	listed  []*order // in the order they were made
	answers map[string]answer
	refuse  map[string]refusal // by what is called and the operation: see Refuse
	effects map[string]int     // by PayPal-Request-Id, or by invoice number for what moves money
	booked  []booking
}

type object = map[string]any

type answer struct {
	request string
	status  int
	body    func() any // as it is now: PayPal repeats the latest status
}

// New returns an institution with an empty book.
func New() *Institution {
	s := &Institution{
		ClientID: "client-" + rand.Text(), Secret: "secret-" + rand.Text(), WebhookID: "8PT597110X687430L", Now: time.Now, TokenLife: 9 * time.Hour,
		mux: http.NewServeMux(), tokens: map[string]time.Time{}, orders: map[string]*order{},
		answers: map[string]answer{}, refuse: map[string]refusal{}, effects: map[string]int{},
	}
	s.mux.HandleFunc("POST /v1/oauth2/token", s.token)
	s.mux.HandleFunc("GET /v1/notifications/certs/{id}", s.certificate)
	s.mux.HandleFunc("GET /v1/reporting/transactions", s.read(s.report))
	s.mux.HandleFunc("POST /v2/checkout/orders", s.write(s.create))
	s.mux.HandleFunc("GET /v2/checkout/orders/{id}", s.read(s.show))
	s.mux.HandleFunc("PATCH /v2/checkout/orders/{id}", s.write(s.patch))
	s.mux.HandleFunc("POST /v2/checkout/orders/{id}/capture", s.write(s.complete("CAPTURE")))
	s.mux.HandleFunc("POST /v2/checkout/orders/{id}/authorize", s.write(s.complete("AUTHORIZE")))
	s.mux.HandleFunc("GET /v2/payments/authorizations/{id}", s.read(s.showAuthorization))
	s.mux.HandleFunc("POST /v2/payments/authorizations/{id}/capture", s.write(s.captureAuthorization))
	s.mux.HandleFunc("POST /v2/payments/authorizations/{id}/void", s.write(s.void))
	s.mux.HandleFunc("GET /v2/payments/captures/{id}", s.read(s.showCapture))
	s.mux.HandleFunc("POST /v2/payments/captures/{id}/refund", s.write(s.refund))
	s.mux.HandleFunc("GET /v2/payments/refunds/{id}", s.read(s.showRefund))
	return s
}

func (s *Institution) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Paypal-Debug-Id", strings.ToLower(rand.Text()[:13]))
	s.mux.ServeHTTP(w, r)
}

// Effects is how often something moved money, reserved it or ended it: by PayPal-Request-Id for ends, by
// invoice number for the rest.
func (s *Institution) Effects(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[key]
}

// Tokens is how many access tokens were handed out.
func (s *Institution) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

// Revoke makes every access token invalid.
func (s *Institution) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

func (s *Institution) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	known := subtle.ConstantTimeCompare([]byte(id+secret), []byte(s.ClientID+s.Secret)) == 1
	switch {
	case !known:
		send(w, http.StatusUnauthorized, object{"error": "invalid_client", "error_description": "Client Authentication failed"})
	case r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.PostFormValue("grant_type") != "client_credentials":
		send(w, http.StatusBadRequest, object{"error": "unsupported_grant_type"})
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		text := "A21AA" + rand.Text()
		s.tokens[text] = s.Now().Add(s.TokenLife)
		s.issued++
		send(w, http.StatusOK, object{
			"access_token": text, "token_type": "Bearer", "expires_in": int(s.TokenLife.Seconds()), "app_id": "APP-80W284485P519543T", "scope": "https://uri.paypal.com/services/payments/payment",
		})
	}
}

// authorized checks the access token. The caller holds the lock.
func (s *Institution) authorized(r *http.Request) bool {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	until, known := s.tokens[text]
	return ok && known && s.Now().Before(until)
}

// call is what a handler is given.
type call struct {
	id   string // of the path
	key  string
	body []byte
}

// write runs a call that changes something: what a key was answered, it is answered again.
func (s *Institution) write(do func(*call) (int, func() any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.authorized(r) {
			unauthorized().send(w)
			return
		}
		if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Prefer") != "return=representation" {
			refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "").send(w)
			return
		}
		c := &call{id: r.PathValue("id"), key: r.Header.Get("Paypal-Request-Id"), body: body}
		where, request := r.Method+" "+r.URL.Path+" "+c.key, string(body)
		if before, ok := s.answers[where]; ok && r.Method == http.MethodPost && c.key != "" {
			if before.request != request {
				unprocessable("DUPLICATE_REQUEST_ID").send(w)
				return
			}
			send(w, before.status, before.body())
			return
		}
		status, made := do(c)
		if status < 300 || status == http.StatusUnprocessableEntity {
			s.answers[where] = answer{request: request, status: status, body: made}
		}
		send(w, status, made())
	}
}

func (s *Institution) read(show func(r *http.Request) (int, func() any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.authorized(r) {
			unauthorized().send(w)
			return
		}
		status, made := show(r)
		send(w, status, made())
	}
}

func send(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		json.NewEncoder(w).Encode(body)
	}
}

// refusal is an error answer.
type refusal struct {
	status      int
	name, issue string
}

func refused(status int, name, issue string) refusal { return refusal{status, name, issue} }
func unprocessable(issue string) refusal {
	return refusal{http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", issue}
}
func notFound() refusal {
	return refusal{http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"}
}
func unauthorized() refusal {
	return refusal{http.StatusUnauthorized, "AUTHENTICATION_FAILURE", ""}
}

func (f refusal) body() any {
	o := object{"name": f.name, "message": "The requested action could not be performed.", "debug_id": "fake", "links": []object{}}
	if f.issue != "" {
		o["details"] = []object{{"issue": f.issue, "description": "Refused: " + f.issue}}
	}
	return o
}

func (f refusal) send(w http.ResponseWriter) { send(w, f.status, f.body()) }

// answer is f as what a handler returns.
func (f refusal) answer() (int, func() any) { return f.status, f.body }

// Refuse makes the next call of a kind for an operation fail with an issue (HTTP 422). Kinds are
// "create", "complete" (of the order), "capture", "void", "refund" and "patch"; key is the operation's ID for
// create, complete and patch, and its PayPal-Request-Id for the rest.
func (s *Institution) Refuse(kind, key, issue string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[kind+" "+key] = unprocessable(issue)
}

// Fail makes the next call fail with a status.
func (s *Institution) Fail(kind, key string, status int, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[kind+" "+key] = refused(status, name, "")
}

func (s *Institution) refuses(kind, key string) (refusal, bool) {
	f, ok := s.refuse[kind+" "+key]
	delete(s.refuse, kind+" "+key)
	return f, ok
}

// newID makes an ID as PayPal's look: 17 capital letters and digits.
func newID() string { return strings.ToUpper(rand.Text()[:17]) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// find is the order that has a transaction of an ID.
func (s *Institution) find(id string, among func(*order) []*transaction) (*order, *transaction) {
	for _, o := range s.listed {
		if i := slices.IndexFunc(among(o), func(t *transaction) bool { return t.id == id }); i >= 0 {
			return o, among(o)[i]
		}
	}
	return nil, nil
}
