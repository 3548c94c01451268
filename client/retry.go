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

const (
	// longestPause bounds what a Retry-After can make a caller wait within one call. What asks for more is not asked again.
	longestPause = 10 * time.Second
	// patience is how long a call waits, in all, for the first request with its key to be answered.
	patience = time.Minute
)

// sending is one call on its way: the attempts it has left and what each frontend said.
type sending struct {
	c     *Client
	k     *call
	left  int         // attempts
	doors []int       // the frontends, in the order in which this call asks them
	ready []time.Time // when each may be asked again, by its place in doors; zero: it has not been asked
	at    int         // the one to ask next, by its place in doors
	until time.Time   // the end of patience; zero: nothing has had to be waited for
	doubt bool        // an attempt may have arrived, and what came of it was not heard
}

// send makes the attempts of one call. What cannot be reached is tried at the
// next frontend, with the same key: should the first attempt have arrived after
// all, the second is answered with the first one's outcome.
func (c *Client) send(ctx context.Context, k *call) ([]byte, error) {
	doors := c.frontends.order(time.Now())
	s := sending{c: c, k: k, left: max(c.attempts, len(doors)), doors: doors, ready: make([]time.Time, len(doors))}
	for n := 1; ; n++ {
		body, err := s.attempt(ctx)
		next := judge(err)
		s.doubt = s.doubt || doubtful(err)
		if next != underWay {
			s.left--
		}
		if ctx.Err() != nil || next == settled || s.left == 0 {
			return body, s.told(err)
		}
		if s.turn(next, n, err); !s.wait(ctx, next) {
			return nil, s.told(err)
		}
	}
}

// attempt asks one frontend. Where the call has a deadline and another frontend is left to
// ask, one that hangs gets half of the time.
func (s *sending) attempt(ctx context.Context) ([]byte, error) {
	limited := ctx
	if deadline, ok := ctx.Deadline(); ok && len(s.doors) > 1 && s.left > 1 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	door, all := s.doors[s.at], s.c.frontends
	body, err := s.c.attempt(limited, all.bases[door], s.k)
	switch {
	case judge(err) != elsewhere:
		all.works(door)
	case ctx.Err() == nil: // else it is the caller who gave up
		all.failed(door, time.Now())
	}
	return body, err
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

// turn chooses whom to ask next, and when: after a failure the frontend that may be asked soonest.
func (s *sending) turn(next verdict, n int, err error) {
	s.ready[s.at] = time.Now().Add(pause(n, err))
	if next != elsewhere {
		return
	}
	for i, ready := range s.ready {
		if ready.Before(s.ready[s.at]) {
			s.at = i
		}
	}
}

// wait waits for the chosen frontend's time. It is false where that is too far away: then another attempt is the caller's to make.
func (s *sending) wait(ctx context.Context, next verdict) bool {
	now, ready := time.Now(), s.ready[s.at]
	if next == underWay && s.until.IsZero() {
		s.until = now.Add(patience)
	}
	deadline, limited := ctx.Deadline()
	switch {
	case next == underWay && ready.After(s.until), limited && !ready.Before(deadline), ready.Sub(now) > longestPause:
		return false
	case !ready.After(now):
		return true
	}
	return wait(ctx, ready.Sub(now)) == nil
}

// told is the error of the call: the last attempt's, as *Unsettled where it does not tell what became of the request.
func (s *sending) told(err error) error {
	if err == nil || !s.doubt || !s.k.changes() || tells(err) {
		return err
	}
	return &Unsettled{Key: s.k.key, Err: err}
}

// local marks what went wrong before anything was sent.
type local struct{ error }

func (l *local) Unwrap() error { return l.error }

// pause is how long to wait before asking the same frontend again after attempt n (from 1): what
// the answer asked for, or a growing time with full jitter.
func pause(n int, failed error) time.Duration {
	var answer *Error
	if errors.As(failed, &answer) && answer.Problem.RetryAfter > 0 {
		return time.Duration(answer.Problem.RetryAfter) * time.Second
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

// verdict is what an attempt's end means for the next one.
type verdict int

const (
	settled   verdict = iota // an answer, or nothing that a repeat mends
	elsewhere                // this frontend cannot: another may
	later                    // asked too much, or still finding out: the same again, in a while
	underWay                 // the first request with this key is still being answered
)

// judge reads an attempt's end. A repeat is made where it may help and cannot harm: the network
// failed, a proxy had nobody to ask, or Paymux says that it did nothing or is still at it.
// Every other problem document is the answer.
func judge(err error) verdict {
	var before *local
	if err == nil || errors.As(err, &before) {
		return settled
	}
	var answer *Error
	if !errors.As(err, &answer) {
		return elsewhere
	}
	switch {
	case errors.Is(err, paymux.KeyInFlight):
		return underWay
	case errors.Is(err, paymux.OutcomeUnknown): // could not be stored: found out meanwhile, and the key keeps the repeat from a second effect
		return later
	case errors.Is(err, paymux.SignatureReplayed): // a proxy sent it twice; signed anew it is the same request
		return later
	case answer.Status == http.StatusTooManyRequests:
		return later
	case answer.Status == http.StatusServiceUnavailable, answer.gone():
		return elsewhere
	}
	return settled
}
