package relay_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// A region that was cut off while nothing was sent to it is found out by a ping, which requests that come meanwhile share: nothing is swallowed.
// One that is busy is not pinged.
func TestAQuietRegionIsAskedWhetherItIsThere(t *testing.T) {
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
		for i := range 5 {
			if reply, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("busy", i))); string(reply.Object) != home.name || err != nil {
				t.Fatal(reply, err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		if n := f.pings.Load(); n > 4 { // one question, by several pings at once
			t.Errorf("a region that is busy was pinged %d times", n)
		}
		f.swallows.Store(true)
		time.Sleep(2 * time.Second)
		f.pings.Store(0)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if reply, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("quiet", i))); string(reply.Object) == home.name || err != nil {
					t.Errorf("%d: %+v, %v", i, reply, err)
				}
			})
		}
		began := time.Now()
		all.Wait()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("they went elsewhere after %s", took)
		}
		if n := f.pings.Load(); n == 0 || n > 24 {
			t.Errorf("it was pinged %d times", n)
		}
	})
}
