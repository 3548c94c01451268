package test_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

// request is one at the front door as it is on the wire: the client package would not let a test be wrong.
type request struct {
	method, path string
	key          string // Idempotency-Key; empty: none
	body         string
	bearer       paymux.Secret
	header       map[string]string // further ones; they win
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (r request) build(base string) (*http.Request, error) {
	built, err := http.NewRequest(r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.body != "" {
		built.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		built.Header.Set("Idempotency-Key", `"`+r.key+`"`)
	}
	if r.bearer != "" {
		built.Header.Set("Authorization", "Bearer "+r.bearer.Reveal())
	}
	for name, value := range r.header {
		built.Header.Set(name, value)
	}
	return built, nil
}

// try sends a request; the error is of the network.
func (p *process) try(r request) (answer, error) {
	built, err := r.build(p.url())
	if err != nil {
		return answer{}, err
	}
	return read(http.DefaultClient.Do(built))
}

func read(got *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, string(body)}, err
}

// ask sends a request that must be answered.
func (p *process) ask(t *testing.T, r request) answer {
	t.Helper()
	a, err := p.try(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return a
}

// problem checks that an answer is a whole problem document and returns its code and field at fault.
func (a answer) problem(t *testing.T) (code paymux.Code, param string) {
	t.Helper()
	var d struct {
		Type, Title, Detail string
		Status              int
		Code                paymux.Code
		Param               string
		RequestID           paymux.RequestID `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("Content-Type is %q", kind)
	}
	if !strings.HasSuffix(d.Type, "/errors/"+string(d.Code)) || d.Title == "" || d.Detail == "" || d.Status != a.status || d.Code == "" {
		t.Errorf("%d: not a whole problem document: %s", a.status, a.body)
	}
	if d.RequestID == "" || string(d.RequestID) != a.header.Get("Request-Id") {
		t.Errorf("request_id is %q, Request-Id %q", d.RequestID, a.header.Get("Request-Id"))
	}
	return d.Code, d.Param
}

// id reads the ID of the object in an answer.
func (a answer) id(t *testing.T) string {
	t.Helper()
	var object struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &object); err != nil || object.ID == "" {
		t.Fatalf("%d: no object with an ID: %s", a.status, a.body)
	}
	return object.ID
}
