// Package notify tells merchants what happened: it turns an event into one task an
// endpoint, to be committed with the change that caused it, and delivers each
// by the Standard Webhooks specification, on the merchant's schedule, until it is
// accepted, buried or the endpoint is gone.
//
// It makes no events of payments, follows no redirects, and never connects to an
// address inside the house. Start reading at Tasks, then Handle.
package notify

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// KindNotify is the kind of a delivery's task. Ref is the event, Lane the endpoint.
const KindNotify = "notify"

// Window is how many deliveries to one endpoint that answers quickly run at a time; a
// slow one has the queue's slow window.
const Window = 32

// Config wires a Notifier. Store, IDs, Now and Log are required.
type Config struct {
	Store Store
	// Offer hears of tasks committed by Test. Nil: the queue's poll finds them.
	Offer func([]queue.Task)
	IDs   *paymux.IDs
	Now   func() time.Time
	Log   *slog.Logger

	// AllowNetworks are networks that are delivered to although the guard would
	// refuse them, also by plain http: loopback in development, a merchant in the same network.
	AllowNetworks []netip.Prefix
	// RootCAs verify endpoints' certificates. Nil: the system's.
	RootCAs *x509.CertPool
	// Timeout of an attempt where the endpoint names none. Zero: 15 s.
	Timeout time.Duration
	// ConnectTimeout of an attempt. Zero: 3 s.
	ConnectTimeout time.Duration
}

// Notifier delivers events. Safe for concurrent use.
type Notifier struct {
	Config
	client    *http.Client
	endpoints directory
	recent    recent
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
	n := &Notifier{Config: c}
	n.client = &http.Client{
		Transport: n.transport(),
		// A redirect is a failure (Standard Webhooks): the answer is looked at as it is.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	n.endpoints = directory{store: c.Store, now: c.Now, log: c.Log, merchants: map[paymux.MerchantID]*subscriptions{}}
	n.recent.events = map[paymux.EventID]paymux.Event{}
	return n
}

// Handler is what the queue is given for KindNotify.
func (n *Notifier) Handler() queue.Handler {
	return queue.Handler{Do: n.Handle, Window: Window}
}

// Tasks returns what delivers e: one task for each of its merchant's endpoints that
// subscribes to its type, due now. It reads the store only when the merchant's endpoints
// are not cached; an error means that they could not be learned, and e must not be committed without.
func (n *Notifier) Tasks(ctx context.Context, e paymux.Event) ([]queue.Task, error) {
	endpoints, err := n.endpoints.of(ctx, e.Merchant)
	if err != nil {
		return nil, err
	}
	var tasks []queue.Task
	for i := range endpoints {
		if endpoints[i].Wants(e.Type) {
			tasks = append(tasks, n.task(e.ID, endpoints[i].ID))
		}
	}
	if tasks != nil {
		n.recent.keep(e)
	}
	return tasks, nil
}

// Invalidate drops what is known of endpoints; call it when this process has changed one.
func (n *Notifier) Invalidate() { n.endpoints.forget() }

// Close ends idle connections.
func (n *Notifier) Close() { n.client.CloseIdleConnections() }

func (n *Notifier) task(event paymux.EventID, endpoint paymux.EndpointID) queue.Task {
	now := n.Now().UTC()
	return queue.Task{
		ID: paymux.TaskID(n.IDs.New(paymux.PrefixTask)), Kind: KindNotify,
		Lane: string(endpoint), Ref: string(event), Due: now, CreatedAt: now,
	}
}

// recent keeps the newest events of this process, so that an ordinary delivery
// reads nothing. It holds at most recentBytes of bodies.
type recent struct {
	mu     sync.Mutex
	events map[paymux.EventID]paymux.Event
	order  []paymux.EventID // oldest first
	bytes  int
}

const recentBytes = 4 << 20

func (r *recent) keep(e paymux.Event) {
	if len(e.Body) == 0 {
		return
	}
	e.Data = paymux.EventData{} // the body has it
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.events[e.ID]; there {
		return
	}
	r.events[e.ID] = e
	r.order = append(r.order, e.ID)
	r.bytes += len(e.Body)
	for r.bytes > recentBytes {
		oldest := r.order[0]
		r.order = r.order[1:]
		r.bytes -= len(r.events[oldest].Body)
		delete(r.events, oldest)
	}
}

// event finds an event, in memory or in the store.
func (n *Notifier) event(ctx context.Context, id paymux.EventID) (paymux.Event, error) {
	n.recent.mu.Lock()
	e, ok := n.recent.events[id]
	n.recent.mu.Unlock()
	if ok {
		return e, nil
	}
	return n.Store.EventByID(ctx, id)
}
