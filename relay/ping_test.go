package relay_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wire"
	"github.com/paymux/paymux/relay"
)

// far is a site that can be pinged. What is sent to it may be swallowed: nothing comes back, not even a refusal.
type far struct {
	*site
	swallows, mute atomic.Bool
	pings          atomic.Int32
}

func (f *far) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	if f.swallows.Load() {
		<-ctx.Done()
		return paymux.Reply{}, paymux.Errorf(paymux.OutcomeUnknown, "Its answer was lost.").Because(wire.ErrLost)
	}
	return f.site.Create(ctx, q)
}

func (f *far) Ping(ctx context.Context) error {
	f.pings.Add(1)
	if f.swallows.Load() || f.mute.Load() {
		<-ctx.Done()
	}
	return ctx.Err()
}

// A region that swallows what it is sent is given nothing more within seconds, before the registry misses it, and again when it answers pings.
func TestARegionThatSwallowsRequestsIsSpared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		home := h.home("mer_1")
		f := &far{site: home}
		h.show(func(g *relay.Region) {
			if g.Name == home.name {
				g.Node = f
			}
		})
		h.old()
		r := h.open()
		settled()
		n := 0
		ask := func(patience time.Duration) (string, error) {
			n++
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			reply, err := r.Create(ctx, pay("mer_1", fmt.Sprint("k", n)))
			return string(reply.Object), err
		}
		if to, err := ask(time.Second); to != home.name || err != nil {
			t.Fatal(to, err)
		}
		f.swallows.Store(true)
		if _, err := ask(5 * time.Second); !errors.Is(err, paymux.OutcomeUnknown) {
			t.Fatalf("what was swallowed is unknown, and not %v", err)
		}
		if to, err := ask(5 * time.Second); to == home.name || err != nil {
			t.Errorf("the next goes to %q, %v", to, err)
		}
		f.swallows.Store(false)
		f.mute.Store(true)
		time.Sleep(time.Minute)
		if to, err := ask(time.Second); to == home.name || err != nil {
			t.Errorf("while nobody answers pings, it goes to %q, %v", to, err)
		}
		f.mute.Store(false)
		time.Sleep(5 * time.Second)
		if to, err := ask(time.Second); to != home.name || err != nil {
			t.Errorf("when it is back, it goes to %q, %v", to, err)
		}
	})
}

// A slow institution is no reason to spare a region that answers.
func TestASlowRegionIsNotSpared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		home := h.home("mer_1")
		f := &far{site: home}
		home.slow = func() time.Duration { return 8 * time.Second }
		h.show(func(g *relay.Region) {
			if g.Name == home.name {
				g.Node = f
			}
		})
		h.old()
		r := h.open()
		settled()
		for n := range 5 {
			if reply, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", n))); string(reply.Object) != home.name || err != nil {
				t.Errorf("to %q, %v", reply.Object, err)
			}
		}
		if f.pings.Load() == 0 {
			t.Error("it was never pinged")
		}
	})
}
