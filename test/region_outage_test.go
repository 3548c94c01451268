package test_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
)

// insisted is what buyers were answered who ask again with the same key until there is a payment.
type insisted struct {
	mu      sync.Mutex
	answers []timed
	orders  []string // each paid in the end
}

type timed struct {
	answer
	began time.Time
	took  time.Duration
}

// buy has buyers buy, one purchase after the other, until quit is closed.
func (o *insisted) buy(p *pair, buyers int, quit <-chan struct{}) *sync.WaitGroup {
	var buying sync.WaitGroup
	for side := range buyers {
		buying.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-quit:
					return
				default:
				}
				o.purchase(p, fmt.Sprintf("buyer-%d-%d", side, n))
			}
		})
	}
	return &buying
}

func (o *insisted) purchase(p *pair, order string) {
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-pause.C {
		began := time.Now()
		a, err := p.lone(order)
		if err != nil {
			p.t.Errorf("%s: %v", order, err)
			return
		}
		o.mu.Lock()
		o.answers = append(o.answers, timed{a, began, time.Since(began)})
		if a.status < 300 {
			o.orders = append(o.orders, order)
		}
		o.mu.Unlock()
		if a.status < 300 {
			return
		}
	}
	p.t.Errorf("%s was never answered with a payment", order)
}

// count is how many answers of a status came to requests that began after a moment.
func (o *insisted) count(status int, after time.Time) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.answers {
		if a.status == status && a.began.After(after) {
			n++
		}
	}
	return n
}

// A region's database dies under load: its requests are refused soon and plainly, /readyz says why, and when it is back
// everything goes on by itself; every purchase was made once.
func TestARegionWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	primary, _ := p.primary()
	p.b.faults("a-bank", sandbox.Faults{LatencyMS: 100})
	o, quit := &insisted{}, make(chan struct{})
	buying := o.buy(p, 6, quit)
	began := time.Now()
	sells := func(after time.Time) bool {
		return within(30*time.Second, func() bool { return o.count(http.StatusCreated, after) >= 20 })
	}
	if !sells(began) {
		t.Error("nothing is sold before")
	}
	if err := p.cluster.Crash(); err != nil {
		t.Fatal(err)
	}
	died := time.Now()
	if !within(20*time.Second, func() bool { return o.count(http.StatusServiceUnavailable, died) >= 30 }) {
		t.Errorf("only %d requests were refused", o.count(http.StatusServiceUnavailable, died))
	}
	if status, text := primary.readyz(); status != http.StatusServiceUnavailable || text == "not ready\n" {
		t.Errorf("/readyz without a database: %d %q", status, text)
	} else {
		t.Logf("/readyz says %q", text)
	}
	<-time.After(8*time.Second - time.Since(died)) // long enough for what waits for a connection to give up
	alive := time.Now()
	if err := p.cluster.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !within(20*time.Second, primary.ready) {
		t.Error("the frontend is not ready again")
	}
	t.Logf("ready %s after the database's start", time.Since(alive).Round(time.Millisecond))
	if !sells(time.Now()) {
		t.Error("nothing is sold afterwards")
	}
	close(quit)
	buying.Wait()
	o.refusedPlainly(t, died, alive)
	p.made(o.orders)
}

// refusedPlainly: while the database was dead, requests were refused with when to ask again, and within a second or so.
func (o *insisted) refusedPlainly(t *testing.T, died, alive time.Time) {
	t.Helper()
	var took []time.Duration
	for _, a := range o.answers {
		if a.began.Before(died) || a.began.After(alive) || a.began.Add(a.took).After(alive) {
			continue
		}
		code, _ := a.problem(t)
		if a.status != http.StatusServiceUnavailable || code != paymux.Unavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("without a database: %d %s", a.status, a.body)
		}
		took = append(took, a.took)
	}
	slices.Sort(took)
	if len(took) == 0 {
		t.Fatal("nothing was refused")
	}
	t.Logf("%d requests were refused, half of them within %s, the slowest after %s", len(took),
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}
