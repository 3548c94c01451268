package relay_test

import (
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/payment/paymentrpc"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

func weighted(region, id string, weight int) registry.Instance {
	return registry.Instance{ID: id, Role: registry.RoleNode, Name: region, State: registry.Ready, Weight: weight}
}

// shares counts a hundred thousand draws from several sides at once.
func shares(t *testing.T, r *relay.Replicas) map[string]float64 {
	t.Helper()
	const sides, draws = 8, 12_500
	var mu sync.Mutex
	counts := map[string]float64{}
	var all sync.WaitGroup
	for range sides {
		all.Go(func() {
			own := map[string]float64{}
			for range draws {
				id, ok := r.Pick()
				if !ok {
					t.Error("nobody is there")
					return
				}
				own[id]++
			}
			mu.Lock()
			defer mu.Unlock()
			for id, n := range own {
				counts[id] += n / (sides * draws)
			}
		})
	}
	all.Wait()
	return counts
}

func TestReplicasAreDrawnByTheirWeights(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]int{{100}, {100, 100}, {100, 50}, {1, 2, 3, 4}, {7919, 6007, 10000}, {10000, 10000, 500}, {100, 0, 300}} {
		of, total := &instances{}, 0
		for n, w := range weights {
			of.list = append(of.list, weighted("east", fmt.Sprint(n), w))
			total += w
		}
		of.list = append(of.list, weighted("west", "w", 1000))
		got := shares(t, relay.NewReplicas(of, "east"))
		for n, w := range weights {
			if want := float64(w) / float64(total); math.Abs(got[fmt.Sprint(n)]-want) > 0.02*want {
				t.Errorf("%v: number %d has %.4f of the requests, want %.4f", weights, n, got[fmt.Sprint(n)], want)
			}
		}
	}
}

// Nobody gets its share in one piece.
func TestTurnsAreSpread(t *testing.T) {
	t.Parallel()
	r := relay.NewReplicas(&instances{list: []registry.Instance{weighted("east", "a", 300), weighted("east", "b", 100)}}, "east")
	since := 0
	for range 400 {
		if id, _ := r.Pick(); id == "b" {
			since = 0
		} else if since++; since > 3 {
			t.Fatalf("a was drawn %d times in a row", since)
		}
	}
}

func TestWhoIsNotReadyIsNotDrawn(t *testing.T) {
	t.Parallel()
	draining, starting := weighted("east", "a", 100), weighted("east", "b", 100)
	draining.State, starting.State = registry.Draining, registry.Starting
	of := &instances{list: []registry.Instance{draining, starting, weighted("east", "c", 0), weighted("east", "d", 1)}}
	r := relay.NewReplicas(of, "east")
	if got := shares(t, r); got["d"] < 0.999 {
		t.Errorf("%v", got)
	}
	if r.Gone("a") || !r.Gone("e") {
		t.Error("who is draining is there, who is not listed is gone")
	}
	of.stale = true
	if id, ok := r.Pick(); ok {
		t.Errorf("while the registry is away, %s is drawn", id)
	}
	if r.Gone("e") {
		t.Error("while the registry is away, nobody is known to be gone")
	}
	of.stale, of.list = false, of.list[:3]
	if id, ok := r.Pick(); ok {
		t.Errorf("%s is drawn, and nobody takes anything", id)
	}
}

// A change, such as of how busy somebody is, is no reason to begin the turns again.
func TestSharesOutliveNews(t *testing.T) {
	t.Parallel()
	of := &instances{}
	r := relay.NewReplicas(of, "east")
	counts := map[string]int{}
	for usage := range 4000 {
		a, b := weighted("east", "a", 900), weighted("east", "b", 100)
		a.Usage, b.Usage = usage, usage
		of.list = []registry.Instance{a, b}
		id, _ := r.Pick()
		counts[id]++
	}
	if counts["a"] != 3600 || counts["b"] != 400 {
		t.Errorf("%v", counts)
	}
}

// Over NATS, nodes are asked in proportion; when one has gone, without its registration having ended, the other does all.
func TestNodesShareByWeight(t *testing.T) {
	t.Parallel()
	m := wiretest.Open(t, 0)
	of := &instances{list: []registry.Instance{weighted("east", "a", 300), weighted("east", "b", 100)}}
	heard := map[string]*atomic.Int64{}
	servers := map[string]*rpc.Server{}
	for _, i := range of.list {
		n := &atomic.Int64{}
		heard[i.ID] = n
		s := rpc.NewServer(rpc.Config{Conn: m.Connect(), Group: "nodes", Peer: i.ID, Faults: paymentrpc.Faults(), Log: slog.New(slog.DiscardHandler)})
		servers[i.ID] = s
		err := paymentrpc.Serve(s, "east", node{create: func(paymux.CreatePayment) (paymux.Reply, error) {
			n.Add(1)
			return paymux.Reply{}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c, err := paymentrpc.NewClient(m.Connect(), "east", 0)
	if err != nil {
		t.Fatal(err)
	}
	c = paymentrpc.Among(c, relay.NewReplicas(of, "east"))
	ask := func(times int) {
		for range times {
			if _, err := c.Create(t.Context(), paymux.CreatePayment{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask(4000)
	if a, b := heard["a"].Load(), heard["b"].Load(); a != 3000 || b != 1000 {
		t.Errorf("of 4000 requests a had %d and b %d, want 3000 and 1000", a, b)
	}
	if err := servers["a"].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(100)
	if b := heard["b"].Load(); b != 1100 {
		t.Errorf("b had %d, want 1100", b)
	}
}
