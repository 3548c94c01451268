package notify

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/paymux/paymux"
)

// standard is the schedule Standard Webhooks proposes: the waits after the first, second, … failure.
var standard = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	// patience is the least wait of the standard schedule for an endpoint that is overloaded.
	patience = time.Minute
	// holdMost bounds how long an answer can pause an endpoint's deliveries.
	holdMost = time.Minute

	standardJitter = 20 // percent
	standardProbe  = time.Hour
)

// wait is how long to wait after a failed attempt; again is false after the last one. What the endpoint
// asked for (hint, 0 for nothing) may double the wait and never shortens it: a receiver cannot make us lose the schedule.
func (a *attempt) wait(hint time.Duration) (wait time.Duration, again bool) {
	wait, again = a.scheduled()
	if !again {
		return 0, false
	}
	jitter := standardJitter
	if own := a.endpoint.Delivery.JitterPercent; own > 0 {
		jitter = own
	}
	share := float64(jitter) / 100
	wait = time.Duration(float64(wait) * (1 - share + 2*share*rand.Float64()))
	if len(a.endpoint.Delivery.RetrySeconds) == 0 && a.overloaded() {
		wait = max(wait, patience)
	}
	return min(max(wait, hint), 2*wait), true
}

// scheduled is the wait by the merchant's schedule or the standard one, and, after its end, by the strategy.
func (a *attempt) scheduled() (wait time.Duration, again bool) {
	d := &a.endpoint.Delivery
	switch {
	case len(d.RetrySeconds) >= a.number:
		return time.Duration(d.RetrySeconds[a.number-1]) * time.Second, true
	case len(d.RetrySeconds) == 0 && len(standard) >= a.number:
		return standard[a.number-1], true
	case d.OnFailure.Exhausted != paymux.SlowProbe:
		return 0, false
	case d.OnFailure.ProbeSeconds > 0:
		return time.Duration(d.OnFailure.ProbeSeconds) * time.Second, true
	}
	return standardProbe, true
}

// overloaded reports what Standard Webhooks takes for a sign of it.
func (a *attempt) overloaded() bool {
	switch a.answer.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return errors.As(a.err, new(timedOut))
}

// hold is until when an answer asks for a pause of everything to this endpoint; zero for no pause.
func hold(status int, hint time.Duration, now time.Time) time.Time {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return now.Add(min(max(hint, time.Second), holdMost))
	}
	return time.Time{}
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110 §10.2.3). 0 for none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
