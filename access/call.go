package access

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/paymux/paymux"
)

// call is one request on its way through the front door.
type call struct {
	w        http.ResponseWriter
	r        *http.Request
	route    *route
	started  time.Time
	identity Identity
	caller   paymux.Caller
	sent     []byte // the body as it came
	body     []byte // the JSON that was sent, decrypted; empty for none
	value    value  // the same, parsed
	query    queryValues
	id       string // {id} of the path, checked
}

// decode reads the checked body into the Go struct its schema was made from.
func decode[T any](body []byte) (in T, err error) {
	if len(body) > 0 {
		err = json.Unmarshal(body, &in)
	}
	return in, err
}

// serve carries one request: verify, admit, check, do, answer.
func (s *Server) serve(r *route, w http.ResponseWriter, req *http.Request) {
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	req, span := s.begin(req, r.name)
	defer span.End()
	c := &call{w: w, r: req, route: r, started: s.now()}
	c.caller.RequestID = paymux.RequestID(s.ids.New(paymux.PrefixRequest))
	w.Header()["Request-Id"] = []string{string(c.caller.RequestID)}
	a := s.answer(c, buf)
	a.write(w)
	note(span, c, &a)
	s.ended(c, &a)
}

// answer carries a call up to its answer. A panic is our fault, is logged, and ends this request alone.
func (s *Server) answer(c *call, buf *[]byte) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = s.problemAnswer(panicked(p), c.caller.RequestID, nil)
		}
	}()
	err := s.admit(c, buf)
	if err == nil {
		err = s.understand(c)
	}
	if err == nil {
		a, err = c.route.serve(c.r.Context(), c)
	}
	if err != nil {
		a = s.problemAnswer(err, c.caller.RequestID, nil)
	}
	return a
}

// admit reads the body and learns who asks and whether they may (A3 to A6).
func (s *Server) admit(c *call, buf *[]byte) error {
	if err := readBody(c.w, c.r, buf, c.route.bodyLimit(), s.patience); err != nil {
		return err
	}
	c.sent = *buf
	c.body = c.sent
	switch c.route.who {
	case operators:
		return s.admitOperator(c.r)
	case merchants:
		return s.admitMerchant(c)
	}
	return nil
}

func (s *Server) admitMerchant(c *call) error {
	identity, err := s.gate.Authenticate(c.r, c.sent)
	if err != nil {
		return err
	}
	c.identity = identity
	c.caller.Merchant = identity.Merchant.ID
	c.caller.Livemode = identity.Merchant.Livemode
	c.caller.Key = identity.Key.ID
	c.caller.Client = identity.Client
	c.caller.Policy = identity.Merchant.Policy
	if c.route.service != "" {
		if err := s.authorize(c, c.route.service); err != nil {
			return err
		}
	}
	c.body, err = s.open(c.r, c.sent)
	return err
}

// authorize asks the authority list, then the traffic control, about one service type.
func (s *Server) authorize(c *call, service paymux.ServiceType) error {
	if err := s.gate.Authorize(c.identity, service); err != nil {
		return err
	}
	quota, err := s.gate.Take(c.caller.Merchant, service, c.caller.Policy)
	quota.Header(c.w.Header())
	return err
}

// understand checks everything about the request that needs no look at any state (A7).
func (s *Server) understand(c *call) error {
	if v := c.r.Header.Get("Api-Version"); v != "" && v != paymux.APIVersion {
		return paymux.Errorf(paymux.InvalidRequest, "API-Version %q is not known; this server speaks %s.", clip(v), paymux.APIVersion).At("API-Version")
	}
	if c.route.prefix != "" {
		c.id = c.r.PathValue("id")
		if err := s.ids.Check(c.route.prefix, c.id); err != nil {
			return at(err, "path.id")
		}
	}
	key, err := idempotencyKey(c.r.Header, c.route.key == keyRequired)
	if err != nil {
		return err
	}
	var f faults
	c.query = readQuery(c.route.query, c.r.URL, &f)
	if err := s.readJSON(c, &f); err != nil {
		return err
	}
	if c.route.key == keyRequired {
		c.caller.Idempotency = key
		c.caller.Fingerprint = fingerprint([]byte(c.route.method), []byte(c.r.URL.Path), c.body)
	}
	if c.route.who == merchants {
		c.caller.Hops = []paymux.Hop{s.hop(c, key)}
	}
	return f.err()
}

// readJSON parses and checks the body.
func (s *Server) readJSON(c *call, f *faults) error {
	if c.route.body == nil {
		if len(c.body) > 0 {
			return paymux.Errorf(paymux.InvalidRequest, "This request has no body; %d bytes were sent.", len(c.body))
		}
		return nil
	}
	if len(c.body) == 0 {
		if c.route.bodyOK {
			return nil
		}
		return paymux.Errorf(paymux.InvalidRequest, "This request needs a JSON body.").At("body")
	}
	if len(c.sent) > 0 && &c.sent[0] == &c.body[0] {
		if err := checkMedia(c.r.Header); err != nil {
			return err
		}
	}
	v, err := parse(c.body)
	if err != nil {
		return malformed(err)
	}
	c.value = v
	c.route.body.check(&c.value, &path{name: "body"}, f)
	return nil
}

func malformed(err error) error {
	e := paymux.Errorf(paymux.InvalidRequest, "The body is not valid JSON: %s.", err).At("body")
	e.Fields = []paymux.FieldError{{Location: "body", Message: err.Error()}}
	return e
}

// at tells where an ID or value of an error stood.
func at(err error, location string) error {
	e := asError(err).At(paramOf(location))
	e.Fields = []paymux.FieldError{{Location: location, Message: e.Message}}
	return e
}

// hop is the request's own line on the payment's timeline (X12).
func (s *Server) hop(c *call, key string) paymux.Hop {
	data := make(map[string]string, 5)
	data["key"] = string(c.caller.Key)
	data["signed"] = "false"
	if c.identity.Signed {
		data["signed"] = "true"
	}
	if key != "" {
		data["idempotency_key"] = key
	}
	if c.caller.Client.Country != "" {
		data["client_country"] = c.caller.Client.Country
	}
	if trace := c.r.Header.Get("Traceparent"); validTrace(trace) {
		data["traceparent"] = trace
	}
	return paymux.Hop{
		At: c.started.UTC(), Kind: paymux.HopAPI, Text: c.r.Method + " " + c.r.URL.Path,
		Ref: string(c.caller.RequestID), Duration: s.now().Sub(c.started).Microseconds(), Data: data,
	}
}

// validTrace reports whether a header is a W3C trace context: 00-<32 hex>-<16 hex>-<2 hex>.
func validTrace(t string) bool {
	if len(t) != 55 || t[2] != '-' || t[35] != '-' || t[52] != '-' {
		return false
	}
	for i := range len(t) {
		c := t[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// carryOut answers with the reply of a verb.
func (s *Server) carryOut(c *call, reply paymux.Reply, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	a := s.replyAnswer(reply, c.caller.RequestID)
	if a.status == http.StatusCreated {
		a.location = c.route.path + "/" + idOf(reply.Object)
	}
	return a, nil
}

// idOf reads the id an object of ours begins with.
func idOf(object []byte) string {
	const head = `{"id":"`
	if len(object) < len(head) || string(object[:len(head)]) != head {
		return ""
	}
	rest := object[len(head):]
	for i, b := range rest {
		if b == '"' {
			return string(rest[:i])
		}
	}
	return ""
}

// handler is what a route does once the request is understood.
type handler = func(ctx context.Context, c *call) (answer, error)
