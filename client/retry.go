package client

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/paymux/paymux"
)

// newKey returns an idempotency key nobody else has.
func newKey() string { return rand.Text() }

// send makes the attempts of one call. What cannot be reached is tried at the
// next frontend, with the same key: should the first attempt have arrived after
// all, the second is answered with the first one's outcome.
func (c *Client) send(ctx context.Context, k *call) ([]byte, error) {
	var failed error
	for n := range max(c.attempts, len(c.bases)) {
		if n > 0 {
			if err := wait(ctx, pause(n, failed)); err != nil {
				return nil, failed
			}
		}
		body, err := c.attempt(ctx, c.bases[n%len(c.bases)], k)
		if err == nil || !again(ctx, err) {
			return body, err
		}
		failed = err
	}
	return nil, failed
}

func (c *Client) attempt(ctx context.Context, base string, k *call) ([]byte, error) {
	r, err := c.request(ctx, base, k)
	if err != nil {
		return nil, &local{err}
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	return k.read(answer)
}

// local marks what went wrong before anything was sent.
type local struct{ error }

func (l *local) Unwrap() error { return l.error }

// again reports whether a repeat may help and cannot harm: the network failed, or
// Paymux says that it did nothing or is still at it. Every other answer is one.
func again(ctx context.Context, err error) bool {
	var before *local
	if ctx.Err() != nil || errors.As(err, &before) {
		return false
	}
	var answer *Error
	if !errors.As(err, &answer) {
		return true
	}
	switch {
	case answer.Status == http.StatusTooManyRequests, answer.Status == http.StatusServiceUnavailable:
		return true
	}
	// An outcome Paymux could not store is found out meanwhile, and the key keeps the repeat from a second effect.
	return errors.Is(err, paymux.KeyInFlight) || errors.Is(err, paymux.OutcomeUnknown)
}

// longestPause bounds what a Retry-After can make a caller wait within one call.
const longestPause = 10 * time.Second

// pause is how long to wait before attempt n (from 1): what the answer asked for, or a
// growing time with full jitter. Another frontend is tried at once.
func pause(n int, failed error) time.Duration {
	var answer *Error
	if errors.As(failed, &answer) && answer.Problem.RetryAfter > 0 {
		return min(time.Duration(answer.Problem.RetryAfter)*time.Second, longestPause)
	}
	ceiling := min(100*time.Millisecond<<min(n, 6), 2*time.Second)
	return mathrand.N(ceiling)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seconds reads a Retry-After in seconds; dates are not used by Paymux.
func seconds(h http.Header) int {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
