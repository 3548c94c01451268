package test_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// outage buys all the time and counts what it is answered.
type outage struct {
	*scene
	mu       sync.Mutex
	n        int
	answered map[string]paymux.PaymentID // by idempotency key
	open     []string                    // keys without an answer
	refused  int                         // 503s
	odd      []error
}

// The database server dies while payments are made and comes back: requests are
// refused plainly meanwhile, and afterwards everything goes on by itself and agrees.
func TestStoreOutage(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "postgres")
	p.start()
	o := &outage{scene: newScene(t, p, nil, "cards"), answered: map[string]paymux.PaymentID{}}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			pace := time.NewTicker(250 * time.Millisecond) // refusals are quick, and the book's list ends at a thousand
			defer pace.Stop()
			for ctx.Err() == nil {
				o.buy(o.next())
				<-pace.C
			}
		})
	}
	for range 2 {
		o.await("payments made", 20*time.Second, o.progress(5))
		if err := p.cluster.Crash(); err != nil {
			t.Fatal(err)
		}
		o.await("refused for want of a store", 20*time.Second, o.progressRefused(5))
		o.unready()
		if err := p.cluster.Launch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	o.await("payments made again", 20*time.Second, o.progress(5))
	stop()
	wg.Wait()
	o.finish()
	o.compare()
}

func (o *outage) next() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.open); n > 0 && o.n%2 == 0 {
		key := o.open[0]
		o.open = o.open[1:]
		o.n++
		return key
	}
	o.n++
	return fmt.Sprintf("outage-%d", o.n)
}

func (o *outage) buy(key string) {
	r := o.wish(1000, paymux.Card, goodCard)
	r.MerchantOrderID = key
	payment, err := o.CreatePayment(context.WithoutCancel(o.t.Context()), r, client.IdempotencyKey(key))
	o.mu.Lock()
	defer o.mu.Unlock()
	var answer *client.Error
	switch {
	case err == nil:
		o.answered[key] = payment.ID
		return
	case errors.As(err, &answer) && answer.Payment != nil: // committed, and never sent: found out and told
		o.answered[key] = answer.Payment.ID
		return
	case errors.Is(err, paymux.Unavailable) && answer.Status == http.StatusServiceUnavailable && answer.RequestID != "":
		o.refused++
	case errors.Is(err, paymux.OutcomeUnknown): // called, and not stored yet
	case errors.Is(err, paymux.KeyInFlight):
	default:
		o.odd = append(o.odd, fmt.Errorf("%s: %w", key, err))
	}
	o.open = append(o.open, key)
}

// progress tells whether n further payments were answered since it was made.
func (o *outage) progress(n int) func() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	goal := len(o.answered) + n
	return func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.answered) >= goal }
}

func (o *outage) progressRefused(n int) func() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	goal := o.refused + n
	return func() bool { o.mu.Lock(); defer o.mu.Unlock(); return o.refused >= goal }
}

// unready: the process says that it lives and cannot serve; reads are refused in the same way.
func (o *outage) unready() {
	o.t.Helper()
	if a := o.p.ask(o.t, request{method: http.MethodGet, path: "/readyz"}); a.status != http.StatusServiceUnavailable {
		o.t.Errorf("/readyz without a store: %d %s", a.status, a.body)
	}
	if a := o.p.ask(o.t, request{method: http.MethodGet, path: "/livez"}); a.status != http.StatusOK {
		o.t.Errorf("/livez without a store: %d %s", a.status, a.body)
	}
	a := o.p.ask(o.t, request{method: http.MethodGet, path: "/v1/payments", bearer: o.bearer})
	if code, _ := a.problem(o.t); a.status != http.StatusServiceUnavailable || code != paymux.Unavailable || a.header.Get("Retry-After") == "" {
		o.t.Errorf("a read without a store: %d %s", a.status, a.body)
	}
}

// finish repeats what has no answer until there is one.
func (o *outage) finish() {
	o.t.Helper()
	o.await("every request answered", asked, func() bool {
		o.mu.Lock()
		open := o.open
		o.open = nil
		o.mu.Unlock()
		for _, key := range open {
			o.buy(key)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.open) == 0
	})
	for _, err := range o.odd {
		o.t.Errorf("neither done nor refused plainly: %v", err)
	}
}

// compare holds every payment against the book, both ways.
func (o *outage) compare() {
	o.t.Helper()
	charged := map[paymux.PaymentID]int64{}
	for _, c := range o.p.charges(o.t, "") {
		if charged[c.Payment] != 0 || c.Effects != 1 {
			o.t.Errorf("%s was charged twice: %+v", c.Payment, c)
		}
		charged[c.Payment] += c.Amount
	}
	ended := map[paymux.PaymentStatus]int{}
	for _, id := range o.answered {
		now := o.payment(id)
		ended[now.Status]++
		if !now.Status.Ended() || now.AmountReceived != charged[id] {
			o.t.Errorf("%s is %s, received %d; the book says %d", id, now.Status, now.AmountReceived, charged[id])
		}
		delete(charged, id)
		o.await("told once", asked, func() bool { return o.sink.times(string(id), toldOf[now.Status]) == 1 })
	}
	for id := range charged {
		o.t.Errorf("%s was charged and no merchant knows of it", id)
	}
	o.t.Logf("%v, %d refused meanwhile", ended, o.refused)
}
