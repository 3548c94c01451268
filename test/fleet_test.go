package test_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/test/stripefake"
)

// fleet is several replicas on one PostgreSQL, one institution outside of all of them, and merchants who
// buy at whichever replica answers.
type fleet struct {
	t         *testing.T
	replicas  []*process
	bank      *stripefake.Institution
	merchants []*customer
	sales     atomic.Int64
	stop      context.CancelFunc
	buying    sync.WaitGroup

	mu   sync.Mutex
	open []sale // not answered yet
}

// customer is a merchant of the fleet and its endpoint.
type customer struct {
	id       paymux.MerchantID
	key      paymux.Secret
	endpoint paymux.EndpointID
	receiver *receiver
}

// idsKey lets the test mint IDs that the fleet believes.
const idsKey = "the test's own key of check codes"

func newFleet(t *testing.T, replicas, merchants int) *fleet {
	t.Helper()
	return newFleetWith(t, replicas, merchants, []string{"cards"})
}

// newFleetWith is a fleet with several accounts at its institution, and more lines of configuration.
func newFleetWith(t *testing.T, replicas, merchants int, accounts []string, extra ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, bank: stripefake.New("sk_test_fleet")}
	bank := httptest.NewServer(f.bank)
	t.Cleanup(bank.Close)
	first := newProcess(t, "postgres")
	for i := range replicas {
		p := first
		if i > 0 {
			p = newProcess(t, "sqlite")
			p.store, p.cluster, p.env = first.store, first.cluster, first.env
		}
		f.replicas = append(f.replicas, p)
	}
	for _, p := range f.replicas {
		p.accounts = nil
		for _, name := range accounts {
			p.accounts = append(p.accounts, "{name: "+name+", channel: stripe, methods: [card], options: {api_key: env:TEST_BANK_KEY, base_url: "+bank.URL+"}}")
		}
		p.env = append(p.env, "TEST_BANK_KEY="+f.bank.Key, "TEST_IDS_KEY="+idsKey)
		p.extra = append(append(p.extra, "ids_key: env:TEST_IDS_KEY"), extra...)
		p.start()
	}
	for range merchants {
		f.merchants = append(f.merchants, f.newCustomer())
	}
	return f
}

func (f *fleet) newCustomer() *customer {
	f.t.Helper()
	c := &customer{receiver: newReceiver(f.t)}
	api, key := f.replicas[0].merchant(nil)
	c.key = key
	e, err := api.CreateEndpoint(f.t.Context(), client.EndpointRequest{
		URL: c.receiver.URL, Delivery: &paymux.Delivery{RetrySeconds: []int{1, 1, 2, 2, 4, 4, 8, 8}, TimeoutMS: 5000},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c.id, c.endpoint = e.Merchant, e.ID
	c.receiver.trust(e.Secret.Reveal())
	return c
}

// at is a merchant's client of one replica.
func (c *customer) at(p *process) *client.Client { return p.client(client.Config{Key: c.key}) }

// sale is one purchase, to be asked for until it is answered.
type sale struct {
	c       *customer
	key     string
	request client.PaymentRequest
	refused error // the newest answer that was none
}

// buy has merchants buy from several sides at once until halt.
func (f *fleet) buy(sides int) {
	ctx, stop := context.WithCancel(context.WithoutCancel(f.t.Context()))
	f.stop = stop
	for range sides {
		f.buying.Go(func() {
			for ctx.Err() == nil {
				f.purchase(f.next())
			}
		})
	}
	f.t.Cleanup(func() { stop(); f.buying.Wait() })
}

// halt ends buying, and asks for what was not answered. What a crash cut off is decided when the institution's
// time limit is over, or, where the institution was not reached, when its lists prove that: that may stay open.
func (f *fleet) halt() {
	f.t.Helper()
	f.stop()
	f.buying.Wait()
	answered := func() bool {
		f.mu.Lock()
		open := f.open
		f.open = nil
		f.mu.Unlock()
		for _, s := range open {
			f.purchase(s)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.open) == 0
	}
	if within(50*time.Second, answered) {
		return
	}
	for _, s := range f.open {
		if !errors.Is(s.refused, paymux.KeyInFlight) {
			f.t.Errorf("%s was never answered: %v", s.key, s.refused)
		}
	}
}

func (f *fleet) next() sale {
	n := f.sales.Add(1)
	return sale{c: f.merchants[rand.IntN(len(f.merchants))], key: fmt.Sprint("sale-", n), request: client.PaymentRequest{
		Amount: 1000 + n%1000, Currency: "USD", MerchantOrderID: fmt.Sprint("order-", n),
		PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: stripefake.Visa}},
	}}
}

