package relay_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// far makes a region's node one that can be pinged.
func (h *house) far(s *site) *far {
	f := &far{site: s}
	h.show(func(g *relay.Region) {
		if g.Name == s.name {
			g.Node = f
		}
	})
	return f
}

// After its end, a relay knows what it knew last: that its own pings were given up says nothing of a region.
func TestARelayThatHasStoppedSparesNoRegion(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*site){
		"slow":    func(s *site) { s.slow = func() time.Duration { return 3 * time.Second } },
		"refuses": func(s *site) { s.set(true, false, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, 2)
				home := h.home("mer_1")
				h.far(home)
				r := h.open()
				settled()
				h.close(r)
				fault(home)
				q := paymux.ConfirmPayment{Payment: issued(home.number)}
				for range 5 {
					_, _ = r.Confirm(t.Context(), q)
				}
				home.set(false, false, false)
				time.Sleep(time.Minute)
				if _, err := r.Confirm(t.Context(), q); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A region that is found silent again in the moment in which it was found to be back is pinged all the same.
func TestASparedRegionIsAlwaysPinged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, err := relay.New([]relay.Region{{Number: 1, Name: "a", Weight: 1, Node: &far{site: &site{}}}, {Number: 2, Name: "b"}})
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2000 {
			r.Spare("a")
			again := make(chan struct{})
			go func() {
				defer close(again)
				for n := 1; r.Spared("a"); n++ {
					if n%1000 == 0 {
						time.Sleep(100 * time.Millisecond)
					}
				}
				r.Spare("a")
			}()
			<-again
			if time.Sleep(20 * time.Second); r.Spared("a") {
				t.Fatalf("round %d: nobody pings it any more", round)
			}
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
