package adyen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/paymux/paymux/channel"
)

// answerLimit is more than any documented answer needs.
const answerLimit = 1 << 20

// errAnswer: a success that is not of the documented form. Its text is not ours to log.
var errAnswer = errors.New("answer is not of the documented form")

// refusal is an answer other than success.
type refusal struct {
	status    int
	transient bool // Adyen's own word that the same may be sent again under its key
	serviceError
}

func (r *refusal) Error() string {
	return fmt.Sprintf("HTTP %d, error %s (%s, pspReference %s): %s", r.status, r.ErrorCode, r.ErrorType, r.PSPReference, r.Message)
}

// call makes one request and reads the answer into out. key is the Idempotency-Key, empty
// for methods that need none. An error before anything was sent wraps ErrNotSent; an
// answer other than success is a *refusal.
func (a *account) call(ctx context.Context, method, path, key string, body, out any) error {
	req, err := a.request(ctx, method, path, key, body)
	if err != nil {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return refused(resp, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return errAnswer
	}
	return nil
}

func (a *account) request(ctx context.Context, method, path, key string, body any) (*http.Request, error) {
	secret, err := a.keys.Reveal(ctx, "api_key")
	if err != nil {
		return nil, fmt.Errorf("the API key: %w", err)
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-API-Key", secret.Reveal())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}

// refused reads an error. What is not Adyen's JSON still has its status.
func refused(resp *http.Response, text []byte) error {
	r := &refusal{status: resp.StatusCode, transient: resp.Header.Get("Transient-Error") == "true"}
	if json.Unmarshal(text, &r.serviceError) != nil {
		r.serviceError = serviceError{Message: "not of the documented form"}
	}
	if r.status == http.StatusUnauthorized {
		r.Message = "the key was refused" // the message may quote it
	}
	return r
}
