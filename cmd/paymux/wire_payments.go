package main

import (
	"context"
	"net/netip"
	"path/filepath"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// openSandbox opens the institution that pretends, where the configuration wants it.
func (s *system) openSandbox(context.Context) error {
	if !s.conf.Sandbox.Enabled {
		return nil
	}
	dir := filepath.Join(s.conf.DataDir, "sandbox")
	if s.conf.Sandbox.InMemory {
		dir = ""
	}
	bank, err := sandbox.NewInstitution(sandbox.Config{
		Dir: dir, PublicURL: func() string { return s.publicURL },
		Log: s.log, Now: s.now,
	})
	if err != nil {
		return err
	}
	s.sandbox = bank
	s.onStop(func(context.Context) error { bank.Stop(); return nil })
	return nil
}

// openPayments puts the payment room, its notifications, the queue that serves
// both together.
func (s *system) openPayments(ctx context.Context) error {
	offer := func(tasks []queue.Task) { s.runner.Offer(tasks) }
	if err := s.openNotifier(offer); err != nil {
		return err
	}
	quotas := payment.NewQuotas(s.rules.Program, s.now)
	routes := &payment.Routes{Accounts: s.channels.Accounts, Program: s.rules.Program, Knowledge: payment.Known{Learnt: s.learnt, Quotas: quotas}}
	s.counts = &monitor.Counts{}
	s.usage = monitor.NewMeter(monitor.MeterConfig{
		Now: s.now, Capacity: float64(s.conf.Node.Rated), QueueDepth: func() int64 { return int64(s.runner.Load().Waiting) },
	})
	s.payments = payment.New(payment.Config{
		Store: monitor.Timed{Store: s.store, Meter: s.usage, Counts: s.counts, Now: s.now}, Accounts: s.channels.Accounts, IDs: s.ids, PublicURL: s.publicURL, Now: s.now, Log: s.log, Trace: s.tracer,
		Gathering: s.channels.Gathering,
		Routes:    routes.View, Quotas: quotas, Observer: learnt{s.learnt}, Decided: s.decisions.count,
		Policy: s.policy, Notify: s.notifier.Tasks, Offer: offer, Changed: s.changes.announce,
	})
	s.watch = newStoreWatch(s.store, s.now)
	s.meter = monitor.NewNode(guarded{acquainted{s.payments, s}, s.watch}, s.usage)
	return s.openQueue(ctx)
}

// policy finds a merchant's policy for what no request asks for.
func (s *system) policy(ctx context.Context, id paymux.MerchantID) (paymux.Policy, error) {
	m, err := s.merchant(ctx, id)
	return m.Policy, err
}

// prefixes reads networks that check has seen to be readable.
func prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}
