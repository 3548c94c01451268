package rulebook_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
	"github.com/paymux/paymux/rulebook"
)

// ward is a node that sees outcomes and shares how accounts do.
type ward struct {
	*rulebook.Health
	book  *learn.Book
	ahead *atomic.Int64 // of the clock that all wards of a house go by
}

func (h *house) ward(id string, ahead *atomic.Int64) *ward {
	h.t.Helper()
	r := h.registry()
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w := &ward{book: learn.New(learn.Options{Node: id}, now()), ahead: ahead}
	w.book.SetPolicy(routing.HealthPolicy{Least: 10, ProbeAfter: time.Minute})
	first, cancel := context.WithTimeout(h.t.Context(), 300*time.Millisecond)
	defer cancel()
	w.Health = rulebook.OpenHealth(first, rulebook.HealthConfig{
		Settings: r.Settings(), Flags: r.Flags(), Book: w.book, Accounts: func() []string { return []string{"one", "two"} },
		ID: id, Log: slog.New(slog.DiscardHandler), Now: now,
	})
	w.Start()
	h.t.Cleanup(w.Stop)
	return w
}

// see has a ward observe n outcomes of many merchants at an account.
func (w *ward) see(account string, result learn.Result, n int) {
	for i := range n {
		at := time.Now().Add(time.Duration(w.ahead.Load()))
		w.book.Observe(learn.Outcome{Merchant: paymux.MerchantID(fmt.Sprintf("mer_%d", i)), Account: account, Result: result, At: at, Kind: routing.Kind{Method: paymux.Card, Currency: "CNY", Client: "ZZ"}})
	}
}

func (w *ward) health(account string) routing.Health { return w.book.Health("mer_x", account) }

// What one node sees of an account all know within a second, its end too, and nobody falls back by what another says late.
func TestWhatOneSeesAllKnow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := &atomic.Int64{}
	a, b := h.ward("a", ahead), h.ward("b", ahead)
	a.see("one", learn.NotSent, 40)
	if a.health("one") != routing.Abnormal {
		t.Fatalf("who saw it: %v", a.health("one"))
	}
	began := time.Now()
	eventually(t, "the other knows", func() bool { return b.health("one") == routing.Abnormal })
	if took := time.Since(began); took > time.Second {
		t.Errorf("the other knew after %v", took)
	}
	if b.health("two") != routing.Normal {
		t.Error("the other account is abnormal, too")
	}
	late := h.ward("late", ahead)
	if late.health("one") != routing.Abnormal {
		t.Errorf("one that starts: %v", late.health("one"))
	}
	// The pause ends everywhere at the same time; probes at one node heal it at all.
	ahead.Store(int64(61 * time.Second))
	eventually(t, "it is probed", func() bool { return a.health("one") == routing.Probing && b.health("one") == routing.Probing })
	b.see("one", learn.Succeeded, 20)
	for _, w := range []*ward{a, b, late} {
		eventually(t, "it is normal again", func() bool { return w.health("one") == routing.Normal })
	}
	list, err := a.RoutingHealth(t.Context())
	if err != nil || len(list) != 2 || list[0].Account != "one" || list[0].State != paymux.RouteNormal || list[0].Node != "b" || list[0].Trials == 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// One merchant's trouble is known everywhere as that merchant's.
func TestAMerchantsTroubleIsShared(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := &atomic.Int64{}
	a, b := h.ward("a", ahead), h.ward("b", ahead)
	for range 40 {
		a.book.Observe(learn.Outcome{Merchant: "mer_x", Account: "one", Result: learn.ChannelDeclined, At: time.Now()})
	}
	eventually(t, "the other knows", func() bool { return b.book.Health("mer_x", "one") == routing.Abnormal })
	if b.book.Health("mer_y", "one") != routing.Normal {
		t.Error("another merchant's is abnormal, too")
	}
	if list, _ := b.RoutingHealth(t.Context()); len(list[0].Merchants) != 1 || list[0].Merchants[0].Merchant != "mer_x" || list[0].State != paymux.RouteNormal {
		t.Errorf("%+v", list[0])
	}
}

