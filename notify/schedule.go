package notify

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// standard is the schedule Standard Webhooks proposes: the waits after the first, second, … failure.
var standard = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// patience is the least wait of the standard schedule for an endpoint that is overloaded.
const patience = time.Minute

// wait is how long to wait after a failed attempt, with a jitter of ± 20 %; again is false
// after the last one. What the endpoint asked for (hint, 0 for nothing) may
// double the wait and never shortens it: a receiver cannot make us lose the schedule.
func (a *attempt) wait(hint time.Duration) (wait time.Duration, again bool) {
	own := a.endpoint.Delivery.RetrySeconds
	switch {
	case len(own) >= a.number:
		wait = time.Duration(own[a.number-1]) * time.Second
	case len(own) == 0 && len(standard) >= a.number:
		wait = standard[a.number-1]
	default:
		return 0, false
	}
	wait = time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
	if len(own) == 0 && (a.status == http.StatusTooManyRequests || errors.As(a.err, new(timedOut))) {
		wait = max(wait, patience)
	}
	return min(max(wait, hint), 2*wait), true
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
