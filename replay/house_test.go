package replay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/routing"
)

var began = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) // a Monday

// history is a store in memory.
type history struct {
	payments []paymux.Payment
	reads    int
	most     int // payments of one read
	fails    error
}

func (h *history) History(_ context.Context, f replay.Filter) ([]paymux.Payment, error) {
	h.reads++
	if h.fails != nil {
		return nil, h.fails
	}
	var found []paymux.Payment
	for _, p := range h.payments {
		if len(found) < f.Limit && p.ID > f.After && (f.Merchant == "" || p.Merchant == f.Merchant) &&
			!p.CreatedAt.Before(f.From) && (f.To.IsZero() || p.CreatedAt.Before(f.To)) {
			found = append(found, p)
		}
	}
	h.most = max(h.most, len(found))
	return found, nil
}

// past is a payment of cards in CNY, a second after the one before.
func (h *history) past(first string, status paymux.PaymentStatus, change ...func(*paymux.Payment)) {
	n := len(h.payments)
	p := paymux.Payment{
		ID: paymux.PaymentID(fmt.Sprintf("pay_%06d", n)), Status: status, Amount: 10_000, Currency: "CNY", Merchant: "mer_1",
		Method: paymux.Method{Type: paymux.Card}, Account: first, Channel: "sandbox", CreatedAt: began.Add(time.Duration(n) * time.Second),
		Client:  paymux.Client{Country: "CN"},
		Routing: &paymux.Routing{Kind: paymux.RoutedStatic, By: paymux.OrderedListed, Candidates: []paymux.Candidate{{Account: first}}},
	}
	for _, c := range change {
		c(&p)
	}
	h.payments = append(h.payments, p)
}

func (h *history) pasts(n int, first string, status paymux.PaymentStatus, change ...func(*paymux.Payment)) {
	for range n {
		h.past(first, status, change...)
	}
}

// accounts take everything.
func accounts(names ...string) []routing.Account {
	list := make([]routing.Account, len(names))
	for i, name := range names {
		list[i] = routing.Account{
			Name: name, Channel: "sandbox", Features: routing.FeaturesOf(routing.AllFeatures()...),
			Takes: func(paymux.MethodType, paymux.Currency) bool { return true },
		}
	}
	return list
}

func replayed(t testing.TB, h *history, set *routing.RuleSet, o replay.Options, names ...string) *paymux.RoutingReplay {
	t.Helper()
	s := replay.New(replay.Config{Store: h, Accounts: func() []routing.Account { return accounts(names...) }})
	report, err := s.Run(t.Context(), set, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// to is a set that sends all cards to accounts in order.
func to(use ...string) *routing.RuleSet {
	return &routing.RuleSet{Name: "draft", Static: []routing.StaticRule{{Name: "cards", Use: use}}, Fallback: routing.Fallback{Refuse: true}}
}

func account(t testing.TB, r *paymux.RoutingReplay, name string) paymux.ReplayAccount {
	t.Helper()
	i := slices.IndexFunc(r.Accounts, func(a paymux.ReplayAccount) bool { return a.Account == name })
	if i < 0 {
		t.Fatalf("the report has no account %q: %+v", name, r.Accounts)
	}
	return r.Accounts[i]
}

var errStore = errors.New("the store is away")
