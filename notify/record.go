package notify

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/queue"
)

// record is the attempt as it is kept. failure is why it failed, empty for one that succeeded.
func (a *attempt) record(result paymux.AttemptResult, next time.Time, failure string) *paymux.Attempt {
	return &paymux.Attempt{
		Object: "notification_attempt", Event: a.event.ID, Type: a.event.Type, Endpoint: a.endpoint.ID,
		At: a.began.UTC().Truncate(time.Microsecond), Number: a.number, URL: a.to.shown,
		Result: result, Status: a.answer.status, Error: failure, Duration: a.took.Microseconds(), NextAt: next,
		RequestHeader: a.shownRequest(), ResponseHeader: a.answer.shown(),
		ResponseBody: a.answer.body, ResponseCut: a.answer.cut,
	}
}

// shownRequest is what was sent, without what would let somebody else send it, and without what every
// attempt has: an ordinary one keeps nothing (paymux.Attempt.Sent).
func (a *attempt) shownRequest() map[string]string {
	if a.sent == nil || a.to.login == "" && a.shown == paymux.SignatureShown {
		return nil
	}
	shown := map[string]string{webhook.HeaderSignature: a.shown}
	if a.to.login != "" {
		shown["authorization"] = "Basic " + redacted
	}
	return shown
}

// drop ends a task without an attempt, with the reason in the log. r is nil where the endpoint is gone.
func (n *Notifier) drop(e *paymux.Event, t queue.Task, r *receiver, reason string) queue.Verdict {
	a := &paymux.Attempt{
		Object: "notification_attempt", Event: e.ID, Type: e.Type, Endpoint: endpointOf(t.Lane),
		At: n.Now().UTC().Truncate(time.Microsecond), Number: t.Attempt + 1, Result: paymux.AttemptDropped, Error: reason,
	}
	if r != nil {
		a.URL = r.to.shown
	}
	return queue.Verdict{Done: true, Attempt: a}
}

// notEnabled says why an endpoint gets nothing.
func notEnabled(e paymux.Endpoint) string {
	what := "the endpoint is disabled"
	if e.Status == paymux.EndpointPull {
		what = "the endpoint is pulled"
	}
	return strings.TrimSuffix(what+": "+e.Reason, ": ")
}

// outcome says in one line what came of the attempt, without a URL.
func (a *attempt) outcome() string {
	if status := a.answer.status; status != 0 {
		text := "answered " + statusText(status)
		if status >= 300 && status < 400 {
			text += " (redirects are not followed)"
		}
		return text
	}
	const most = 300 // bytes
	return clean(strings.Join(strings.Fields(why(a.err)), " "), most)
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func why(err error) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		odd  tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errRefused):
		return innermost(err, errRefused)
	case errors.As(err, &dns):
		return "name not resolved: " + dns.Err
	case errors.As(err, &cert):
		return "TLS: " + cert.Err.Error()
	case errors.As(err, &odd):
		return "TLS: the other side does not speak it"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	}
	return err.Error()
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
