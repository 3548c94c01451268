package test_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// second adds a region to a split system: a node and a frontend of its own.
func (s *split) second(name, number string) *split {
	s.t.Helper()
	other, address := *s, freeAddress(s.t)
	region := "region: {name: " + name + ", number: " + number + "}"
	other.url = "http://" + address
	other.node = other.role("node-"+name, "node", "roles: [node]", region, other.store, publicly, "notify: {allow_networks: [127.0.0.0/8]}")
	other.node.start()
	other.front = other.role("frontend-"+name, "frontend", "roles: [frontend]", region, "listen: "+address, publicly,
		"ops_token: env:TEST_OPS_TOKEN", "access: {traffic_requests: 0, jwe_key: \"key:jwe\"}")
	other.front.start()
	return &other
}

// clientOf is the client of a merchant at a frontend.
func (s *split) clientOf(key paymux.Secret) *client.Client {
	s.t.Helper()
	c, err := client.New(client.Config{BaseURL: s.url, Key: key, Attempts: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *split) isReady() bool {
	answer, err := http.Get(s.url + "/readyz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func regionOf[ID ~string](id ID) paymux.Region {
	region, _ := paymux.RegionOf(string(id))
	return region
}

func listed(t *testing.T, c *client.Client) (ids []paymux.PaymentID, err error) {
	t.Helper()
	for p, err := range c.Payments(t.Context(), client.PaymentQuery{}) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// Whichever frontend is asked: what there is in either region is seen as one. While a region is away, what is the other's goes on, and
// nothing that should have both looks complete.
func TestQuestionsOverTwoRegions(t *testing.T) {
	t.Parallel()
	west := newSplit(t, "stripe")
	west.openStripe()
	east := west.second("east", "2")
	west.known("stripe", "1.0.0", true)
	east.known("stripe", "1.0.0", true)
	atEast, key := east.merchantWithKey()
	atWest := west.clientOf(key)
	if !within(20*time.Second, func() bool { _, err := atWest.Merchant(t.Context()); return err == nil }) {
		_, err := atWest.Merchant(t.Context())
		t.Fatalf("the frontend of one region does not know the other's merchant: %v", err)
	}
	pay := func(c *client.Client, order string, region paymux.Region) paymux.PaymentID {
		t.Helper()
		p, err := c.CreatePayment(t.Context(), cardPayment(order, "cards"))
		if err != nil || regionOf(p.ID) != region {
			t.Fatalf("payment %s: %+v, %v", order, p, err)
		}
		return p.ID
	}
	far, near := pay(atEast, "A-1", 2), pay(atWest, "A-2", 1)
	pulled := map[*client.Client]*client.Puller{}
	for _, c := range []*client.Client{atWest, atEast} {
		for _, id := range []paymux.PaymentID{far, near} {
			if p, err := c.Payment(t.Context(), id); err != nil || p.ID != id {
				t.Errorf("payment %s: %v", id, err)
			}
			if hops, err := c.Timeline(t.Context(), id); err != nil || len(hops) == 0 {
				t.Errorf("timeline of %s: %v", id, err)
			}
		}
		if ids, err := listed(t, c); err != nil || !slices.Equal(ids, []paymux.PaymentID{near, far}) {
			t.Errorf("payments: %v, %v", ids, err)
		}
		pulled[c] = c.Pull("")
		if events, _, err := pulled[c].Next(t.Context()); err != nil || len(events) != 2 || strings.Count(string(pulled[c].After), ",") != 1 {
			t.Errorf("events: %v, %v, next %s", events, err, pulled[c].After)
		}
	}
	endpoint, err := atWest.CreateEndpoint(t.Context(), client.EndpointRequest{URL: "http://127.0.0.1:1/w", Events: []paymux.EventType{paymux.DisputeWasWon}})
	if err != nil || regionOf(endpoint.ID) != 2 {
		t.Fatalf("an endpoint made away from home: %+v, %v", endpoint, err)
	}
	if list, err := atEast.Endpoints(t.Context()); err != nil || len(list) != 1 || list[0].ID != endpoint.ID {
		t.Errorf("endpoints at home: %v, %v", list, err)
	}
	link, err := atWest.CreateLink(t.Context(), client.LinkRequest{Amount: 100, Currency: "USD", MerchantOrderID: "L-1"})
	if err != nil || regionOf(link.ID) != 2 {
		t.Errorf("a link made away from home: %+v, %v", link, err)
	}

	east.node.kill()
	if !within(20*time.Second, func() bool { _, err := listed(t, atWest); return errors.Is(err, paymux.Unavailable) }) {
		t.Error("a list without a region's part is shown")
	}
	if _, err := atWest.Payment(t.Context(), far); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("a payment of the region that is away: %v", err)
	}
	if p, err := atWest.Payment(t.Context(), near); err != nil || p.ID != near {
		t.Errorf("a payment of the other: %v", err)
	}
	_, err = atWest.CreateEndpoint(t.Context(), client.EndpointRequest{URL: "http://127.0.0.1:1/x"})
	if away := new(client.Error); !errors.Is(err, paymux.Unavailable) || !errors.As(err, &away) {
		t.Errorf("a change whose home is away: %v", err)
	}
	last := pay(atWest, "A-3", 1)
	if events, _, err := pulled[atWest].Next(t.Context()); err != nil || len(events) != 1 || !strings.Contains(string(events[0].Body), string(last)) {
		t.Errorf("events of the other region: %v, %v", events, err)
	}
	for name, s := range map[string]*split{"west": west, "east": east} {
		if !s.isReady() {
			t.Errorf("the frontend of %s is not ready", name)
		}
	}
	east.node.start()
	if !within(20*time.Second, func() bool {
		ids, err := listed(t, atWest)
		return err == nil && slices.Equal(ids, []paymux.PaymentID{last, near, far})
	}) {
		ids, err := listed(t, atWest)
		t.Errorf("with the region back: %v, %v", ids, err)
	}
	if _, err := atWest.CreateEndpoint(t.Context(), client.EndpointRequest{URL: "http://127.0.0.1:1/x"}); err != nil {
		t.Errorf("a change with home back: %v", err)
	}
}
