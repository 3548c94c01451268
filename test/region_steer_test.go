package test_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/client"
)

// steered is a list with every way to decide.
const steered = `
regions:
  - {name: east, number: 1, countries: [CN, HK]}
  - {name: west, number: 2, countries: [DE, US]}
accounts: [{name: cards, channel: stripe, country: US, methods: [card]}]
rules:
  - {name: by institution, merchants: [%s], by: object}
  - {name: by client, by: client}
  - {name: rest, to: [{region: east, weight: 30%%}, {region: west, weight: 70%%}]}
`

// from sends requests as a proxy in front of the frontends would, for a client at an address.
type from struct {
	http.RoundTripper
	address string
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.address)
	return f.RoundTripper.RoundTrip(r)
}

// regionOf is the name of the region that made a payment.
func (w *world) regionOf(id paymux.PaymentID) string {
	number, _ := paymux.RegionOf(string(id))
	for _, r := range w.regions {
		if paymux.Region(r.number) == number {
			return r.name
		}
	}
	return fmt.Sprint("region ", number)
}

// Jurisdiction by where the client is and by where the institution is, at whichever frontend, and one merchant's payments together where
// neither says anything; the reason is on the timeline (A2, A8 to A10).
func TestPaymentsGoWhereTheListSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{access: "trusted_proxies: [127.0.0.0/8]"})
	pinned, anyone := w.trader(w.east, w.east, w.west), w.trader(w.west, w.west, w.east)
	w.assign(fmt.Sprintf(steered, pinned.id))
	places, err := access.NewLocator(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	goes := func(m *trader, r *region, address string) (string, string) {
		t.Helper()
		c, err := client.New(client.Config{BaseURLs: r.urls, Key: m.key, HTTP: &http.Client{Transport: from{http.DefaultTransport, address}}})
		if err != nil {
			t.Fatal(err)
		}
		n++
		p, err := c.CreatePayment(t.Context(), cardPayment(fmt.Sprint("steered-", n), ""))
		if err != nil {
			t.Fatal(err)
		}
		hops, err := c.Timeline(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hops {
			if h.Kind == paymux.HopRelay {
				return w.regionOf(p.ID), h.Text
			}
		}
		return w.regionOf(p.ID), ""
	}
	hashed := ""
	for _, at := range w.regions {
		for _, x := range []struct {
			m             *trader
			address, from string
			want, why     string
		}{
			{anyone, "114.114.114.114", "CN", "east", "jurisdiction over the client's country"},
			{anyone, "194.25.0.68", "DE", "west", "jurisdiction over the client's country"},
			{anyone, "10.1.2.3", "ZZ", "", `by rule "rest"`},
			{anyone, "203.0.113.9", "ZZ", "", `by rule "rest"`},
			{pinned, "114.114.114.114", "CN", "west", "jurisdiction over the institution's country"},
		} {
			if got := places.Country(x.address); got != x.from {
				t.Fatalf("%s is in %s, not %s", x.address, got, x.from)
			}
			got, why := goes(x.m, at, x.address)
			if x.want == "" {
				if hashed == "" {
					hashed = got
				}
				x.want = hashed
			}
			if got != x.want || !strings.Contains(why, x.why) {
				t.Errorf("from %s at %s: to %s (%s), want %s (%s)", x.address, at.name, got, why, x.want, x.why)
			}
		}
	}
}

// All of a merchant's traffic is cut over from one region to the other by one command, under load: in effect everywhere within a
// second, and no payment fails or is made twice (A15).
func TestTrafficIsCutOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{frontends: 2})
	w.assign(evenList)
	m := w.trader(w.east, w.east, w.west)
	w.operate(w.east, "regions", "move", string(m.id), "--to", "east", "--by", "test", "--reason", "to begin with")
	var stalls []*stall
	for n, url := range append(w.east.urls, w.west.urls...) {
		s := m.stall(fmt.Sprint("door-", n), time.Second/20)
		s.m, s.waits = w.client(m, url), 10*time.Second // every frontend has traffic of its own
		stalls = append(stalls, s)
	}
	tr := newTrade(t, stalls...)
	began := time.Now()
	tr.answered("in the east", 80, (*deal).succeeded)
	for _, to := range []string{"west", "east", "west"} {
		asked := time.Now()
		w.operate(w.west, "regions", "move", string(m.id), "--to", to, "--by", "test", "--reason", "cut over")
		done := time.Now()
		tr.answered("in the "+to, 80, (*deal).succeeded)
		late := 0
		for _, d := range tr.of(asked.Add(time.Second), time.Now(), others()) {
			if d.payment != nil && w.regionOf(d.payment.ID) != to {
				late++
			}
		}
		if late > 0 {
			t.Errorf("a second after it was told, %d payments still did not go to the %s", late, to)
		}
		t.Logf("to the %s: the command took %s", to, done.Sub(asked).Round(time.Millisecond))
	}
	counts := w.balance(tr)
	all := tr.of(began, time.Now(), others())
	tr.flawless("cut over", all)
	for _, d := range all {
		if d.refusals > 0 {
			t.Errorf("%s was refused %d times", d.key, d.refusals)
		}
	}
	if counts["east"] == 0 || counts["west"] == 0 {
		t.Errorf("%v", counts)
	}
}

