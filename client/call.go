package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/paymux/paymux"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 16 << 20

// Option changes one call.
type Option func(*call)

// IdempotencyKey makes a call repeatable by another process: the same key and
// the same request have one effect and one answer. Without it each call has a key of its own, which *Unsettled tells.
func IdempotencyKey(key string) Option { return func(c *call) { c.key = key } }

// Traceparent has the call continue a trace: the value of that header by W3C Trace Context, as a tracing library injects
// it. One that cannot be one is left out.
func Traceparent(value string) Option { return func(c *call) { c.trace = value } }

// Answered is what came with an answer beside its object.
type Answered struct {
	Status    int
	RequestID paymux.RequestID
	Replayed  bool // the answer of an earlier request with the same key
	Header    http.Header
}

// Into has the particulars of the answer written to a.
func Into(a *Answered) Option { return func(c *call) { c.answered = a } }

type call struct {
	method   string
	path     string // with query
	body     []byte
	key      string
	trace    string
	answered *Answered
}

// Call sends one request and reads its answer into out: in and out are JSON, and nil
// means none. It is for resources this package has no method for. Errors are
// *Error where Paymux answered, *Unsettled where a change may have had its effect and no
// attempt brought its answer, and otherwise of the network.
func (c *Client) Call(ctx context.Context, method, path string, in, out any, opts ...Option) error {
	k := call{method: method, path: path}
	for _, o := range opts {
		o(&k)
	}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", method, path, err)
		}
		k.body = body
	}
	if k.key == "" && k.changes() {
		k.key = newKey()
	}
	answer, err := c.send(ctx, &k)
	if err != nil {
		return err
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		err = fmt.Errorf("read the answer to %s %s: %w", method, path, err)
		if k.changes() {
			err = &Unsettled{Key: k.key, Err: err}
		}
		return err
	}
	return nil
}

func (k *call) changes() bool { return k.method != http.MethodGet && k.method != http.MethodHead }

// request builds one attempt. Each is signed anew: a signature is good for one request.
func (c *Client) request(ctx context.Context, base string, k *call) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, k.method, base+k.path, bytes.NewReader(k.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	r.GetBody = nil // net/http would send it once more by itself, with the same signature
	r.Header.Set("Accept", "application/json")
	r.Header.Set("API-Version", paymux.APIVersion)
	r.Header.Set("User-Agent", c.agent)
	if len(k.body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if k.changes() {
		r.Header.Set("Idempotency-Key", `"`+k.key+`"`)
	}
	if trace := cmp.Or(k.trace, c.traceparent(ctx)); plain(trace) {
		r.Header.Set("Traceparent", trace)
	}
	switch {
	case c.signer != nil:
		if err := c.signer.Sign(r, k.body); err != nil {
			return nil, fmt.Errorf("sign request: %w", err)
		}
	case c.key != "":
		r.Header.Set("Authorization", "Bearer "+c.key.Reveal())
	}
	return r, nil
}

// read takes an answer apart. err is an *Error for any status that is not a success.
func (k *call) read(answer *http.Response) ([]byte, error) {
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", k.method, k.path, err)
	}
	got := Answered{
		Status:    answer.StatusCode,
		RequestID: paymux.RequestID(answer.Header.Get("Request-Id")),
		Replayed:  answer.Header.Get("Idempotent-Replayed") == "true",
		Header:    answer.Header,
	}
	if k.answered != nil {
		*k.answered = got
	}
	if got.Status >= 200 && got.Status < 300 {
		return body, nil
	}
	return nil, problem(got, body)
}
