package adyenfake

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// amount is money in Adyen's minor units.
type amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

func (a *amount) fault() *refusal {
	switch {
	case a == nil:
		return invalid("100", "Required field 'amount' is not provided.")
	case len(a.Currency) != 3 || a.Currency != strings.ToUpper(a.Currency):
		return invalid("138", "Unsupported currency specified")
	case a.Value <= 0:
		return invalid("137", "Invalid amount specified")
	}
	return nil
}

// request is what every call shares.
type request interface{ merchant() string }

// post runs a mutating call: strictly read, once for each Idempotency-Key, answered
// again as it was the first time.
func post[R any, P interface {
	*R
	request
}](s *Institution, do func(r *http.Request, in P) (status int, out any, fault *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, fault := s.admit(r)
		if fault != nil {
			fault.send(w)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		key, said := r.Header.Get("Idempotency-Key"), r.Method+" "+r.URL.Path+" "+string(body)
		if before, ok := s.answers[key]; ok && key != "" {
			s.again(w, before, said)
			return
		}
		in := P(new(R))
		if fault := s.decode(body, in); fault != nil {
			fault.send(w)
			return
		}
		status, out, fault := do(r, in)
		if fault != nil {
			fault.send(w)
			return
		}
		text, _ := json.Marshal(out)
		if key != "" {
			s.answers[key] = answer{request: said, status: status, body: text}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(text)
	}
}

func (s *Institution) again(w http.ResponseWriter, before answer, said string) {
	if before.request != said {
		invalid("704", "request already processed or in progress").send(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(before.status)
	w.Write(before.body)
}

// admit checks who asks and what kind of thing it is.
func (s *Institution) admit(r *http.Request) ([]byte, *refusal) {
	switch {
	case r.Header.Get("X-API-Key") != s.Key:
		return nil, &refusal{Status: http.StatusUnauthorized, ErrorCode: "000", Message: "HTTP Status Response - Unauthorized", ErrorType: "security"}
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return nil, &refusal{Status: http.StatusUnsupportedMediaType, ErrorCode: "000", Message: "unsupported media type", ErrorType: "validation"}
	case len(r.Header.Get("Idempotency-Key")) > 64:
		return nil, invalid("701", "The Idempotency-Key is too long")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &refusal{Status: http.StatusBadRequest, ErrorCode: "702", Message: "unreadable", ErrorType: "validation"}
	}
	return body, nil
}

func (s *Institution) decode(body []byte, in request) *refusal {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil || d.More() {
		return &refusal{Status: http.StatusBadRequest, ErrorCode: "702", Message: "Structure of the request is invalid: " + text(err), ErrorType: "validation"}
	}
	if m := in.merchant(); m != s.Merchant && m != anyMerchant {
		return &refusal{Status: http.StatusForbidden, ErrorCode: "901", Message: "Invalid Merchant Account", ErrorType: "security"}
	}
	return nil
}

func text(err error) string {
	if err == nil {
		return "more than one value"
	}
	return err.Error()
}

// anyMerchant is said by requests that name no merchant account.
const anyMerchant = "*"

// operationOf is the operation in a reference of ours; other references stand for themselves.
func operationOf(reference string) string {
	operation, _, _ := strings.Cut(reference, "-")
	return operation
}
