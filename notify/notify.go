// Package notify tells merchants what happened: it turns an event into one task an
// endpoint, to be committed with the change that caused it, and delivers each
// by the Standard Webhooks specification, on the merchant's schedule, until it is
// accepted, buried or the endpoint is gone. What an endpoint that keeps failing leads
// to is the merchant's choice (paymux.FailureStrategy). Replays send events once more.
//
// It makes no events of payments, follows no redirects, and never connects to an
// address inside the house. Start reading at Tasks, then Handle.
package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

const (
	// KindNotify is the kind of a delivery's task. Ref is the event. Lane is the endpoint; of one that delivers to
	// payments' own URLs it is the endpoint, a slash and the URL's host and port, so that they do not wait for each other.
	KindNotify = "notify"
	// KindReplay is the kind of the task that carries out a replay. Ref is the replay.
	KindReplay = "replay"
)

// Window is how many deliveries to one endpoint that answers quickly run at a time, where the
// merchant names no other number; a slow one has the queue's slow window.
const Window = 32

// Config wires a Notifier. Store, Deliveries, Replays, Backlog, IDs, Now and Log are required.
type Config struct {
	Store      Store
	Deliveries Log
	Replays    Replays
	Backlog    Backlog
	// Offer hears of tasks committed here. Nil: the queue's poll finds them.
	Offer func([]queue.Task)
	IDs   *paymux.IDs
	Now   func() time.Time
	Log   *slog.Logger

	// AllowNetworks are networks that are delivered to although the guard would
	// refuse them, also by plain http: loopback in development, a merchant in the same network.
	AllowNetworks []netip.Prefix
	// RootCAs verify endpoints' certificates, and the proxy's. Nil: the system's.
	RootCAs *x509.CertPool
	// ClientCertificate is shown to endpoints that ask for one (mTLS). Nil: none.
	ClientCertificate *tls.Certificate
	// Proxy is an http or https forward proxy that deliveries go through, by CONNECT and with Basic
	// authentication where the URL has a user. Names are resolved and checked here, and the proxy is given
	// the address, so it cannot be led inside by a name either. It sees addresses, ports, TLS's
	// server names, sizes and times, and of plain http (AllowNetworks only) everything. Nil: none.
	Proxy *url.URL
	// Resolver finds endpoints' addresses. Nil: the system's.
	Resolver *net.Resolver
	// Timeout of an attempt where the endpoint names none. Zero: 15 s.
	Timeout time.Duration
	// ConnectTimeout of an attempt. Zero: 3 s.
	ConnectTimeout time.Duration
}

// Notifier delivers events. Safe for concurrent use.
type Notifier struct {
	Config
	transport http.RoundTripper
	idle      func() // closes idle connections
	endpoints directory
	recent    recent
	meter     meter
}

// New returns a Notifier.
func New(c Config) *Notifier {
	if c.Offer == nil {
		c.Offer = func([]queue.Task) {}
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 3 * time.Second
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	n := &Notifier{Config: c}
	t := n.newTransport()
	n.transport, n.idle = t, t.CloseIdleConnections
	n.endpoints = directory{store: c.Store, now: c.Now, log: c.Log, merchants: map[paymux.MerchantID]*subscriptions{}}
	n.recent.events = map[paymux.EventID]paymux.Event{}
	return n
}

// Handler is what the queue is given for KindNotify.
func (n *Notifier) Handler() queue.Handler {
	return queue.Handler{Do: n.Handle, Window: Window, Breaker: true}
}

// ReplayHandler is what the queue is given for KindReplay.
func (n *Notifier) ReplayHandler() queue.Handler {
	return queue.Handler{Do: n.HandleReplay, Window: 1}
}

// Invalidate drops what is known of endpoints; call it when this process has changed one.
func (n *Notifier) Invalidate() { n.endpoints.forget() }

// Close ends idle connections.
func (n *Notifier) Close() { n.idle() }

// event finds an event, in memory or in the store.
func (n *Notifier) event(ctx context.Context, id paymux.EventID) (paymux.Event, error) {
	if e, ok := n.recent.find(id); ok {
		return e, nil
	}
	return n.Store.EventByID(ctx, id)
}
