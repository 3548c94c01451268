package paypal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"

	"github.com/paymux/paymux/channel"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// errForm: nobody can tell what an answer like this says. Its text is not ours to log.
var errForm = errors.New("the answer is not of the documented form")

// request is one call. key is the PayPal-Request-Id: the same call under the same key is
// carried out once. Body nil: none.
type request struct {
	method, path, key string
	body              any
}

// call makes one attempt and reads a 2xx answer into into, unless that is nil or there is no
// content. Errors: ErrNotSent for what proves that nothing was done (no token, no connection,
// or 401); *apiError for PayPal's refusals; anything else leaves open what happened.
func (a *account) call(ctx context.Context, c request, into any) error {
	access, err := a.tokens.get(ctx)
	if err != nil {
		return fmt.Errorf("%w: get an access token: %w", channel.ErrNotSent, err)
	}
	r, err := a.build(ctx, c)
	if err != nil {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	r.Header.Set("Authorization", "Bearer "+access.Reveal())
	resp, err := a.client.Do(r)
	if err != nil {
		return unreached(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		a.tokens.drop(access)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return refusalOf(resp)
	}
	if into == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return errForm
	}
	return nil
}

func (a *account) build(ctx context.Context, c request) (*http.Request, error) {
	var body io.Reader
	if c.body != nil {
		text, err := json.Marshal(c.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, c.method, a.base+c.path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if c.method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Prefer", "return=representation")
	}
	if c.key != "" {
		r.Header.Set("PayPal-Request-Id", c.key)
	}
	return r, nil
}

// unreached: only what failed before there was a connection is certain not to have arrived.
func unreached(err error) error {
	var dial *net.OpError
	var dns *net.DNSError
	if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	return err
}

// apiError is an answer other than 2xx.
type apiError struct {
	status  int
	name    string // such as UNPROCESSABLE_ENTITY
	issue   string // of its first detail, such as INSTRUMENT_DECLINED
	text    string
	debugID string
	links   []link
}

func (e *apiError) Error() string {
	return fmt.Sprintf("HTTP %d %s (debug ID %s)", e.status, e.code(), e.debugID)
}

// Unwrap: without authority PayPal does nothing.
func (e *apiError) Unwrap() error {
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return channel.ErrNotSent
	}
	return nil
}

// code is the most telling word of the answer.
func (e *apiError) code() string {
	return cmp.Or(e.issue, e.name, strconv.Itoa(e.status))
}

func refusalOf(resp *http.Response) *apiError {
	e := &apiError{status: resp.StatusCode, debugID: resp.Header.Get("Paypal-Debug-Id")}
	var told struct {
		Name    string `json:"name"`
		Message string `json:"message"`
		Details []struct {
			Issue       string `json:"issue"`
			Description string `json:"description"`
		} `json:"details"`
		Links []link `json:"links"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&told) != nil {
		return e
	}
	e.name, e.text, e.links = told.Name, told.Message, told.Links
	if len(told.Details) > 0 {
		e.issue, e.text = told.Details[0].Issue, cmp.Or(told.Details[0].Description, told.Message)
	}
	return e
}

// gone reports whether PayPal says that it has nothing of that ID.
func gone(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.status == http.StatusNotFound && (e.name == "RESOURCE_NOT_FOUND" || e.issue == "INVALID_RESOURCE_ID")
}
