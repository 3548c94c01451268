package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/queue"
)

const (
	userAgent  = "Paymux"
	ownTrouble = 5 * time.Second // until the next try, when something of ours failed
)

// Handle makes one attempt to deliver a task's event to its endpoint. Success is a 2xx
// status, and nothing else is. Trouble of our own (the store, the proxy) is not counted against the endpoint.
func (n *Notifier) Handle(ctx context.Context, t queue.Task) queue.Verdict {
	v := n.handle(ctx, t)
	n.meter.count(&v)
	return v
}

func (n *Notifier) handle(ctx context.Context, t queue.Task) queue.Verdict {
	e, err := n.event(ctx, paymux.EventID(t.Ref))
	if errors.Is(err, paymux.NotFound) {
		return queue.Verdict{Bury: true, Uncounted: true, Reason: "the event is gone"} // which is not the endpoint's fault
	}
	if err != nil {
		return n.ownTrouble(ctx, t, "load event "+t.Ref, err)
	}
	r, err := n.endpoints.one(ctx, e.Merchant, endpointOf(t.Lane))
	switch {
	case errors.Is(err, paymux.NotFound):
		return n.drop(&e, t, nil, "the endpoint was deleted")
	case err != nil:
		return n.ownTrouble(ctx, t, "load endpoint "+t.Lane, err)
	case r.Status != paymux.EndpointEnabled:
		return n.drop(&e, t, r, notEnabled(r.Endpoint))
	}
	to, err := n.addressOf(ctx, r, &e)
	if err != nil {
		return n.ownTrouble(ctx, t, "load the URL of "+t.Lane, err)
	}
	if v, wait := n.inOrder(ctx, t, r, &e); wait {
		return v
	}
	return n.deliver(ctx, t, r, &e, to)
}

func (n *Notifier) deliver(ctx context.Context, t queue.Task, r *receiver, e *paymux.Event, to address) queue.Verdict {
	a := &attempt{event: e, endpoint: r, to: to, number: t.Attempt + 1, began: n.Now()}
	n.try(ctx, a)
	a.took = n.Now().Sub(a.began)
	switch {
	case a.err != nil && ctx.Err() != nil: // we are stopping
		return queue.Verdict{Uncounted: true, Due: n.Now(), Reason: "interrupted"}
	case errors.Is(a.err, errProxy):
		return n.ownTrouble(ctx, t, "reach the proxy", a.err)
	}
	v := n.verdict(ctx, a)
	v.Window, v.Rate = r.Delivery.Window, r.Delivery.RatePerSecond
	if v.Window == 0 {
		v.Window = Window
	}
	return v
}

// addressOf is where an event goes: the endpoint's URL, or the payment's own.
func (n *Notifier) addressOf(ctx context.Context, r *receiver, e *paymux.Event) (address, error) {
	if !r.PerPayment {
		return r.to, nil
	}
	url, err := n.notifyURL(ctx, e)
	if err != nil {
		return address{}, err
	}
	return newAddress(url), nil
}

func (n *Notifier) ownTrouble(ctx context.Context, t queue.Task, what string, err error) queue.Verdict {
	if ctx.Err() == nil {
		n.Log.WarnContext(ctx, "notify: "+what, "task", t.ID, "error", err)
	}
	return queue.Verdict{Uncounted: true, Due: n.Now().Add(ownTrouble), Reason: what + " failed; see the log"}
}

// attempt is one delivery and what came of it.
type attempt struct {
	event    *paymux.Event
	endpoint *receiver
	to       address
	number   int // from 1
	began    time.Time
	took     time.Duration
	sent     http.Header
	shown    string // the signatures, redacted
	answer   answer
	err      error // of an attempt without an answer
}

// timedOut tells the attempts that the time limit ended.
type timedOut struct{ after time.Duration }

func (t timedOut) Error() string { return fmt.Sprintf("no answer within %v", t.after) }

func (n *Notifier) try(ctx context.Context, a *attempt) {
	timeout := n.Timeout
	if ms := a.endpoint.Delivery.TimeoutMS; ms > 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a.err = n.send(ctx, a)
	if a.err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(a.err, errProxy) {
		a.err = timedOut{timeout}
	}
}

func (n *Notifier) send(ctx context.Context, a *attempt) error {
	ctx, span := trace.Start(ctx, http.MethodPost, trace.Client)
	defer span.End()
	req, err := a.request(ctx)
	if err != nil {
		return err
	}
	a.note(span)
	resp, err := n.transport.RoundTrip(req)
	trace.Answered(span, resp, err)
	if err != nil {
		return err
	}
	a.answer.read(resp)
	return nil
}

// note puts into a span what is sent where, but for what may be a secret of the merchant's: a URL's path.
func (a *attempt) note(span trace.Span) {
	span.Text("http.request.method", http.MethodPost).Text("server.address", a.to.url.Hostname()).
		Text("paymux.event", string(a.event.ID)).Text("paymux.event.type", string(a.event.Type)).
		Text("paymux.endpoint", string(a.endpoint.ID)).Number("paymux.attempt", int64(a.number))
}

func (a *attempt) request(ctx context.Context) (*http.Request, error) {
	if a.to.err != nil {
		return nil, a.to.err
	}
	body, err := bodyOf(a.event)
	if err != nil {
		return nil, err
	}
	signature, shown, err := a.endpoint.sign(a.event.ID, a.began, body)
	if err != nil {
		return nil, err
	}
	a.shown = shown
	a.sent = http.Header{
		"Content-Type": {"application/json"},
		"User-Agent":   {userAgent},
		idHeader:       {string(a.event.ID)},
		timeHeader:     {strconv.FormatInt(a.began.Unix(), 10)},
		signHeader:     {signature},
	}
	if header := trace.Header(ctx); header != "" { // no part of what is signed
		a.sent[traceHeader] = []string{header}
	}
	if a.to.login != "" {
		a.sent["Authorization"] = []string{a.to.login}
	}
	if a.to.plain {
		ctx = context.WithValue(ctx, plainKey{}, true)
	}
	req := &http.Request{
		Method: http.MethodPost, URL: a.to.url, Header: a.sent, ContentLength: int64(len(body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		// With GetBody a connection that was closed while it idled is replaced; nothing of the request was read then.
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
	req.Body, _ = req.GetBody()
	return req.WithContext(ctx), nil
}

// The headers' names as net/http keys them.
var (
	idHeader   = http.CanonicalHeaderKey(webhook.HeaderID)
	timeHeader = http.CanonicalHeaderKey(webhook.HeaderTimestamp)
	signHeader = http.CanonicalHeaderKey(webhook.HeaderSignature)

	traceHeader = http.CanonicalHeaderKey(trace.ParentHeader)
)
