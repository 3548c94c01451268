package test_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// soon waits until something is so in a region.
func (s *split) soon(what string, done func() error) {
	s.t.Helper()
	began := time.Now()
	var err error
	if !within(20*time.Second, func() bool { err = done(); return err == nil }) {
		s.t.Fatalf("%s: never; at last %v\nits node:\n%s", what, err, s.node.logged())
	}
	s.t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
}

func want(is bool, err error) error {
	if err == nil && !is {
		err = errors.New("not yet")
	}
	return err
}

// What a merchant's home knows of it, another region knows within seconds, goes on with it while the home is away, and is corrected when
// the home is back.
func TestMerchantsInEveryRegion(t *testing.T) {
	t.Parallel()
	west := newSplit(t, "stripe")
	east := west.second("east", "2")
	ctx := t.Context()
	home, secret := west.merchantWithKey()
	told := newSink(t, home)
	there := east.clientOf(secret)
	east.soon("the key is good", func() error { _, err := there.Merchant(ctx); return err })
	east.soon("the endpoint is there", func() error {
		list, err := there.Endpoints(ctx)
		return want(len(list) == 1, err)
	})

	pay := func(order string) {
		t.Helper()
		p, err := there.CreatePayment(ctx, client.PaymentRequest{Amount: 500, Currency: "USD", MerchantOrderID: order})
		if err != nil {
			t.Fatalf("a payment there: %v", err)
		}
		if regionOf(p.ID) != 2 {
			t.Errorf("the payment was made in region %d", regionOf(p.ID))
		}
		if _, err := there.CancelPayment(ctx, p.ID, "requested_by_customer"); err != nil {
			t.Fatal(err)
		}
		east.soon("the home's endpoint is told", func() error { return want(told.times(string(p.ID), paymux.PaymentCanceled) > 0, nil) })
	}
	pay("A-1")

	m, err := home.Merchant(ctx)
	if err != nil {
		t.Fatal(err)
	}
	second, err := west.ops().CreateKey(ctx, m.ID, client.KeyRequest{Kind: paymux.KeyBearer})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := home.Keys(ctx)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if err := west.ops().Call(ctx, http.MethodPatch, "/ops/v1/merchants/"+string(m.ID), map[string]any{"name": "Coffee House"}, nil); err != nil {
		t.Fatal(err)
	}
	east.soon("the merchant has its new name", func() error {
		m, err := there.Merchant(ctx)
		return want(m != nil && m.Name == "Coffee House", err)
	})
	east.soon("the second key is good", func() error { _, err := east.clientOf(second.Secret).Merchant(ctx); return err })

	west.node.kill()
	west.front.kill()
	east.front.stop()
	east.front.start() // has nothing in memory any more
	pay("A-2")
	west.node.start()
	west.front.start()

	if err := home.RevokeKey(ctx, second.ID); err != nil {
		t.Fatal(err)
	}
	east.soon("the revoked key is refused", func() error {
		if _, err := east.clientOf(second.Secret).Merchant(ctx); !errors.Is(err, paymux.Unauthenticated) {
			return fmt.Errorf("let in: %w", err)
		}
		return nil
	})
	list, err := home.Endpoints(ctx)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := home.DeleteEndpoint(ctx, list[0].ID); err != nil {
		t.Fatal(err)
	}
	east.soon("the deleted endpoint is gone", func() error {
		list, err := there.Endpoints(ctx)
		return want(len(list) == 0, err)
	})
	if len(told.bad) > 0 {
		t.Errorf("notifications that cannot be verified: %v", told.bad)
	}
}

// A payment that is sent to another region as soon as its merchant and endpoint were made is made there, and told of: what
// that region has no copy of yet, it fetches.
func TestPaymentsOfMerchantsMadeAMomentAgo(t *testing.T) {
	t.Parallel()
	west := newSplit(t, "stripe")
	east := west.second("east", "2")
	list := write(t, west.dir, "list.yaml", "regions: [{name: local, number: 1}, {name: east, number: 2}]\nrules: [{name: all, to: [{region: east}]}]\n")
	operator := write(t, west.dir, "operator.yaml", west.natsLine("operator")+"\n")
	west.run("regions", "apply", list, "-c", operator, "--reason", "the test's")
	for n := range 5 {
		m := west.merchant()
		told := newSink(t, m)
		p, err := m.CreatePayment(t.Context(), client.PaymentRequest{Amount: 500, Currency: "USD", MerchantOrderID: fmt.Sprint("A-", n)})
		if err != nil || regionOf(p.ID) != 2 {
			t.Fatalf("payment %d: %+v, %v", n, p, err)
		}
		if _, err := m.CancelPayment(t.Context(), p.ID, "requested_by_customer"); err != nil {
			t.Fatal(err)
		}
		east.soon("the endpoint is told", func() error {
			return want(told.times(string(p.ID), paymux.PaymentCanceled) > 0, nil)
		})
	}
}
