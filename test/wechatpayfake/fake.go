// Package wechatpayfake is a small stateful institution that speaks the part of WeChat Pay's API v3 that
// channel/wechatpay uses, over real HTTP: it refuses what is not signed, headed and written as documented, keeps orders and
// refunds, repeats what a known number was answered, signs what it answers and what it notifies, replaces its
// keys on demand, and counts what moved money. Every key is made when it starts.
//
// Start reading at New, then ServeHTTP; gate.go is what a request must pass.
package wechatpayfake

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"sync"
	"time"
)

// Config is what an institution begins with.
type Config struct {
	Now func() time.Time
	// Certificates: answers are signed with a platform certificate, and requests need not name a public key.
	// Otherwise the merchant has a WeChat Pay public key and no certificate, as new merchants do.
	Certificates bool
	// EarlyBills serves bills of days that are not over, empty ones, too. WeChat Pay does not before 10 o'clock on the next.
	EarlyBills bool
}

// Institution is an http.Handler with one merchant. Its methods play the payer and the platform, and look into its book.
type Institution struct {
	Config
	Merchant Merchant

	mux     *http.ServeMux
	mu      sync.Mutex
	keys    []*platformKey // oldest first; the last of its kind signs
	nonces  map[string]bool
	orders  map[string]*order
	refunds map[string]*refund
	bills   map[string][]byte // by download token
	booked  []booking
	moved   map[string]int // by number: how often money moved
	closed  map[string]int // by order number
	held    bool
	script  []Reply
	list    Reply // how certificates are listed
	asked   []Request
}

// Merchant is what one side has and the other knows.
type Merchant struct {
	MchID, AppID, SerialNo string
	PrivateKey             string // PEM
	APIv3Key               string
	keyPair                *keyPair
}

// Reply is an answer that is given instead of the institution's own, once. A zero Status lets the
// request have its effect first and answers with what is left.
type Reply struct {
	Status  int
	Code    string
	Message string
	Body    string                               // instead of code and message
	Spoil   func(h http.Header, b []byte) []byte // changes the signed answer
}

// Request is one that passed the gate.
type Request struct {
	Method, URI   string
	Authorization string
	Header        http.Header
	Body          []byte
}

// New returns an institution with an empty book.
func New(c Config) *Institution {
	if c.Now == nil {
		c.Now = time.Now
	}
	pair := newKeyPair()
	s := &Institution{
		Config: c, mux: http.NewServeMux(),
		Merchant: Merchant{
			MchID: "1900000109", AppID: "wx8888888888888888", SerialNo: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
			PrivateKey: pair.privatePEM(), APIv3Key: rand.Text() + rand.Text()[:6], keyPair: pair,
		},
		nonces: map[string]bool{}, orders: map[string]*order{}, refunds: map[string]*refund{},
		bills: map[string][]byte{}, moved: map[string]int{}, closed: map[string]int{},
	}
	if c.Certificates {
		s.NewCertificate(c.Now().Add(-time.Hour), c.Now().AddDate(5, 0, 0))
	} else {
		s.NewPublicKey()
	}
	for _, way := range []string{"native", "jsapi", "h5", "app"} {
		s.mux.HandleFunc("POST /v3/pay/transactions/"+way, s.act(func(in *call) { s.place(in, way) }))
	}
	s.mux.HandleFunc("POST /v3/pay/transactions/out-trade-no/{no}/close", s.act(s.close))
	s.mux.HandleFunc("GET /v3/pay/transactions/out-trade-no/{no}", s.act(s.show))
	s.mux.HandleFunc("POST /v3/refund/domestic/refunds", s.act(s.giveBack))
	s.mux.HandleFunc("GET /v3/refund/domestic/refunds/{no}", s.act(s.showRefund))
	s.mux.HandleFunc("GET /v3/certificates", s.act(s.listCertificates))
	s.mux.HandleFunc("GET /v3/bill/tradebill", s.act(s.announceBill))
	s.mux.HandleFunc("GET /v3/billdownload/file", s.act(s.sendBill))
	return s
}

// call is one request that passed the gate, and its answer.
type call struct {
	*http.Request
	body   []byte
	status int
	answer any
	raw    []byte // an answer that is not JSON and is not signed
}

func (s *Institution) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mux.ServeHTTP(w, r)
}

// act runs one call under the lock, after the gate.
func (s *Institution) act(do func(*call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		in := &call{Request: r, body: body, status: http.StatusOK}
		if no := s.gate(in); no != "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			w.Write(encode(fault{"SIGN_ERROR", no}))
			return
		}
		s.asked = append(s.asked, Request{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Clone(), body})
		if no := in.headers(); no != "" {
			in.refuse(http.StatusBadRequest, "PARAM_ERROR", no)
			s.respond(w, in, Reply{})
			return
		}
		var reply Reply
		switch {
		case r.URL.Path == "/v3/certificates":
			reply = s.list
		case len(s.script) > 0:
			reply, s.script = s.script[0], s.script[1:]
		}
		if reply.Status == 0 {
			do(in)
		} else {
			in.refuse(reply.Status, reply.Code, reply.Message)
		}
		s.respond(w, in, reply)
	}
}

func (in *call) refuse(status int, code, message string) {
	in.status, in.answer = status, fault{code, message}
}

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Script queues answers for the next requests, certificates aside.
func (s *Institution) Script(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, replies...)
}

// ScriptCertificates sets how every request for certificates is answered.
func (s *Institution) ScriptCertificates(r Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = r
}

// Asked is every request that was signed well, in order.
func (s *Institution) Asked() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.asked...)
}

// Effects is how often money moved under an order or refund number.
func (s *Institution) Effects(number string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved[number]
}

// Closed is how often an order was closed.
func (s *Institution) Closed(number string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed[number]
}
