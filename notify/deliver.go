package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/queue"
)

const (
	answerMost  = 16 << 10    // bytes of an answer that are read, so that the connection can be used again
	answerLimit = time.Second // for the rest of an answer, once its status has said everything
	ownTrouble  = 5 * time.Second
)

// Handle makes one attempt to deliver a task's event to its endpoint. Success is a 2xx
// status, and nothing else is. Trouble of our own (the store) is not counted against the endpoint.
func (n *Notifier) Handle(ctx context.Context, t queue.Task) queue.Verdict {
	e, err := n.event(ctx, paymux.EventID(t.Ref))
	if errors.Is(err, paymux.NotFound) {
		return queue.Verdict{Bury: true, Reason: "the event is gone"}
	}
	if err != nil {
		return n.ownTrouble(ctx, t, "load event "+t.Ref, err)
	}
	endpoint, err := n.endpoint(ctx, e.Merchant, paymux.EndpointID(t.Lane))
	switch {
	case errors.Is(err, paymux.NotFound):
		return n.drop(e, t, "the endpoint was deleted")
	case err != nil:
		return n.ownTrouble(ctx, t, "load endpoint "+t.Lane, err)
	case endpoint.Status != paymux.EndpointEnabled:
		return n.drop(e, t, strings.TrimSuffix("the endpoint is disabled: "+endpoint.Reason, ": "))
	}
	a := n.attempt(ctx, e, endpoint, t.Attempt+1)
	return n.verdict(ctx, a)
}

// endpoint finds an endpoint in the cache, or in the store.
func (n *Notifier) endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	known, err := n.endpoints.of(ctx, merchant)
	if err != nil {
		return paymux.Endpoint{}, err
	}
	if i := slices.IndexFunc(known, func(e paymux.Endpoint) bool { return e.ID == id }); i >= 0 {
		return known[i], nil
	}
	return n.Store.Endpoint(ctx, merchant, id)
}

func (n *Notifier) ownTrouble(ctx context.Context, t queue.Task, what string, err error) queue.Verdict {
	if ctx.Err() == nil {
		n.Log.WarnContext(ctx, "notify: "+what, "task", t.ID, "error", err)
	}
	return queue.Verdict{Uncounted: true, Due: n.Now().Add(ownTrouble), Reason: what + " failed; see the log"}
}

// attempt is one delivery and what came of it.
type attempt struct {
	event    paymux.Event
	endpoint paymux.Endpoint
	number   int // from 1
	began    time.Time
	took     time.Duration
	status   int // 0: no answer
	header   http.Header
	err      error // of an attempt without an answer
}

func (n *Notifier) attempt(ctx context.Context, e paymux.Event, endpoint paymux.Endpoint, number int) *attempt {
	a := &attempt{event: e, endpoint: endpoint, number: number, began: n.Now()}
	timeout := n.Timeout
	if ms := endpoint.Delivery.TimeoutMS; ms > 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	a.err = n.send(ctx, a)
	a.took = n.Now().Sub(a.began)
	if a.err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		a.err = timedOut{context.Cause(ctx)}
	}
	return a
}

// timedOut tells the attempts that the time limit ended.
type timedOut struct{ error }

func (n *Notifier) send(ctx context.Context, a *attempt) error {
	req, err := n.request(ctx, a)
	if err != nil {
		return err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return err
	}
	a.status, a.header = resp.StatusCode, resp.Header
	drain(resp.Body)
	return nil
}

// drain reads a short answer, so that the connection can be used again, and cuts off any other.
func drain(body io.ReadCloser) {
	late := time.AfterFunc(answerLimit, func() { body.Close() })
	defer late.Stop()
	defer body.Close()
	io.CopyN(io.Discard, body, answerMost) // the status has decided; an error here changes nothing
}

func (n *Notifier) request(ctx context.Context, a *attempt) (*http.Request, error) {
	signature, err := sign(a.endpoint.Secrets, a.event, a.began)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.ToLower(a.endpoint.URL), "http:") {
		ctx = context.WithValue(ctx, plainKey{}, true)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint.URL, bytes.NewReader(a.event.Body))
	if err != nil {
		return nil, errors.New("the endpoint's URL cannot be used")
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"},
		"User-Agent":   {"Paymux"},
		http.CanonicalHeaderKey(webhook.HeaderID):        {string(a.event.ID)},
		http.CanonicalHeaderKey(webhook.HeaderTimestamp): {strconv.FormatInt(a.began.Unix(), 10)},
		http.CanonicalHeaderKey(webhook.HeaderSignature): {signature},
	}
	return req, nil
}

// sign makes the signature header: one entry for each secret that is live, so
// that a receiver may hold the old or the new one while they are rotated.
func sign(secrets []paymux.SigningSecret, e paymux.Event, at time.Time) (string, error) {
	var entries []string
	for _, s := range secrets {
		if !s.Expires.IsZero() && !at.Before(s.Expires) {
			continue
		}
		entry, err := webhook.Sign(s.Value.Reveal(), string(e.ID), at, e.Body)
		if err != nil {
			return "", fmt.Errorf("sign with the endpoint's secret: %w", err)
		}
		entries = append(entries, entry)
	}
	if entries == nil {
		return "", errors.New("the endpoint has no live signing secret")
	}
	return strings.Join(entries, " "), nil
}
