package test_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
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

// lone is one request of a merchant's program that repeats nothing by itself.
func (p *pair) lone(order string) (answer, error) {
	body, err := json.Marshal(cardAt("a-bank")(order))
	if err != nil {
		return answer{}, err
	}
	r, err := request{method: http.MethodPost, path: "/v1/payments", key: order, body: string(body), bearer: p.key}.build(p.url)
	if err != nil {
		return answer{}, err
	}
	return read(http.DefaultClient.Do(r))
}

// lateAnswer is what became of a request, and when.
type lateAnswer struct {
	answer
	err error
	at  time.Time
}

// One of two nodes is killed while an institution takes its time: who waits for the dead one learns soon that its answer is
// lost, and not that nothing was done; asked again, each purchase turns out to be made once.
func TestANodeDiesOverSlowPayments(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.b.faults("a-bank", sandbox.Faults{LatencyMS: 6000})
	const buyers = 16
	ends := make([]lateAnswer, buyers)
	var buying sync.WaitGroup
	for n := range buyers {
		buying.Go(func() {
			a, err := p.lone(fmt.Sprint("slow-", n))
			ends[n] = lateAnswer{a, err, time.Now()}
		})
	}
	<-time.After(2 * time.Second) // the moment of the power cut: the bank has been asked, and takes longer
	died := time.Now()
	p.nodes[0].kill()
	buying.Wait()
	p.lostSoon(ends, died)
	p.b.faults("a-bank", sandbox.Faults{})
	p.soldOnce(buyers)
}

// lostSoon: whoever got no payment was told within 3 s of the node's death, and that it is not known what was done.
func (p *pair) lostSoon(ends []lateAnswer, died time.Time) {
	p.t.Helper()
	lost, longest := 0, time.Duration(0)
	for n, e := range ends {
		if e.err != nil {
			p.t.Errorf("slow-%d: %v", n, e.err)
			continue
		}
		if e.status < 300 {
			continue // by the other node
		}
		lost++
		longest = max(longest, e.at.Sub(died))
		if code, _ := e.problem(p.t); code != paymux.OutcomeUnknown && code != paymux.KeyInFlight {
			p.t.Errorf("slow-%d: %d %s", n, e.status, e.body)
		}
	}
	p.t.Logf("%d of %d requests were lost with the node; they ended within %s of its death", lost, len(ends), longest.Round(time.Millisecond))
	if lost == 0 || longest > 3*time.Second {
		p.t.Errorf("%d requests were lost, the last ended %s after the death", lost, longest)
	}
}

// soldOnce: asked again, every purchase is one payment.
func (p *pair) soldOnce(buyers int) {
	p.t.Helper()
	var orders []string
	for n := range buyers {
		orders = append(orders, fmt.Sprint("slow-", n))
	}
	p.made(orders)
}

// made: asked again until there is an answer, every purchase is one payment, which the bank made once, and there is no other but
// those that were not sent.
func (p *pair) made(orders []string, unsent ...string) {
	p.t.Helper()
	made := map[string]bool{}
	for _, order := range orders {
		var a answer
		if !within(time.Minute, func() bool {
			var err error
			a, err = p.lone(order)
			return err == nil && a.status < 300
		}) {
			p.t.Errorf("%s is never answered: %d %s", order, a.status, a.body)
			continue
		}
		id := a.id(p.t)
		if !within(time.Minute, func() bool { money, effects := p.b.booked(paymux.PaymentID(id)); return money == 1250 && effects == 1 }) || made[id] {
			p.t.Errorf("%s is not paid once", order)
		}
		made[id] = true
	}
	listed := 0
	for payment, err := range p.client(0).Payments(p.t.Context(), client.PaymentQuery{PageSize: 100}) {
		if err != nil {
			p.t.Fatal(err)
		}
		listed++
		if slices.Contains(unsent, payment.MerchantOrderID) {
			if _, effects := p.b.booked(payment.ID); effects != 0 || payment.Status != paymux.Failed {
				p.t.Errorf("%s was said not to have been sent; it is %s, and the bank did it %d times", payment.ID, payment.Status, effects)
			}
		} else if !made[string(payment.ID)] {
			p.t.Errorf("%s was made for nobody", payment.ID)
		}
	}
	if listed != len(orders)+len(unsent) {
		p.t.Errorf("%d payments for %d purchases", listed, len(orders)+len(unsent))
	}
}

// Nodes get requests in proportion to their weights, as they count them themselves.
func TestNodesShareByWeight(t *testing.T) {
	t.Parallel()
	p := newPair(t, 300, 100)
	p.b.faults("a-bank", sandbox.Faults{})
	quit := make(chan struct{})
	var buying sync.WaitGroup
	var made atomic.Int64
	for side := range 12 {
		buying.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-quit:
					return
				default:
				}
				if a, err := p.lone(fmt.Sprintf("share-%d-%d", side, n)); err != nil || a.status != http.StatusCreated {
					t.Errorf("%d %s, %v", a.status, a.body, err)
					return
				}
				made.Add(1)
			}
		})
	}
	file := write(t, p.dir, "operator.yaml", p.natsLine("operator")+"\n")
	sums := map[int]int{}
	if !within(2*time.Minute, func() bool {
		var list []struct {
			Role, ID      string
			Weight, Usage int
		}
		if err := json.Unmarshal([]byte(p.run("topology", "-c", file, "-o", "json")), &list); err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			if i.Role == "node" {
				sums[i.Weight] += i.Usage
			}
		}
		return made.Load() > 3000
	}) {
		t.Errorf("only %d payments", made.Load())
	}
	close(quit)
	buying.Wait()
	share := float64(sums[300]) / float64(sums[300]+sums[100])
	t.Logf("%d payments; of what the nodes say to have had, %.3f are the heavier one's", made.Load(), share)
	if share < 0.7 || share > 0.8 { // they say how much it was in the last seconds, every two
		t.Errorf("%v", sums)
	}
}
