package test_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// does waits until an account does somehow as a region's nodes know, and returns how long that took.
func (r *region) does(account string, state paymux.RouteState, limit time.Duration) (paymux.RouteHealth, time.Duration) {
	r.w.t.Helper()
	began := time.Now()
	var last []paymux.RouteHealth
	var found paymux.RouteHealth
	if !within(limit, func() bool {
		list, err := r.ops().RoutingHealth(r.w.t.Context())
		if err != nil {
			return false
		}
		last = list
		for _, h := range list {
			if h.Account == account && h.State == state {
				found = h
				return true
			}
		}
		return false
	}) {
		r.w.t.Fatalf("in %s, %s is not %s after %s: %+v", r.name, account, state, limit, last)
	}
	return found, time.Since(began)
}

// An account that fails where one region's payments go is passed over by the other region's, too, within a second, and comes back by itself
// everywhere when it is well; no payment fails for it (C7). An operator's word stands above that.
func TestHealthIsShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{nodes: 2, spare: true})
	w.east.mustActivate(usesFirst("cards", "spare"), "to begin with")
	western := w.trader(w.west)
	var stalls []*stall
	for n := range 4 { // what one merchant meets alone is that merchant's trouble
		stalls = append(stalls, w.trader(w.east).stall(fmt.Sprint("eastern-", n), time.Second/8))
	}
	tr := newTrade(t, stalls...)
	tr.goes("in calm", time.Now(), "cards", 1)

	began := time.Now()
	w.busy.Store(true)
	seen, _ := w.east.does("cards", paymux.RouteAbnormal, 20*time.Second)
	_, took := w.west.does("cards", paymux.RouteAbnormal, 20*time.Second)
	t.Logf("abnormal in the east %s after it began to fail (%s, seen by %s), in the west %s after that", seen.Since.Sub(began).Round(time.Millisecond), seen.Why, seen.Node, took.Round(time.Millisecond))
	if took > time.Second {
		t.Errorf("the other region knew after %s", took)
	}
	// The west has seen nothing of it, and does not try it but by a probe.
	order, probes := 0, 0
	for time.Since(began) < 20*time.Second && order < 20 {
		p, err := western.client.CreatePayment(t.Context(), cardPayment(fmt.Sprint(opening, "west-health-", order), ""))
		order++
		switch {
		case err != nil || p.Status != paymux.Succeeded || p.Account != "spare":
			t.Fatalf("with the account down: %+v, %v", p, err)
		case p.Routing.Turn == paymux.TurnProbe:
			probes++
		case len(p.Routing.Failovers) > 0 || p.Routing.Candidates[0].Account != "spare" || p.Routing.Candidates[1].Health == "":
			t.Errorf("it was not passed over: %+v", p.Routing)
		}
	}
	t.Logf("of the west's %d payments %d were probes", order, probes)

	w.busy.Store(false)
	mended := time.Now()
	w.east.does("cards", paymux.RouteNormal, 3*time.Minute)
	back := time.Now()
	w.west.does("cards", paymux.RouteNormal, time.Second)
	t.Logf("normal everywhere %s after it was mended", time.Since(mended).Round(time.Millisecond))
	tr.goes("well again", back.Add(time.Second), "cards", 1)

	pinned, err := w.west.ops().PinRoute(t.Context(), "cards", client.PinRequest{State: paymux.RouteAbnormal, Reason: "maintenance"})
	if err != nil || pinned.State != paymux.RouteAbnormal || pinned.Pin == nil || pinned.Pin.Why != "maintenance" {
		t.Fatalf("pinned: %+v, %v", pinned, err)
	}
	w.east.does("cards", paymux.RouteAbnormal, time.Second)
	tr.goes("pinned", time.Now().Add(time.Second), "spare", 1)
	if _, err := w.east.ops().PinRoute(t.Context(), "cards", client.PinRequest{Reason: "it is over"}); err != nil {
		t.Fatal(err)
	}
	w.west.does("cards", paymux.RouteNormal, time.Second)
	tr.goes("no longer pinned", time.Now().Add(time.Second), "cards", 1)
	w.balance(tr)
	tr.flawless("all of the east's payments", tr.of(time.Time{}, time.Now(), func(*stall) bool { return true }))
}
