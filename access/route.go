package access

import (
	"context"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

// audience is who may call a route.
type audience int

const (
	merchants audience = iota // verified and authorized as a merchant
	operators                 // with the operators' own credential
	everyone
)

// keyRule is whether a route takes an Idempotency-Key.
type keyRule int

const (
	keyNone     keyRule = iota
	keyRequired         // the request changes something
)

// route is one method on one path: what the front door does with it and what
// the OpenAPI document says of it.
type route struct {
	method  string
	path    string // as http.ServeMux spells it
	name    string // of its requests' spans: method and path
	id      string // operationId
	tag     string
	summary string
	doc     string
	who     audience
	// service is the authority a merchant needs (A2, A5). Empty: every item of the batch has its own.
	service paymux.ServiceType
	prefix  string // of {id}
	query   []param
	body    *schema
	bodyOK  bool // the body may be left out
	limit   int  // of the body, in bytes; 0: bodyLimit
	key     keyRule
	reply   *schema
	status  int     // of success; 0: 200
	counted *schema // of a 200 beside it; nil: there is none
	media   string  // of success; empty: application/json
	pending bool
	payer   bool // declines and undelivered calls are possible outcomes
	load    int  // where it is counted
	serve   func(ctx context.Context, c *call) (answer, error)
}

func (r *route) success() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

func (r *route) mediaType() string {
	if r.media == "" {
		return "application/json"
	}
	return r.media
}

func (r *route) bodyLimit() int {
	if r.limit == 0 {
		return bodyLimit
	}
	return r.limit
}

// param is a query parameter.
type param struct {
	name string
	*schema
	many bool
}

// mount puts all routes on the mux, and answers in our own format for what is not
// there. Methods are told apart here: the mux refuses a path for every method beside a
// more general path that is for some, as /v1/events/stream is beside /v1/events/{id}.
func (s *Server) mount() {
	at := map[string][]*route{}
	for i := range s.routes {
		r := &s.routes[i]
		r.name = r.method + " " + r.path
		at[r.path] = append(at[r.path], r)
	}
	for path, list := range at {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) { s.choose(list, w, req) })
	}
	s.mux.HandleFunc("/", s.unknownPath)
}

// choose serves the route of the request's method; HEAD is GET without the body, which net/http leaves out.
func (s *Server) choose(list []*route, w http.ResponseWriter, req *http.Request) {
	for _, r := range list {
		if r.method == req.Method || r.method == http.MethodGet && req.Method == http.MethodHead {
			s.serve(r, w, req)
			return
		}
	}
	methods := make([]string, len(list))
	for i, r := range list {
		methods[i] = r.method
	}
	s.wrongMethod(methods, w, req)
}

func (s *Server) wrongMethod(methods []string, w http.ResponseWriter, r *http.Request) {
	e := paymux.Errorf(paymux.MethodNotAllowed, "%s is not allowed here; this path has %s.", clip(r.Method), list(methods))
	s.refuse(w, r, e, strings.Join(methods, ", "))
}

func (s *Server) unknownPath(w http.ResponseWriter, r *http.Request) {
	e := paymux.Errorf(paymux.NotFound, "There is nothing at %s; %s/docs lists all paths.", clip(r.URL.EscapedPath()), s.publicURL)
	s.refuse(w, r, e, "")
}

// refuse answers a request that no route takes.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error, allow string) {
	id := paymux.RequestID(s.ids.New(paymux.PrefixRequest))
	w.Header().Set("Request-Id", string(id))
	a := s.problemAnswer(err, id, nil)
	a.allow = allow
	a.write(w)
	s.load.refuse(&a)
	s.log.LogAttrs(r.Context(), levelOf(&a), "request", requestAttrs(r, &a, id)...)
}
