package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// holdMost bounds how long an answer can pause an endpoint's deliveries.
const holdMost = time.Minute

// verdict turns an attempt into what the queue does next.
func (n *Notifier) verdict(ctx context.Context, a *attempt) queue.Verdict {
	switch {
	case a.status >= 200 && a.status < 300:
		return n.leave(a, queue.Verdict{Done: true}, "")
	case a.status == http.StatusGone:
		return n.disable(ctx, a)
	}
	now := n.Now()
	hint := retryAfter(a.header, now)
	v := queue.Verdict{Reason: a.outcome(), Hold: hold(a.status, hint, now)}
	wait, again := a.wait(hint)
	if !again {
		v.Bury = true
		return n.leave(a, v, fmt.Sprintf(", given up after attempt %d", a.number))
	}
	v.Due = now.Add(wait)
	return n.leave(a, v, fmt.Sprintf(", attempt %d, next in %v", a.number, wait.Round(time.Second)))
}

// hold is until when an answer asks for a pause of everything to this endpoint.
func hold(status int, hint time.Duration, now time.Time) time.Time {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return now.Add(min(max(hint, time.Second), holdMost))
	}
	return time.Time{}
}

// disable ends all deliveries to an endpoint that answered 410 Gone. The
// endpoint is read again first: the merchant may have moved it meanwhile.
func (n *Notifier) disable(ctx context.Context, a *attempt) queue.Verdict {
	e, err := n.Store.Endpoint(ctx, a.endpoint.Merchant, a.endpoint.ID)
	if err == nil && e.URL != a.endpoint.URL {
		n.Invalidate()
		return n.leave(a, queue.Verdict{Uncounted: true, Due: n.Now().Add(ownTrouble), Reason: a.outcome()}, ", the endpoint has moved")
	}
	if err == nil && e.Status == paymux.EndpointEnabled {
		e.Status, e.UpdatedAt = paymux.EndpointDisabled, n.Now().UTC()
		e.Reason = "It answered 410 Gone on " + e.UpdatedAt.Format(time.RFC3339) + "."
		err = n.Store.UpdateEndpoint(ctx, e, nil)
		n.Invalidate()
	}
	if err != nil && !errors.Is(err, paymux.NotFound) {
		n.Log.WarnContext(ctx, "notify: disable endpoint", "endpoint", a.endpoint.ID, "error", err)
		return queue.Verdict{Uncounted: true, Due: n.Now().Add(ownTrouble), Reason: a.outcome() + "; the endpoint could not be disabled"}
	}
	n.Log.InfoContext(ctx, "notify: endpoint disabled", "endpoint", a.endpoint.ID, "merchant", a.endpoint.Merchant, "reason", "410 Gone")
	return n.leave(a, queue.Verdict{Done: true}, ", the endpoint was disabled")
}

// leave puts the attempt on the payment's timeline.
func (n *Notifier) leave(a *attempt, v queue.Verdict, more string) queue.Verdict {
	if a.event.Payment == "" {
		return v
	}
	what := a.outcome()
	if a.status != 0 {
		what = strconv.Itoa(a.status)
	}
	data := map[string]string{"attempt": strconv.Itoa(a.number), "endpoint": string(a.endpoint.ID)}
	if a.status != 0 {
		data["status"] = strconv.Itoa(a.status)
	}
	v.Payment = a.event.Payment
	v.Hop = &paymux.Hop{
		At: a.began.UTC(), Kind: paymux.HopNotify, Ref: string(a.event.ID), Duration: a.took.Microseconds(), Data: data,
		Text: fmt.Sprintf("%s -> %s %s in %d ms%s", a.event.Type, shown(a.endpoint.URL), what, a.took.Milliseconds(), more),
	}
	return v
}

// drop ends a task without an attempt, with the reason on the timeline.
func (n *Notifier) drop(e paymux.Event, t queue.Task, reason string) queue.Verdict {
	v := queue.Verdict{Done: true}
	if e.Payment != "" {
		v.Payment = e.Payment
		v.Hop = &paymux.Hop{
			At: n.Now().UTC(), Kind: paymux.HopNotify, Ref: string(e.ID), Data: map[string]string{"endpoint": t.Lane},
			Text: fmt.Sprintf("%s not delivered: %s", e.Type, reason),
		}
	}
	return v
}

// outcome says in one line what came of the attempt, without a URL.
func (a *attempt) outcome() string {
	if a.status != 0 {
		text := fmt.Sprintf("answered %d %s", a.status, http.StatusText(a.status))
		if a.status >= 300 && a.status < 400 {
			text += " (redirects are not followed)"
		}
		return text
	}
	var (
		dns   *net.DNSError
		late  timedOut
		cert  *tls.CertificateVerificationError
		outer *url.Error
	)
	switch {
	case errors.As(a.err, &late):
		return late.Error()
	case errors.Is(a.err, errRefused):
		return innermost(a.err, errRefused)
	case errors.As(a.err, &dns):
		return "name not resolved: " + dns.Err
	case errors.As(a.err, &cert):
		return "TLS: " + cert.Err.Error()
	case errors.Is(a.err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(a.err, syscall.ECONNRESET):
		return "connection reset"
	case errors.As(a.err, &outer): // its own text shows the URL, secrets in the query included
		return outer.Err.Error()
	}
	return a.err.Error()
}

// innermost is the text of the deepest error that still wraps target.
func innermost(err, target error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil || inner == target || !errors.Is(inner, target) {
			return err.Error()
		}
		err = inner
	}
}

// shown is a URL without what may be secret in it.
func shown(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(URL not readable)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
