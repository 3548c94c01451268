package test_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
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
	unsent  []string // each told in the end that it was not sent, and that nothing was charged
}

type timed struct {
	answer
	began time.Time
	took  time.Duration
}

// buy has buyers buy, one purchase after the other, until quit is closed.
func (o *insisted) buy(p *pair, who string, buyers int, quit <-chan struct{}) *sync.WaitGroup {
	var buying sync.WaitGroup
	for side := range buyers {
		buying.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-quit:
					return
				default:
				}
				o.purchase(p, fmt.Sprintf("%s-%d-%d", who, side, n))
			}
		})
	}
	return &buying
}

func (o *insisted) purchase(p *pair, order string) {
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	var a answer
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-pause.C {
		began := time.Now()
		var err error
		a, err = p.lone(order)
		if err != nil {
			p.t.Errorf("%s: %v", order, err)
			return
		}
		if o.file(order, timed{a, began, time.Since(began)}) {
			return
		}
	}
	p.t.Errorf("%s was never answered with a payment: %d %s", order, a.status, a.body)
}

// file takes an answer, and reports whether it is the last one.
func (o *insisted) file(order string, a timed) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers = append(o.answers, a)
	switch {
	case a.status < 300:
		o.orders = append(o.orders, order)
	case a.status == http.StatusBadGateway: // the database died between its commit and the bank
		o.unsent = append(o.unsent, order)
	default:
		return false
	}
	return true
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
	buying := o.buy(p, "buyer", 6, quit)
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
	p.made(o.orders, o.unsent...)
}

// A database that hangs, as one does that the network has swallowed, is noticed, too.
func TestARegionWhoseDatabaseHangs(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t)
	at, err := url.Parse(cluster.URL("paymux"))
	if err != nil {
		t.Fatal(err)
	}
	line := newLine(t, at.Host)
	at.Host = line.address
	p := newPairOn(t, cluster, at.String())
	primary, _ := p.primary()
	o, quit := &insisted{}, make(chan struct{})
	buying := o.buy(p, "buyer", 6, quit)
	if began := time.Now(); !within(30*time.Second, func() bool { return o.count(http.StatusCreated, began) >= 20 }) {
		t.Error("nothing is sold before")
	}
	line.hold(true)
	hung := time.Now()
	if !within(20*time.Second, func() bool { return !primary.ready() }) {
		t.Error("the frontend stays ready")
	}
	<-time.After(storeGivenUp - time.Since(hung))
	dead := time.Now()
	extra := &insisted{} // who comes now
	late, enough := extra.buy(p, "late", 2, quit), dead.Add(5*time.Second)
	if !within(10*time.Second, func() bool { return extra.count(http.StatusServiceUnavailable, dead) >= 20 }) {
		t.Errorf("only %d requests were refused", extra.count(http.StatusServiceUnavailable, dead))
	}
	status, text := primary.readyz()
	t.Logf("/readyz says %d %q", status, text)
	<-time.After(time.Until(enough))
	alive := time.Now()
	line.hold(false)
	if !within(30*time.Second, primary.ready) {
		t.Error("the frontend is not ready again")
	}
	t.Logf("ready %s after the database answers again", time.Since(alive).Round(time.Millisecond))
	if now := time.Now(); !within(30*time.Second, func() bool { return o.count(http.StatusCreated, now) >= 20 }) {
		t.Error("nothing is sold afterwards")
	}
	close(quit)
	buying.Wait()
	late.Wait()
	extra.refusedPlainly(t, dead, alive)
	p.made(slices.Concat(o.orders, extra.orders), slices.Concat(o.unsent, extra.unsent)...)
}

// storeGivenUp is after how long a node gives up a store that hangs, with something to spare.
const storeGivenUp = 6 * time.Second

// line is a connection between two that can be held: what is sent then arrives later.
type line struct {
	address string
	mu      sync.Mutex // guards free
	free    *sync.Cond
	held    bool
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{address: l.Addr().String()}
	n.free = sync.NewCond(&n.mu)
	t.Cleanup(func() { l.Close(); n.hold(false) })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			target, err := net.Dial("tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			go n.carry(from, target)
			go n.carry(target, from)
		}
	}()
	return n
}

func (n *line) hold(yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = yes
	n.free.Broadcast()
}

func (n *line) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	some := make([]byte, 64<<10)
	for {
		read, err := from.Read(some)
		n.mu.Lock()
		for n.held {
			n.free.Wait()
		}
		n.mu.Unlock()
		if _, fault := to.Write(some[:read]); err != nil || fault != nil {
			return
		}
	}
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
