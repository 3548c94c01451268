package test_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// rounds of kill -9 per engine.
const rounds = 50

// purchase is one request a merchant has to see through, whatever happens to the other side.
type purchase struct {
	key     string
	request client.PaymentRequest
	payment *paymux.Payment // nil: no answer seen yet
}

// shop buys under load and repeats what was not answered, with the same key, as merchants are told to.
type shop struct {
	*process
	merchant *client.Client
	mu       sync.Mutex
	n        int
	open     []*purchase // not answered yet
	done     []*purchase
}

// A power cut at any moment, fifty times under load, loses no accepted payment, no
// notification and no answer, and charges nobody twice: the institution's own book says so. The statistics are a recount of the orders.
func TestKill9(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			p := newProcess(t, engine)
			p.start()
			s := &shop{process: p}
			s.merchant, _ = p.merchant(nil)
			k := newSink(t, s.merchant)
			for range rounds {
				s.round()
				p.start()
			}
			s.finish()
			s.settle()
			p.awaitTold(s, k)
			wantRecount(t, s.merchant)
			p.stop()
			s.compare(k)
			t.Logf("%d payments over %d kills", len(s.done), rounds)
		})
	}
}

// round buys from several sides until the process is killed in the middle of it.
func (s *shop) round() {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				s.buy(ctx, s.next())
			}
		})
	}
	<-time.After(time.Duration(50+rand.IntN(350)) * time.Millisecond) // the moment of the power cut
	s.kill()
	stop()
	wg.Wait()
}

// next is an unanswered purchase to repeat, or a new one.
func (s *shop) next() *purchase {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.open); n > 0 && rand.IntN(2) == 0 {
		p := s.open[n-1]
		s.open = s.open[:n-1]
		return p
	}
	s.n++
	return &purchase{key: fmt.Sprintf("key-%d", s.n), request: wish(s.n)}
}

// wish is the nth thing to buy: cards that work, decline or are lost on the way, wallets that wait or fail over.
func wish(n int) client.PaymentRequest {
	r := client.PaymentRequest{Amount: 1050, Currency: "CNY", MerchantOrderID: fmt.Sprintf("order-%d", n)}
	card := func(number string) *client.PaymentMethod {
		return &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Number: number, ExpMonth: 12, ExpYear: 2040, CVC: "123"}}
	}
	switch n % 6 {
	case 0:
		r.PaymentMethod = card("4000000000000002") // declined
	case 1:
		r.PaymentMethod = &client.PaymentMethod{Type: paymux.WeChatPay}
	case 2:
		r.PaymentMethod, r.Amount = &client.PaymentMethod{Type: paymux.WeChatPay}, 1009 // the first wallet answers 503
	default:
		r.PaymentMethod = card("4242424242424242")
	}
	return r
}

// buy sends a purchase and files it by whether there was an answer.
func (s *shop) buy(ctx context.Context, p *purchase) {
	payment, err := s.merchant.CreatePayment(context.WithoutCancel(ctx), p.request, client.IdempotencyKey(p.key))
	var refused *client.Error
	if errors.As(err, &refused) && refused.Payment != nil { // declined: an answer, too
		payment, err = refused.Payment, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if errors.As(err, &refused) && !errors.Is(err, paymux.KeyInFlight) && !errors.Is(err, paymux.Unavailable) && refused.Status < 500 {
			s.t.Errorf("%s: %v", p.key, err)
		}
		s.open = append(s.open, p)
		return
	}
	p.payment = payment
	s.done = append(s.done, p)
}

// finish repeats everything unanswered until there is an answer.
func (s *shop) finish() {
	s.await("every request answered", 90*time.Second, func() bool {
		s.mu.Lock()
		open := s.open
		s.open = nil
		s.mu.Unlock()
		for _, p := range open {
			s.buy(context.Background(), p)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.open) == 0
	})
}

// settle cancels what waits for a payer, and waits until nothing is under way.
func (s *shop) settle() {
	for _, p := range s.done {
		if p.payment.Status == paymux.RequiresAction || p.payment.Status == paymux.Processing {
			_, err := s.merchant.CancelPayment(context.Background(), p.payment.ID, "test", client.IdempotencyKey("cancel-"+p.key))
			if err != nil && !errors.Is(err, paymux.StateConflict) {
				s.t.Errorf("cancel %s: %v", p.payment.ID, err)
			}
		}
	}
	s.await("every payment ended", 120*time.Second, func() bool {
		for _, p := range s.done {
			if p.payment.Status.Ended() {
				continue
			}
			now, err := s.merchant.Payment(context.Background(), p.payment.ID)
			if err != nil {
				s.t.Fatal(err)
			}
			p.payment = now
			if now.Status == paymux.RequiresAction { // resolve found it waiting for the payer after all
				_, _ = s.merchant.CancelPayment(context.Background(), now.ID, "test")
			}
			if !now.Status.Ended() {
				return false
			}
		}
		return true
	})
}

var toldOf = map[paymux.PaymentStatus]paymux.EventType{
	paymux.Succeeded: paymux.PaymentSucceeded, paymux.Failed: paymux.PaymentFailed, paymux.Canceled: paymux.PaymentCanceled,
}

func (p *process) awaitTold(s *shop, k *sink) {
	p.t.Helper()
	p.await("every end told", 60*time.Second, func() bool {
		for _, b := range s.done {
			if k.times(string(b.payment.ID), toldOf[b.payment.Status]) == 0 {
				return false
			}
		}
		return true
	})
}

// compare holds our payments against the institution's book, read from its file.
func (s *shop) compare(k *sink) {
	bank, err := sandbox.NewInstitution(sandbox.Config{Dir: s.sandboxDir()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer bank.Stop()
	charged := map[paymux.PaymentID]int64{}
	for c := range bank.Charges() {
		if c.Effects > 1 {
			s.t.Errorf("%s: money moved %d times", c.Operation, c.Effects)
		}
		if c.Kind == paymux.Pay && c.State == paymux.OpSucceeded {
			charged[c.Payment] += c.Amount
		}
	}
	known, keys := map[paymux.PaymentID]bool{}, map[string]bool{}
	for _, p := range s.done {
		if known[p.payment.ID] || keys[p.key] {
			s.t.Errorf("%s, %s: answered for two purchases", p.payment.ID, p.key)
		}
		known[p.payment.ID], keys[p.key] = true, true
		if charged[p.payment.ID] != p.payment.AmountReceived {
			s.t.Errorf("%s is %s with %d received; the book says %d", p.payment.ID, p.payment.Status, p.payment.AmountReceived, charged[p.payment.ID])
		}
		if n := k.times(string(p.payment.ID), toldOf[p.payment.Status]); n != 1 {
			s.t.Errorf("%s: %s told by %d different notifications", p.payment.ID, p.payment.Status, n)
		}
	}
	for id := range charged {
		if !known[id] {
			s.t.Errorf("%s was charged and no merchant knows of it", id)
		}
	}
	for _, err := range k.bad {
		s.t.Errorf("a notification did not verify: %v", err)
	}
}