// While the registry is away each node goes on with its own, and what it saw meanwhile is told afterwards. Two that saw different accounts fail both tell.
func TestWhatWasSeenMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := &atomic.Int64{}
	a, b := h.ward("a", ahead), h.ward("b", ahead)
	h.Stop()
	a.see("one", learn.NotSent, 40)
	b.see("two", learn.NotSent, 40)
	if a.health("one") != routing.Abnormal || b.health("one") != routing.Normal || b.health("two") != routing.Abnormal {
		t.Fatal("each goes by what it sees")
	}
	h.Start()
	for _, w := range []*ward{a, b} {
		eventually(t, "both know both", func() bool { return w.health("one") == routing.Abnormal && w.health("two") == routing.Abnormal })
	}
}

// A state goes from node to node and back without anybody saying it anew: there are as many writes as there were changes.
func TestStatesSettle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := &atomic.Int64{}
	wards := []*ward{h.ward("a", ahead), h.ward("b", ahead), h.ward("c", ahead)}
	for _, w := range wards { // all at once
		w.see("one", learn.NotSent, 40)
	}
	flags := h.registry().Flags()
	revision := func() uint64 {
		d, err := flags.Get(t.Context(), "routing.health.one")
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			t.Fatal(err)
		}
		return d.Version
	}
	for _, w := range wards {
		eventually(t, "all know", func() bool { return w.health("one") == routing.Abnormal })
	}
	var last uint64
	quiet := 0
	eventually(t, "nobody writes any more", func() bool {
		now := revision()
		if quiet++; now != last {
			last, quiet = now, 0
		}
		return now > 0 && quiet > 200 // of 5 ms
	})
	if last > 20 {
		t.Errorf("%d writes", last)
	}
}

// An operator's word stands above what is seen, everywhere, until it is taken back.
func TestPins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := &atomic.Int64{}
	a, b := h.ward("a", ahead), h.ward("b", ahead)
	say := func(p paymux.RoutePin) paymux.RouteHealth {
		t.Helper()
		p.Who, p.Why, p.At = "ann", "maintenance", time.Now().UTC()
		got, err := a.PinRoute(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := say(paymux.RoutePin{Account: "one", State: paymux.RouteAbnormal})
	if got.State != paymux.RouteAbnormal || got.Pin == nil || got.Pin.Who != "ann" || got.Pin.Why != "maintenance" || a.health("one") != routing.Abnormal {
		t.Errorf("%+v", got)
	}
	eventually(t, "the other goes by it", func() bool { return b.health("one") == routing.Abnormal })
	got = say(paymux.RoutePin{Account: "one", Merchant: "mer_x", State: paymux.RouteNormal})
	if len(got.Merchants) != 1 || got.Merchants[0].Pin == nil || got.State != paymux.RouteAbnormal {
		t.Errorf("%+v", got)
	}
	eventually(t, "the merchant's stands above", func() bool {
		return b.health("one") == routing.Normal && b.book.Health("mer_y", "one") == routing.Abnormal
	})
	if late := h.ward("late", ahead); late.book.Health("mer_y", "one") != routing.Abnormal {
		t.Error("one that starts does not know it")
	}
	say(paymux.RoutePin{Account: "one", Merchant: "mer_x"})
	if got = say(paymux.RoutePin{Account: "one"}); got.Pin != nil || len(got.Merchants) != 0 || got.State != paymux.RouteNormal {
		t.Errorf("taken back: %+v", got)
	}
	eventually(t, "the other, too", func() bool {
		return b.health("one") == routing.Normal && b.book.Health("mer_y", "one") == routing.Normal
	})
	if _, err := a.PinRoute(t.Context(), paymux.RoutePin{Account: "one", State: paymux.RouteProbing}); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("probing: %v", err)
	}
	h.Stop()
	if _, err := a.PinRoute(t.Context(), paymux.RoutePin{Account: "one", State: paymux.RouteAbnormal}); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("without a registry: %v", err)
	}
}
