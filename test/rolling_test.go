package test_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// Every process is restarted, one after the other, under load: a program that knows both frontends has no payment fail.
func TestRollingRestartUnderLoad(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	began := time.Now()
	tr := p.trade()
	all := []*part{p.nodes[0], p.nodes[1], p.packages[0], p.packages[1], p.keys, p.fronts[0].part, p.fronts[1].part, p.nats}
	for _, one := range all {
		told := time.Now()
		one.stop()
		ended := time.Now()
		one.start()
		t.Logf("%s ended after %s, is ready after %s", one.name, ended.Sub(told).Round(time.Millisecond), time.Since(told).Round(time.Millisecond))
		tr.answered("after the restart of "+one.name, 25, (*deal).succeeded)
		p.primary()
	}
	p.exact(tr, began)
}

// One of two nodes is killed while an institution takes its time: who waits for the dead one learns soon that its answer is
// lost, and not that nothing was done; asked again, each purchase turns out to be made once.
func TestANodeDiesOverSlowPayments(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.b.faults("a-bank", sandbox.Faults{LatencyMS: 6000})
	m, one := p.client(0), p.client(1)
	const buyers = 16
	type end struct {
		payment *paymux.Payment
		err     error
		at      time.Time
	}
	ends := make([]end, buyers)
	var buying sync.WaitGroup
	for n := range buyers {
		buying.Go(func() {
			payment, err := one.CreatePayment(context.WithoutCancel(t.Context()), cardAt("a-bank")(fmt.Sprint("slow-", n)), client.IdempotencyKey(fmt.Sprint("slow-", n)))
			ends[n] = end{payment, err, time.Now()}
		})
	}
	<-time.After(2 * time.Second) // the moment of the power cut: the bank has been asked, and takes longer
	died := time.Now()
	p.nodes[0].kill()
	buying.Wait()
	lost := 0
	var longest time.Duration
	for n, e := range ends {
		if e.err == nil {
			continue // by the other node
		}
		lost++
		longest = max(longest, e.at.Sub(died))
		if !errors.Is(e.err, paymux.OutcomeUnknown) && !errors.Is(e.err, paymux.KeyInFlight) {
			t.Errorf("slow-%d: %v", n, e.err)
		}
	}
	t.Logf("%d of %d requests were lost with the node; they ended within %s of its death", lost, buyers, longest.Round(time.Millisecond))
	if lost == 0 || longest > 3*time.Second {
		t.Errorf("%d requests were lost, the last ended after %s", lost, longest)
	}
	p.b.faults("a-bank", sandbox.Faults{})
	made := map[paymux.PaymentID]bool{}
	for n := range buyers {
		order := fmt.Sprint("slow-", n)
		var payment *paymux.Payment
		if !within(time.Minute, func() bool {
			again, err := m.CreatePayment(t.Context(), cardAt("a-bank")(order), client.IdempotencyKey(order))
			payment = again
			return err == nil && again.Status == paymux.Succeeded
		}) {
			t.Errorf("%s is not over: %+v", order, payment)
			continue
		}
		if money, effects := p.b.booked(payment.ID); money != 1250 || effects != 1 || made[payment.ID] {
			t.Errorf("%s: %d by %d operations", payment.ID, money, effects)
		}
		made[payment.ID] = true
	}
	listed := 0
	for _, err := range m.Payments(t.Context(), client.PaymentQuery{PageSize: 100}) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
	}
	if listed != buyers {
		t.Errorf("%d payments for %d purchases", listed, buyers)
	}
}