// purchase asks some replica, with the sale's own key.
func (f *fleet) purchase(s sale) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := s.c.at(f.replicas[rand.IntN(len(f.replicas))]).CreatePayment(ctx, s.request, client.IdempotencyKey(s.key))
	var refused *client.Error
	if err == nil || errors.As(err, &refused) && refused.Payment != nil {
		return
	}
	if errors.As(err, &refused) && refused.Status < 500 && !errors.Is(err, paymux.KeyInFlight) {
		f.t.Errorf("%s: %v", s.key, err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.refused = err
	f.open = append(f.open, s)
}

// verify waits until everything that was committed has been delivered, holds what was delivered against what was
// committed, and returns how many deliveries were repeats.
func (f *fleet) verify() (events, repeats int) {
	f.t.Helper()
	for _, c := range f.merchants {
		committed := map[string]bool{}
		for e, err := range c.at(f.replicas[0]).Events(f.t.Context(), client.EventQuery{}) {
			if err != nil {
				f.t.Fatal(err)
			}
			if e.Type == paymux.PaymentFailed {
				f.t.Errorf("%s: a sale failed: %s", e.ID, e.Data.Object)
			}
			committed[string(e.ID)] = true
		}
		if !within(60*time.Second, func() bool { return c.receiver.hasAll(committed) }) {
			f.t.Errorf("%s: %d of %d events were not delivered", c.id, c.receiver.missing(committed), len(committed))
		}
		events += len(committed)
		repeats += c.receiver.check(f.t, committed)
	}
	return events, repeats
}

// settled waits until the log says of every notification that it was delivered.
func (f *fleet) settled() {
	f.t.Helper()
	for _, c := range f.merchants {
		if !within(60*time.Second, func() bool { return len(c.undelivered(f)) == 0 }) {
			f.t.Errorf("%s: the log says of %v that they are not delivered", c.id, c.undelivered(f))
		}
	}
}

func (c *customer) undelivered(f *fleet) (list []paymux.Notification) {
	f.t.Helper()
	for n, err := range c.at(f.replicas[0]).Notifications(f.t.Context(), c.endpoint, client.NotificationQuery{}) {
		if err != nil {
			f.t.Fatal(err)
		}
		if n.Status != paymux.NotificationDelivered {
			list = append(list, n)
		}
	}
	return list
}

// freeze stops a process where it is; thaw lets it go on.
func (p *process) freeze() { p.nudge(syscall.SIGSTOP) }
func (p *process) thaw()   { p.nudge(syscall.SIGCONT) }

func (p *process) nudge(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// receiver is an endpoint that counts deliveries by webhook-id and believes only what is signed.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	counts map[string]int
	bad    []error
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{counts: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) trust(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = webhook.Verify(r.secret, req.Header, body, time.Now())
	}
	if err != nil {
		if req.Context().Err() == nil { // a sender that died in the middle of it proves nothing
			r.bad = append(r.bad, err)
		}
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.counts[req.Header.Get(webhook.HeaderID)]++
}

func (r *receiver) hasAll(ids map[string]bool) bool { return r.missing(ids) == 0 }

func (r *receiver) missing(ids map[string]bool) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range ids {
		if r.counts[id] == 0 {
			n++
		}
	}
	return n
}

// check reports what was delivered without having been committed, and what did not verify. It returns the repeats.
func (r *receiver) check(t *testing.T, committed map[string]bool) (repeats int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, n := range r.counts {
		if !committed[id] {
			t.Errorf("%s was delivered and is in no list", id)
		}
		repeats += n - 1
	}
	for _, err := range r.bad {
		t.Errorf("a notification did not verify: %v", err)
	}
	return repeats
}