// A region that has more to do than it is rated for is given nothing new, until it has less; what would have been its own is made elsewhere,
// and the reason is on the timeline (A12, A13).
func TestAFullRegionIsSpared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{nodeOf: map[string]string{"east": "node: {rated: 10}"}})
	w.assign(evenList)
	m := w.trader(w.east, w.east)
	w.operate(w.east, "regions", "move", string(m.id), "--to", "east", "--by", "test", "--reason", "its own")
	began := time.Now()
	slow, fast := m.stall("few", time.Second/3), m.stall("many", time.Second/30)
	slow.waits, fast.waits = 10*time.Second, 10*time.Second
	few := newTrade(t, slow)
	few.answered("in the east", 3, (*deal).succeeded)
	many := newTrade(t, fast)
	elsewhere := func(tr *trade, since time.Time) (list []deal) {
		for _, d := range tr.of(since, time.Now(), others()) {
			if d.payment != nil && w.regionOf(d.payment.ID) == "west" {
				list = append(list, d)
			}
		}
		return list
	}
	if !within(30*time.Second, func() bool { return len(elsewhere(many, began)) >= 30 }) {
		t.Fatal("nothing goes elsewhere")
	}
	if !w.tells(m, elsewhere(many, began), "region east cannot be used: its traffic ratio is") {
		t.Error("no timeline says why")
	}
	many.close()
	if !within(30*time.Second, func() bool {
		since := time.Now().Add(-2 * time.Second)
		return len(few.of(since, time.Now(), others())) > 3 && len(elsewhere(few, since)) == 0
	}) {
		t.Error("the east is given nothing although it has little to do")
	}
	for _, tr := range []*trade{few, many} {
		tr.close()
		tr.flawless("while the east was full", tr.of(began, time.Now(), others()))
	}
}

// tells reports whether the relay's line on the timeline of any of these has a text. A request that was repeated says only that it was.
func (w *world) tells(m *trader, deals []deal, text string) bool {
	w.t.Helper()
	for _, d := range deals {
		hops, err := m.client.Timeline(w.t.Context(), d.payment.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, h := range hops {
			if h.Kind == paymux.HopRelay && strings.Contains(h.Text, text) {
				return true
			}
		}
	}
	return false
}

// soak is whether tests may take minutes: go test ./test -run Shares -timeout 30m with PAYMUX_SOAK=1.
func soak() bool { return os.Getenv("PAYMUX_SOAK") == "1" }

// Merchants are shared out by the weights, and each stays where it is. With PAYMUX_SOAK=1 it is 100,000 payments of 10,000
// merchants, whose share is within two points of what was configured; otherwise 1,600 of 400, and the share as near as so few can tell.
func TestSharesOfMerchants(t *testing.T) {
	t.Parallel()
	merchants, each, within := 400, 4, 0.09
	if soak() {
		merchants, each, within = 10_000, 10, 0.02
	}
	w := newWorld(t, worldConfig{frontends: 2})
	w.assign(`
regions: [{name: east, number: 1}, {name: west, number: 2}]
rules: [{name: all, to: [{region: east, weight: 30%}, {region: west, weight: 70%}]}]
`)
	var mu sync.Mutex
	count, wandered := map[string]int{}, 0
	work := make(chan int)
	var crew sync.WaitGroup
	for range 16 {
		crew.Go(func() {
			for i := range work {
				places, err := w.buys(t.Context(), w.regions[i%2], i, each)
				if err != nil {
					t.Errorf("merchant %d: %v", i, err)
				}
				mu.Lock()
				for at, n := range places {
					count[at] += n
				}
				if len(places) > 1 {
					wandered++
				}
				mu.Unlock()
			}
		})
	}
	for i := range merchants {
		work <- i
	}
	close(work)
	crew.Wait()
	total := count["east"] + count["west"]
	share := float64(count["east"]) / float64(total)
	t.Logf("%d payments of %d merchants: %.2f %% in the east, 30 %% configured", total, merchants, share*100)
	if total != merchants*each || wandered > 0 || math.Abs(share-0.3) > within {
		t.Errorf("%v; %d merchants were in both regions", count, wandered)
	}
}

// buys makes a merchant at a region that pays so often, each time at another frontend, and returns its payments by region.
func (w *world) buys(ctx context.Context, home *region, i, times int) (map[string]int, error) {
	m, err := w.newTrader(home)
	if err != nil {
		return nil, err
	}
	places := map[string]int{}
	urls := append(append([]string{}, w.east.urls...), w.west.urls...)
	for n := range times {
		p, err := w.client(m, urls[n%len(urls)]).CreatePayment(ctx, cardPayment(fmt.Sprintf("share-%d-%d", i, n), ""))
		if err != nil {
			return places, err
		}
		places[w.regionOf(p.ID)]++
	}
	return places, nil
}
