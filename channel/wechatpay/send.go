package wechatpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/paymux/paymux/channel"
)

const (
	userAgent = "Paymux (Go; +https://github.com/paymux/paymux)"
	// answerLimit is more than any answer but a bill has.
	answerLimit = 1 << 20
)

// answer is what the platform has said, and signed, except where call says otherwise.
type answer struct {
	status int
	body   []byte
	fault  fault // of an answer that is no success
}

// fault is an error answer's code and text.
type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// call sends one request and returns an answer that may be believed: one with the platform's signature. An answer
// without any is believed only as 401, which says that the request itself was not accepted, so that nothing
// was executed; a success without one is taken for forged, as WeChat Pay demands. An error is ErrNotSent
// where nothing has left, and says nothing about the outcome otherwise.
func (a *account) call(ctx context.Context, method, uri string, content any) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	resp, err := a.send(ctx, method, a.base, uri, content)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", inner(err))
	}
	if len(body) > answerLimit {
		return answer{}, errors.New("the answer is too long")
	}
	r := answer{status: resp.StatusCode, body: body}
	if err := a.believe(ctx, resp.Header, r); err != nil {
		return answer{}, fmt.Errorf("HTTP %d: %w", r.status, err)
	}
	if r.status != http.StatusOK && r.status != http.StatusNoContent {
		// What is no JSON has no code, and that is what the caller acts upon.
		_ = json.Unmarshal(body, &r.fault)
	}
	return r, nil
}

// believe checks the signature over an answer.
func (a *account) believe(ctx context.Context, h http.Header, r answer) error {
	if h.Get(headSignature) == "" {
		if r.status == http.StatusUnauthorized {
			return nil
		}
		return errors.New("the answer is not signed by the platform")
	}
	return a.authentic(ctx, h, r.body)
}

// send signs and sends one request. Everything that fails before there is a connection is ErrNotSent.
func (a *account) send(ctx context.Context, method, base, uri string, content any) (*http.Response, error) {
	var body []byte
	if content != nil {
		var err error
		if body, err = json.Marshal(content); err != nil {
			return nil, fmt.Errorf("%w: write the request: %w", channel.ErrNotSent, err)
		}
	}
	signed, err := a.authorization(ctx, method, uri, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, base+uri, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", channel.ErrNotSent, inner(err))
	}
	req.Header.Set("Authorization", signed)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if id := a.trust.preferred; id != "" {
		req.Header.Set(headSerial, id)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, transportFailure(err)
	}
	return resp, nil
}

// transportFailure: only what failed before there was a connection is certain.
func transportFailure(err error) error {
	err = inner(err)
	var dial *net.OpError
	var dns *net.DNSError
	if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	return err
}

// inner is err without the URL, which may carry a download's token.
func inner(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
