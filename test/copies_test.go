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

// twin is a split system with a second region: a node with a database of its own, and a frontend.
type twin struct {
	*split
	otherNode, otherFront *part
	otherURL              string
}

func newTwin(t *testing.T) *twin {
	t.Helper()
	w := &twin{split: newSplit(t, "stripe")}
	address := freeAddress(t)
	w.otherURL = "http://" + address
	const region = "region: {name: eu-1, number: 2}"
	w.otherNode = w.role("node-eu", "node", "roles: [node]", region, w.store, publicly, "notify: {allow_networks: [127.0.0.0/8]}")
	w.otherNode.start()
	w.otherFront = w.role("frontend-eu", "frontend", "roles: [frontend]", region, "listen: "+address, publicly,
		"ops_token: env:TEST_OPS_TOKEN", "access: {traffic_requests: 0, jwe_key: \"key:jwe\"}")
	w.otherFront.start()
	return w
}

// as is a merchant at the other region's frontend.
func (w *twin) as(secret paymux.Secret) *client.Client {
	w.t.Helper()
	c, err := client.New(client.Config{BaseURL: w.otherURL, Key: secret, Attempts: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// soon waits until something is so in the other region.
func (w *twin) soon(what string, done func() error) {
	w.t.Helper()
	began := time.Now()
	var err error
	if !within(20*time.Second, func() bool { err = done(); return err == nil }) {
		w.t.Fatalf("%s: never; at last %v\nits node:\n%s\nhome:\n%s", what, err, w.otherNode.logged(), w.node.logged())
	}
	w.t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
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
	w := newTwin(t)
	ctx := t.Context()
	home, secret := w.merchantWithKey()
	told := newSink(t, home)
	there := w.as(secret)
	w.soon("the key is good", func() error { _, err := there.Merchant(ctx); return err })
	w.soon("the endpoint is there", func() error {
		list, err := there.Endpoints(ctx)
		return want(len(list) == 1, err)
	})

	pay := func(order string) {
		t.Helper()
		p, err := there.CreatePayment(ctx, client.PaymentRequest{Amount: 500, Currency: "USD", MerchantOrderID: order})
		if err != nil {
			t.Fatalf("a payment there: %v", err)
		}
		if region, _ := paymux.RegionOf(string(p.ID)); region != 2 {
			t.Errorf("the payment was made in region %d", region)
		}
		if _, err := there.CancelPayment(ctx, p.ID, "requested_by_customer"); err != nil {
			t.Fatal(err)
		}
		w.soon("the home's endpoint is told", func() error { return want(told.times(string(p.ID), paymux.PaymentCanceled) > 0, nil) })
	}
	pay("A-1")

	m, err := home.Merchant(ctx)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.ops().CreateKey(ctx, m.ID, client.KeyRequest{Kind: paymux.KeyBearer})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := home.Keys(ctx)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if err := w.ops().Call(ctx, http.MethodPatch, "/ops/v1/merchants/"+string(m.ID), map[string]any{"name": "Coffee House"}, nil); err != nil {
		t.Fatal(err)
	}
	w.soon("the merchant has its new name", func() error {
		m, err := there.Merchant(ctx)
		return want(m != nil && m.Name == "Coffee House", err)
	})
	w.soon("the second key is good", func() error { _, err := w.as(second.Secret).Merchant(ctx); return err })

	w.node.kill()
	w.front.kill()
	w.otherFront.stop()
	w.otherFront.start() // has nothing in memory any more
	pay("A-2")
	w.node.start()
	w.front.start()

	if err := home.RevokeKey(ctx, second.ID); err != nil {
		t.Fatal(err)
	}
	w.soon("the revoked key is refused", func() error {
		if _, err := w.as(second.Secret).Merchant(ctx); !errors.Is(err, paymux.Unauthenticated) {
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
	w.soon("the deleted endpoint is gone", func() error {
		list, err := there.Endpoints(ctx)
		return want(len(list) == 0, err)
	})
	if len(told.bad) > 0 {
		t.Errorf("notifications that cannot be verified: %v", told.bad)
	}
}
