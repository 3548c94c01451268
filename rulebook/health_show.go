package rulebook

import (
	"context"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// RoutingHealth lists how accounts do, by name: those that are open, and those that something is known of.
func (h *Health) RoutingHealth(context.Context) ([]paymux.RouteHealth, error) {
	names := append(h.Accounts(), h.Book.Accounts()...)
	slices.Sort(names)
	all := []paymux.RouteHealth{}
	for _, name := range slices.Compact(names) {
		all = append(all, h.of(name))
	}
	return all, nil
}

// CountStates is how many accounts do how.
func (h *Health) CountStates() map[paymux.RouteState]int {
	n := map[paymux.RouteState]int{}
	for _, name := range h.Accounts() {
		n[stateOf(h.Book.Health("", name))]++
	}
	return n
}

// of is how one account does.
func (h *Health) of(name string) paymux.RouteHealth {
	out := paymux.RouteHealth{Account: name, State: stateOf(h.Book.Health("", name))}
	for _, l := range h.Book.Learnt(name) {
		if l.Kind == (routing.Kind{}) {
			out.Success, out.Trials, out.LatencyMS = l.Success, l.Trials, l.Latency.Milliseconds()
		}
	}
	now := h.Now()
	for _, s := range h.Book.States(name) {
		if s.Merchant == "" {
			out.Since, out.Why, out.Node = s.Since, s.Why, s.Node
		} else if s.Abnormal {
			out.Merchants = append(out.Merchants, paymux.MerchantHealth{Merchant: s.Merchant, State: stateOf(s.Health(now)), Since: s.Since, Why: s.Why, Node: s.Node})
		}
	}
	for _, p := range h.Book.Pins() {
		if p.Account == name {
			pinOf(&out, p)
		}
	}
	return out
}

// pinOf shows a pin where it belongs.
func pinOf(out *paymux.RouteHealth, p learn.Pin) {
	shown := &paymux.RoutePin{Account: p.Account, Merchant: p.Merchant, State: paymux.RouteNormal, Who: p.Who, Why: p.Reason, At: p.At}
	if p.Abnormal {
		shown.State = paymux.RouteAbnormal
	}
	if p.Merchant == "" {
		out.Pin = shown
		return
	}
	at := slices.IndexFunc(out.Merchants, func(m paymux.MerchantHealth) bool { return m.Merchant == p.Merchant })
	if at < 0 {
		at = len(out.Merchants)
		out.Merchants = append(out.Merchants, paymux.MerchantHealth{Merchant: p.Merchant})
	}
	out.Merchants[at].State, out.Merchants[at].Pin = shown.State, shown
}

func stateOf(h routing.Health) paymux.RouteState {
	switch h {
	case routing.Abnormal:
		return paymux.RouteAbnormal
	case routing.Probing:
		return paymux.RouteProbing
	}
	return paymux.RouteNormal
}
