package test_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/stripefake"
)

// within10 is how many of its payments a canary that fails throughout may get before it is rolled back, as
// docs/operations.md states; those under way at that moment come on top.
const (
	within10 = 10
	underWay = 5
)

// broken is a line to the bank on which every answer to an operation is lost: every second operation
// reaches the bank all the same.
type broken struct {
	next http.Handler
	seen atomic.Int64
}

func (b *broken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		b.next.ServeHTTP(w, r)
		return
	}
	if b.seen.Add(1)%2 == 1 {
		b.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	w.WriteHeader(http.StatusInternalServerError)
	io.WriteString(w, "<html>Something went wrong.</html>")
}

// byToken buys with a card that more than one institution knows, and leaves the account to the routing.
func byToken(order string) client.PaymentRequest {
	return client.PaymentRequest{
		Amount: 1250, Currency: "USD", MerchantOrderID: order,
		PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: stripefake.Visa}},
	}
}

// ward is a stable version under load, beside which others are tried.
type ward struct {
	*split
	*trade
	b *bank
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{split: newCrowd(t, "sandbox", "stripe")}
	w.openStripe()
	w.b = w.openBank("a-bank")
	w.b.faults("a-bank", sandbox.Faults{})
	w.toBank("1.0.0", "", w.b.account("a-bank", w.b.url, "card")).start()
	w.known("sandbox", "1.0.0", true)
	w.known("stripe", "1.0.0", true)
	m := w.merchant()
	w.trade = newTrade(t,
		&stall{name: "designated", m: m, request: cardAt("a-bank"), every: time.Second / 12},
		&stall{name: "routed", m: m, request: byToken, every: time.Second / 20})
	w.answered("by the stable version", 10, (*deal).succeeded)
	return w
}

// try puts a version on trial with a fifth of the payments and waits until it was rolled back by itself. It
// returns the deals of that time that did not simply succeed at the bank.
func (w *ward) try(version, url string) (hit []deal) {
	t := w.split.t
	t.Helper()
	w.toBank(version, "", w.b.account("a-bank", url, "card")).start()
	w.known("sandbox", version, true)
	from := time.Now()
	w.steer("try", "sandbox", version, "--percent", "20", "--stable", "1.0.0")
	if !within(20*time.Second, func() bool { return w.version("sandbox", version).Part == "withdrawn" }) {
		t.Fatalf("%s was not rolled back: %+v", version, w.channels())
	}
	back := time.Now()
	w.answered("after the rollback", 10, (*deal).succeeded)
	for _, d := range w.of(from, back, others()) {
		if !d.succeeded() || d.payment.Channel != "sandbox" {
			hit = append(hit, d)
		}
	}
	if len(hit) == 0 || len(hit) > within10+underWay {
		t.Errorf("%s was rolled back after %d of its payments, stated are %d: %v", version, len(hit), within10, hit)
	}
	for _, d := range w.of(back, time.Now(), named("designated")) {
		if d.took > 0 && !d.succeeded() {
			t.Errorf("after the rollback of %s: %s", version, d.String())
		}
	}
	w.explains(version)
	return hit
}

// explains: the list shows what was withdrawn, by whom, why, and the numbers.
func (w *ward) explains(version string) {
	t := w.split.t
	t.Helper()
	c := w.channel("sandbox")
	if len(c.Rollout.Withdrawn) == 0 || c.Rollout.Canary != "" || c.Rollout.Stable != "1.0.0" {
		t.Fatalf("%+v", c.Rollout)
	}
	got := c.Rollout.Withdrawn[0]
	if got.Version != version || got.Who != "paymux" || got.Reason == "" || got.Canary.Payments == 0 || got.Canary.Payments > within10 ||
		got.Canary.Failed+got.Canary.Declined != got.Canary.Payments || got.Stable.Payments == 0 || got.Stable.Failed+got.Stable.Declined != 0 {
		t.Errorf("%+v", got)
	}
	t.Logf("%s: %s", got.Version, got.Reason)
}

// Three bad versions are tried one after the other: one whose answers cannot be understood, one that cannot reach its
// institution, and one whose payments are declined. Each is rolled back by itself, and its payments end by the money rules.
func TestACanaryThatFailsIsRolledBack(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	upstream, err := url.Parse(w.b.url)
	if err != nil {
		t.Fatal(err)
	}
	line := &broken{next: httputil.NewSingleHostReverseProxy(upstream)}
	for _, d := range w.try("1.1.0", serve(t, line)) {
		if d.err != nil || d.payment.Status != paymux.Processing || d.payment.LastError == nil || d.payment.LastError.Code != paymux.OutcomeUnknown {
			t.Errorf("an answer nobody understands: %s", d.String())
		}
	}
	if n := line.seen.Load(); n == 0 || n > within10+underWay {
		t.Errorf("1.1.0 sent %d operations", n)
	}
	for _, d := range w.try("1.2.0", "http://"+freeAddress(t)) {
		rerouted := d.succeeded() && d.payment.Channel == "stripe"
		if d.stall.name == "routed" && !rerouted || d.stall.name == "designated" && !errors.Is(d.err, paymux.NotSent) {
			t.Errorf("an institution that cannot be reached: %s", d.String())
		}
	}
	strict := w.declining()
	for _, d := range w.try("1.3.0", strict.url) {
		if !errors.Is(d.err, paymux.PaymentDeclined) {
			t.Errorf("an institution that declines: %s", d.String())
		}
	}
	w.holds("1.1.0", "1.2.0", "1.3.0")
	w.ends()
	w.once(named())
	w.b.compare(w.trade.deals)
	w.counted(t)
}

// declining is a second bank that declines everything. It has the secrets of the first, as one account has in two places.
func (w *ward) declining() *bank {
	t := w.split.t
	t.Helper()
	b := w.openBank("a-bank")
	b.faults("a-bank", sandbox.Faults{Do: "decline"})
	proxied, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	key := b.key()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(proxied)
		r.Out.Header.Set("Authorization", "Bearer "+key)
	}}
	b.url = serve(t, proxy)
	return b
}

// holds: a node that is killed and started again knows what was withdrawn, and nobody can put it on trial again.
func (w *ward) holds(versions ...string) {
	t := w.split.t
	t.Helper()
	w.close()
	w.node.kill()
	w.node.start()
	for _, v := range versions {
		w.known("sandbox", v, true)
		if shown := w.version("sandbox", v); shown.Part != "withdrawn" {
			t.Errorf("after a restart of the node, %s is %q", v, shown.Part)
		}
		if out, err := w.tried("try", "sandbox", v, "--percent", "20"); err == nil {
			t.Errorf("%s is on trial again: %s", v, out)
		}
	}
	m := w.stalls[0].m
	for n := range 20 {
		p, err := m.CreatePayment(t.Context(), cardAt("a-bank")(fmt.Sprint("restarted-", n)))
		if err != nil || p.Status != paymux.Succeeded {
			t.Errorf("after a restart of the node: %+v, %v", p, err)
			continue
		}
		w.trade.deals = append(w.trade.deals, &deal{stall: w.stalls[0], key: p.MerchantOrderID, payment: p})
	}
}

// counted tells what became of the payments, and finds the two ends an unknown outcome has.
func (w *ward) counted(t *testing.T) {
	t.Helper()
	ended := map[string]int{}
	for _, d := range w.trade.deals {
		if d.payment == nil {
			t.Errorf("nothing was made: %s", d)
			continue
		}
		ended[string(d.payment.Status)+" at "+d.payment.Channel]++
	}
	t.Logf("%v", ended)
}
